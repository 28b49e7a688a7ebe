//! The database: SQLite in one file, or PostgreSQL; one text of SQL for both, but for what [`Dialect`] names.
//!
//! With SQLite, one connection writes and several read: it has one writer at a time anyway, and queueing for it here
//! keeps readers from ever seeing "database is locked". The write-ahead log is synced at every commit (`synchronous =
//! FULL`): what was committed survives a power cut. What is deleted is overwritten: an envelope holds what its digest only
//! hashes, and a person who asks to be forgotten is to be. With PostgreSQL both are the same pool, and any number of collectors
//! share the database.
//!
//! What keeps one text true for both: columns are of integers, texts, bytes and doubles only (a truth is 0 or 1), sums
//! are cast, and nothing is bound that is not one of these.

mod query;
mod rows;

use std::path::Path;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _};

use crate::Error;

pub(crate) use query::Query;
pub(crate) use rows::{chunks, placeholders};

static OF_SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static OF_POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// How many queries may read at once.
const READERS: u32 = 4;

/// Connections to PostgreSQL: what digests, what accepts and what answers, each a few.
const CONNECTIONS: u32 = 12;

/// How long to wait for a free connection, and with SQLite for another process's lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// One file, one process.
    Sqlite,
    /// A server that several collectors share.
    Postgres,
}

/// The two pools; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// For queries that change nothing.
    pub(crate) read: AnyPool,
    /// For all others; with SQLite one connection, so hold a transaction no longer than needed.
    pub(crate) write: AnyPool,
    /// Which database it is.
    pub(crate) dialect: Dialect,
}

impl Database {
    /// Opens or makes the SQLite file `path` and brings it to this version's schema.
    pub(crate) async fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let url = sqlite_url(path, "rwc");
        let write = pool(&url, &name, 1, Dialect::Sqlite, false).await?;
        migrate(&OF_SQLITE, &write, &name).await?;
        Ok(Self {
            read: pool(&url, &name, READERS, Dialect::Sqlite, true).await?,
            write,
            dialect: Dialect::Sqlite,
        })
    }

    /// Connects to PostgreSQL at `postgres://user:password@host/database` and brings it to this version's schema.
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let name = without_password(url);
        let both = pool(url, &name, CONNECTIONS, Dialect::Postgres, false).await?;
        migrate(&OF_POSTGRES, &both, &name).await?;
        Ok(Self {
            read: both.clone(),
            write: both,
            dialect: Dialect::Postgres,
        })
    }

    /// Waits for running queries and closes both pools.
    pub(crate) async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

async fn pool(url: &str, name: &str, connections: u32, dialect: Dialect, reads: bool) -> Result<AnyPool, Error> {
    sqlx::any::install_default_drivers();
    let opening = |source| Error::OpenDatabase {
        database: name.to_owned(),
        source,
    };
    let options: AnyConnectOptions = url.parse().map_err(opening)?;
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .after_connect(move |connection, _| Box::pin(prepare(connection, dialect, reads)))
        .after_release(move |connection, _| Box::pin(is_well(connection, dialect, reads)))
        .connect_with(options)
        .await
        .map_err(opening)
}

/// Sets what every connection of ours is to have.
async fn prepare(connection: &mut AnyConnection, dialect: Dialect, reads: bool) -> Result<(), sqlx::Error> {
    let statements = match (dialect, reads) {
        (Dialect::Sqlite, false) => {
            "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864; PRAGMA temp_store = MEMORY;
             PRAGMA secure_delete = ON"
        }
        (Dialect::Sqlite, true) => "PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA temp_store = MEMORY",
        (Dialect::Postgres, _) => "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '5min'",
    };
    connection.execute(sqlx::raw_sql(statements)).await?;
    Ok(())
}

/// Whether a connection may be used again.
///
/// SQLite itself rolls a transaction back when the disk is full. That sqlx then rolls back fails, and leaves it counting a
/// transaction that is none: the next would be a savepoint within that, and its commit would commit nothing.
async fn is_well(connection: &mut AnyConnection, dialect: Dialect, reads: bool) -> Result<bool, sqlx::Error> {
    if reads || dialect != Dialect::Sqlite {
        return Ok(true);
    }
    // A rollback that was begun is behind us when this is answered.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

async fn migrate(migrator: &Migrator, write: &AnyPool, name: &str) -> Result<(), Error> {
    migrator.run(write).await.map_err(|source| Error::Migrate {
        database: name.to_owned(),
        source,
    })
}

/// The address of a SQLite file.
pub(crate) fn sqlite_url(path: &Path, mode: &str) -> String {
    let encoded = utf8_percent_encode(&path.to_string_lossy(), NON_ALPHANUMERIC).to_string();
    format!("sqlite://{encoded}?mode={mode}")
}

/// The schema of this version, as a number that grows.
pub(crate) fn newest_schema() -> i64 {
    OF_SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// For messages and the log.
fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut url) => {
            // It has a host, so it can have no password; if it cannot, there is none to hide.
            let _ = url.set_password(None);
            url.set_query(None);
            url.to_string()
        }
        Err(_) => "(an address that is none)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_named() {
        let named = without_password("postgres://anna:secret@db.example:5432/afterword?password=secret");
        assert_eq!(named, "postgres://anna@db.example:5432/afterword");
        assert!(!without_password("secret").contains("secret"));
    }

    /// A table that only one of the two has is found by whoever runs the other.
    #[test]
    fn both_databases_have_the_same_tables() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let names = |dialect: &str| {
            let files = std::fs::read_dir(folder.join(dialect)).unwrap();
            let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let files = names("sqlite");
        assert_eq!(files, names("postgres"));
        for file in files {
            let text = |dialect: &str| std::fs::read_to_string(folder.join(dialect).join(&file)).unwrap();
            let expected = text("sqlite")
                .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY")
                .replace(
                    "INTEGER PRIMARY KEY",
                    "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
                )
                .replace(" BLOB", " BYTEA")
                .replace("COLLATE BINARY", "COLLATE \"C\"")
                .replace(") WITHOUT ROWID;", ");");
            assert_eq!(text("postgres"), expected, "{file:?}");
        }
    }

    #[tokio::test]
    async fn a_commit_is_one_also_after_sqlite_itself_rolled_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("afterword.db")).await.unwrap();
        let insert = |id: &'static str| {
            sqlx::query("INSERT INTO collectors (id, started_at, seen_at) VALUES ($1, 0, 0)").bind(id)
        };
        // As SQLite does it when the disk is full.
        let mut transaction = database.write.begin().await.unwrap();
        transaction.execute(sqlx::raw_sql("ROLLBACK")).await.unwrap();
        drop(transaction);
        let mut transaction = database.write.begin().await.unwrap();
        insert("taken back").execute(&mut *transaction).await.unwrap();
        drop(transaction);
        let mut transaction = database.write.begin().await.unwrap();
        insert("committed").execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();

        let seen: Vec<String> = sqlx::query_scalar("SELECT id FROM collectors")
            .fetch_all(&database.read)
            .await
            .unwrap();
        assert_eq!(seen, ["committed"]);
    }

    #[tokio::test]
    async fn any_path_is_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ü ?mode=ro&%20#.db");
        Database::open(&path).await.unwrap().close().await;
        assert!(path.is_file());
    }
}
