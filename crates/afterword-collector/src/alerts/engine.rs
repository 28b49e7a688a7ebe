//! Asking the rules: a task looks at the notes of the digest as they come, and another one at what only time tells.
//!
//! Where several collectors share a database one of them does each of the two, for as long as it says so every second;
//! another takes over within seconds. That only saves work: a firing is written in the transaction that takes the note away, and its key is
//! unique, so that two that do it at the same time still fire once.
//!
//! What is remembered in between (how far counts can be from a bound) saves questions, and is forgotten when rules change or
//! another collector had its turn. What decides is always asked of the database.

mod counting;
mod looking;
mod notes;
pub(super) mod seen;
mod writing;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use lru::LruCache;
use tokio::sync::watch;

use self::seen::Tags;
use self::writing::Outcome;
use super::firing;
use super::index::{Index, Loaded};
use super::{Alerts, work};
use crate::database::{Database, Dialect};
use crate::error::{OrFailed as _, chain};
use crate::life::lease::Lease;
use crate::{Error, now_ms};

pub(super) use counting::{Latest, latest};
pub(super) use looking::{Shared, durations, is_below, p95_above_us};

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

/// What asks the rules about notes.
pub(crate) struct Engine {
    database: Database,
    alerts: Alerts,
    url: Arc<str>,
    lease: Lease,
    tags: Tags,
    /// What is remembered of these rules; `None` before they were read, and while another collector asks.
    memory: Option<Memory>,
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

/// The subject of an issue.
fn of_issue(id: i64) -> String {
    format!("issue:{id}")
}

/// Asks the rules until `stop` says so.
pub(crate) async fn run(database: Database, alerts: Alerts, url: Arc<str>, mut stop: watch::Receiver<bool>) {
    let looking = looking::run(database.clone(), alerts.clone(), Arc::clone(&url), stop.clone());
    let looking = tokio::spawn(looking);
    let lease = Lease::for_so_long("alerts", HELD_MS);
    let mut engine = Engine::new(database.clone(), alerts, url, lease.clone());
    while !*stop.borrow() {
        let more = holding(&lease, &database, engine.turn()).await.unwrap_or_else(|error| {
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
    gives_back(&lease, &database).await;
    if let Err(error) = looking.await {
        tracing::error!(%error, "looking at figures broke off");
    }
}

/// Whether this collector does the work that a lease is for. A file has one collector.
async fn begins(lease: &Lease, database: &Database) -> Result<bool, Error> {
    Ok(database.dialect == Dialect::Sqlite || lease.hold(database).await?)
}

/// Does something that may take longer than a lease is held for.
async fn holding<T>(lease: &Lease, database: &Database, work: impl Future<Output = T>) -> T {
    if database.dialect == Dialect::Sqlite {
        return work.await;
    }
    lease.keep(database, work).await
}

async fn gives_back(lease: &Lease, database: &Database) {
    if database.dialect == Dialect::Postgres
        && let Err(error) = lease.give_back(database).await
    {
        // It runs out by itself.
        tracing::warn!(error = chain(&error), "could not give the lease of alerts back");
    }
}

impl Engine {
    fn new(database: Database, alerts: Alerts, url: Arc<str>, lease: Lease) -> Self {
        Self {
            database,
            alerts,
            url,
            lease,
            tags: Tags::default(),
            memory: None,
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
        if !begins(&self.lease, &self.database).await? {
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
        self.work().await
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
        if !writing::write(&self.database, &self.alerts, &outcome, notes).await? {
            self.memory = None;
            return Ok(());
        }
        if let Some(memory) = &mut self.memory {
            for key in &outcome.kept {
                memory.standing.remove(key);
            }
            memory.standing.extend(outcome.stands());
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
