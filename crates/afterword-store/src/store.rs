//! One app's part of the store: where it lies, its locks, its runs, and finding a report in it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use directories::ProjectDirs;
use uuid::Uuid;

use crate::disk;
use crate::info::RECORD_MAX_BYTES;
use crate::{Answer, AppId, Error, Report, ReportId, State};

/// Names the store's root instead of the user's data folder.
pub const STORE_VARIABLE: &str = "AFTERWORD_STORE";

/// A state move takes milliseconds; who holds the lock for longer was stopped, and nobody waits for it for ever.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Between two tries for the lock.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// How often a report is looked for before it counts as gone.
const LOCATE_TRIES: usize = 4;

/// The store of one app. Cheap to clone; any number of them, in any number of processes and threads, may be in use.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    app: AppId,
}

/// Held by the one process that sends; given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct SenderLock {
    _file: File,
}

/// Held by the one process that asks; given back when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct AskerLock {
    _file: File,
}

/// The lock under which reports change their state.
pub(crate) struct MoveLock {
    _file: File,
}

impl Store {
    /// Where stores are: `AFTERWORD_STORE`, else `afterword` in the user's local data folder.
    ///
    /// # Errors
    /// [`Error::NoDataFolder`] when the system knows none for this user.
    pub fn default_root() -> Result<PathBuf, Error> {
        match std::env::var_os(STORE_VARIABLE) {
            Some(root) if !root.is_empty() => Ok(PathBuf::from(root)),
            _ => ProjectDirs::from("", "", "afterword")
                .map(|folders| folders.data_local_dir().to_owned())
                .ok_or(Error::NoDataFolder),
        }
    }

    /// Opens an app's store and makes its folders. Waits for nobody.
    ///
    /// # Errors
    /// [`Error::MakeFolder`] and [`Error::Lock`] name what could not be made.
    pub fn open(root: &Path, app: &AppId) -> Result<Store, Error> {
        let store = Store {
            folder: root.join(app.as_str()),
            app: app.clone(),
        };
        disk::make_folder(&store.folder)?;
        for state in [State::New, State::Waiting, State::Sending, State::Sent, State::Refused] {
            disk::make_folder(&store.state_folder(state))?;
        }
        for name in [
            "runs",
            "ends",
            "reports/deleted",
            "envelopes/held",
            "envelopes/queued",
            "envelopes/refused",
            "log",
            "state",
        ] {
            disk::make_folder(&store.folder.join(name))?;
        }
        // Shows now, not at the first crash, that the folder takes no files.
        store.open_lock("lock")?;
        Ok(store)
    }

    /// The apps that have a store under a root, by name.
    ///
    /// # Errors
    /// [`Error::ListFolder`]; a root that is not there has none.
    pub fn apps(root: &Path) -> Result<Vec<AppId>, Error> {
        let mut apps: Vec<AppId> = disk::list(root)?
            .into_iter()
            .filter(|entry| entry.metadata.is_dir() && root.join(&entry.name).join("reports").is_dir())
            .filter_map(|entry| AppId::new(&entry.name).ok())
            .collect();
        apps.sort();
        Ok(apps)
    }

    /// `<root>/<app>`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whose store it is.
    #[must_use]
    pub fn app(&self) -> &AppId {
        &self.app
    }

    /// Where the reporter keeps its logs.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Makes the folder of a run of the app and returns it. It is not synced: `init` does not wait for a disk, and a power
    /// cut that takes it along takes a run of which nothing is known.
    ///
    /// # Errors
    /// [`Error::MakeFolder`].
    pub fn create_run(&self, id: Uuid) -> Result<PathBuf, Error> {
        let folder = self.run_folder(id);
        disk::make_passing_folder(&folder)?;
        Ok(folder)
    }

    /// The runs that have a folder, in no order.
    ///
    /// # Errors
    /// [`Error::ListFolder`].
    pub fn runs(&self) -> Result<Vec<(Uuid, PathBuf)>, Error> {
        Ok(disk::list(&self.folder.join("runs"))?
            .into_iter()
            .filter(|entry| entry.metadata.is_dir())
            .filter_map(|entry| Uuid::try_parse(&entry.name).ok())
            .map(|id| (id, self.run_folder(id)))
            .collect())
    }

    /// Whether the folder of a run is there.
    #[must_use]
    pub fn has_run(&self, id: Uuid) -> bool {
        self.run_folder(id).is_dir()
    }

    /// Deletes a run's folder and what is in it. One that is gone is no error.
    ///
    /// # Errors
    /// [`Error::Delete`].
    pub fn remove_run(&self, id: Uuid) -> Result<(), Error> {
        disk::delete_folder(&self.run_folder(id))
    }

    /// `runs/<run id>`.
    #[must_use]
    pub fn run_folder(&self, id: Uuid) -> PathBuf {
        self.folder.join("runs").join(id.hyphenated().to_string())
    }

    /// All reports but those being written, newest first. One whose `report.json` cannot be read is among them, with its
    /// error ([`Report::info`]).
    ///
    /// # Errors
    /// [`Error::ListFolder`].
    pub fn reports(&self) -> Result<Vec<Report>, Error> {
        let mut reports = Vec::new();
        for state in State::LISTED {
            for entry in disk::list(&self.state_folder(state))? {
                let Ok(id) = entry.name.parse::<ReportId>() else {
                    continue;
                };
                if entry.metadata.is_dir() && entry.name == id.to_string() {
                    // One that was moved meanwhile is met twice: where it is now counts.
                    reports.retain(|report: &Report| report.id() != id);
                    reports.push(Report::load(self.clone(), id, state));
                }
            }
        }
        reports.sort_by_key(|report| std::cmp::Reverse(report.captured_at()));
        Ok(reports)
    }

