//! The inbox: what was accepted and is not yet digested. The seam between [`crate::ingest`] and [`crate::digest`].
//!
//! An envelope is in the inbox once its blob and its row are on disk; only then is the sender told so. It leaves in the
//! same transaction that writes what was made of it, so a crash at any moment means "digested again", never "lost" and
//! never "twice". What cannot be digested after [`MAX_TRIES`], or is malformed for good, is set aside with its error.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{FromRow, SqliteConnection};
use tokio::sync::Notify;

use crate::blobs::Blobs;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{Error, blocking};

/// How often digesting one envelope is tried.
pub(crate) const MAX_TRIES: i64 = 5;

/// Where accepted envelopes wait; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    database: Database,
    blobs: Blobs,
    arrived: Arc<Notify>,
}

/// What is known of an envelope when it is accepted.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) project_id: i64,
    /// The id that is answered, 32 hexadecimal digits.
    pub(crate) event_id: Option<String>,
    pub(crate) client: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) received_at: i64,
}

/// One envelope of the inbox, claimed to be digested.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) event_id: Option<String>,
    pub(crate) blob: String,
    pub(crate) received_at: i64,
    /// This try included.
    pub(crate) tries: i64,
}

impl Inbox {
    pub(crate) fn new(database: Database, blobs: Blobs) -> Self {
        Self {
            database,
            blobs,
            arrived: Arc::new(Notify::new()),
        }
    }

    /// Makes an envelope durable. When this returns, it may be answered for.
    pub(crate) async fn accept(
        &self,
        accepted: Accepted,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<(), Error> {
        let size_bytes = i64::try_from(bytes.as_ref().len()).unwrap_or(i64::MAX);
        let blobs = self.blobs.clone();
        let blob = blocking(move || blobs.put_envelope(bytes.as_ref())).await?;
        if let Err(error) = self.insert(accepted, &blob, size_bytes).await {
            let blobs = self.blobs.clone();
            // Best effort: what stays is removed at the next start.
            let _ = blocking(move || blobs.remove_envelope(&blob)).await;
            return Err(error);
        }
        self.arrived.notify_one();
        Ok(())
    }

    async fn insert(&self, accepted: Accepted, blob: &str, size_bytes: i64) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO inbox (project_id, event_id, blob, size_bytes, client, received_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(accepted.project_id)
        .bind(accepted.event_id)
        .bind(blob)
        .bind(size_bytes)
        .bind(accepted.client)
        .bind(accepted.received_at)
        .execute(&self.database.write)
        .await
        .or_failed("put an envelope into the inbox")?;
        Ok(())
    }

    /// Resolves when an envelope came since the last time.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Claims the oldest envelope that is due. The try is counted before it is made, so that an envelope that kills the
    /// process does not do so for ever.
    pub(crate) async fn claim(&self, now: i64) -> Result<Option<Claimed>, Error> {
        sqlx::query_as(
            "UPDATE inbox SET tries = tries + 1
             WHERE id = (SELECT id FROM inbox WHERE retry_at <= $1 ORDER BY id LIMIT 1)
             RETURNING id, project_id, event_id, blob, received_at, tries",
        )
        .bind(now)
        .fetch_optional(&self.database.write)
        .await
        .or_failed("claim an envelope")
    }

    /// Takes a digested envelope out, within the transaction that writes what was made of it.
    pub(crate) async fn finish(transaction: &mut SqliteConnection, claimed: &Claimed) -> Result<(), Error> {
        sqlx::query("DELETE FROM inbox WHERE id = $1")
            .bind(claimed.id)
            .execute(transaction)
            .await
            .or_failed("take an envelope out of the inbox")?;
        Ok(())
    }

    /// Notes a failed try: the envelope comes again later, behind those that wait.
    pub(crate) async fn put_back(&self, claimed: &Claimed, error: &str, now: i64) -> Result<(), Error> {
        sqlx::query("UPDATE inbox SET last_error = $1, retry_at = $2 WHERE id = $3")
            .bind(error)
            .bind(now.saturating_add(pause_ms(claimed.tries)))
            .bind(claimed.id)
            .execute(&self.database.write)
            .await
            .or_failed("put an envelope back")?;
        Ok(())
    }

    /// Sets an envelope aside: kept with its error, no longer tried.
    pub(crate) async fn set_aside(&self, claimed: &Claimed, error: &str, now: i64) -> Result<(), Error> {
        let operation = "set an envelope aside";
        let mut transaction = self.database.write.begin().await.or_failed(operation)?;
        sqlx::query(
            "INSERT INTO set_aside (project_id, event_id, blob, size_bytes, client, received_at, set_aside_at, tries, error)
             SELECT project_id, event_id, blob, size_bytes, client, received_at, $1, tries, $2 FROM inbox WHERE id = $3",
        )
        .bind(now)
        .bind(error)
        .bind(claimed.id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
        Self::finish(&mut transaction, claimed).await?;
        transaction.commit().await.or_failed(operation)
    }

    /// How long until a waiting envelope is due, `None` if none waits.
    pub(crate) async fn next_due(&self, now: i64) -> Result<Option<Duration>, Error> {
        let due: Option<i64> = sqlx::query_scalar("SELECT MIN(retry_at) FROM inbox")
            .fetch_one(&self.database.read)
            .await
            .or_failed("look into the inbox")?;
        Ok(due.map(|due| Duration::from_millis(u64::try_from(due.saturating_sub(now)).unwrap_or(0))))
    }

    /// Removes envelopes that no row knows, which a crash left. To be called before anything is accepted.
    pub(crate) async fn tidy(&self) -> Result<usize, Error> {
        let known: Vec<String> = sqlx::query_scalar("SELECT blob FROM inbox UNION ALL SELECT blob FROM set_aside")
            .fetch_all(&self.database.read)
            .await
            .or_failed("list the inbox")?;
        let blobs = self.blobs.clone();
        blocking(move || blobs.remove_envelopes_but(&HashSet::from_iter(known))).await
    }
}

/// 1, 4, 16, 64 s …
fn pause_ms(tries: i64) -> i64 {
    let doublings = u32::try_from(tries.clamp(1, 6) - 1).unwrap_or(0);
    1000 * 4_i64.pow(doublings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        assert_eq!([0, 1, 2, 3, 99].map(pause_ms), [1000, 1000, 4000, 16_000, 1_024_000]);
    }
}
