//! What became of what was refused, by project and hour: counted in memory, written every few seconds and at the end, never
//! once a request. What was accepted is counted by the digest.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use afterword_protocol::Category;
use tokio::sync::watch;

use crate::Error;
use crate::database::Database;
use crate::error::{OrFailed as _, chain};

/// How often what was counted is written.
const EVERY: Duration = Duration::from_secs(3);

const HOUR_MS: i64 = 3_600_000;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// Over a quota.
    RateLimited,
    /// Malformed or too large.
    Invalid,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Invalid => "invalid",
        }
    }
}

/// What was counted and is not written yet. There is no more of it than projects that have keys, times categories.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    waiting: Mutex<BTreeMap<Counted, u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    project_id: i64,
    hour: i64,
    category: Category,
    outcome: Outcome,
}

impl Outcomes {
    /// Counts.
    pub(super) fn count(&self, project_id: i64, category: Category, outcome: Outcome, quantity: u64, now_ms: i64) {
        let counted = Counted {
            project_id,
            hour: now_ms / HOUR_MS,
            category,
            outcome,
        };
        self.add(counted, quantity);
    }

    /// Writes what was counted until `stop` says so, and then once more.
    pub(crate) async fn run(&self, database: &Database, mut stop: watch::Receiver<bool>) {
        loop {
            // Both mean an end: being told, and nobody being left to tell.
            let end = tokio::time::timeout(EVERY, stop.wait_for(|stop| *stop)).await.is_ok();
            if let Err(error) = self.write(database).await {
                tracing::error!(error = chain(&error), "could not count what was refused");
            }
            if end {
                return;
            }
        }
    }

    /// Writes what was counted. If it fails, it is counted still.
    pub(crate) async fn write(&self, database: &Database) -> Result<(), Error> {
        let counts = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(());
        }
        let written = write(database, &counts).await;
        if written.is_err() {
            for (counted, quantity) in counts {
                self.add(counted, quantity);
            }
        }
        written
    }

    /// How many sums are not written yet.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn add(&self, counted: Counted, quantity: u64) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = waiting.entry(counted).or_default();
        *sum = sum.saturating_add(quantity);
    }
}

async fn write(database: &Database, counts: &BTreeMap<Counted, u64>) -> Result<(), Error> {
    let operation = "count what was refused";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    // In one order everywhere, so that collectors that write the same rows wait for each other and not in a circle.
    for (counted, quantity) in counts {
        sqlx::query(
            "INSERT INTO project_hours (project_id, hour, category, outcome, quantity) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (project_id, hour, category, outcome)
             DO UPDATE SET quantity = project_hours.quantity + excluded.quantity",
        )
        .bind(counted.project_id)
        .bind(counted.hour)
        .bind(counted.category.name())
        .bind(counted.outcome.name())
        .bind(i64::try_from(*quantity).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    }
    transaction.commit().await.or_failed(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 490_000;

    #[tokio::test]
    async fn sums_are_added_to_what_is_written_and_kept_if_they_cannot_be() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let outcomes = Outcomes::default();
        let count = |quantity| {
            let now_ms = HOUR * HOUR_MS + 1;
            outcomes.count(1, Category::Error, Outcome::RateLimited, quantity, now_ms);
        };
        count(2);
        count(3);
        outcomes.count(1, Category::Error, Outcome::Invalid, 1, HOUR * HOUR_MS - 1);
        outcomes.write(&database).await.unwrap();
        count(1);
        outcomes.write(&database).await.unwrap();
        let rows: Vec<(i64, i64, String, String, i64)> =
            sqlx::query_as("SELECT project_id, hour, category, outcome, quantity FROM project_hours ORDER BY hour")
                .fetch_all(&database.read)
                .await
                .unwrap();
        let row = |hour, outcome: &str, quantity| (1, hour, "error".to_owned(), outcome.to_owned(), quantity);
        assert_eq!(rows, [row(HOUR - 1, "invalid", 1), row(HOUR, "rate_limited", 6)]);

        count(7);
        database.close().await;
        assert!(outcomes.write(&database).await.is_err());
        assert_eq!(outcomes.waiting(), 1);
    }
}
