//! Asking the reporter for a report of a hang, and waiting for its answer.

use std::time::Duration;

use afterword_channel::layout::About;
use afterword_channel::{CaptureStatus, Message};

use crate::passage;
use crate::running::Running;

/// Has the reporter dump all threads and keep a report of a hang of the thread that called [`init`](crate::Options::init);
/// the program goes on. Returns whether there is a report: false when Afterword is off, when the reporter is gone, when another
/// hang is just being reported, or after ten of them in one run.
///
/// [`watch_main_thread`](crate::watch_main_thread) does this by itself. This is for an app with a watchdog of its own, or whose
/// main thread has another way of showing that it still comes round. Report each hang once.
///
/// It may be called on any thread but in a signal handler, and waits until the report is on the disk, for the deadline of the
/// options at the most. Each thread of the program is held for the moment of the dump, a few milliseconds; the program is
/// not stopped as a job, and no shell takes its terminal away. A system call that blocks may return early, with `EINTR`, as
/// after any stop.
///
/// The person is asked about the report as about an error: when the program has ended, or at its next start. On the server it
/// is an event of level *error*, `ApplicationNotResponding`.
pub fn report_hang() -> bool {
    Running::of_this_process().is_some_and(|running| report(running, Duration::ZERO))
}

/// Reports a hang of at least this length; one of zero is not said.
pub(super) fn report(running: &Running, lasted: Duration) -> bool {
    if !passage::hand_over_thread(running, running.init_tid) {
        log::warn!("a hang is not reported: the reporter cannot be reached");
        return false;
    }
    let request = running.next_request();
    let asked = Message::Hang {
        request,
        tid: running.init_tid,
        lasted_ms: u32::try_from(lasted.as_millis()).unwrap_or(u32::MAX),
    };
    if let Err(error) = running.channel.send(&asked) {
        log::warn!("a hang is not reported: {error}");
        return false;
    }
    let answer = running
        .channel
        .wait_captured(&running.run, About::Hang, request, running.deadline);
    let kept = answer == Some(CaptureStatus::Kept);
    if kept {
        // To be sent at once, if that is the policy.
        running.tell(&Message::Stored);
    }
    kept
}
