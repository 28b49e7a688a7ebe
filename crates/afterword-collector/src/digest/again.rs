//! Digesting events again for which there are symbols now. The payload and the minidump are the same; what the dump tells, the
//! issue the event is in and what it is found by may be others.

use std::time::Duration;

use afterword_protocol::envelope::ATTACHMENT_MINIDUMP;
use serde_json::Value;
use tokio::sync::watch;

use super::clock::Clock;
use super::minidump::told_row;
use super::{Digest, Failure, log, writing};
use crate::error::{OrFailed as _, chain};
use crate::symbols::missing;
use crate::{Error, queries};

/// How long to wait where nobody says that there is something: another collector may have put it there.
const PAUSE: Duration = Duration::from_secs(30);

impl Digest {
    /// Digests what is in the queue until `stop` says so.
    pub(super) async fn run_again(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.next_again().await {
                Ok(true) => continue,
                Ok(false) => PAUSE,
                Err(error) => log(&error),
            };
            tokio::select! {
                () = self.symbols.again() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// `false` if there is nothing to do.
    async fn next_again(&self) -> Result<bool, Error> {
        let Some(event_row) = self.symbols.next_again().await? else {
            return Ok(false);
        };
        match self.again(event_row).await {
            Ok(()) => {}
            Err(Failure::Storage(error)) if error.is_of_storage() => return Err(error),
            Err(failure) => {
                tracing::warn!(event_row, error = chain(&failure), "could not digest an event again");
            }
        }
        Ok(true)
    }

    async fn again(&self, event_row: i64) -> Result<(), Failure> {
        let Some(stored) = queries::event_of_row(&self.database, event_row).await? else {
            return Ok(self.symbols.done_again(event_row).await?);
        };
        let dump: Option<String> = sqlx::query_scalar(
            "SELECT sha256 FROM attachments WHERE project_id = $1 AND event_id = $2 AND kind = $3 ORDER BY id LIMIT 1",
        )
        .bind(stored.project_id)
        .bind(&stored.event_id)
        .bind(ATTACHMENT_MINIDUMP)
        .fetch_optional(&self.database.read)
        .await
        .or_failed("look for a minidump")?;
        let Some(dump) = dump else {
            return Ok(self.symbols.done_again(event_row).await?);
        };
        let bytes = self.blobs.attachment(&dump).await?;
        let raw = stored.raw();
        let event: Value = serde_json::from_slice(&raw).unwrap_or(Value::Null);
        let (told, _) = self.tell(stored.project_id, event, bytes.to_vec()).await?;
        let clock = Clock {
            sent_at: None,
            received_at: stored.received_at,
        };
        let rules = self.rules(stored.project_id).await?;
        let mut row = told_row(stored.event_id.clone(), &raw, &told.event, clock, &rules)?;
        row.occurred_at = stored.occurred_at;

        let operation = "write an event that was digested again";
        let mut transaction = self.database.write.begin().await.or_failed(operation)?;
        writing::alone(&mut transaction).await?;
        // Who takes it out of the queue is who writes it.
        let taken = sqlx::query("DELETE FROM digest_again WHERE event_row = $1")
            .bind(event_row)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
        if taken.rows_affected() == 0 {
            return Ok(());
        }
        writing::agree(&mut transaction, &self.caches).await?;
        let has_moved = writing::replace(&mut transaction, &stored, &row, &self.caches).await?;
        missing::forget(&mut transaction, event_row).await?;
        missing::note(&mut transaction, stored.project_id, &stored.event_id, &told.lacking).await?;
        if has_moved {
            // Something may be known of the issue that the event was in.
            writing::rows_change(&mut transaction).await?;
        }
        transaction.commit().await.or_failed(operation)?;
        tracing::debug!(event = stored.event_id, has_moved, "digested an event again");
        Ok(())
    }
}
