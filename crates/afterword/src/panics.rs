//! Panics are ours to hook: the SDK's own panic integration flushes inside the hook, and marks what it reports as unhandled.
//!
//! The hook cannot know whether the panic will be survived. On the thread that called `init` it has a dump taken, where the
//! panic happened, and keeps the verdict open: [`is_crash`] from the guard's drop, or [`survived`]. On other threads a panic
//! is an error at once. With `panic = "abort"` the SIGABRT that follows does the work.

use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::{MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use afterword_channel::layout::Occasion;
use afterword_channel::{CaptureStatus, Message};
use sentry::integrations::panic::{PanicIntegration, message_from_panic_info};
use sentry::protocol::{Event, Level};

use crate::capture::hub_to_capture_with;
use crate::frames::leave_out_panic_machinery;
use crate::options::is_under_hub;
use crate::running::Running;
use crate::{passage, this_thread};

/// The mechanism of a panic that `afterword-tower` reports.
const RECOVERED_BY_LAYER: &str = "afterword.tower";

/// Puts our hook behind the one that is there: the message is printed first, as without us.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // Printing a backtrace can take seconds.
            let began = Instant::now();
            previous(info);
            on_panic(info, began);
        }));
    });
}

fn on_panic(info: &PanicHookInfo<'_>, began: Instant) {
    thread_local! {
        static INSIDE: Cell<bool> = const { Cell::new(false) };
    }
    let Some(running) = Running::of_this_process() else {
        return;
    };
    // The hub waits for the hook that panics.
    if is_under_hub() {
        return;
    }
    // A panic in here (a user's hook of the client, say) must not come back.
    if INSIDE.replace(true) {
        return;
    }
    let is_init_thread = std::thread::current().id() == running.init_thread;
    if cfg!(panic = "abort") {
        note(running, info);
    } else if cannot_unwind(info) {
        // The SIGABRT that follows does the work. What panicked before is why, and says more than this panic does.
        if !(is_init_thread && running.open_panics().is_the_end(began)) {
            note(running, info);
        }
    } else {
        note(running, info);
        let event = error_event(info);
        if is_init_thread {
            let survived = running.open_panics().make_room(began);
            survived.into_iter().for_each(capture);
            request_dump(running);
            running.open_panics().newest = Some((event, Instant::now()));
        } else {
            capture(Some(event));
        }
    }
    INSIDE.set(false);
}

/// The standard library's own last panic before it aborts: a panic would leave a destructor that runs because of another, or
/// a function of C. Only the `Debug` form tells, until `PanicHookInfo::can_unwind` is stable.
fn cannot_unwind(info: &PanicHookInfo<'_>) -> bool {
    format!("{info:?}").contains("can_unwind: false")
}

/// Panics of the init thread of which nobody knows yet whether they are survived: their events, captured as errors if so.
#[derive(Default)]
pub(crate) struct Open {
    /// And when its hook was done.
    newest: Option<(Event<'static>, Instant)>,
    /// The one before, if it may still be unwinding: the newest is then in a destructor, which may well be the end.
    outer: Option<Event<'static>>,
}

impl Open {
    /// Before another one becomes the newest. What is returned has been survived.
    fn make_room(&mut self, now: Instant) -> [Option<Event<'static>>; 2] {
        let (newest, since) = self.newest.take().unzip();
        let may_unwind = since.is_some_and(|since| now.saturating_duration_since(since) < UNWINDING);
        let (outer, survived) = if may_unwind { (newest, None) } else { (None, newest) };
        [std::mem::replace(&mut self.outer, outer), survived]
    }

