//! The consent that the person gave at runtime: `state/consent.json`. It counts before what the app's options say, and stays
//! until it is given anew.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::consent::{Fate, Kept, fate};
use crate::info::{RECORD_MAX_BYTES, REPORT_JSON_MAX_BYTES};
use crate::report::{read_answer, read_delivery, read_info};
use crate::{AppId, ConsentPolicy, Error, ReportId, SenderLock, State, Store, disk};

/// A choice, and the evidence of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenConsent {
    /// What was chosen.
    pub policy: ConsentPolicy,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub given_at: OffsetDateTime,
    /// Which version of which words the person was shown, if the app says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_version: Option<u32>,
    /// In which language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// What became of what there was, when a policy was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// May be sent now.
    pub released: usize,
    /// Is held back, or asked about, again.
    pub held: usize,
    /// Is gone.
    pub deleted: usize,
}

impl Store {
    /// The choice of the person of an app, without opening its store: where none was made, nothing is.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Parse`], [`Error::TooLarge`]: what cannot be read is no consent to anything.
    pub fn consent_in(root: &Path, app: &AppId) -> Result<Option<GivenConsent>, Error> {
        disk::read_json(&consent_path(&root.join(app.as_str())), RECORD_MAX_BYTES)
    }

    /// The choice of the person, if one was made.
    ///
    /// # Errors
    /// As [`Store::consent_in`].
    pub fn consent(&self) -> Result<Option<GivenConsent>, Error> {
        disk::read_json(&consent_path(self.folder()), RECORD_MAX_BYTES)
    }

    /// Keeps a choice, synced. What there is already is [`Store::apply_consent`]'s.
    ///
    /// # Errors
    /// [`Error::MakeFolder`], [`Error::Write`].
    pub fn put_consent(&self, given: &GivenConsent) -> Result<(), Error> {
        disk::make_folder(&self.folder().join("state"))?;
        disk::write_json(&consent_path(self.folder()), given, RECORD_MAX_BYTES)
    }

    /// Forgets the choice: what the app's options say counts again. What there is already stays as it is.
    ///
    /// # Errors
    /// [`Error::Delete`].
    pub fn forget_consent(&self) -> Result<(), Error> {
        disk::delete_file(&consent_path(self.folder()))
    }

    /// Takes back all that the person agreed to and that no server has yet: the choice becomes `ask`, what was released by
    /// the one before is held, and reports that were answered with *Send* wait for a new answer. The record of what was
    /// sent stays.
    ///
    /// Without the sender's lock the queue stays for whoever holds it: that one looks at the choice before each request.
    ///
    /// # Errors
    /// [`Error::Write`] when the choice cannot be kept: then nothing is changed. The first thing that could not be held back;
    /// the rest is held all the same.
    pub fn withdraw_consent(&self, given: &GivenConsent, sender: Option<&SenderLock>) -> Result<Applied, Error> {
        self.put_consent(&GivenConsent {
            policy: ConsentPolicy::Ask,
            ..given.clone()
        })?;
        let mut held = self.apply_consent(ConsentPolicy::Ask, sender);
        for report in self.reports()? {
            if report.state() != State::Sending {
                continue;
            }
            match (self.withdraw(report.id()), &mut held) {
                (Ok(()), Ok(applied)) => applied.held += 1,
                // A server has it, or another process was faster.
                (Ok(()) | Err(Error::NoSuchReport { .. } | Error::WrongState { .. }), _) => {}
                (Err(error), held) => {
                    if held.is_ok() {
                        *held = Err(error);
                    }
                }
            }
        }
        held
    }

