//! What can go wrong in the collector, for the log and for whoever started it; clients are told less, by
//! [`crate::ingest`] and [`crate::api`].

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An operation of the collector that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of ours could not be made, read or written.
    #[error("could not use {}", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another collector works on this data folder.
    #[error("the data folder {} is in use by another collector", path.display())]
    InUse {
        /// The lock file.
        path: PathBuf,
    },
    /// A blob could not be written, read or removed.
    #[error("could not {operation} the blob {name}")]
    Blob {
        /// What was tried.
        operation: &'static str,
        /// The blob's name.
        name: String,
        /// Why.
        #[source]
        source: Box<object_store::Error>,
    },
    /// The address of a store for blobs is none.
    #[error("{url:?} is no store for blobs: write it as s3://bucket/prefix")]
    BlobsUrl {
        /// The address as it was given.
        url: String,
    },
    /// The database could not be opened.
    #[error("could not open the database {database}")]
    OpenDatabase {
        /// The database's file, or its address without a password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The database could not be brought to this version's schema; a newer version may have written it.
    #[error(
        "could not bring the database {database} to this version's schema{}",
        if matches!(source, sqlx::migrate::MigrateError::VersionMissing(_)) {
            ": a newer version wrote it, so start that version or a newer one, or restore a backup into another folder"
        } else {
            ""
        }
    )]
    Migrate {
        /// The database's file, or its address without a password.
        database: String,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// An envelope could not be made durable; its sender is to try again.
    #[error("could not accept an envelope: {reason}")]
    NotAccepted {
        /// Why, in words.
        reason: String,
    },
    /// A setting could not be written as JSON.
    #[error("could not write the setting {name}")]
    Setting {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A backup cannot be made or restored.
    #[error("{reason}")]
    Backup {
        /// Why, in words.
        reason: String,
    },
    /// Somebody cannot be added or changed on the command line.
    #[error("{reason}")]
    Account {
        /// Why, in words.
        reason: String,
    },
    /// A password could not be hashed or compared.
    #[error("could not hash a password: {reason}")]
    Password {
        /// Why, in words.
        reason: String,
    },
    /// A payload could not be packed or unpacked.
    #[error("could not pack or unpack a payload")]
    Payload {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A query failed.
    #[error("could not {operation}")]
    Database {
        /// What the query was for.
        operation: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The address cannot be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A rule about what is the application's is none.
    #[error("the rule in line {line} is none: {reason}")]
    Rule {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The name of an organisation or project is none.
    #[error(
        "{slug:?} is no name of {of}: use 1 to 50 of a-z, 0-9, '-' and '_', not beginning with '-' or '_', and none that the pages use themselves"
    )]
    Slug {
        /// What was to be named.
        of: &'static str,
        /// The name as it was given.
        slug: String,
    },
}

impl Error {
    /// Whether the store itself fails (no room, not reached, busy), so that anything else would have failed, too, and
    /// may succeed later.
    pub(crate) fn is_of_storage(&self) -> bool {
        match self {
            Self::Database { source, .. } => match source {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| is_of_storage(&code)),
                _ => false,
            },
            Self::Blob { source, .. } => !matches!(**source, object_store::Error::NotFound { .. }),
            Self::Folder { .. } => true,
            _ => false,
        }
    }
}

/// Codes of SQLite are numbers (the last byte tells: busy, locked, read only, input or output, full, cannot open); those
/// of PostgreSQL have five characters, of which the first two are a class (connection, rolled back for another, resources,
/// intervention, system).
fn is_of_storage(code: &str) -> bool {
    if code.len() == 5 {
        return ["08", "40", "53", "55", "57", "58"].contains(&code.get(..2).unwrap_or_default());
    }
    code.parse::<i32>()
        .is_ok_and(|code| [5, 6, 8, 10, 13, 14].contains(&(code & 0xff)))
}

/// Names the operation that a query was for: `query.await.or_failed("read the issue")?`.
pub(crate) trait OrFailed<T> {
    /// Turns the database's error into ours.
    fn or_failed(self, operation: &'static str) -> Result<T, Error>;
}

impl<T> OrFailed<T> for Result<T, sqlx::Error> {
    fn or_failed(self, operation: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Database { operation, source })
    }
}

/// An error and all its causes in one line, for the log and for what is set aside.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
