//! Digest: makes events, attachments, feedback, transactions and figures of the envelopes in the inbox. Apart from
//! ingest, so that nothing in the shape of what was accepted can make it be refused or lost.
//!
//! Light envelopes are taken many at a time: read and grouped first, on a thread that may compute (`prepare`), then
//! written in one transaction (`writing`) that also takes them out of the inbox. Everything written has a natural
//! key (the event's id, an attachment's content), so digesting again after a crash changes nothing; counts that have none
//! are only added when the envelope leaves the inbox with them. Heavy ones, with minidumps, are taken one by one by as many
//! workers as there are processors.
//!
//! A panic while an envelope is read is a failed try of that envelope. Where a batch cannot be written, its envelopes are
//! written one by one, so that one of them is found out. An envelope that ends the whole process is found out, too: tries of
//! heavy ones are counted before they are made, and so are those of the first light ones after a collector died.

mod again;
mod clock;
mod discards;
pub(crate) mod index;
mod items;
mod minidump;
mod prepare;
pub(crate) mod row;
mod sessions;
#[cfg(test)]
mod tests;
mod traces;
mod writing;

use std::any::Any;
use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use afterword_protocol::EnvelopeError;
use futures_util::FutureExt as _;
use tokio::sync::watch;

use crate::alerts::Alerts;
use crate::blobs::Blobs;
use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::inbox::{Claim, Claimed, Inbox, MAX_TRIES, Which};
use crate::life::Metrics;
use crate::pepper::Pepper;
use crate::symbols::Symbols;
use crate::{Error, now_ms};

pub(crate) use writing::{Caches, rows_change};

/// How long to wait when the database itself fails.
const PAUSE: Duration = Duration::from_secs(2);

/// The most light envelopes, and about the most of their bytes, that are digested together.
const BATCH: i64 = 256;
const BATCH_BYTES: i64 = 4 << 20;

/// After a collector died: how many light envelopes are digested one by one, with their tries counted beforehand. More than
/// any number of collectors had in hand.
const CAREFUL: i64 = 1024;

/// What the digest works with.
#[derive(Debug, Clone)]
pub(crate) struct Digest {
    pub(crate) database: Database,
    pub(crate) blobs: Blobs,
    pub(crate) inbox: Inbox,
    pub(crate) pepper: Pepper,
    pub(crate) symbols: Symbols,
    pub(crate) caches: Caches,
    pub(crate) alerts: Alerts,
    pub(crate) metrics: Arc<Metrics>,
    /// Heavy envelopes that workers of this process have in hand.
    pub(crate) in_hand: Arc<Mutex<HashSet<i64>>>,
}

