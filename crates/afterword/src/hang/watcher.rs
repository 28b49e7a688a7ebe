//! The thread that looks at the marks.

use std::time::Duration;

use afterword_channel::RunState;

use super::judge::{Judge, Next};
use super::marks::Marks;
use super::{debugger, report};
use crate::running::Running;

/// Starts it; it ends with the process.
pub(super) fn start(marks: &'static Marks, bound: Duration, running: &'static Running) {
    let watching = std::thread::Builder::new()
        .name("afterword-hang".to_owned())
        .stack_size(256 * 1024)
        .spawn(move || watch(marks, bound, running));
    match watching {
        Ok(watcher) => marks.set_watcher(watcher.thread()),
        Err(error) => log::error!("the main thread is not watched: {error}"),
    }
}

fn watch(marks: &Marks, bound: Duration, running: &Running) {
    let mut judge = Judge::new(bound);
    loop {
        let now = marks.now_ns();
        let since = marks.busy_since();
        match judge.look(now, since, || is_excused(running)) {
            Next::Sleep => marks.sleep_until_marked(since),
            Next::LookAfter(time) => std::thread::park_timeout(time),
            Next::Report => {
                marks.set_reported(since);
                // It may have responded while the excuses were looked for.
                if marks.busy_since() == since {
                    let kept = report::report(running, bound);
                    log::warn!(
                        "the main thread does not respond for {} ms; {}",
                        bound.as_millis(),
                        if kept {
                            "there is a report"
                        } else {
                            "there is no report"
                        }
                    );
                }
            }
        }
    }
}

/// An app that crashes, or was told to end, or has ended, does not hang.
fn is_excused(running: &Running) -> bool {
    if running.run.state() != RunState::Running {
        return true;
    }
    let debugged = debugger::is_attached(running.init_tid);
    if debugged {
        log::info!("a hang is not reported: a debugger is attached");
    }
    debugged
}
