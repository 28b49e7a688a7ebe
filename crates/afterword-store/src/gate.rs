//! The gate: the only way from the store to a network.
//!
//! What is sent is a [`ReleasedReport`], and only [`Store::release`] makes one, from a report in `sending` whose answer on
//! the disk says *Send*, or whose policy is `always` and whose answer, if any, does not say otherwise:
//!
//! ```compile_fail,E0451
//! // The fields are private: no other crate can make one, not even of one that it has.
//! use afterword_store::ReleasedReport;
//! fn forge(other: ReleasedReport) -> ReleasedReport {
//!     ReleasedReport { ..other }
//! }
//! ```
//!
//! A sender holds the sender's lock ([`Store::try_lock_sender`]), asks again with [`ReleasedReport::check`] right before
//! each request, records what the server accepted, and finishes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::info::{RECORD_MAX_BYTES, REPORT_JSON_MAX_BYTES};
use crate::report::{read_answer, read_delivery, read_info};
use crate::{
    Answer, ConsentPolicy, Decision, Delivery, Error, Outgoing, ReportFile, ReportId, ReportInfo, State, Store, disk,
};

/// A report that somebody agreed to sending.
#[derive(Debug)]
pub struct ReleasedReport {
    store: Store,
    id: ReportId,
    folder: PathBuf,
    info: ReportInfo,
    answer: Option<Answer>,
    delivery: Delivery,
}

impl Store {
    /// Releases a report for sending.
    ///
    /// # Errors
    /// [`Error::NoConsent`] without one; [`Error::WrongState`] when it is not in `sending`; [`Error::NoSuchReport`];
    /// [`Error::Parse`] and the like when its records cannot be read: what cannot be read is no consent.
    pub fn release(&self, id: ReportId) -> Result<ReleasedReport, Error> {
        let state = self.locate(id)?;
        if state != State::Sending {
            return Err(Error::WrongState {
                id,
                state,
                operation: "release",
            });
        }
        let folder = self.report_folder(state, id);
        let (info, answer) = consent(&folder, id)?;
        let delivery = read_delivery(&folder)?;
        Ok(ReleasedReport {
            store: self.clone(),
            id,
            folder,
            info,
            answer,
            delivery,
        })
    }

    /// Puts a refused report back into `sending`; the consent that was given is still there and is checked. What the
    /// server accepted stays recorded, the rest of the delivery begins anew.
    ///
    /// # Errors
    /// [`Error::NoConsent`]; [`Error::WrongState`] when it is not refused; [`Error::NoSuchReport`], [`Error::Move`].
    pub fn retry_refused(&self, id: ReportId) -> Result<(), Error> {
        let _lock = self.lock()?;
        let state = self.locate(id)?;
        if state != State::Refused {
            return Err(Error::WrongState {
                id,
                state,
                operation: "send again",
            });
        }
        let folder = self.report_folder(state, id);
        consent(&folder, id)?;
        let before = read_delivery(&folder)?;
        let delivery = Delivery {
            report_accepted_at: before.report_accepted_at,
            feedback_accepted_at: before.feedback_accepted_at,
            bytes_sent: before.bytes_sent,
            event_id: before.event_id,
            ..Delivery::default()
        };
        write_delivery(&folder, &delivery)?;
        self.change_state(id, State::Refused, State::Sending)
    }
}

/// The consent, as it is on the disk.
fn consent(folder: &Path, id: ReportId) -> Result<(ReportInfo, Option<Answer>), Error> {
    let info = read_info(folder, id)?;
    let answer = read_answer(folder)?;
    let agreed = match (info.policy, answer.as_ref().map(|answer| answer.decision)) {
        (ConsentPolicy::Never, _) | (_, Some(Decision::DontSend)) | (ConsentPolicy::Ask, None) => false,
        (ConsentPolicy::Always, None) | (_, Some(Decision::Send)) => true,
    };
    if agreed {
        Ok((info, answer))
    } else {
        Err(Error::NoConsent { id })
    }
}

fn write_delivery(folder: &Path, delivery: &Delivery) -> Result<(), Error> {
    disk::write_json(&folder.join("delivery.json"), delivery, RECORD_MAX_BYTES)
}

impl ReleasedReport {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ReportId {
        self.id
    }

    /// What is known of it.
    #[must_use]
    pub fn info(&self) -> &ReportInfo {
        &self.info
    }

    /// The answer under which it is sent; none under the policy `always`.
    #[must_use]
    pub fn answer(&self) -> Option<&Answer> {
        self.answer.as_ref()
    }

    /// How sending went so far, as recorded.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// Reads a file of it; none if it has none.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLarge`].
    pub fn read(&self, file: ReportFile) -> Result<Option<Vec<u8>>, Error> {
        disk::read_bounded(&self.folder.join(file.name()), file.max_bytes())
    }