/// Why an envelope was not digested.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// Trying again will not help.
    #[error("the envelope is malformed")]
    Envelope(#[from] EnvelopeError),
    /// Trying again will not help.
    #[error("the {kind} is no JSON")]
    Payload {
        kind: String,
        #[source]
        source: serde_json::Error,
    },
    /// Trying again may help.
    #[error("could not be written")]
    Storage(#[from] Error),
    /// A mistake of ours; trying again costs little.
    #[error("digesting it panicked: {0}")]
    Panic(String),
}

impl Failure {
    fn is_final(&self) -> bool {
        matches!(self, Self::Envelope(_) | Self::Payload { .. })
    }
}

impl Digest {
    /// Digests until `stop` says so; what is being digested then is finished first. `careful`: a collector died before.
    pub(crate) async fn run(self, careful: bool, stop: watch::Receiver<bool>) {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let mut tasks = vec![tokio::spawn(self.clone().run_light(careful, stop.clone()))];
        for _ in 0..workers {
            tasks.push(tokio::spawn(self.clone().run_heavy(stop.clone())));
        }
        tasks.push(tokio::spawn(self.clone().run_again(stop.clone())));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the digest had ended");
            }
        }
    }

    async fn run_light(self, careful: bool, mut stop: watch::Receiver<bool>) {
        let mut careful_left = if careful { CAREFUL } else { 0 };
        while !*stop.borrow() {
            let done = if careful_left > 0 {
                self.one(Which::Light).await
            } else {
                self.batch().await
            };
            match done {
                Ok(0) => {
                    careful_left = 0;
                    self.wait(Which::Light, &mut stop).await;
                }
                Ok(count) => careful_left -= count.min(careful_left),
                Err(error) => self.pause(&error, &mut stop).await,
            }
        }
    }

    async fn run_heavy(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.one(Which::Heavy).await {
                Ok(0) => self.wait(Which::Heavy, &mut stop).await,
                Ok(_) => {}
                Err(error) => self.pause(&error, &mut stop).await,
            }
        }
    }

    /// Woken by an arrival, by time for what is to be tried again, or by the end. Where several collectors share a
    /// database, what another accepted wakes nobody here, so that time does.
    async fn wait(&self, which: Which, stop: &mut watch::Receiver<bool>) {
        let longest = match self.database.dialect {
            crate::database::Dialect::Sqlite => Duration::from_secs(60),
            crate::database::Dialect::Postgres => Duration::from_secs(1),
        };
        let due = match self.inbox.next_due(which, now_ms()).await {
            Ok(due) => due.unwrap_or(longest),
            Err(error) => log(&error),
        };
        let due = due.clamp(Duration::from_millis(10), longest);
        tokio::select! {
            _ = tokio::time::timeout(due, self.inbox.arrived(which)) => {}
            _ = stop.changed() => {}
        }
    }

    async fn pause(&self, error: &Error, stop: &mut watch::Receiver<bool>) {
        let pause = log(error);
        // Either way it goes on.
        let _ = tokio::time::timeout(pause, stop.changed()).await;
    }

    /// Digests the oldest light envelopes that are due; returns how many there were.
    async fn batch(&self) -> Result<i64, Error> {
        let none = HashSet::new();
        let Claim { envelopes, transaction } = self
            .inbox
            .claim(Which::Light, &none, BATCH, BATCH_BYTES, now_ms())
            .await?;
        let count = i64::try_from(envelopes.len()).unwrap_or(i64::MAX);
        if envelopes.is_empty() {
            return Ok(0);
        }
        let ids: Vec<i64> = envelopes.iter().map(|claimed| claimed.id).collect();
        let (prepared, failed) = self.prepare(envelopes).await?;
        let written = self.write(prepared, transaction).await;
        match written {
            Ok(()) => {
                for (mut claimed, failure) in failed {
                    claimed.tries += 1;
                    self.failed(claimed, &failure).await?;
                }
            }
            Err(error) if error.is_of_storage() => return Err(error),
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "could not write a batch, will write its envelopes one by one"
                );
                for id in ids {
                    self.one(Which::One(id)).await?;
                }
            }
        }
        Ok(count)
    }

    /// Digests one envelope by itself, its try counted beforehand; returns how many there were.
    async fn one(&self, which: Which) -> Result<i64, Error> {
        let in_hand = self.in_hand();
        let mut claim = self.inbox.claim(which, &in_hand, 1, i64::MAX, now_ms()).await?;
        let Some(mut claimed) = claim.envelopes.pop() else {
            return Ok(0);
        };
        let id = claimed.id;
        if !self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            // Another worker was quicker.
            return Ok(1);
        }
        // A panic is a mistake of ours that must not end the worker.
        let working = AssertUnwindSafe(self.one_in_hand(&mut claimed, claim.transaction)).catch_unwind();
        let result = match working.await {
            Ok(result) => result,
            Err(panic) => self.failed(claimed, &Failure::Panic(words_of(&*panic))).await,
        };
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        result.map(|()| 1)
    }

    async fn one_in_hand(
        &self,
        claimed: &mut Claimed,
        transaction: Option<sqlx::Transaction<'static, sqlx::Any>>,
    ) -> Result<(), Error> {
        self.inbox.begin_try(claimed).await?;
        if claimed.tries > MAX_TRIES {
            drop(transaction);
            // The process died in each of them.
            return self
                .inbox
                .set_aside(claimed, "digesting it never came to an end", now_ms())
                .await;
        }
        let (prepared, mut failed) = self.prepare(vec![claimed.clone()]).await?;
        if let Some((claimed, failure)) = failed.pop() {
            drop(transaction);
            return self.failed(claimed, &failure).await;
        }
        match self.write(prepared, transaction).await {
            Err(error) if error.is_of_storage() => Err(error),
            Err(error) => self.failed(claimed.clone(), &Failure::Storage(error)).await,
            Ok(()) => Ok(()),
        }
    }

    fn in_hand(&self) -> HashSet<i64> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn failed(&self, claimed: Claimed, failure: &Failure) -> Result<(), Error> {
        let words = chain(failure);
        let is_final = failure.is_final() || claimed.tries >= MAX_TRIES;
        self.metrics.failed(is_final);
        if is_final {
            tracing::warn!(envelope = claimed.id, error = words, "set an envelope aside");
            self.inbox.set_aside(&claimed, &words, now_ms()).await
        } else {
            tracing::warn!(
                envelope = claimed.id,
                error = words,
                "could not digest an envelope, will try again"
            );
            self.inbox.put_back(&claimed, &words, now_ms()).await
        }
    }

    async fn write(
        &self,
        prepared: Vec<prepare::Prepared>,
        transaction: Option<sqlx::Transaction<'static, sqlx::Any>>,
    ) -> Result<(), Error> {
        let operation = "write what envelopes hold";
        let mut transaction = match transaction {
            Some(transaction) => transaction,
            None => self.database.write.begin().await.or_failed(operation)?,
        };
        let written = writing::batch(&mut transaction, &prepared, &self.caches, &self.alerts).await?;
        let claimed: Vec<&Claimed> = prepared.iter().map(|prepared| &prepared.claimed).collect();
        Inbox::finish(&mut transaction, &claimed).await?;
        transaction.commit().await.or_failed(operation)?;
        self.metrics.digested(claimed.iter().map(|claimed| claimed.received_at));
        if written.noted {
            self.alerts.wake();
        }
        self.caches.remember(written);
        let claimed: Vec<Claimed> = prepared.into_iter().map(|prepared| prepared.claimed).collect();
        if let Err(error) = self.inbox.remove_blobs(&claimed).await {
            // They are digested; what stays is tidied.
            log(&error);
        }
        Ok(())
    }
}

/// What a panic says.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

fn log(error: &Error) -> Duration {
    tracing::error!(error = chain(error), "the digest has to wait");
    PAUSE
}
