//! macOS: the flags of the process.
#![expect(unsafe_code, reason = "asking the system about a process is C")]

/// `PROC_FLAG_TRACED` in `sys/proc_info.h`.
const TRACED: u32 = 2;

/// Whether a debugger is attached to this process.
pub(super) fn is_attached(_tid: u32) -> bool {
    let size = size_of::<libc::proc_bsdinfo>() as libc::c_int;
    // SAFETY: plain numbers, for which zeroes are values; the system writes at most `size` bytes.
    unsafe {
        let mut info: libc::proc_bsdinfo = std::mem::zeroed();
        let into = (&raw mut info).cast();
        libc::proc_pidinfo(libc::getpid(), libc::PROC_PIDTBSDINFO, 0, into, size) == size
            && info.pbi_flags & TRACED != 0
    }
}