    /// What of it goes over the wire under its answer.
    ///
    /// # Errors
    /// [`Error::NoEnvelope`] for an error's report without one; [`Error::Read`], [`Error::TooLarge`].
    pub fn outgoing(&self) -> Result<Outgoing, Error> {
        let mut outgoing = Outgoing::lay_out(&self.store, &self.folder, &self.info)?;
        if let Some(answer) = &self.answer {
            outgoing.choose(&answer.into());
        }
        Ok(outgoing)
    }

    /// Whether it has a file, without reading it.
    #[must_use]
    pub fn has(&self, file: ReportFile) -> bool {
        fs::symlink_metadata(self.folder.join(file.name())).is_ok_and(|metadata| metadata.is_file())
    }

    /// Looks at the consent once more: it may have been withdrawn, or the report deleted, since it was released.
    ///
    /// # Errors
    /// [`Error::NoConsent`], [`Error::NoSuchReport`], [`Error::WrongState`].
    pub fn check(&self) -> Result<(), Error> {
        self.expect_sending("send")?;
        consent(&self.folder, self.id).map(|_| ())
    }

    /// Records how sending went so far, on the disk before it returns. A 2xx is recorded before anything else is done, and
    /// wherever the report is by then: a consent that was withdrawn while the request was under way does not undo it.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`] when it was deleted meanwhile; [`Error::WrongState`]; [`Error::Write`].
    pub fn record(&mut self, delivery: &Delivery) -> Result<(), Error> {
        let mut state = self.sendable(delivery, "record the delivery of")?;
        while let Err(error) = write_delivery(&self.store.report_folder(state, self.id), delivery) {
            // It may have been moved between the look and the write.
            let now = self.sendable(delivery, "record the delivery of")?;
            if now == state {
                return Err(error);
            }
            state = now;
        }
        self.delivery = delivery.clone();
        Ok(())
    }

    /// Ends it as sent: records, moves it to `sent`, and deletes the payload. What stays is `report.json` without the
    /// event, the answer and the delivery.
    ///
    /// The move is a record too and takes no room on a full disk: it is made even where `delivery.json` cannot be
    /// written, since what the server has must not be sent again.
    ///
    /// # Errors
    /// [`Error::NotAccepted`] without a 2xx; [`Error::NoSuchReport`], [`Error::Write`], [`Error::Move`],
    /// [`Error::Delete`].
    pub fn finish_sent(mut self, delivery: &Delivery) -> Result<(), Error> {
        if delivery.report_accepted_at.is_none() {
            return Err(Error::NotAccepted { id: self.id });
        }
        let _lock = self.store.lock()?;
        let recorded = self.record(delivery);
        match self.sendable(delivery, "finish")? {
            // A *Don't send* was carried out meanwhile.
            State::Sent => {}
            state => self.store.change_state(self.id, state, State::Sent)?,
        }
        let folder = self.store.report_folder(State::Sent, self.id);
        let reduced = reduce_to_record(&folder, self.id);
        // The payload has made room.
        recorded.or_else(|_| write_delivery(&folder, delivery))?;
        reduced
    }

    /// Ends it as refused: records the server's words and moves it to `refused`, with all its files.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`], [`Error::Write`], [`Error::Move`].
    pub fn finish_refused(mut self, delivery: &Delivery) -> Result<(), Error> {
        let _lock = self.store.lock()?;
        self.record(delivery)?;
        self.store.change_state(self.id, State::Sending, State::Refused)
    }

    /// The state it is in, if a delivery can be recorded there: `sending`, or for what a server has also where another
    /// process has put it since.
    fn sendable(&self, delivery: &Delivery, operation: &'static str) -> Result<State, Error> {
        let state = self.store.locate(self.id)?;
        let accepted = delivery.report_accepted_at.is_some();
        match state {
            State::Sending => Ok(state),
            State::Waiting | State::Sent if accepted => Ok(state),
            _ => Err(Error::WrongState {
                id: self.id,
                state,
                operation,
            }),
        }
    }

    fn expect_sending(&self, operation: &'static str) -> Result<(), Error> {
        match self.store.locate(self.id)? {
            State::Sending => Ok(()),
            state => Err(Error::WrongState {
                id: self.id,
                state,
                operation,
            }),
        }
    }
}

/// Deletes all of a sent report but its records. Done again by [`Store::retain`] when it was cut short.
pub(crate) fn reduce_to_record(folder: &Path, id: ReportId) -> Result<(), Error> {
    let mut failed = None;
    for entry in disk::list(folder)? {
        if !matches!(entry.name.as_str(), "report.json" | "answer.json" | "delivery.json")
            && let Err(error) = disk::delete_entry(&folder.join(&entry.name), &entry.metadata)
        {
            failed.get_or_insert(error);
        }
    }
    if let Ok(mut info) = read_info(folder, id)
        && !info.event.is_null()
    {
        info.event = serde_json::Value::Null;
        disk::write_json(&folder.join("report.json"), &info, REPORT_JSON_MAX_BYTES)?;
    }
    failed.map_or(Ok(()), Err)
}
