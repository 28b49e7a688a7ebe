//! The crate's one error.

use std::io;
use std::path::PathBuf;

use crate::{ReportId, State};

/// What the store could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system names no data folder for this user.
    #[error("no data folder is known for this user; name one in AFTERWORD_STORE")]
    NoDataFolder,
    /// Not a name an app can have in the store.
    #[error("{name:?} is no app id: it takes 1 to 64 letters, digits, dots, dashes and underscores, no dot first")]
    BadAppId {
        /// The name, shortened.
        name: String,
    },
    /// Not a report id.
    #[error("{text:?} is no report id")]
    BadReportId {
        /// The text, shortened.
        text: String,
    },
    /// A folder could not be made or made private.
    #[error("cannot make the folder {}", path.display())]
    MakeFolder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder could not be listed.
    #[error("cannot list the folder {}", path.display())]
    ListFolder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written, synced or renamed into place.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A report or an envelope could not be moved.
    #[error("cannot move {} to {}", from.display(), to.display())]
    Move {
        /// From where.
        from: PathBuf,
        /// To where.
        to: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something could not be deleted.
    #[error("cannot delete {}", path.display())]
    Delete {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A lock file could not be opened or locked.
    #[error("cannot lock {}", path.display())]
    Lock {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process kept the lock for too long.
    #[error("{} is held by another process", path.display())]
    Busy {
        /// Which.
        path: PathBuf,
    },
    /// A file is larger than the store takes.
    #[error("{} has {size_bytes} bytes, more than {limit_bytes}", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// How large it is.
        size_bytes: u64,
        /// How large it may be.
        limit_bytes: u64,
    },
    /// The outbox holds as much as it may, and nobody empties it.
    #[error("the outbox in {} is full: it may hold {limit_bytes} bytes", path.display())]
    OutboxFull {
        /// The folder of the run.
        path: PathBuf,
        /// How much it may hold.
        limit_bytes: u64,
    },
    /// A record is not what it should be.
    #[error("cannot make sense of {}", path.display())]
    Parse {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A record could not be made JSON.
    #[error("cannot encode {}", path.display())]
    Encode {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A report written by a newer program.
    #[error("{} has version {version}, which is newer than this program", path.display())]
    NewerVersion {
        /// Which.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A `report.json` that lies in the folder of another report.
    #[error("{} is about another report, {named}", path.display())]
    Misplaced {
        /// Which.
        path: PathBuf,
        /// The report it names.
        named: ReportId,
    },
    /// There is no such report.
    #[error("there is no report {id}")]
    NoSuchReport {
        /// Which.
        id: ReportId,
    },
    /// There is such a report already.
    #[error("there is a report {id} already")]
    Exists {
        /// Which.
        id: ReportId,
    },
    /// The report's state does not allow it.
    #[error("cannot {operation} report {id}: it is {state}")]
    WrongState {
        /// Which.
        id: ReportId,
        /// Its state.
        state: State,
        /// What was asked for.
        operation: &'static str,
    },
    /// Nobody agreed to sending it.
    #[error("nobody agreed to sending report {id}")]
    NoConsent {
        /// Which.
        id: ReportId,
    },
    /// The policy says that nothing is kept.
    #[error("the consent policy is `never`: nothing is kept")]
    PolicyNever,
    /// An error's report without its envelope.
    #[error("report {id} has no envelope")]
    NoEnvelope {
        /// Which.
        id: ReportId,
    },
    /// A file was written anew after what is sent of it was laid out.
    #[error("{} has changed meanwhile", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// No 2xx of the server is recorded, so it is not sent.
    #[error("report {id} was not accepted by a server")]
    NotAccepted {
        /// Which.
        id: ReportId,
    },
}

/// An error and what caused it, in one line: for logs of this crate's users.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}
