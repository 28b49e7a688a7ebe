//! The inbox: what was accepted and is not yet digested. The seam between [`crate::ingest`] and [`crate::digest`].
//!
//! An envelope is in the inbox once its row is committed and synced (and, if it is large, its blob before that); only
//! then is the sender told so. Envelopes that arrive at the same time share a commit: one task writes what has gathered
//! while the commit before ran. An envelope leaves in the same transaction that writes what was made of it, so a crash
//! at any moment means "digested again", never "lost" and never "twice".
//!
//! Claiming writes nothing. With SQLite there is one process, which knows what it has in hand; with PostgreSQL the rows
//! are locked (`FOR UPDATE SKIP LOCKED`) in the transaction that will write what is made of them, so that what a collector
//! had in hand when it died is free again at once. Tries are counted for what failed, and beforehand where an
//! envelope may be what killed the process: see [`crate::digest`].

mod accepting;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use sqlx::{Any, AnyConnection, AssertSqlSafe, FromRow, Transaction};
use tokio::sync::Notify;

use crate::Error;
use crate::alerts::work;
use crate::blobs::Blobs;
use crate::database::{Database, Dialect, Query};
use crate::error::OrFailed as _;

pub(crate) use accepting::Accepting;

/// How often digesting one envelope is tried.
pub(crate) const MAX_TRIES: i64 = 5;

/// Larger envelopes are blobs; smaller ones are in their row.
const MAX_BODY_BYTES: usize = 64 << 10;

/// An envelope without a row is one that is just being accepted, unless it is older.
const ORPHAN_AGE: Duration = Duration::from_secs(3600);

/// Where accepted envelopes wait; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    database: Database,
    blobs: Blobs,
    accepting: Accepting,
    arrived: Arc<Arrived>,
}

#[derive(Debug, Default)]
struct Arrived {
    light: Notify,
    heavy: Notify,
}

/// What is known of an envelope when it is accepted.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub(crate) project_id: i64,
    /// The id that is answered, 32 hexadecimal digits.
    pub(crate) event_id: Option<String>,
    pub(crate) client: Option<String>,
    /// It holds a minidump, or something else that takes long: it is digested by itself.
    pub(crate) heavy: bool,
    /// Milliseconds since 1970.
    pub(crate) received_at: i64,
}

/// One envelope of the inbox.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Claimed {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) event_id: Option<String>,
    body: Option<Vec<u8>>,
    blob: Option<String>,
    pub(crate) size_bytes: i64,
    pub(crate) received_at: i64,
    /// Before this one.
    pub(crate) tries: i64,
}

/// Envelopes in hand, and with PostgreSQL the transaction that holds them.
pub(crate) struct Claim {
    pub(crate) envelopes: Vec<Claimed>,
    pub(crate) transaction: Option<Transaction<'static, Any>>,
}

/// Which envelopes to claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Small and quick ones, many at a time.
    Light,
    /// Those with minidumps and large ones.
    Heavy,
    /// This one, if it still waits.
    One(i64),
}

impl Claimed {
    /// One that is in no database.
    #[cfg(test)]
    pub(crate) fn of_tests(event_id: Option<&str>, received_at: i64) -> Self {
        Self {
            id: 1,
            project_id: 1,
            event_id: event_id.map(str::to_owned),
            body: None,
            blob: None,
            size_bytes: 0,
            received_at,
            tries: 0,
        }
    }
}

impl Inbox {
    pub(crate) fn new(database: Database, blobs: Blobs) -> Self {
        Self {
            accepting: Accepting::start(database.clone()),
            database,
            blobs,
            arrived: Arc::default(),
        }
    }

