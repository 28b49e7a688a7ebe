//! Traps: a breakpoint that no debugger waits for.
#![expect(unsafe_code, reason = "a signal is sent by plain system calls")]

use crash_handler::CrashContext;

/// Other faults happen again when the handler returns. Behind the instruction of a trap the program would go on, as if
/// nothing were there: so the signal is sent again. It is blocked until the handler has returned and those who had it before
/// us have it back.
pub(crate) fn again(context: &CrashContext) {
    let info = &context.siginfo;
    if info.ssi_signo == libc::SIGTRAP as u32 && info.ssi_code > 0 {
        // SAFETY: plain numbers; the calls are async-signal-safe.
        unsafe {
            libc::syscall(
                libc::SYS_tgkill,
                libc::getpid(),
                libc::syscall(libc::SYS_gettid),
                libc::SIGTRAP,
            )
        };
    }
}
