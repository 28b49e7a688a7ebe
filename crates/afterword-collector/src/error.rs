//! What can go wrong in the collector, for the log and for whoever started it; clients are told less, by
//! [`crate::ingest`] and [`crate::api`].

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An operation of the collector that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data folder or one below it could not be made.
    #[error("could not make the folder {}", path.display())]
    Folder {
        /// The folder.
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
    #[error("could not {operation} the blob {}", path.display())]
    Blob {
        /// What was tried.
        operation: &'static str,
        /// The blob's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database could not be opened.
    #[error("could not open the database {}", path.display())]
    OpenDatabase {
        /// The database's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The database could not be brought to this version's schema; a newer version may have written it.
    #[error("could not bring the database {} to this version's schema", path.display())]
    Migrate {
        /// The database's file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
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
    /// The name of an organisation or project is none.
    #[error("{slug:?} is no name of {of}: use 1 to 50 of a-z, 0-9, '-' and '_', not beginning with '-' or '_'")]
    Slug {
        /// What was to be named.
        of: &'static str,
        /// The name as it was given.
        slug: String,
    },
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
