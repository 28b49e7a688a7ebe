//! A hang: the program lives and does not respond. Nobody but the program itself can tell.

use afterword_channel::layout::About;
use afterword_channel::{CaptureStatus, Message};

use crate::init::Running;
use crate::passage;

/// Has the reporter dump all threads and keep a report of a hang of the thread that called [`init`](crate::Options::init);
/// the program goes on. Returns whether there is a report: false when Afterword is off, when the reporter is gone, when another
/// hang is just being reported, or after ten of them in one run.
///
/// Call it on a thread of its own, a watchdog: one to which the main thread shows, say twice a second and out of its event
/// loop, that it still comes round. Report each hang once, when nothing came for some seconds:
///
/// ```no_run
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
///
/// /// Counted up by a timer of the main thread's event loop.
/// static ROUNDS: AtomicU64 = AtomicU64::new(0);
///
/// std::thread::spawn(|| {
///     let mut reported = None;
///     loop {
///         let before = ROUNDS.load(Ordering::Relaxed);
///         std::thread::sleep(Duration::from_secs(5));
///         if ROUNDS.load(Ordering::Relaxed) == before && reported != Some(before) {
///             reported = Some(before);
///             afterword::report_hang();
///         }
///     }
/// });
/// ```
///
/// It may be called on any thread but in a signal handler, and waits until the report is on the disk, for the deadline of the
/// options at the most. Each thread of the program is held for the moment of the dump, a few milliseconds; the program is
/// not stopped as a job, and no shell takes its terminal away. A system call that blocks may return early, with `EINTR`, as
/// after any stop.
///
/// The person is asked about the report as about an error: when the program has ended, or at its next start. On the server it
/// is an event of level *error*, `ApplicationNotResponding`.
pub fn report_hang() -> bool {
    let Some(running) = Running::of_this_process() else {
        return false;
    };
    if !passage::hand_over_thread(running, running.init_tid) {
        log::warn!("a hang is not reported: the reporter cannot be reached");
        return false;
    }
    let request = running.next_request();
    let asked = Message::Hang {
        request,
        tid: running.init_tid,
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
