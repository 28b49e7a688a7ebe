//! Asking the rules: a task that looks at the notes of the digest as they come, and at the clock.
//!
//! Where several collectors share a database one of them does it, for as long as it says so every second; another takes over
//! within seconds. That only saves work: a firing is written in the transaction that takes the note away, and its key is
//! unique, so that two that do it at the same time still fire once.
//!
//! What is remembered in between (how far counts can be from a bound) saves questions, and is forgotten when rules change or
//! another collector had its turn. What decides is always asked of the database.

mod counting;
mod looking;
mod notes;
pub(super) mod seen;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lru::LruCache;
use tokio::sync::watch;

use self::seen::Tags;
use super::firing::{self, Found};
use super::index::{Index, Loaded};
use super::{Alerts, work};
use crate::database::{Database, Dialect};
use crate::error::{OrFailed as _, chain};
use crate::life::lease::Lease;
use crate::{Error, now_ms};

pub(super) use counting::{Latest, latest};
pub(super) use looking::{crash_free, durations, filter, is_below, p95_above_us};

/// How often it looks though nothing wakes it.
const EVERY: Duration = Duration::from_secs(1);
/// And how long it rests at least, so that what comes in small batches is looked at together.
const REST: Duration = Duration::from_millis(200);

/// Whoever asks the rules holds the lease for so long after it was last heard of.
const HELD_MS: i64 = 4000;

/// Counts that are remembered: a few megabytes.
const COUNTS: NonZeroUsize = NonZeroUsize::new(65_536).expect("is not zero");
/// The most subjects of which it is remembered that a bound is passed.
const MAX_STANDING: i64 = 100_000;

/// A note that could not be looked at so often, by itself, is given up.
const MAX_TRIES: u32 = 5;

/// What asks the rules.
pub(crate) struct Engine {
    database: Database,
    alerts: Alerts,
    url: Arc<str>,
    lease: Lease,
    tags: Tags,
    /// What is remembered of these rules; `None` before they were read, and while another collector asks.
    memory: Option<Memory>,
    next_look: Option<Instant>,
    /// Of notes that could not be looked at.
    tries: HashMap<i64, u32>,
}

/// What saves questions.
struct Memory {
    index: Arc<Index>,
    /// Subjects of rules whose bound is passed.
    standing: HashSet<(i64, String)>,
    /// Of a measure and an issue (0: all): what it cannot be more than by now.
    at_most: LruCache<(usize, i64), i64>,
}

/// What is to be written.
#[derive(Default)]
struct Outcome {
    found: Vec<Found>,
    /// Rule and subject of bounds that are kept again.
    kept: Vec<(i64, String)>,
}

/// The subject of an issue.
fn of_issue(id: i64) -> String {
    format!("issue:{id}")
}

/// Asks the rules until `stop` says so.
pub(crate) async fn run(database: Database, alerts: Alerts, url: Arc<str>, mut stop: watch::Receiver<bool>) {
    let mut engine = Engine::new(database, alerts, url);
    while !*stop.borrow() {
        let more = engine.turn().await.unwrap_or_else(|error| {
            tracing::error!(error = chain(&error), "could not ask the rules");
            engine.memory = None;
            false
        });
        if more {
            continue;
        }
        tokio::select! {
            () = engine.wait() => {}
            _ = stop.changed() => {}
        }
    }
    if engine.database.dialect == Dialect::Postgres
        && let Err(error) = engine.lease.give_back(&engine.database).await
    {
        // It runs out by itself.
        tracing::warn!(error = chain(&error), "could not give the lease of alerts back");
    }
}

impl Engine {
    pub(crate) fn new(database: Database, alerts: Alerts, url: Arc<str>) -> Self {
        Self {
            database,
            alerts,
            url,
            lease: Lease::for_so_long("alerts", HELD_MS),
            tags: Tags::default(),
            memory: None,
            next_look: None,
            tries: HashMap::new(),
        }
    }

    async fn wait(&self) {
        tokio::time::sleep(REST).await;
        // Either way it looks.
        let _ = tokio::time::timeout(EVERY.saturating_sub(REST), self.alerts.work()).await;
    }

