//! The database: SQLite in one file, opened with what durability asks for.
//!
//! One connection writes and several read: SQLite has one writer at a time anyway, and queueing for it here keeps
//! readers from ever seeing "database is locked". The write-ahead log is synced at every commit (`synchronous = FULL`):
//! what was committed survives a power cut.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::Error;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How many queries may read at once.
const READERS: u32 = 4;

/// The two pools; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// For queries that change nothing.
    pub(crate) read: SqlitePool,
    /// For all others; one connection, so hold a transaction no longer than needed.
    pub(crate) write: SqlitePool,
}

impl Database {
    /// Opens or makes `path` and brings it to this version's schema.
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10));
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections);
        let opening = |source| Error::OpenDatabase {
            path: PathBuf::from(path),
            source,
        };

        let write = pool(1).connect_with(options.clone()).await.map_err(opening)?;
        MIGRATIONS.run(&write).await.map_err(|source| Error::Migrate {
            path: PathBuf::from(path),
            source,
        })?;
        let read = pool(READERS).connect_with(options).await.map_err(opening)?;
        Ok(Self { read, write })
    }

    /// Waits for running queries and closes both pools.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}