    /// Makes an envelope durable. When this returns, it may be answered for.
    pub(crate) async fn accept(
        &self,
        accepted: Accepted,
        body: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<(), Error> {
        let body = Bytes::from_owner(body);
        let is_large = body.len() > MAX_BODY_BYTES;
        let heavy = accepted.heavy || is_large;
        let blob = if is_large {
            Some(self.blobs.put_envelope(body.clone()).await?)
        } else {
            None
        };
        let accepted = Accepted { heavy, ..accepted };
        if let Err(error) = self.accepting.accept(accepted, body, blob.clone()).await {
            if let Some(blob) = blob {
                // Best effort: what stays is removed by `tidy`.
                let _ = self.blobs.delete(&blob).await;
            }
            return Err(error);
        }
        self.notify(heavy);
        Ok(())
    }

    /// Says that something waits.
    pub(crate) fn notify(&self, heavy: bool) {
        let arrived = if heavy {
            &self.arrived.heavy
        } else {
            &self.arrived.light
        };
        arrived.notify_one();
    }

    /// Resolves when an envelope of this kind came since the last time.
    pub(crate) async fn arrived(&self, which: Which) {
        match which {
            Which::Heavy => self.arrived.heavy.notified().await,
            Which::Light | Which::One(_) => self.arrived.light.notified().await,
        }
    }

    /// Claims the oldest envelopes that are due: at most so many, and one more than so many bytes.
    pub(crate) async fn claim(
        &self,
        which: Which,
        in_hand: &HashSet<i64>,
        most: i64,
        most_bytes: i64,
        now: i64,
    ) -> Result<Claim, Error> {
        let operation = "claim envelopes";
        let mut query = Query::new(
            "SELECT inbox.id, project_id, event_id, body, blob, size_bytes, received_at, COALESCE(tries, 0) AS tries
             FROM inbox LEFT JOIN inbox_tries ON inbox_id = inbox.id WHERE (due_at IS NULL OR due_at <= ",
        );
        query.bind(now).push(")");
        match which {
            Which::Light => query.push(" AND heavy = 0"),
            Which::Heavy => query.push(" AND heavy = 1"),
            Which::One(id) => query.push(" AND inbox.id = ").bind(id),
        };
        if !in_hand.is_empty() {
            query
                .push(" AND NOT (")
                .bind_in("inbox.id", in_hand.iter().copied())
                .push(")");
        }
        query.push(" ORDER BY inbox.id LIMIT ").bind(most);
        let (mut transaction, mut reader);
        let connection: &mut AnyConnection = match self.database.dialect {
            Dialect::Postgres => {
                query.push(" FOR UPDATE OF inbox SKIP LOCKED");
                transaction = Some(self.database.write.begin().await.or_failed(operation)?);
                reader = None;
                transaction.as_mut().ok_or_else(|| gone(operation))?
            }
            Dialect::Sqlite => {
                transaction = None;
                reader = Some(self.database.read.acquire().await.or_failed(operation)?);
                reader.as_mut().ok_or_else(|| gone(operation))?
            }
        };
        let (text, arguments) = query.parts(connection).or_failed(operation)?;
        let mut envelopes: Vec<Claimed> = Vec::new();
        let mut bytes = 0;
        {
            let mut rows = sqlx::query_as_with(text, arguments).fetch(connection);
            while let Some(row) = rows.try_next().await.or_failed(operation)? {
                let row: Claimed = row;
                bytes += row.size_bytes;
                envelopes.push(row);
                if bytes > most_bytes {
                    break;
                }
            }
        }
        drop(reader);
        if envelopes.is_empty() {
            transaction = None;
        }
        Ok(Claim { envelopes, transaction })
    }

    /// The bytes of an envelope.
    pub(crate) async fn bytes(&self, claimed: &Claimed) -> Result<Bytes, Error> {
        match (&claimed.body, &claimed.blob) {
            (Some(body), _) => Ok(Bytes::copy_from_slice(body)),
            (None, Some(blob)) => self.blobs.get(blob).await,
            (None, None) => Ok(Bytes::new()),
        }
    }

    /// Takes digested envelopes out, within the transaction that writes what was made of them.
    pub(crate) async fn finish(connection: &mut AnyConnection, envelopes: &[&Claimed]) -> Result<(), Error> {
        let operation = "take envelopes out of the inbox";
        let mut query = Query::new("DELETE FROM inbox WHERE ");
        query.bind_in("id", envelopes.iter().map(|claimed| claimed.id));
        query.execute_on(connection, operation).await?;
        if envelopes.iter().any(|claimed| claimed.tries > 0) {
            let mut query = Query::new("DELETE FROM inbox_tries WHERE ");
            query.bind_in("inbox_id", envelopes.iter().map(|claimed| claimed.id));
            query.execute_on(connection, operation).await?;
        }
        Ok(())
    }

    /// Removes the blobs of envelopes that are digested. What stays is removed by [`Self::tidy`].
    pub(crate) async fn remove_blobs(&self, envelopes: &[Claimed]) -> Result<(), Error> {
        for blob in envelopes.iter().filter_map(|claimed| claimed.blob.as_ref()) {
            self.blobs.delete(blob).await?;
        }
        Ok(())
    }

    /// Counts a try before it is made, so that an envelope that kills the process does not do so for ever. Until
    /// something else is noted, it is due.
    pub(crate) async fn begin_try(&self, claimed: &mut Claimed) -> Result<(), Error> {
        claimed.tries += 1;
        self.note(claimed, None, 0).await
    }

    /// Notes a failed try: the envelope comes again later, behind those that wait.
    pub(crate) async fn put_back(&self, claimed: &Claimed, error: &str, now: i64) -> Result<(), Error> {
        self.note(claimed, Some(error), now.saturating_add(pause_ms(claimed.tries)))
            .await
    }

    async fn note(&self, claimed: &Claimed, error: Option<&str>, due_at: i64) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO inbox_tries (inbox_id, tries, due_at, last_error) VALUES ($1, $2, $3, $4)
             ON CONFLICT (inbox_id) DO UPDATE SET tries = excluded.tries, due_at = excluded.due_at,
                last_error = COALESCE(excluded.last_error, inbox_tries.last_error)",
        )
        .bind(claimed.id)
        .bind(claimed.tries)
        .bind(due_at)
        .bind(error)
        .execute(&self.database.write)
        .await
        .or_failed("note a try")?;
        Ok(())
    }

