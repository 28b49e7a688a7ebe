//! Carrying an answer out.

use crate::report::read_answer;
use crate::{Answer, Decision, Error, ReportId, State, Store};

/// What became of a report whose answer was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is in `sending`.
    Sending(Answer),
    /// It is gone.
    Deleted(Answer),
    /// There is no answer: it stays where it is. (One under the policy `always` has none and needs none.)
    Unanswered,
}

impl Store {
    /// Carries the answer of a report out: *Send* moves it to `sending`, *Don't send* deletes it. May be called any
    /// number of times and by several processes at once; an answer that was changed to *Don't send* counts until the
    /// report is sent.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`], also when another process has just carried a *Don't send* out; [`Error::WrongState`] when
    /// it was sent or refused; [`Error::Parse`] when the answer cannot be read, which is no consent.
    pub fn settle(&self, id: ReportId) -> Result<Settled, Error> {
        let _lock = self.lock()?;
        let state = self.locate(id)?;
        if !matches!(state, State::Waiting | State::Sending) {
            return Err(Error::WrongState {
                id,
                state,
                operation: "settle",
            });
        }
        let Some(answer) = read_answer(&self.report_folder(state, id))? else {
            return Ok(Settled::Unanswered);
        };
        match (answer.decision, state) {
            (Decision::DontSend, _) => {
                self.discard(state, id)?;
                Ok(Settled::Deleted(answer))
            }
            (Decision::Send, State::Waiting) => {
                self.change_state(id, State::Waiting, State::Sending)?;
                Ok(Settled::Sending(answer))
            }
            (Decision::Send, _) => Ok(Settled::Sending(answer)),
        }
    }
}
