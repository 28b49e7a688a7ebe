//! A finished report, for those who show it and those who add to it.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::info::{RECORD_MAX_BYTES, REPORT_JSON_MAX_BYTES};
use crate::{Answer, Delivery, Error, Outgoing, ReportFile, ReportId, ReportInfo, State, Store, disk};

/// A report as it was when it was looked up. Reading and adding find it again where it is by then.
#[derive(Debug)]
pub struct Report {
    store: Store,
    id: ReportId,
    state: State,
    folder: PathBuf,
    info: Result<ReportInfo, Error>,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// Its name.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
}

impl Report {
    /// Reads what is there; never fails, since what cannot be read is to be shown.
    pub(crate) fn load(store: Store, id: ReportId, state: State) -> Report {
        let folder = store.report_folder(state, id);
        let info = read_info(&folder, id);
        Report {
            store,
            id,
            state,
            folder,
            info,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ReportId {
        self.id
    }

    /// The state it was in when it was looked up.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// What is known of it.
    ///
    /// # Errors
    /// Why `report.json` cannot be read.
    pub fn info(&self) -> Result<&ReportInfo, &Error> {
        self.info.as_ref()
    }

    /// Where it lay when it was looked up, to be shown to people.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// When it was captured; for one that cannot be read, when its folder was last changed.
    #[must_use]
    pub fn captured_at(&self) -> OffsetDateTime {
        match &self.info {
            Ok(info) => info.captured_at,
            Err(_) => std::fs::metadata(&self.folder)
                .ok()
                .and_then(|metadata| disk::modified(&metadata))
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        }
    }

    /// Reads a file of it; none if it has none.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`] when it is gone; [`Error::Read`], [`Error::TooLarge`].
    pub fn read(&self, file: ReportFile) -> Result<Option<Vec<u8>>, Error> {
        disk::read_bounded(&self.folder_now()?.join(file.name()), file.max_bytes())
    }

    /// What of it would go over the wire, all of it.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`] when it is gone; [`Error::NoEnvelope`] for an error's report without one; [`Error::Read`],
    /// [`Error::Parse`], [`Error::TooLarge`].
    pub fn outgoing(&self) -> Result<Outgoing, Error> {
        let folder = self.folder_now()?;
        Outgoing::lay_out(&self.store, &folder, &read_info(&folder, self.id)?)
    }

    /// Writes a file of it, atomically: the event and the stack come when the report asks already.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`] when it is gone; [`Error::WrongState`] when it was sent, since then only the record is
    /// kept; [`Error::TooLarge`], [`Error::Write`].
    pub fn put(&self, file: ReportFile, bytes: &[u8]) -> Result<(), Error> {
        let _lock = self.store.lock()?;
        let state = self.store.locate(self.id)?;
        if state == State::Sent {
            return Err(Error::WrongState {
                id: self.id,
                state,
                operation: "add to",
            });
        }
        let path = self.store.report_folder(state, self.id).join(file.name());
        disk::check_size(&path, bytes.len() as u64, file.max_bytes())?;
        disk::write_atomic(&path, bytes)
    }

    /// The files it consists of now, by name.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`], [`Error::ListFolder`].
    pub fn files(&self) -> Result<Vec<StoredFile>, Error> {
        let mut files: Vec<StoredFile> = disk::list(&self.folder_now()?)?
            .into_iter()
            .filter(|entry| entry.metadata.is_file() && !disk::is_temporary(&entry.name))
            .map(|entry| StoredFile {
                name: entry.name,
                size_bytes: entry.metadata.len(),
            })
            .collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    /// The person's answer, if there is one.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`], [`Error::Read`], [`Error::Parse`].
    pub fn answer(&self) -> Result<Option<Answer>, Error> {
        read_answer(&self.folder_now()?)
    }

    /// How sending went so far; empty before the first attempt.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`], [`Error::Read`], [`Error::Parse`].
    pub fn delivery(&self) -> Result<Delivery, Error> {
        read_delivery(&self.folder_now()?)
    }

    fn folder_now(&self) -> Result<PathBuf, Error> {
        let state = self.store.locate(self.id)?;
        Ok(self.store.report_folder(state, self.id))
    }
}

/// Reads `report.json` and checks that it is this report's.
pub(crate) fn read_info(folder: &Path, id: ReportId) -> Result<ReportInfo, Error> {
    let path = folder.join("report.json");
    let info: ReportInfo = disk::read_json(&path, REPORT_JSON_MAX_BYTES)?.ok_or_else(|| Error::Read {
        path: path.clone(),
        source: std::io::ErrorKind::NotFound.into(),
    })?;
    if info.version > ReportInfo::VERSION {
        return Err(Error::NewerVersion {
            path,
            version: info.version,
        });
    }
    if info.report_id != id {
        return Err(Error::Misplaced {
            path,
            named: info.report_id,
        });
    }
    Ok(info)
}

/// Reads `answer.json`.
pub(crate) fn read_answer(folder: &Path) -> Result<Option<Answer>, Error> {
    disk::read_json(&folder.join("answer.json"), RECORD_MAX_BYTES)
}

/// Reads `delivery.json`.
pub(crate) fn read_delivery(folder: &Path) -> Result<Delivery, Error> {
    Ok(disk::read_json(&folder.join("delivery.json"), RECORD_MAX_BYTES)?.unwrap_or_default())
}
