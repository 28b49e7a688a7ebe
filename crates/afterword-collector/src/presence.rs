//! Which collectors work on a database, so that one that died is known: its row stays.

use std::time::Duration;

use sqlx::{FromRow, Row as _};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::database::{Database, Dialect};
use crate::error::{OrFailed as _, chain};
use crate::{Error, now_ms};

/// How often a collector says that it is there.
const BEAT: Duration = Duration::from_secs(20);

/// A collector that said nothing for so long is dead.
const SILENCE_MS: i64 = 90_000;

/// This collector's row, until it leaves.
#[derive(Debug)]
pub(crate) struct Presence {
    id: String,
    beats: JoinHandle<()>,
}

impl Presence {
    /// Writes the row. `true` if there is one of a collector that died, which is removed.
    pub(crate) async fn announce(database: &Database) -> Result<(Self, bool), Error> {
        let operation = "announce this collector";
        let now = now_ms();
        // With SQLite nobody else is there: whoever left a row is dead.
        let silent_since = match database.dialect {
            Dialect::Sqlite => i64::MAX,
            Dialect::Postgres => now - SILENCE_MS,
        };
        let id = Uuid::new_v4().simple().to_string();
        let mut transaction = database.write.begin().await.or_failed(operation)?;
        let dead = sqlx::query("DELETE FROM collectors WHERE seen_at < $1 RETURNING id")
            .bind(silent_since)
            .fetch_all(&mut *transaction)
            .await
            .or_failed(operation)?;
        sqlx::query("INSERT INTO collectors (id, started_at, seen_at) VALUES ($1, $2, $2)")
            .bind(&id)
            .bind(now)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
        transaction.commit().await.or_failed(operation)?;
        for row in &dead {
            tracing::info!(collector = row.get::<String, _>(0), "a collector had died");
        }
        let beats = tokio::spawn(beat(database.clone(), id.clone()));
        Ok((Self { id, beats }, !dead.is_empty()))
    }

    /// Removes the row.
    pub(crate) async fn leave(self, database: &Database) {
        self.beats.abort();
        let removed = sqlx::query("DELETE FROM collectors WHERE id = $1")
            .bind(&self.id)
            .execute(&database.write)
            .await
            .or_failed("remove this collector's row");
        if let Err(error) = removed {
            // The next start is careful for nothing.
            tracing::warn!(error = chain(&error), "could not say goodbye");
        }
    }
}

/// A collector that works on a database.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Present {
    pub(crate) id: String,
    pub(crate) started_at: i64,
}

/// Those that are there, the oldest first.
pub(crate) async fn list(database: &Database) -> Result<Vec<Present>, Error> {
    let silent_since = match database.dialect {
        Dialect::Sqlite => i64::MIN,
        Dialect::Postgres => now_ms() - SILENCE_MS,
    };
    sqlx::query_as("SELECT id, started_at FROM collectors WHERE seen_at >= $1 ORDER BY started_at, id LIMIT 100")
        .bind(silent_since)
        .fetch_all(&database.read)
        .await
        .or_failed("list collectors")
}

async fn beat(database: Database, id: String) {
    if database.dialect == Dialect::Sqlite {
        return;
    }
    loop {
        tokio::time::sleep(BEAT).await;
        let beat = sqlx::query("UPDATE collectors SET seen_at = $1 WHERE id = $2")
            .bind(now_ms())
            .bind(&id)
            .execute(&database.write)
            .await
            .or_failed("say that this collector is there");
        if let Err(error) = beat {
            tracing::warn!(error = chain(&error), "the database does not answer");
        }
    }
}
