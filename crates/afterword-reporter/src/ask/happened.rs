//! What happens while a question is open, in the order in which it happens, and waiting for it.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use afterword_dialog::FromDialog;

use crate::assemble::Assembled;

/// How long the person may look at the result before the reporter leaves the window alone.
const RESULT_WAIT: Duration = Duration::from_secs(600);

/// What both the shell and the symbolication report, in the order in which it happens.
pub(crate) enum Event {
    Dialog(FromDialog),
    DialogGone,
    /// `None` when working it out failed in a way that it should not.
    Assembled(Option<Box<Assembled>>),
    /// The app has crashed while an older report is being asked about.
    AppCrashed,
}

/// The way to interrupt a question that is open, from the thread that watches the app.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Arc<Mutex<Interrupted>>);

#[derive(Default)]
struct Interrupted {
    question: Option<Sender<Event>>,
    crashed: bool,
}

impl Interrupt {
    fn state(&self) -> MutexGuard<'_, Interrupted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The app has crashed: the question that is open, or about to be, is not the one to ask now.
    pub(crate) fn app_crashed(&self) {
        let mut state = self.state();
        state.crashed = true;
        send(state.question.as_ref());
    }

    /// A question is opened about something that is older than a crash of the app.
    pub(super) fn open(&self, events: Sender<Event>) {
        let mut state = self.state();
        if state.crashed {
            send(Some(&events));
        }
        state.question = Some(events);
    }

    /// The question is over.
    pub(super) fn close(&self) {
        self.state().question = None;
    }
}

fn send(question: Option<&Sender<Event>>) {
    if question.is_some_and(|question| question.send(Event::AppCrashed).is_err()) {
        log::debug!("the older question is over already");
    }
}

/// What has happened so far, and what happens next. Nothing that was passed over is forgotten.
pub(super) struct Happened {
    events: Receiver<Event>,
    closed: Cell<bool>,
    cancelled: Cell<bool>,
    assembled: Cell<bool>,
    crashed: Cell<bool>,
}

impl Happened {
    pub(super) fn new(events: Receiver<Event>) -> Happened {
        Happened {
            events,
            closed: Cell::new(false),
            cancelled: Cell::new(false),
            assembled: Cell::new(false),
            crashed: Cell::new(false),
        }
    }

    fn note(&self, event: Event) -> Event {
        match &event {
            Event::Dialog(FromDialog::Closed) | Event::DialogGone => self.closed.set(true),
            Event::Dialog(FromDialog::Cancel) => self.cancelled.set(true),
            Event::Assembled(_) => self.assembled.set(true),
            Event::AppCrashed => self.crashed.set(true),
            Event::Dialog(FromDialog::Shown | FromDialog::Answered) => {}
        }
        event
    }

    /// Waits for the next event. The end of the shell is one too, so that this comes to an end.
    pub(super) fn next(&self) -> Option<Event> {
        self.events.recv().ok().map(|event| self.note(event))
    }

    /// Until the stack is worked out, which is bounded in itself.
    pub(super) fn wait_assembled(&self) {
        while !self.assembled.get() && self.next().is_some() {}
    }

    /// Whether *Cancel* has been pressed. A window that was closed does not cancel: sending goes on.
    pub(super) fn is_cancelled(&self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            self.note(event);
        }
        self.cancelled.get()
    }

    /// Until the person has closed the window with the result, or there is something more urgent.
    pub(super) fn wait_closed(&self) {
        let start = Instant::now();
        while !self.closed.get() && !self.crashed.get() {
            let Some(left) = RESULT_WAIT.checked_sub(start.elapsed()) else {
                return log::info!("the window with the result is left open");
            };
            match self.events.recv_timeout(left) {
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => drop(self.note(event)),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// What the shell says, among the other events.
pub(super) fn pass_on(said: Receiver<FromDialog>, events: Sender<Event>) {
    std::thread::spawn(move || {
        for message in said {
            if events.send(Event::Dialog(message)).is_err() {
                return;
            }
        }
        // The question may be over already.
        drop(events.send(Event::DialogGone));
    });
}
