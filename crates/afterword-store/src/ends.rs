//! Runs of the app that ended without an exit and without a crash: killed, or the computer lost its power. One small file
//! each, `ends/<run id>.json`; [`Store::retain`] keeps them within bounds. And the end of any run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::info::RECORD_MAX_BYTES;
use crate::{ConsentPolicy, EnvelopeClass, Error, Store, disk};

/// How a run ended that nobody ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbnormalEnd {
    /// The run.
    pub run_id: Uuid,
    /// When it began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub started_at: Option<OffsetDateTime>,
    /// When its end was seen: at once by its reporter, or by a later start.
    #[serde(with = "time::serde::rfc3339")]
    pub found_at: OffsetDateTime,
    /// The release tag of that run.
    pub release: Option<String>,
    /// Whether the computer has been started anew since: then it may have been that.
    pub before_boot: bool,
    /// Whether it was crashing, and no report could be made of it.
    pub crashing: bool,
}

impl Store {
    /// Keeps the record of an abnormal end. One that is there already stays as it is.
    ///
    /// # Errors
    /// [`Error::MakeFolder`], [`Error::Write`].
    pub fn put_abnormal_end(&self, end: &AbnormalEnd) -> Result<(), Error> {
        let path = self.ends_folder().join(format!("{}.json", end.run_id));
        if path.exists() {
            return Ok(());
        }
        disk::make_folder(&self.ends_folder())?;
        disk::write_json(&path, end, RECORD_MAX_BYTES)
    }

    /// The abnormal ends that were seen, the newest first. A file that is none is left out.
    ///
    /// # Errors
    /// [`Error::ListFolder`].
    pub fn abnormal_ends(&self) -> Result<Vec<AbnormalEnd>, Error> {
        let mut ends: Vec<AbnormalEnd> = disk::list(&self.ends_folder())?
            .into_iter()
            .filter(|entry| !disk::is_temporary(&entry.name))
            .filter_map(|entry| disk::read_json(&self.ends_folder().join(entry.name), RECORD_MAX_BYTES).ok()?)
            .collect();
        ends.sort_by_key(|end| std::cmp::Reverse(end.found_at));
        Ok(ends)
    }

    /// The end of a run: puts the last update of its session where the [table](crate::consent) says, and removes the run's
    /// folder. Of several processes that settle one run, one does; it is done again only if this one is killed between
    /// the two. False if the run was gone already.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Lock`], those of [`Store::put_envelope`], and the run stays; [`Error::Delete`].
    pub fn end_run(&self, id: Uuid, policy: ConsentPolicy, session: Option<&[u8]>) -> Result<bool, Error> {
        let _lock = self.lock()?;
        if !self.has_run(id) {
            return Ok(false);
        }
        if let Some(session) = session {
            self.put_envelope(policy, EnvelopeClass::Session, session)?;
        }
        self.remove_run(id)?;
        Ok(true)
    }

    pub(crate) fn ends_folder(&self) -> PathBuf {
        self.folder().join("ends")
    }
}