    /// Sets an envelope aside: kept with its error, no longer tried.
    pub(crate) async fn set_aside(&self, claimed: &Claimed, error: &str, now: i64) -> Result<(), Error> {
        let operation = "set an envelope aside";
        let mut transaction = self.database.write.begin().await.or_failed(operation)?;
        let row: Option<i64> = sqlx::query_scalar(
            "INSERT INTO set_aside (project_id, event_id, body, blob, size_bytes, client, received_at, set_aside_at, tries,
                error)
             SELECT project_id, event_id, body, blob, size_bytes, client, received_at, $1, $2, $3 FROM inbox WHERE id = $4
             RETURNING id",
        )
        .bind(now)
        .bind(claimed.tries)
        .bind(error)
        .bind(claimed.id)
        .fetch_optional(&mut *transaction)
        .await
        .or_failed(operation)?;
        if let Some(row) = row {
            work::note_set_aside(&mut transaction, claimed.project_id, row).await?;
        }
        Self::finish(&mut transaction, &[claimed]).await?;
        transaction.commit().await.or_failed(operation)
    }

    /// How long until an envelope of this kind is due again, `None` if none waits for that.
    pub(crate) async fn next_due(&self, which: Which, now: i64) -> Result<Option<Duration>, Error> {
        let heavy = i64::from(which == Which::Heavy);
        let due: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(due_at) FROM inbox_tries JOIN inbox ON inbox.id = inbox_id WHERE heavy = $1",
        )
        .bind(heavy)
        .fetch_one(&self.database.read)
        .await
        .or_failed("look into the inbox")?;
        Ok(due.map(|due| Duration::from_millis(u64::try_from(due.saturating_sub(now)).unwrap_or(0))))
    }

    /// How many envelopes wait, and since when the oldest of them (milliseconds since 1970).
    pub(crate) async fn waiting(&self) -> Result<(i64, Option<i64>), Error> {
        sqlx::query_as("SELECT COUNT(*), MIN(received_at) FROM inbox")
            .fetch_one(&self.database.read)
            .await
            .or_failed("count the inbox")
    }

    /// Puts what was set aside into the inbox again. `false` if there is no such envelope.
    pub(crate) async fn digest_again(&self, set_aside: i64) -> Result<bool, Error> {
        let operation = "put an envelope into the inbox again";
        let mut transaction = self.database.write.begin().await.or_failed(operation)?;
        let put = sqlx::query(
            "INSERT INTO inbox (project_id, event_id, body, blob, size_bytes, client, heavy, received_at)
             SELECT project_id, event_id, body, blob, size_bytes, client, 1, received_at FROM set_aside WHERE id = $1",
        )
        .bind(set_aside)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
        sqlx::query("DELETE FROM set_aside WHERE id = $1")
            .bind(set_aside)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
        transaction.commit().await.or_failed(operation)?;
        self.notify(true);
        Ok(put.rows_affected() > 0)
    }

    /// Throws away what was set aside at this moment, its bytes included: an id may be another's by now. `false` if there
    /// is no such envelope.
    pub(crate) async fn discard(&self, set_aside: i64, set_aside_at: i64) -> Result<bool, Error> {
        let text = "DELETE FROM set_aside WHERE id = $1 AND set_aside_at = $2 RETURNING blob";
        let blob: Option<Option<String>> = sqlx::query_scalar(text)
            .bind(set_aside)
            .bind(set_aside_at)
            .fetch_optional(&self.database.write)
            .await
            .or_failed("discard an envelope")?;
        let Some(blob) = blob else {
            return Ok(false);
        };
        // Should this fail, the blob is one that no row knows.
        if let Some(blob) = blob {
            self.blobs.delete(&blob).await?;
        }
        Ok(true)
    }

    /// Removes envelopes that no row knows, which a crash left.
    pub(crate) async fn tidy(&self) -> Result<usize, Error> {
        let mut known = HashSet::new();
        for list in [
            "SELECT blob FROM inbox WHERE blob IS NOT NULL",
            "SELECT blob FROM set_aside WHERE blob IS NOT NULL",
        ] {
            let names: Vec<String> = sqlx::query_scalar(AssertSqlSafe(list))
                .fetch_all(&self.database.read)
                .await
                .or_failed("list the inbox")?;
            known.extend(names);
        }
        self.blobs.remove_envelopes_but(&known, ORPHAN_AGE).await
    }

    /// Writes what is still being accepted and takes no more.
    pub(crate) async fn close(&self) {
        self.accepting.close().await;
    }
}

fn gone(operation: &'static str) -> Error {
    Error::Database {
        operation,
        source: sqlx::Error::PoolClosed,
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
