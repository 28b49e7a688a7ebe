//! What happens while a question is open, in the order in which it happens, and waiting for it.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
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

/// The way to interrupt a question that is open.
pub(crate) type Interrupt = Arc<Mutex<Option<Sender<Event>>>>;

/// What has happened so far, and what happens next. Nothing that was passed over is forgotten.
pub(super) struct Happened {
    events: Receiver<Event>,
    closed: Cell<bool>,
    cancelled: Cell<bool>,
    assembled: Cell<bool>,
}

impl Happened {
    pub(super) fn new(events: Receiver<Event>) -> Happened {
        Happened {
            events,
            closed: Cell::new(false),
            cancelled: Cell::new(false),
            assembled: Cell::new(false),
        }
    }

    fn note(&self, event: Event) -> Event {
        match &event {
            Event::Dialog(FromDialog::Closed) | Event::DialogGone => self.closed.set(true),
            Event::Dialog(FromDialog::Cancel) => self.cancelled.set(true),
            Event::Assembled(_) => self.assembled.set(true),
            Event::Dialog(FromDialog::Shown | FromDialog::Answered) | Event::AppCrashed => {}
        }
        event
    }

    /// Waits for the next event; none when nothing can happen any more.
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

    /// Until the person has closed the window with the result.
    pub(super) fn wait_closed(&self) {
        let start = Instant::now();
        while !self.closed.get() {
            let Some(left) = RESULT_WAIT.checked_sub(start.elapsed()) else {
                return log::info!("the window with the result is left open");
            };
            match self.events.recv_timeout(left) {
                Ok(Event::AppCrashed) | Err(RecvTimeoutError::Disconnected) => return,
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
