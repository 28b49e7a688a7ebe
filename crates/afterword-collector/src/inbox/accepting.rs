//! Group commit: one task writes what has gathered, and answers for all of it once that is synced.
//!
//! A commit costs a sync, which takes the disk some milliseconds whether it holds one row or a hundred. While one runs,
//! what arrives waits and goes into the next: alone, an envelope waits for its own commit only; under load, many share.

use std::sync::Arc;

use bytes::Bytes;
use sqlx::AssertSqlSafe;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Accepted;
use crate::Error;
use crate::database::{Database, chunks, placeholders};
use crate::error::{OrFailed as _, chain};

/// The most that waits for the next commit; who comes later waits to wait.
const QUEUE: usize = 1024;

/// The most that one commit holds.
const MAX_ROWS: usize = 512;
const MAX_BYTES: usize = 8 << 20;

const COLUMNS: usize = 8;

/// The way to the task; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Accepting {
    queue: mpsc::Sender<Waiting>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
    closing: Arc<tokio::sync::Notify>,
}

/// An envelope that is to be written.
#[derive(Debug)]
struct Waiting {
    accepted: Accepted,
    body: Bytes,
    blob: Option<String>,
    done: oneshot::Sender<Result<(), String>>,
}

impl Accepting {
    /// Starts the task.
    pub(super) fn start(database: Database) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let closing = Arc::new(tokio::sync::Notify::new());
        let task = tokio::spawn(run(database, waiting, Arc::clone(&closing)));
        Self {
            queue,
            task: Arc::new(Mutex::new(Some(task))),
            closing,
        }
    }

    /// Returns once the row is synced.
    pub(super) async fn accept(&self, accepted: Accepted, body: Bytes, blob: Option<String>) -> Result<(), Error> {
        let ended = || Error::NotAccepted {
            reason: "the collector is ending".to_owned(),
        };
        let (done, answer) = oneshot::channel();
        let waiting = Waiting {
            accepted,
            body,
            blob,
            done,
        };
        self.queue.send(waiting).await.map_err(|_| ended())?;
        let answer = answer.await.map_err(|_| ended())?;
        answer.map_err(|reason| Error::NotAccepted { reason })
    }

    /// Writes what waits and ends the task.
    pub(super) async fn close(&self) {
        self.closing.notify_one();
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "what accepts had ended");
        }
    }
}

async fn run(database: Database, mut queue: mpsc::Receiver<Waiting>, closing: Arc<tokio::sync::Notify>) {
    let mut closed = false;
    loop {
        let first = tokio::select! {
            biased;
            first = queue.recv() => first,
            () = closing.notified(), if !closed => {
                closed = true;
                // What waits already still comes out.
                queue.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        let mut bytes = first.body.len();
        let mut group = vec![first];
        while group.len() < MAX_ROWS && bytes < MAX_BYTES {
            let Ok(next) = queue.try_recv() else { break };
            bytes += next.body.len();
            group.push(next);
        }
        let result = write(&database, &group).await.map_err(|error| chain(&error));
        for waiting in group {
            // Who asked may have gone away; it is accepted all the same.
            let _ = waiting.done.send(result.clone());
        }
    }
}

async fn write(database: &Database, group: &[Waiting]) -> Result<(), Error> {
    let operation = "put envelopes into the inbox";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    for rows in chunks(group, COLUMNS) {
        let text = format!(
            "INSERT INTO inbox (project_id, event_id, body, blob, size_bytes, client, heavy, received_at) VALUES {}",
            placeholders(&transaction, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for row in rows {
            let body = row.blob.is_none().then(|| row.body.to_vec());
            query = query
                .bind(row.accepted.project_id)
                .bind(row.accepted.event_id.as_deref())
                .bind(body)
                .bind(row.blob.as_deref())
                .bind(i64::try_from(row.body.len()).unwrap_or(i64::MAX))
                .bind(row.accepted.client.as_deref())
                .bind(i64::from(row.accepted.heavy))
                .bind(row.accepted.received_at);
        }
        query.execute(&mut *transaction).await.or_failed(operation)?;
    }
    transaction.commit().await.or_failed(operation)
}
