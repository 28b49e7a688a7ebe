//! On Windows: nothing. A process of the same user may read this one.

use crash_handler::CrashContext;

use crate::running::Running;

/// A reporter was started.
pub(crate) fn let_in(_running: &Running) {}

/// Before the reporter is told of a crash or a panic. False where it is of no use to tell it.
pub(crate) fn hand_over(_running: &Running, _context: &CrashContext) -> bool {
    true
}

/// Before the reporter is told of a hang of a thread. False where it is of no use to tell it.
pub(crate) fn hand_over_thread(_running: &Running, _tid: u32) -> bool {
    true
}
