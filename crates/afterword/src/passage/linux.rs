//! On Linux: ptrace, where Yama restricts it to descendants.
#![expect(unsafe_code, reason = "prctl is C")]

use crash_handler::CrashContext;

use crate::running::Running;

/// A reporter was started: lets it in.
pub(crate) fn let_in(running: &Running) {
    // SAFETY: plain numbers; where Yama is not there this fails with EINVAL and changes nothing.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, u64::from(running.run.reporter_pid()), 0, 0, 0) };
}

/// Before the reporter is told of a crash or a panic: its process id may not have been known earlier. Safe in a signal
/// handler. False where it is of no use to tell it.
pub(crate) fn hand_over(running: &Running, _context: &CrashContext) -> bool {
    let_in(running);
    true
}

/// Before the reporter is told of a hang of a thread. False where it is of no use to tell it.
pub(crate) fn hand_over_thread(running: &Running, _tid: u32) -> bool {
    let_in(running);
    true
}
