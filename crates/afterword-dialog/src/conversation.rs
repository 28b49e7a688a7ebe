//! The dialog's side of the pipe, for any shell that shows a [`State`]: takes in messages, carries out actions.

use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use time::OffsetDateTime;

use crate::message::{Asked, FromDialog, ToDialog, read_message, write_message};
use crate::state::{Action, State};
use crate::{Error, answer, preview};

/// Messages that may wait for the window; beyond it the reader waits.
const WAITING_MESSAGES: usize = 256;

/// A state, and the two ends of the pipe.
pub(crate) struct Conversation<W> {
    pub(crate) state: State,
    incoming: Receiver<ToDialog>,
    output: W,
    shown: bool,
    closed: bool,
}

/// Whether the window stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Stay,
    Close,
}

/// Reads the first message, which must be the question.
pub(crate) fn question(input: &mut impl BufRead) -> Result<Asked, Error> {
    match read_message(input)? {
        Some(ToDialog::Show(asked)) => Ok(*asked),
        _ => Err(Error::NothingAsked),
    }
}

/// Reads messages on a thread of its own until the input ends, waking the window after each, and once at the end.
pub(crate) fn listen<R>(mut input: R, wake: impl Fn() + Send + 'static) -> Receiver<ToDialog>
where
    R: BufRead + Send + 'static,
{
    let (sender, incoming) = sync_channel(WAITING_MESSAGES);
    let reading = move || {
        read_all(&mut input, sender, &wake);
        wake();
    };
    if let Err(error) = std::thread::Builder::new().name("messages".to_owned()).spawn(reading) {
        // The window then behaves as if the reporter were gone: the answer still goes into the store.
        log::warn!("no thread to read messages on: {error}");
    }
    incoming
}

/// Owns the sender, so that the window learns of the end before it is woken for the last time.
fn read_all(input: &mut impl BufRead, sender: SyncSender<ToDialog>, wake: &impl Fn()) {
    loop {
        match read_message(input) {
            Ok(Some(message)) => {
                if sender.send(message).is_err() {
                    return;
                }
                wake();
            }
            Ok(None) => return,
            Err(Error::Message(error)) => log::warn!("a message was not understood: {error}"),
            Err(error) => {
                log::warn!("no more messages: {error}");
                return;
            }
        }
    }
}

impl<W: Write> Conversation<W> {
    pub(crate) fn new(mut state: State, incoming: Receiver<ToDialog>, output: W) -> Self {
        preview::lay_out(&mut state);
        Conversation {
            state,
            incoming,
            output,
            shown: false,
            closed: false,
        }
    }

    /// Takes in what has arrived.
    pub(crate) fn receive(&mut self) {
        loop {
            match self.incoming.try_recv() {
                Ok(message) => {
                    let is_new = matches!(message, ToDialog::Details(_));
                    self.state.apply(message);
                    if is_new {
                        preview::lay_out(&mut self.state);
                    }
                }
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => return self.state.reporter_gone(),
            }
        }
    }

    /// The first frame is on the screen; said once.
    pub(crate) fn shown(&mut self) {
        if !self.shown {
            self.shown = true;
            // From now on it can be read.
            self.state.guard.restart();
            self.say(FromDialog::Shown);
        }
    }

    /// The window is gone or going; said once.
    pub(crate) fn closed(&mut self) {
        if !self.closed {
            self.closed = true;
            self.say(FromDialog::Closed);
        }
    }

    /// Carries out what the person did, and reads what the view has asked for.
    pub(crate) fn carry_out(&mut self, action: Action) -> Step {
        preview::serve(&mut self.state);
        match action {
            Action::None => Step::Stay,
            Action::Close => Step::Close,
            Action::Cancel => {
                self.say(FromDialog::Cancel);
                Step::Stay
            }
            Action::SaveCopy(path) => {
                if let Some(outgoing) = &self.state.look.outgoing {
                    self.state.look.copying.result = Some(preview::save_copy(outgoing, &path));
                }
                Step::Stay
            }
            Action::Answer(given) => {
                let now = OffsetDateTime::now_utc();
                let language = self.state.language();
                match answer::save_answer(self.state.asked(), language, &given, now) {
                    Ok(()) => {
                        self.state.answered(given.decision);
                        self.say(FromDialog::Answered);
                    }
                    Err(error) => {
                        log::error!("{error}: {:?}", std::error::Error::source(&error));
                        self.state.not_saved(&preview::root_cause(&error));
                    }
                }
                Step::Stay
            }
        }
    }

    /// A reporter that no longer listens is a reporter that is gone.
    fn say(&mut self, message: FromDialog) {
        if let Err(error) = write_message(&mut self.output, &message) {
            log::warn!("{error}");
            self.state.reporter_gone();
        }
    }
}

#[cfg(test)]
mod tests;
