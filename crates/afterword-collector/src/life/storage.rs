//! How much there is, counted now and then in the background: to count a million rows takes longer than a page may.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::AssertSqlSafe;

use crate::database::{Database, Dialect};
use crate::error::{OrFailed as _, chain};
use crate::{App, Error, now_ms};

/// What was counted is good for so long.
const GOOD_MS: i64 = 5 * 60_000;

const OPERATION: &str = "count what is stored";

/// What there was at a moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storage {
    pub(crate) counted_at: i64,
    /// What it is, in words, how many, and how large together where that is known.
    pub(crate) kinds: Vec<(&'static str, i64, Option<i64>)>,
}

/// What was counted last; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    last: Option<Storage>,
    is_counting: bool,
}

/// What is counted: in words, and the query for how many and how large.
const KINDS: [(&str, &str); 7] = [
    ("Issues", "SELECT COUNT(*), CAST(NULL AS BIGINT) FROM issues"),
    ("Events", "SELECT COUNT(*), CAST(NULL AS BIGINT) FROM events"),
    (
        "Transactions",
        "SELECT COUNT(*), CAST(NULL AS BIGINT) FROM transactions",
    ),
    ("Spans", "SELECT COUNT(*), CAST(NULL AS BIGINT) FROM spans"),
    ("Feedback", "SELECT COUNT(*), CAST(NULL AS BIGINT) FROM feedback"),
    (
        "Attachments",
        "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM
            (SELECT sha256, MAX(size_bytes) AS size_bytes FROM attachments GROUP BY sha256) AS files",
    ),
    (
        "Debug files",
        "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM
            (SELECT blob, MAX(size_bytes) AS size_bytes FROM debug_files GROUP BY blob) AS files",
    ),
];

impl Counted {
    /// What was counted last, if that ended. Counts again if it is old.
    pub(crate) fn last(&self, app: &App) -> Option<Storage> {
        let mut inner = self.lock();
        let is_good = inner
            .last
            .as_ref()
            .is_some_and(|last| (0..GOOD_MS).contains(&(now_ms() - last.counted_at)));
        if !is_good && !inner.is_counting {
            inner.is_counting = true;
            let (counted, database) = (self.clone(), app.database.clone());
            tokio::spawn(async move { counted.count(&database).await });
        }
        inner.last.clone()
    }

    async fn count(&self, database: &Database) {
        let counted = count(database).await;
        let mut inner = self.lock();
        inner.is_counting = false;
        match counted {
            Ok(storage) => inner.last = Some(storage),
            // It is tried again when somebody looks.
            Err(error) => tracing::warn!(error = chain(&error), "could not count what is stored"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn count(database: &Database) -> Result<Storage, Error> {
    let mut kinds = Vec::new();
    for (name, text) in KINDS {
        let (rows, bytes): (i64, Option<i64>) = sqlx::query_as(AssertSqlSafe(text))
            .fetch_one(&database.read)
            .await
            .or_failed(OPERATION)?;
        kinds.push((name, rows, bytes));
    }
    Ok(Storage {
        counted_at: now_ms(),
        kinds,
    })
}

/// The size of the database, in bytes: at once.
pub(crate) async fn database_bytes(database: &Database) -> Result<i64, Error> {
    let size = match database.dialect {
        Dialect::Sqlite => "SELECT page_count * page_size FROM pragma_page_count() CROSS JOIN pragma_page_size()",
        Dialect::Postgres => "SELECT pg_database_size(current_database())",
    };
    sqlx::query_scalar(size)
        .fetch_one(&database.read)
        .await
        .or_failed("look up the size of the database")
}
