//! Events as rules look at them, and which of them a rule takes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use sqlx::FromRow;

use crate::Error;
use crate::alerts::rule::{Condition, Key};
use crate::database::{Database, Query};
use crate::error::OrFailed as _;

/// Tags that are remembered: some megabytes.
const TAGS: NonZeroUsize = NonZeroUsize::new(32_768).expect("is not zero");

/// Values of one statement.
const PIECE: usize = 1000;

/// What is read of an event.
pub(in crate::alerts) const COLUMNS: &str =
    "id, project_id, issue_id, event_id, level, platform, release, environment, user_key, tags, received_at";

/// An event.
#[derive(Debug, FromRow)]
pub(in crate::alerts) struct Event {
    pub(in crate::alerts) id: i64,
    pub(in crate::alerts) project_id: i64,
    pub(in crate::alerts) issue_id: i64,
    pub(in crate::alerts) event_id: String,
    pub(in crate::alerts) level: String,
    pub(in crate::alerts) platform: String,
    pub(in crate::alerts) release: Option<String>,
    pub(in crate::alerts) environment: Option<String>,
    pub(in crate::alerts) user_key: Option<String>,
    tags: String,
    pub(in crate::alerts) received_at: i64,
    /// Key and value of each tag, once they were looked up.
    #[sqlx(skip)]
    pub(in crate::alerts) said: Vec<Tag>,
}

/// Key and value.
pub(in crate::alerts) type Tag = (Arc<str>, Arc<str>);

/// Tags by their ids, as far as they were looked up.
#[derive(Debug)]
pub(in crate::alerts) struct Tags {
    known: LruCache<i64, Tag>,
    epoch: i64,
}

impl Default for Tags {
    fn default() -> Self {
        Self {
            known: LruCache::new(TAGS),
            epoch: 0,
        }
    }
}

impl Event {
    /// What it says under this name.
    pub(in crate::alerts) fn says(&self, key: &Key) -> Option<&str> {
        match key {
            Key::Release => self.release.as_deref(),
            Key::Environment => self.environment.as_deref(),
            Key::Level => Some(&self.level),
            Key::Platform => Some(&self.platform),
            key => {
                let name = key.indexed();
                let tag = self.said.iter().find(|(known, _)| **known == *name);
                tag.map(|(_, value)| &**value)
            }
        }
    }

    /// Whether all conditions are true of it; those that are of its issue are left out.
    pub(in crate::alerts) fn is_taken(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| match condition {
            Condition::Says { key, how, value } => how.holds(self.says(key), value),
            Condition::LatestRelease => true,
        })
    }
}

impl Tags {
    /// Forgets everything if tags were removed since: their ids may be another's.
    pub(in crate::alerts) async fn agree(&mut self, database: &Database) -> Result<(), Error> {
        let epoch: i64 = sqlx::query_scalar("SELECT epoch FROM cache_epoch WHERE id = 1")
            .fetch_one(&database.read)
            .await
            .or_failed("look whether tags were removed")?;
        if epoch != self.epoch {
            self.known.clear();
            self.epoch = epoch;
        }
        Ok(())
    }

    /// Looks up what these events say.
    pub(in crate::alerts) async fn look_up(&mut self, database: &Database, events: &mut [Event]) -> Result<(), Error> {
        for events in events.chunks_mut(PIECE) {
            let ids: Vec<Vec<i64>> = events
                .iter()
                // Written by us; what cannot be read says nothing.
                .map(|event| serde_json::from_str(&event.tags).unwrap_or_default())
                .collect();
            let mut missing: Vec<i64> = ids
                .iter()
                .flatten()
                .copied()
                .filter(|id| !self.known.contains(id))
                .collect();
            missing.sort_unstable();
            missing.dedup();
            for missing in missing.chunks(PIECE) {
                let mut query = Query::new("SELECT id, key, value FROM tags WHERE ");
                query.bind_in("id", missing.iter().copied());
                let found: Vec<(i64, String, String)> = query.fetch_all(&database.read, "look up tags").await?;
                for (id, key, value) in found {
                    self.known.put(id, (key.into(), value.into()));
                }
            }
            for (event, ids) in events.iter_mut().zip(ids) {
                event.said = ids.iter().filter_map(|id| self.known.get(id).cloned()).collect();
            }
        }
        Ok(())
    }
}

/// Reads events by their rows, in that order; those that are gone are left out.
pub(in crate::alerts) async fn read(database: &Database, rows: &[i64]) -> Result<Vec<Event>, Error> {
    let mut events = Vec::with_capacity(rows.len());
    for rows in rows.chunks(PIECE) {
        let mut query = Query::new(format!("SELECT {COLUMNS} FROM events WHERE "));
        query.bind_in("id", rows.iter().copied()).push(" ORDER BY id");
        let found: Vec<Event> = query.fetch_all(&database.read, "read events for rules").await?;
        events.extend(found);
    }
    Ok(events)
}
