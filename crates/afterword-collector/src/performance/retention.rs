//! Removing what is old, or somebody's, in pieces that hold the database only briefly.

use sqlx::AssertSqlSafe;

use super::HOUR_MS;
use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::queries::health::person;

/// Removes transactions and spans of a project that came before a time (milliseconds since 1970), and their figures: at
/// most so many rows of each. Returns how many rows went; none means that nothing is left to remove. Whoever removes everything has
/// [`super::names::Names`] forgotten.
pub(crate) async fn remove_before(
    database: &Database,
    project_id: i64,
    cutoff_ms: i64,
    most: i64,
) -> Result<u64, Error> {
    let hour = cutoff_ms.div_euclid(HOUR_MS);
    let removals = [
        (
            "DELETE FROM transactions WHERE id IN (SELECT id FROM transactions WHERE project_id = $1 AND received_at < $2
                ORDER BY received_at LIMIT $3)",
            cutoff_ms,
        ),
        (
            "DELETE FROM spans WHERE (trace_id, span_id, project_id) IN (SELECT trace_id, span_id, project_id FROM spans
                WHERE project_id = $1 AND received_at < $2 ORDER BY received_at LIMIT $3)",
            cutoff_ms,
        ),
        (
            "DELETE FROM transaction_figures WHERE (project_id, width, hour, name, release, environment) IN (
                SELECT project_id, width, hour, name, release, environment FROM transaction_figures
                WHERE project_id = $1 AND hour + width <= $2 LIMIT $3)",
            hour,
        ),
        (
            "DELETE FROM span_figures WHERE (project_id, width, hour, op, name) IN (
                SELECT project_id, width, hour, op, name FROM span_figures
                WHERE project_id = $1 AND hour + width <= $2 LIMIT $3)",
            hour,
        ),
    ];
    let mut removed = 0;
    for (text, until) in removals {
        removed += remove(database, text, project_id, until, most).await?;
    }
    Ok(removed)
}

/// Removes sessions of a project that started before a time (milliseconds since 1970), what clients counted and discarded before it,
/// and the figures of them: at most so many rows of each. Returns how many rows went; none means that nothing is left to remove.
pub(crate) async fn remove_health_before(
    database: &Database,
    project_id: i64,
    cutoff_ms: i64,
    most: i64,
) -> Result<u64, Error> {
    // Whole hours and days, so that what is left of an hour does not disagree with its figures.
    let hour = cutoff_ms.div_euclid(HOUR_MS);
    let day = cutoff_ms.div_euclid(super::DAY_MS);
    let removals = [
        (
            "DELETE FROM sessions WHERE (project_id, sid) IN (SELECT project_id, sid FROM sessions
                WHERE project_id = $1 AND started_at < $2 ORDER BY started_at LIMIT $3)",
            hour * HOUR_MS,
        ),
        (
            "DELETE FROM session_aggregates WHERE (project_id, started_at, release, environment, person) IN (
                SELECT project_id, started_at, release, environment, person FROM session_aggregates
                WHERE project_id = $1 AND started_at < $2 ORDER BY started_at LIMIT $3)",
            hour * HOUR_MS,
        ),
        (
            "DELETE FROM session_hours WHERE (project_id, hour, release, environment) IN (
                SELECT project_id, hour, release, environment FROM session_hours
                WHERE project_id = $1 AND hour < $2 ORDER BY hour LIMIT $3)",
            hour,
        ),
        (
            "DELETE FROM session_days WHERE (project_id, day, release, environment, person) IN (
                SELECT project_id, day, release, environment, person FROM session_days
                WHERE project_id = $1 AND day < $2 ORDER BY day LIMIT $3)",
            day,
        ),
        (
            "DELETE FROM counted_items WHERE (project_id, item_key) IN (SELECT project_id, item_key FROM counted_items
                WHERE project_id = $1 AND received_at < $2 ORDER BY received_at LIMIT $3)",
            cutoff_ms,
        ),
        (
            "DELETE FROM client_discards WHERE (project_id, day, reason, category) IN (
                SELECT project_id, day, reason, category FROM client_discards
                WHERE project_id = $1 AND day < $2 ORDER BY day LIMIT $3)",
            day * super::DAY_MS,
        ),
    ];
    let mut removed = 0;
    for (text, until) in removals {
        removed += remove(database, text, project_id, until, most).await?;
    }
    Ok(removed)
}

async fn remove(database: &Database, text: &'static str, project_id: i64, until: i64, most: i64) -> Result<u64, Error> {
    let done = sqlx::query(text)
        .bind(project_id)
        .bind(until)
        .bind(most)
        .execute(&database.write)
        .await
        .or_failed("remove what is old")?;
    Ok(done.rows_affected())
}

/// Removes the transactions of a user, known by the hash that is `user_key` in `events`, with their spans: at most so many transactions.
/// Returns how many; none means that nothing is left. Figures stay: nobody can be told from them.
pub(crate) async fn remove_user(database: &Database, project_id: i64, user_key: &str, most: i64) -> Result<u64, Error> {
    let operation = "remove what is of a user";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let rows: Vec<(i64, String, Option<String>)> = sqlx::query_as(
        "SELECT id, event_id, trace_id FROM transactions WHERE user_key = $1 AND project_id = $2 ORDER BY id LIMIT $3",
    )
    .bind(user_key)
    .bind(project_id)
    .bind(most)
    .fetch_all(&mut *transaction)
    .await
    .or_failed(operation)?;
    for (id, event_id, trace_id) in &rows {
        sqlx::query("DELETE FROM spans WHERE trace_id = $1 AND project_id = $2 AND event_id = $3")
            .bind(trace_id)
            .bind(project_id)
            .bind(event_id)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
        sqlx::query("DELETE FROM transactions WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
    }
    transaction.commit().await.or_failed(operation)?;
    Ok(rows.len() as u64)
}

/// Removes the sessions of a person, known by the hash that [`crate::pepper::Pepper`] makes of the `did`: at most so many rows of each table.
/// Returns how many; none means that nothing is left. What they added to counts by the hour stays: nobody can be told
/// from it.
pub(crate) async fn remove_person(database: &Database, project_id: i64, did: &str, most: i64) -> Result<u64, Error> {
    const TABLES: [(&str, &str); 3] = [
        ("sessions", "project_id, sid"),
        (
            "session_aggregates",
            "project_id, started_at, release, environment, person",
        ),
        ("session_days", "project_id, day, release, environment, person"),
    ];
    let mut removed = 0;
    for (table, key) in TABLES {
        let text = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE person = $1 AND person <> 0 AND project_id = $2
                LIMIT $3)"
        );
        let done = sqlx::query(AssertSqlSafe(text))
            .bind(person(did))
            .bind(project_id)
            .bind(most)
            .execute(&database.write)
            .await
            .or_failed("remove what is of a person")?;
        removed += done.rows_affected();
    }
    Ok(removed)
}