    /// The program aborts because of these, if they are of now: then they are part of that crash.
    fn is_the_end(&mut self, now: Instant) -> bool {
        self.outer = None;
        self.newest
            .take()
            .is_some_and(|(_, since)| now.saturating_duration_since(since) < UNWINDING)
    }
}

/// Longer than any unwinding takes.
const UNWINDING: Duration = Duration::from_secs(1);

/// The guard is dropped while its thread panics: the open panic ends the program. Waits until its report is kept. False
/// when no panic is open, which means that the unwinding began on a thread that is not ours.
pub(crate) fn is_crash(running: &Running) -> bool {
    let Open { newest, outer } = std::mem::take(&mut *running.open_panics());
    capture(outer);
    let Some((mut event, _)) = newest else {
        return false;
    };
    running.run.set_panic_verdict(Some(true));
    let request = running.next_request();
    running.tell(&Message::PanicIsCrash { request });
    if !matches!(
        wait(running, request),
        Some(CaptureStatus::Kept | CaptureStatus::Unwanted)
    ) {
        // Without a dump (the system may forbid one, the reporter may be gone) there is still what the SDK saw.
        log::error!("there is no dump of the panic that ends the program");
        event.level = Level::Fatal;
        capture(Some(event));
    }
    true
}

/// The layer of `afterword-tower` has recovered a panic, and reports it itself: if that was on the init thread, its verdict is
/// no longer open, and there is nothing left to capture.
pub(crate) fn note_recovered(event: &Event<'_>) {
    // One that the layer lets through may well be the end.
    let by_layer = event.exception.values.iter().any(|exception| {
        let mechanism = exception.mechanism.as_ref();
        mechanism.is_some_and(|mechanism| mechanism.ty == RECOVERED_BY_LAYER && mechanism.handled == Some(true))
    });
    let Some(running) = Running::of_this_process().filter(|_| by_layer) else {
        return;
    };
    if std::thread::current().id() == running.init_thread && running.open_panics().newest.take().is_some() {
        forget(running);
    }
}

/// The panic that was noted last ends nothing.
fn forget(running: &Running) {
    running.run.set_panic_verdict(Some(false));
    running.run.clear_panic();
    running.tell(&Message::PanicIsNone);
}

/// The program ends well: a panic that was open was an error.
pub(crate) fn survived(running: &Running) {
    let Open { newest, outer } = std::mem::take(&mut *running.open_panics());
    if newest.is_some() {
        forget(running);
    }
    capture(outer);
    capture(newest.map(|(event, _)| event));
}

impl Running {
    fn open_panics(&self) -> MutexGuard<'_, Open> {
        self.open_panics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Into the run file, in case this panic ends the program by a signal.
fn note(running: &Running, info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let place = info
        .location()
        .map_or_else(String::new, |at| format!("{}:{}:{}", at.file(), at.line(), at.column()));
    running.run.write_panic(
        this_thread::number(),
        thread.name().unwrap_or_default(),
        &place,
        message_from_panic_info(info),
    );
}

/// The event of a panic that the app survives: an error, handled.
fn error_event(info: &PanicHookInfo<'_>) -> Event<'static> {
    let mut event = PanicIntegration::new().event_from_panic_info(info);
    event.level = Level::Error;
    for exception in &mut event.exception.values {
        if let Some(mechanism) = &mut exception.mechanism {
            mechanism.handled = Some(true);
        }
        if let Some(stacktrace) = &mut exception.stacktrace {
            leave_out_panic_machinery(stacktrace);
        }
    }
    if let Some(name) = std::thread::current().name() {
        event.tags.insert("thread.name".to_owned(), name.to_owned());
    }
    event
}

fn capture(event: Option<Event<'static>>) {
    if let Some(event) = event {
        hub_to_capture_with().capture_event(event);
    }
}

/// Has the reporter take a dump of this thread as it stands, and waits for it.
fn request_dump(running: &Running) {
    running.run.set_panic_verdict(None);
    this_thread::with_context(|context| {
        running.memory.write_context(Occasion::Panic, context);
        if !passage::hand_over(running, context) {
            return log::error!("no dump of the panic was taken: the reporter cannot be reached");
        }
        let request = running.next_request();
        running.tell(&Message::Panic { request });
        if wait(running, request).is_none() {
            log::error!("no dump of the panic was taken in time");
        }
    });
    running.memory.clear_context(Occasion::Panic);
}

fn wait(running: &Running, request: u32) -> Option<CaptureStatus> {
    running
        .channel
        .wait_captured(&running.run, Occasion::Panic, request, running.deadline)
}
