//! Carrying an answer out, and taking a consent back.

use std::path::Path;

use crate::gate::reduce_to_record;
use crate::info::REPORT_JSON_MAX_BYTES;
use crate::report::{read_answer, read_delivery, read_info};
use crate::{Answer, ConsentPolicy, Decision, Error, ReportId, State, Store, disk};

/// What became of a report whose answer was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is in `sending`.
    Sending(Answer),
    /// It is gone. If a server has it already, which no answer changes, its payload is gone and the record is in `sent`.
    Deleted(Answer),
    /// There is no answer: it stays where it is. (One under the policy `always` has none and needs none.)
    Unanswered,
}

impl Store {
    /// Carries the answer of a report out: *Send* moves it to `sending`, *Don't send* deletes it. May be called any
    /// number of times and by several processes at once; an answer that was changed to *Don't send* counts until the
    /// report is sent. What a server has by then keeps its record, and loses its payload.
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
            self.finish_withdrawal(state, id)?;
            return Ok(Settled::Unanswered);
        };
        let folder = self.report_folder(state, id);
        match (answer.decision, state) {
            // Where to and when it went stays to be seen.
            (Decision::DontSend, _) if is_accepted(&folder) => {
                self.change_state(id, state, State::Sent)?;
                reduce_to_record(&self.report_folder(State::Sent, id), id)?;
                Ok(Settled::Deleted(answer))
            }
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

    /// Takes the consent to a report back, that of the person and that of the policy: it is in `waiting` then and asks
    /// again, and nothing releases it without a new answer. A *Don't send* that was not carried out yet stays one.
    ///
    /// The consent goes before the move, so that a kill in between leaves a report in `sending` that nobody may send; it
    /// is moved by whoever calls this, [`Store::settle`] or [`Store::retain`] next.
    ///
    /// # Errors
    /// [`Error::WrongState`] when it was sent or refused, and when a server's 2xx is recorded, whatever its folder;
    /// [`Error::NoSuchReport`]; [`Error::Write`], [`Error::Delete`], [`Error::Move`]; [`Error::Parse`] and the like when
    /// `report.json` cannot be read.
    pub fn withdraw(&self, id: ReportId) -> Result<(), Error> {
        let _lock = self.lock()?;
        let state = self.locate(id)?;
        let wrong = |state| Error::WrongState {
            id,
            state,
            operation: "withdraw the consent to",
        };
        if !matches!(state, State::Waiting | State::Sending) {
            return Err(wrong(state));
        }
        let folder = self.report_folder(state, id);
        // A record of the delivery that cannot be read keeps a report from being sent, and nobody from withdrawing.
        if is_accepted(&folder) {
            return Err(wrong(State::Sent));
        }
        withdraw_consent(&folder, id)?;
        if state == State::Sending {
            self.change_state(id, State::Sending, State::Waiting)?;
        }
        Ok(())
    }

    /// Moves a report that is in `sending` without any consent, and was not accepted, to where it asks. The caller holds
    /// the lock.
    pub(crate) fn finish_withdrawal(&self, state: State, id: ReportId) -> Result<(), Error> {
        let folder = self.report_folder(state, id);
        let withdrawn = state == State::Sending
            && read_info(&folder, id).is_ok_and(|info| info.policy == ConsentPolicy::Ask)
            && matches!(read_answer(&folder), Ok(None))
            && !is_accepted(&folder);
        if withdrawn {
            self.change_state(id, State::Sending, State::Waiting)?;
        }
        Ok(())
    }
}

/// Whether a server's 2xx is recorded.
fn is_accepted(folder: &Path) -> bool {
    read_delivery(folder).is_ok_and(|delivery| delivery.report_accepted_at.is_some())
}

/// Makes the policy `ask`, then deletes the answer: between the two the answer is the same consent as before.
fn withdraw_consent(folder: &Path, id: ReportId) -> Result<(), Error> {
    let mut info = read_info(folder, id)?;
    if info.policy == ConsentPolicy::Always {
        info.policy = ConsentPolicy::Ask;
        disk::write_json(&folder.join("report.json"), &info, REPORT_JSON_MAX_BYTES)?;
    }
    match read_answer(folder) {
        Ok(Some(answer)) if answer.decision == Decision::DontSend => Ok(()),
        _ => {
            disk::delete_file(&folder.join("answer.json"))?;
            disk::make_last(folder);
            Ok(())
        }
    }
}
