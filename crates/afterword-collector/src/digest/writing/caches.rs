//! What the database is known to hold, so that it need not be asked or told again for every event. Filled only with what
//! was committed, and forgotten as a whole when rows that it names may be gone.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;

use super::Written;
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
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner::new())),
            names: Names::default(),
            in_app: Known::default(),
        }
    }
}

impl Inner {
    fn new() -> Self {
        Self {
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

    /// Takes in what a committed batch wrote.
    pub(crate) fn remember(&self, written: Written) {
        let mut inner = self.lock();
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

    /// Forgets everything: after rows were removed, or issues merged or split.
    pub(crate) fn forget(&self) {
        *self.lock() = Inner::new();
        self.names.forget();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
