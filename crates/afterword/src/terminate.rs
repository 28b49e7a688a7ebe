//! What tells the app to end: a signal, a logout, a closed console. A run that ends so has not ended abnormally, and this is
//! where that is noted.

#[cfg(unix)]
#[path = "terminate/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "terminate/windows.rs"]
mod sys;

use std::sync::atomic::{AtomicBool, Ordering};

use afterword_channel::RunState;

use crate::running::Running;

pub(crate) use sys::install;

/// Whether a request to end has been noted that has not ended the app yet.
static NOTED: AtomicBool = AtomicBool::new(false);

/// Notes a request to end. Safe in a signal handler.
fn note() {
    if let Some(running) = Running::of_this_process()
        && [RunState::Running, RunState::Starting]
            .into_iter()
            .any(|from| running.run.replace_state(from, RunState::Terminated))
    {
        NOTED.store(true, Ordering::Release);
    }
}

/// The app lives on although it was told to end: what ends it later is something else. Called once a second.
pub(crate) fn forget_after_a_while(running: &Running, seconds: &mut u32) {
    const A_WHILE: u32 = 60;
    if !NOTED.load(Ordering::Acquire) {
        *seconds = 0;
        return;
    }
    *seconds += 1;
    if *seconds >= A_WHILE && running.run.replace_state(RunState::Terminated, RunState::Running) {
        NOTED.store(false, Ordering::Release);
    }
}
