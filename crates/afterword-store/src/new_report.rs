//! A report while it is written: called by the reporter, with the crashed program waiting.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::consent::{Placement, placement};
use crate::info::REPORT_JSON_MAX_BYTES;
use crate::{Error, Report, ReportFile, ReportId, ReportInfo, State, Store, disk};

/// A report in `new`. Dropped before [`NewReport::commit`], it is removed; left behind by a kill, it is removed by
/// [`Store::retain`] after an hour.
#[derive(Debug)]
pub struct NewReport {
    store: Store,
    id: ReportId,
    folder: PathBuf,
    committed: bool,
}

impl Store {
    /// Begins a report. Several processes may begin the same one: the first to commit it has made it.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is one of this id; [`Error::MakeFolder`].
    pub fn begin_report(&self, id: ReportId) -> Result<NewReport, Error> {
        if self.locate(id).is_ok() {
            return Err(Error::Exists { id });
        }
        // The person may have emptied the store while the app ran.
        disk::make_folder(&self.state_folder(State::New))?;
        let mut folder = self.report_folder(State::New, id);
        // One that is there is another process's, which makes the same report, or was killed or stopped while it did.
        if !disk::make_new_folder(&folder)? {
            folder.set_extension(Uuid::new_v4().simple().to_string());
            disk::make_folder(&folder)?;
        }
        Ok(NewReport {
            store: self.clone(),
            id,
            folder,
            committed: false,
        })
    }
}

impl NewReport {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ReportId {
        self.id
    }

    /// Where it is written.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes and syncs a file of it.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::Write`].
    pub fn write(&self, file: ReportFile, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(file.name());
        disk::check_size(&path, bytes.len() as u64, file.max_bytes())?;
        disk::write_atomic(&path, bytes)
    }

    /// Completes it: writes `report.json`, syncs, and renames it into `waiting`, or into `sending` when its policy is
    /// `always`. When this has returned, the report survives a power cut.
    ///
    /// Takes no lock: nobody else knows the report yet, and a process that was stopped while it held the lock must not
    /// keep a crashed program waiting.
    ///
    /// # Errors
    /// [`Error::PolicyNever`], and the report is removed; [`Error::Exists`] when another process has made it meanwhile, and
    /// this one is removed; [`Error::Misplaced`] when the info is another report's; [`Error::Write`], [`Error::Move`].
    pub fn commit(mut self, info: &ReportInfo) -> Result<Report, Error> {
        let path = self.folder.join("report.json");
        if info.report_id != self.id {
            return Err(Error::Misplaced {
                path,
                named: info.report_id,
            });
        }
        if self.store.locate(self.id).is_ok() {
            return Err(Error::Exists { id: self.id });
        }
        let state = match placement(info.kind.into(), info.policy) {
            Placement::Waiting | Placement::Held => State::Waiting,
            Placement::Queued => State::Sending,
            Placement::Dropped => return Err(Error::PolicyNever),
        };
        disk::write_json(&path, info, REPORT_JSON_MAX_BYTES)?;
        disk::sync_folder(&self.folder)?;
        disk::make_folder(&self.store.state_folder(state))?;
        let place = self.store.report_folder(state, self.id);
        // The rename itself decides between two that come at once: a folder with files in it is not replaced.
        if let Err(error) = disk::move_synced(&self.folder, &place) {
            return Err(if self.store.locate(self.id).is_ok() {
                Error::Exists { id: self.id }
            } else {
                error
            });
        }
        self.committed = true;
        Ok(Report::load(self.store.clone(), self.id, state))
    }
}

impl Drop for NewReport {
    fn drop(&mut self) {
        if !self.committed {
            // Nobody to tell; retention removes what is left.
            disk::delete_folder(&self.folder).ok();
        }
    }
}