    /// Looks at what there is. `true` if there is more.
    async fn turn(&mut self) -> Result<bool, Error> {
        let index = self.alerts.refresh(&self.database).await?;
        // A file has one collector.
        if self.database.dialect == Dialect::Postgres && !self.lease.hold(&self.database).await? {
            self.memory = None;
            return Ok(false);
        }
        if !self
            .memory
            .as_ref()
            .is_some_and(|memory| Arc::ptr_eq(&memory.index, &index))
        {
            self.memory = Some(Memory::of(index, &self.database).await?);
        }
        self.summaries().await?;
        let more = self.work().await?;
        if self.next_look.is_none_or(|at| at <= Instant::now()) {
            let begun = Instant::now();
            self.look().await?;
            // It takes a twentieth of the time at most.
            self.next_look = Some(begun + looking::EVERY.max(20 * begun.elapsed()));
        }
        Ok(more)
    }

    async fn work(&mut self) -> Result<bool, Error> {
        let (waiting, more) = work::waiting(&self.database).await?;
        if waiting.is_empty() {
            return Ok(false);
        }
        let Err(error) = self.notes(&waiting).await else {
            self.tries.clear();
            return Ok(more);
        };
        if error.is_of_storage() {
            return Err(error);
        }
        tracing::warn!(
            error = chain(&error),
            "could not look at notes, will look at each by itself"
        );
        for note in &waiting {
            let Err(error) = self.notes(std::slice::from_ref(note)).await else {
                continue;
            };
            let tries = self.tries.entry(note.id).or_default();
            *tries += 1;
            if error.is_of_storage() || *tries < MAX_TRIES {
                return Err(error);
            }
            tracing::error!(
                note = note.id,
                error = chain(&error),
                "gave a note up: rules were not asked about it"
            );
            self.tries.remove(&note.id);
            let mut connection = self.database.write.acquire().await.or_failed("give a note up")?;
            work::take(&mut connection, &[note.id]).await?;
        }
        Ok(more)
    }

    /// Sends summaries that are due.
    async fn summaries(&mut self) -> Result<(), Error> {
        let operation = "look for summaries";
        let now = now_ms();
        let due: Vec<i64> = sqlx::query_scalar("SELECT rule_id FROM alert_summaries WHERE due_at <= $1 LIMIT 100")
            .bind(now)
            .fetch_all(&self.database.read)
            .await
            .or_failed(operation)?;
        for rule_id in due {
            let rule = self.memory.as_ref().and_then(|memory| memory.rule(rule_id));
            let mut transaction = self.database.write.begin().await.or_failed(operation)?;
            let sends = firing::summary(&mut transaction, rule_id, rule.as_deref(), now).await?;
            transaction.commit().await.or_failed(operation)?;
            if sends {
                self.alerts.wake_sender();
            }
        }
        Ok(())
    }

    /// Writes what was found and takes the notes away that it was made of, unless another collector did.
    async fn write(&mut self, outcome: Outcome, notes: &[i64]) -> Result<(), Error> {
        if outcome.found.is_empty() && outcome.kept.is_empty() && notes.is_empty() {
            return Ok(());
        }
        let operation = "write what rules found";
        let now = now_ms();
        let mut transaction = self.database.write.begin().await.or_failed(operation)?;
        if !work::take(&mut transaction, notes).await? {
            transaction.rollback().await.or_failed(operation)?;
            self.memory = None;
            return Ok(());
        }
        for (rule_id, subject) in &outcome.kept {
            firing::kept(&mut transaction, *rule_id, subject, now).await?;
        }
        let mut sends = false;
        for found in &outcome.found {
            sends |= firing::write(&mut transaction, found, now).await?;
        }
        transaction.commit().await.or_failed(operation)?;
        if let Some(memory) = &mut self.memory {
            for key in &outcome.kept {
                memory.standing.remove(key);
            }
            for found in &outcome.found {
                if matches!(found.mark, firing::Mark::Passed { .. }) {
                    memory.standing.insert((found.rule.id, found.subject.clone()));
                }
            }
        }
        if sends {
            self.alerts.wake_sender();
        }
        Ok(())
    }
}

impl Memory {
    async fn of(index: Arc<Index>, database: &Database) -> Result<Self, Error> {
        let standing: Vec<(i64, String)> = sqlx::query_as(
            "SELECT rule_id, subject FROM alert_states WHERE standing = 1 ORDER BY changed_at DESC LIMIT $1",
        )
        .bind(MAX_STANDING)
        .fetch_all(&database.read)
        .await
        .or_failed("read how rules stand")?;
        Ok(Self {
            index,
            standing: standing.into_iter().collect(),
            at_most: LruCache::new(COUNTS),
        })
    }

    fn rule(&self, id: i64) -> Option<Arc<Loaded>> {
        self.index.rules.iter().find(|rule| rule.id == id).cloned()
    }
}