    /// One report. Like in the list, a `report.json` that cannot be read is told by [`Report::info`].
    ///
    /// # Errors
    /// [`Error::NoSuchReport`].
    pub fn report(&self, id: ReportId) -> Result<Report, Error> {
        let mut state = self.locate(id)?;
        loop {
            let report = Report::load(self.clone(), id, state);
            let now = self.locate(id)?;
            // Moved between the look and the read: what was read is of no report.
            if report.info().is_ok() || now == state {
                return Ok(report);
            }
            state = now;
        }
    }

    /// Writes `answer.json`, and nothing else: what the dialog calls. It may die right after; [`Store::settle`] carries
    /// the answer out. A later answer replaces an earlier one while the report is not sent.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`]; [`Error::WrongState`] when it is sent or refused; [`Error::Write`].
    pub fn put_answer(&self, id: ReportId, answer: &Answer) -> Result<(), Error> {
        let _lock = self.lock()?;
        match self.locate(id)? {
            state @ (State::Waiting | State::Sending) => {
                let path = self.report_folder(state, id).join("answer.json");
                disk::write_json(&path, answer, RECORD_MAX_BYTES)
            }
            state => Err(Error::WrongState {
                id,
                state,
                operation: "answer",
            }),
        }
    }

    /// Deletes a report entirely, whatever its state.
    ///
    /// # Errors
    /// [`Error::NoSuchReport`], [`Error::Move`], [`Error::Delete`].
    pub fn delete(&self, id: ReportId) -> Result<(), Error> {
        let _lock = self.lock()?;
        let state = self.locate(id)?;
        self.discard(state, id)
    }

    /// Tries to become the one sender. None when another process or thread is it.
    ///
    /// # Errors
    /// [`Error::Lock`].
    pub fn try_lock_sender(&self) -> Result<Option<SenderLock>, Error> {
        let (file, path) = self.open_lock("sender.lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SenderLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::Lock { path, source }),
        }
    }

    /// Tries to become the one that asks the person, so that two windows never ask about one report. None when another
    /// process or thread is it.
    ///
    /// # Errors
    /// [`Error::Lock`].
    pub fn try_lock_asker(&self) -> Result<Option<AskerLock>, Error> {
        let (file, path) = self.open_lock("asker.lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(AskerLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::Lock { path, source }),
        }
    }

    /// Takes the lock for state moves. A new open file each time, so that threads exclude one another as processes do.
    pub(crate) fn lock(&self) -> Result<MoveLock, Error> {
        let (file, path) = self.open_lock("lock")?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(MoveLock { _file: file }),
                Err(TryLockError::WouldBlock) if start.elapsed() >= LOCK_WAIT => return Err(Error::Busy { path }),
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_POLL),
                Err(TryLockError::Error(source)) => return Err(Error::Lock { path, source }),
            }
        }
    }

    fn open_lock(&self, name: &str) -> Result<(File, PathBuf), Error> {
        let path = self.folder.join(name);
        match disk::open_private(&path) {
            Ok(file) => Ok((file, path)),
            Err(source) => Err(Error::Lock { path, source }),
        }
    }

    /// `reports/<state>`.
    pub(crate) fn state_folder(&self, state: State) -> PathBuf {
        self.folder.join("reports").join(state.name())
    }

    /// `reports/<state>/<id>`.
    pub(crate) fn report_folder(&self, state: State, id: ReportId) -> PathBuf {
        self.state_folder(state).join(id.to_string())
    }

    /// `reports/deleted`.
    pub(crate) fn deleted_folder(&self) -> PathBuf {
        self.folder.join("reports").join("deleted")
    }

    /// `envelopes/<name>`.
    pub(crate) fn envelope_folder(&self, name: &str) -> PathBuf {
        self.folder.join("envelopes").join(name)
    }

    /// The state a report is in. Without the lock it may be another one right after.
    pub(crate) fn locate(&self, id: ReportId) -> Result<State, Error> {
        // The states are looked at in the order of a report's life, so that one that moves on meanwhile is met again.
        // One that moves back (a consent withdrawn, a refused one sent again) can be missed, but hardly so often.
        (0..LOCATE_TRIES)
            .flat_map(|_| State::LISTED)
            .find(|state| self.report_folder(*state, id).is_dir())
            .ok_or(Error::NoSuchReport { id })
    }

    /// Moves a report to another state. The caller holds the lock.
    pub(crate) fn change_state(&self, id: ReportId, from: State, to: State) -> Result<(), Error> {
        disk::move_synced(&self.report_folder(from, id), &self.report_folder(to, id))
    }

    /// Deletes a report: out of sight by one rename, then file by file. The caller holds the lock.
    pub(crate) fn discard(&self, state: State, id: ReportId) -> Result<(), Error> {
        // A name of its own: an earlier try may have left something behind.
        let doomed = self.deleted_folder().join(Uuid::new_v4().simple().to_string());
        disk::make_folder(&self.deleted_folder())?;
        disk::move_synced(&self.report_folder(state, id), &doomed)?;
        disk::delete_folder(&doomed)
    }
}
