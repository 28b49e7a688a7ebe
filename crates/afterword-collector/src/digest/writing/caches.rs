//! What the database is known to hold, so that it need not be asked or told again for every event. Filled only with what
//! was committed, and forgotten as a whole when rows that it names may be gone or be another's.
//!
//! Whoever changes such rows (merges, splits or deletes issues, removes events) calls [`rows_change`] first in its
//! transaction: that counts up the epoch, and waits until no collector writes a batch, nor will one begin to before the end
//! of the transaction. Each batch looks at the epoch first ([`agree`]). So what is remembered is true while a batch is
//! written, on all collectors.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use sqlx::AnyConnection;

use super::Written;
use crate::Error;
use crate::error::OrFailed as _;
use crate::grouping::Known;
use crate::performance::names::Names;

/// Entries of each cache. A few megabytes in all.
const ENTRIES: NonZeroUsize = NonZeroUsize::new(32_768).expect("is not zero");

/// Project, key and value.
pub(crate) type Tag = (i64, String, String);

/// The caches; clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Caches {
    inner: Arc<Mutex<Inner>>,
    names: Names,
    /// Which functions are the application's, by project.
    pub(crate) in_app: Known,
}

#[derive(Debug)]
struct Inner {
    tags: LruCache<Tag, i64>,
    issue_tags: LruCache<(i64, i64), ()>,
    issue_users: LruCache<(i64, String), ()>,
    releases: LruCache<(i64, String), ()>,
    /// Since when all this is true.
    epoch: i64,
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner::new(0))),
            names: Names::default(),
            in_app: Known::default(),
        }
    }
}

impl Inner {
    fn new(epoch: i64) -> Self {
        Self {
            epoch,
            tags: LruCache::new(ENTRIES),
            issue_tags: LruCache::new(ENTRIES),
            issue_users: LruCache::new(ENTRIES),
            releases: LruCache::new(ENTRIES),
        }
    }
}

impl Caches {
    /// The id of a tag, if it is known.
    pub(super) fn tag(&self, tag: &Tag) -> Option<i64> {
        self.lock().tags.get(tag).copied()
    }

    /// Whether an issue is known to have a tag.
    pub(super) fn has_issue_tag(&self, tag_id: i64, issue_id: i64) -> bool {
        self.lock().issue_tags.get(&(tag_id, issue_id)).is_some()
    }

    /// Whether a user is known to have been affected by an issue.
    pub(super) fn has_issue_user(&self, issue_id: i64, user_key: &str) -> bool {
        self.lock().issue_users.get(&(issue_id, user_key.to_owned())).is_some()
    }

    /// Whether a release of a project is known.
    pub(super) fn has_release(&self, project_id: i64, version: &str) -> bool {
        self.lock().releases.get(&(project_id, version.to_owned())).is_some()
    }

    /// The names of transactions and spans that are told apart.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// Takes in what a committed batch wrote, unless rows were changed since.
    pub(crate) fn remember(&self, written: Written) {
        let mut inner = self.lock();
        if inner.epoch != written.epoch {
            return;
        }
        for (tag, id) in written.tags {
            inner.tags.put(tag, id);
        }
        for pair in written.issue_tags {
            inner.issue_tags.put(pair, ());
        }
        for pair in written.issue_users {
            inner.issue_users.put(pair, ());
        }
        for pair in written.releases {
            inner.releases.put(pair, ());
        }
    }

    /// Forgets everything if rows were changed since.
    fn agree_on(&self, epoch: i64) {
        let mut inner = self.lock();
        if inner.epoch != epoch {
            *inner = Inner::new(epoch);
            self.names.forget();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock of PostgreSQL that batches share and changes hold alone. Any number that nothing else uses.
const LOCK: i64 = 0x6166_7465_7277;

/// To be called first in a transaction that writes a batch: has caches know of all changes. Returns the epoch.
pub(in crate::digest) async fn agree(connection: &mut AnyConnection, caches: &Caches) -> Result<i64, Error> {
    let operation = "begin to write a batch";
    lock(connection, "SELECT pg_advisory_xact_lock_shared($1)", operation).await?;
    let epoch = sqlx::query_scalar("SELECT epoch FROM cache_epoch WHERE id = 1")
        .fetch_one(connection)
        .await
        .or_failed(operation)?;
    caches.agree_on(epoch);
    Ok(epoch)
}

/// To be called first in a transaction that may change rows that are remembered: no batch is written until its end.
pub(in crate::digest) async fn alone(connection: &mut AnyConnection) -> Result<(), Error> {
    lock(
        connection,
        "SELECT pg_advisory_xact_lock($1)",
        "wait for batches that are written",
    )
    .await
}

/// To be called first in a transaction that removes events, issues or tags, or has them be another's.
pub(crate) async fn rows_change(connection: &mut AnyConnection) -> Result<(), Error> {
    let operation = "begin to change rows that are remembered";
    alone(connection).await?;
    sqlx::query("UPDATE cache_epoch SET epoch = epoch + 1 WHERE id = 1")
        .execute(connection)
        .await
        .or_failed(operation)?;
    Ok(())
}

/// With SQLite, transactions that write are one after the other anyway.
async fn lock(connection: &mut AnyConnection, text: &'static str, operation: &'static str) -> Result<(), Error> {
    if connection.backend_name() == "PostgreSQL" {
        sqlx::query(text)
            .bind(LOCK)
            .execute(connection)
            .await
            .or_failed(operation)?;
    }
    Ok(())
}
