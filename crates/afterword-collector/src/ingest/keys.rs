//! The keys that may send, remembered for a few seconds: thousands of requests a second must not each ask the database.
//!
//! What is remembered is at most [`FRESH`] old, so a key that is disabled or whose quotas change is so everywhere within
//! that time, and at once on the collector where [`Keys::forget`] is called.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use super::quotas::Quota;
use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::settings::ALL_PROJECTS;

/// For how long a key is taken to be what it was.
const FRESH: Duration = Duration::from_secs(5);

/// How many keys are remembered, of those that are there and of those that are not. Apart from each other, so that a
/// sender of made-up keys does not push out the others.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(4096).expect("more than none");

/// A key, as it matters to ingest.
#[derive(Debug)]
pub(crate) struct Key {
    pub(super) project_id: i64,
    /// The same as it stands in paths.
    pub(super) project: String,
    pub(super) enabled: bool,
    pub(super) quotas: Vec<Quota>,
}

/// The remembered keys.
#[derive(Debug)]
pub(crate) struct Keys {
    remembered: Mutex<Remembered>,
}

#[derive(Debug)]
struct Remembered {
    known: LruCache<String, (Instant, Arc<Key>)>,
    unknown: LruCache<String, Instant>,
}

impl Keys {
    pub(super) fn new() -> Self {
        Self {
            remembered: Mutex::new(Remembered {
                known: LruCache::new(REMEMBERED),
                unknown: LruCache::new(REMEMBERED),
            }),
        }
    }

    /// The key of this name, `None` if there is none.
    pub(super) async fn get(&self, database: &Database, public_key: &str) -> Result<Option<Arc<Key>>, Error> {
        let now = Instant::now();
        if let Some(found) = self.lock().find(public_key, now) {
            return Ok(found);
        }
        // Several may ask at once when one grows old: as many as there are connections, for the time of one query.
        let found = look_up(database, public_key).await?.map(Arc::new);
        let mut remembered = self.lock();
        match &found {
            Some(key) => {
                remembered.unknown.pop(public_key);
                remembered.known.put(public_key.to_owned(), (now, Arc::clone(key)));
            }
            None => {
                remembered.known.pop(public_key);
                remembered.unknown.put(public_key.to_owned(), now);
            }
        }
        Ok(found)
    }

    /// Forgets all that is remembered: to be called after keys or quotas were changed.
    pub(crate) fn forget(&self) {
        let mut remembered = self.lock();
        remembered.known.clear();
        remembered.unknown.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    /// `None` if it has to be looked up.
    fn find(&mut self, public_key: &str, now: Instant) -> Option<Option<Arc<Key>>> {
        let fresh = |since: Instant| now.duration_since(since) < FRESH;
        if let Some((since, key)) = self.known.get(public_key) {
            return fresh(*since).then(|| Some(Arc::clone(key)));
        }
        let since = self.unknown.get(public_key)?;
        fresh(*since).then_some(None)
    }
}

/// Of a key: its id, its project's, whether it is enabled, its quota, and its project's quotas as JSON.
type Row = (i64, i64, i64, Option<i64>, Option<i64>, Option<String>);

async fn look_up(database: &Database, public_key: &str) -> Result<Option<Key>, Error> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, project_id, enabled, quota_events, quota_window_s,
            (SELECT value FROM settings
             WHERE settings.project_id IN (project_keys.project_id, $1) AND name = 'quotas'
             ORDER BY settings.project_id DESC LIMIT 1)
         FROM project_keys WHERE public_key = $2",
    )
    .bind(ALL_PROJECTS)
    .bind(public_key)
    .fetch_optional(&database.read)
    .await
    .or_failed("look up a key")?;
    Ok(row.map(|(id, project_id, enabled, events, window_s, quotas)| {
        let of_key = Quota::of_key(id, events, window_s);
        let of_project = quotas.map(|quotas| Quota::of_project(project_id, &quotas));
        Key {
            project_id,
            project: project_id.to_string(),
            enabled: enabled != 0,
            quotas: of_key.into_iter().chain(of_project.into_iter().flatten()).collect(),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_grows_old() {
        let keys = Keys::new();
        let start = Instant::now();
        let key = Arc::new(Key {
            project_id: 1,
            project: "1".to_owned(),
            enabled: true,
            quotas: Vec::new(),
        });
        keys.lock().known.put("known".to_owned(), (start, key));
        keys.lock().unknown.put("unknown".to_owned(), start);
        let find = |name: &str, after: Duration| {
            let found = keys.lock().find(name, start + after);
            found.map(|found| found.is_some())
        };
        for (after, fresh) in [
            (Duration::ZERO, true),
            (FRESH - Duration::from_millis(1), true),
            (FRESH, false),
        ] {
            assert_eq!(find("known", after), fresh.then_some(true), "{after:?}");
            assert_eq!(find("unknown", after), fresh.then_some(false), "{after:?}");
        }
        assert_eq!(find("other", Duration::ZERO), None);
        keys.forget();
        assert_eq!(find("known", Duration::ZERO), None);
        assert_eq!(find("unknown", Duration::ZERO), None);
    }

    #[test]
    fn made_up_keys_do_not_push_out_others() {
        let keys = Keys::new();
        let start = Instant::now();
        let mut remembered = keys.lock();
        for number in 0..3 * REMEMBERED.get() {
            remembered.unknown.put(number.to_string(), start);
        }
        assert_eq!(remembered.unknown.len(), REMEMBERED.get());
    }
}
