//! What is to be sent, in the database: taken by one collector at a time, and written back.
//!
//! ```text
//! waiting ── take ──▶ waiting, taken ── sent ───────────▶ sent
//!    ▲                     │──────────── refused ──────▶ failed
//!    └── again, released ──┘──────────── tried for long ▶ failed
//! ```
//!
//! A collector that dies has it until [`LEASE_MS`] are over; then another takes it, which may send it once more.

use std::collections::HashSet;

use crate::Error;
use crate::database::{Database, Dialect, Query};
use crate::error::OrFailed as _;

use super::backoff::Wait;
use super::outcome::Outcome;

/// How long a collector has a delivery. Longer than sending can take.
pub(super) const LEASE_MS: i64 = 3 * 60_000;

/// A delivery that is taken.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Taken {
    pub(super) id: i64,
    /// JSON, see [`crate::alerts::Action`]; the same text is the same place.
    pub(super) action: String,
    /// JSON, see [`crate::alerts::Alert`].
    pub(super) alert: String,
    /// This one included.
    pub(super) tries: i64,
    pub(super) created_at: i64,
    /// Whoever has another has lost it.
    pub(super) taken_until: i64,
    /// JSON of those addresses that have it.
    pub(super) reached: Option<String>,
}

/// What is written back.
#[derive(Debug)]
pub(super) enum Next {
    Sent,
    Failed,
    Again(Wait),
}

/// Takes at most so many that are due: of each place the oldest, and none of a place where one is under way, or that asked to be
/// left alone for a time.
pub(super) async fn take(
    database: &Database,
    busy: &HashSet<String>,
    limit: usize,
    now: i64,
) -> Result<Vec<Taken>, Error> {
    let operation = "look for what is to be sent";
    let due: Vec<(i64, String)> = sqlx::query_as(
        "SELECT MIN(id), action FROM alert_deliveries WHERE state = 'waiting' AND next_at <= $1
         AND action NOT IN (SELECT action FROM alert_deliveries WHERE state = 'waiting' AND next_at > $1 AND status = 429)
         GROUP BY action HAVING MAX(COALESCE(taken_until, 0)) < $1 ORDER BY MIN(id) LIMIT $2",
    )
    .bind(now)
    .bind(i64::try_from(busy.len() + limit).unwrap_or(i64::MAX))
    .fetch_all(&database.read)
    .await
    .or_failed(operation)?;
    let free = due.into_iter().filter(|(_, action)| !busy.contains(action));
    let ids: Vec<i64> = free.map(|(id, _)| id).take(limit).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Others may have looked at the same time: whoever changes the row has it, and nobody waits for another's change.
    let mut query = Query::new("UPDATE alert_deliveries SET tries = tries + 1, taken_until = ");
    query
        .bind(now.saturating_add(LEASE_MS))
        .push(" WHERE id IN (SELECT id FROM alert_deliveries WHERE ");
    query
        .bind_in("id", ids)
        .push(" AND state = 'waiting' AND next_at <= ")
        .bind(now);
    query
        .push(" AND (taken_until IS NULL OR taken_until < ")
        .bind(now)
        .push(")");
    if database.dialect == Dialect::Postgres {
        query.push(" FOR UPDATE SKIP LOCKED");
    }
    query.push(") RETURNING id, action, alert, tries, created_at, taken_until, reached");
    query.fetch_all(&database.write, "take what is to be sent").await
}

/// Writes down what became of it. `sent` is JSON of what was sent. Who has lost it in the meantime writes nothing;
/// of what was given up in the meantime only that it arrived after all.
pub(super) async fn write(
    database: &Database,
    taken: &Taken,
    outcome: &Outcome,
    sent: Option<String>,
    next: Next,
    now: i64,
) -> Result<(), Error> {
    let operation = "write down what was sent";
    let (state, next_at) = match &next {
        Next::Sent => ("sent", None),
        Next::Failed => ("failed", None),
        Next::Again(wait) => ("waiting", Some(now.saturating_add(wait.own))),
    };
    let reached = (!outcome.reached.is_empty()).then(|| serde_json::json!(outcome.reached).to_string());
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let written = sqlx::query(
        "UPDATE alert_deliveries SET state = $1, next_at = COALESCE($2, next_at), taken_until = NULL, answered_at = $3,
         status = $4, answer = $5, sent = COALESCE($6, sent), reached = COALESCE($7, reached)
         WHERE id = $8 AND taken_until = $9 AND (state = 'waiting' OR $1 = 'sent')",
    )
    .bind(state)
    .bind(next_at)
    .bind(now)
    .bind(outcome.status.map(i64::from))
    .bind(&outcome.answer)
    .bind(sent)
    .bind(reached)
    .bind(taken.id)
    .bind(taken.taken_until)
    .execute(&mut *transaction)
    .await
    .or_failed(operation)?;
    if let Next::Again(wait) = next
        && written.rows_affected() > 0
    {
        let until = now.saturating_add(wait.others);
        sqlx::query(
            "UPDATE alert_deliveries SET next_at = $1 WHERE state = 'waiting' AND next_at < $1 AND action = $2 AND id <> $3
             AND taken_until IS NULL",
        )
        .bind(until)
        .bind(&taken.action)
        .bind(taken.id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    }
    transaction.commit().await.or_failed(operation)
}

/// Has all mail that waits tried at once.
pub(super) async fn mail_is_due(database: &Database, now: i64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE alert_deliveries SET next_at = $1 WHERE state = 'waiting' AND next_at > $1
         AND action LIKE '{\"kind\":\"email\"%'",
    )
    .bind(now)
    .execute(&database.write)
    .await
    .or_failed("try mail again")?;
    Ok(())
}
