//! Linux: `gettid` and `getcontext`.
#![expect(unsafe_code, reason = "capturing the registers of this thread is C")]

use crash_handler::CrashContext;

/// The signal's number in a dump that no signal made: what breakpad calls a requested dump.
const DUMP_REQUESTED: u32 = 0xffff_ffff;

/// The kernel's number of this thread, which is the one in a dump.
pub(crate) fn number() -> u32 {
    // SAFETY: no arguments, cannot fail.
    (unsafe { libc::syscall(libc::SYS_gettid) }) as u32
}

/// This thread as it stands, for as long as `work` takes.
pub(crate) fn with_context(work: impl FnOnce(&CrashContext)) {
    // SAFETY: a context of zeroes is valid (plain numbers and a null pointer), and getcontext fills the one it is given.
    let context = unsafe {
        let mut context: CrashContext = std::mem::zeroed();
        crash_context::crash_context_getcontext(&mut context.context);
        context.siginfo.ssi_signo = DUMP_REQUESTED;
        context.pid = libc::getpid();
        context.tid = libc::syscall(libc::SYS_gettid) as i32;
        context
    };
    work(&context);
}