    /// Does with what is in the store what the second table of [`consent`](crate::consent) says for a policy. May be called
    /// at any time and any number of times: what was cut short is ended by the next call.
    ///
    /// The caller holds the sender's lock where something is held back: what is on its way to a server must not be put where
    /// it would be sent from again.
    ///
    /// # Errors
    /// The first thing that could not be done; the rest is done all the same, but for what is behind a lock that another
    /// process does not give back.
    pub fn apply_consent(&self, policy: ConsentPolicy, sender: Option<&SenderLock>) -> Result<Applied, Error> {
        let mut applied = Applied::default();
        let mut failed = None;
        for (kept, name) in [
            (Kept::HeldEnvelope, "held"),
            (Kept::QueuedEnvelope, "queued"),
            (Kept::RefusedEnvelope, "refused"),
        ] {
            if let Err(error) = self.apply_to_envelopes(name, fate(kept, policy), sender, &mut applied) {
                failed.get_or_insert(error);
            }
        }
        for report in self.reports()? {
            let kept = match report.state() {
                State::Waiting => Kept::WaitingReport,
                State::Sending => Kept::SendingReport,
                _ => continue,
            };
            match self.apply_to_report(report.id(), fate(kept, policy), &mut applied) {
                Ok(()) | Err(Error::NoSuchReport { .. } | Error::WrongState { .. }) => {}
                // The others would wait as long for the same lock, each for itself.
                Err(error @ Error::Busy { .. }) => return Err(failed.unwrap_or(error)),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        }
        failed.map_or(Ok(applied), Err)
    }

    fn apply_to_envelopes(
        &self,
        from: &str,
        fate: Fate,
        sender: Option<&SenderLock>,
        applied: &mut Applied,
    ) -> Result<(), Error> {
        let to = match fate {
            Fate::Stays => return Ok(()),
            Fate::Deleted => None,
            Fate::Queued if from == "queued" => return Ok(()),
            Fate::Queued => Some("queued"),
            Fate::Held if from == "held" || sender.is_none() => return Ok(()),
            Fate::Held => Some("held"),
        };
        let folder = self.envelope_folder(from);
        let mut moved = false;
        for entry in disk::list(&folder)? {
            let path = folder.join(&entry.name);
            let is_envelope = entry.name.ends_with(".envelope") && !crate::envelopes::is_sent(&entry.name);
            let Some(to) = to else {
                disk::delete_entry(&path, &entry.metadata)?;
                applied.deleted += usize::from(is_envelope);
                continue;
            };
            if !is_envelope {
                continue;
            }
            disk::make_folder(&self.envelope_folder(to))?;
            match disk::rename(&path, &self.envelope_folder(to).join(&entry.name)) {
                Ok(()) => moved = true,
                // Another process has moved, sent or removed it.
                Err(Error::Move { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            match fate {
                Fate::Queued => applied.released += 1,
                _ => applied.held += 1,
            }
        }
        if moved {
            for folder in ["queued", "held"] {
                disk::make_last(&self.envelope_folder(folder));
            }
        }
        Ok(())
    }

    /// A report with an answer is as it was answered.
    fn apply_to_report(&self, id: ReportId, fate: Fate, applied: &mut Applied) -> Result<(), Error> {
        if fate == Fate::Held {
            return self.hold_report(id, applied);
        }
        let _lock = self.lock()?;
        let state = self.locate(id)?;
        let folder = self.report_folder(state, id);
        let unanswered = matches!(state, State::Waiting | State::Sending) && matches!(read_answer(&folder), Ok(None));
        if !unanswered || read_delivery(&folder).is_ok_and(|delivery| delivery.report_accepted_at.is_some()) {
            return Ok(());
        }
        match fate {
            Fate::Deleted => {
                self.discard(state, id)?;
                applied.deleted += 1;
            }
            // The consent comes before the move: nothing in `sending` is without one.
            Fate::Queued => {
                let mut info = read_info(&folder, id)?;
                if info.policy != ConsentPolicy::Always {
                    info.policy = ConsentPolicy::Always;
                    disk::write_json(&folder.join("report.json"), &info, REPORT_JSON_MAX_BYTES)?;
                }
                if state == State::Waiting {
                    self.change_state(id, State::Waiting, State::Sending)?;
                    applied.released += 1;
                }
            }
            Fate::Stays | Fate::Held => {}
        }
        Ok(())
    }

    /// Takes back the consent that was given to everything.
    fn hold_report(&self, id: ReportId, applied: &mut Applied) -> Result<(), Error> {
        let report = self.report(id)?;
        if report.state() != State::Sending || !matches!(report.answer(), Ok(None)) {
            return Ok(());
        }
        self.withdraw(id)?;
        applied.held += 1;
        Ok(())
    }
}

fn consent_path(folder: &Path) -> PathBuf {
    folder.join("state").join("consent.json")
}
