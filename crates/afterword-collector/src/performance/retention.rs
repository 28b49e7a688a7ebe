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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::DAY_MS;

    /// A row of each table for each of these days, in two projects.
    async fn filled(days: std::ops::Range<i64>) -> (Database, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        for project in [1, 2] {
            for day in days.clone() {
                let (at, hour) = (day * DAY_MS, day * 24);
                for text in [
                    format!(
                        "INSERT INTO transactions (project_id, event_id, trace_id, name, user_key, started_us, ended_us,
                            spans_cut, received_at, raw)
                         VALUES ({project}, 'e{day}', 't{day}', 'n', 'u', 0, 0, 0, {at}, x'00')"
                    ),
                    format!(
                        "INSERT INTO spans (trace_id, span_id, project_id, event_id, is_segment, name, started_us, ended_us,
                            received_at)
                         VALUES ('t{day}', 's', {project}, 'e{day}', 1, 'n', 0, 0, {at})"
                    ),
                    format!(
                        "INSERT INTO transaction_figures VALUES ({project}, 1, {hour}, 'n', '', '', '', 1, 0, x'', 1),
                            ({project}, 24, {hour}, 'n', '', '', '', 1, 0, x'', 1)"
                    ),
                    format!("INSERT INTO span_figures VALUES ({project}, 1, {hour}, '', 'n', 1, 1, 1, '', '')"),
                    format!(
                        "INSERT INTO sessions (project_id, sid, release, environment, did, person, status, errors, mechanism,
                            started_at, seq, updated_at, received_at, updates)
                         VALUES ({project}, '{day}', 'r', '', '00000000000000f', 15, 'ok', 0, '', {at}, 0, {at}, {at}, 1)"
                    ),
                    format!("INSERT INTO session_aggregates VALUES ({project}, {at}, 'r', '', 15, 1, 0, 0, 0)"),
                    format!("INSERT INTO session_hours VALUES ({project}, {hour}, 'r', '', 2, 0, 0, 0)"),
                    format!("INSERT INTO session_days VALUES ({project}, {day}, 'r', '', 15, 2, 0, 0, 0)"),
                    format!("INSERT INTO counted_items VALUES ({project}, 'k{day}', {at})"),
                    format!("INSERT INTO client_discards VALUES ({project}, {at}, 'r', 'c', 1)"),
                ] {
                    sqlx::query(AssertSqlSafe(text)).execute(&database.write).await.unwrap();
                }
            }
        }
        (database, folder)
    }

    async fn count(database: &Database, table: &str, project: i64) -> i64 {
        let text = format!("SELECT COUNT(*) FROM {table} WHERE project_id = {project}");
        sqlx::query_scalar(AssertSqlSafe(text))
            .fetch_one(&database.read)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_is_old_goes_in_pieces_and_nothing_else() {
        let (database, _folder) = filled(100..110).await;
        let cutoff = 104 * DAY_MS + 1;
        assert_eq!(remove_before(&database, 1, cutoff, 2).await.unwrap(), 8);
        assert_eq!(remove_health_before(&database, 1, cutoff, 3).await.unwrap(), 18);
        while remove_before(&database, 1, cutoff, 2).await.unwrap() > 0 {}
        while remove_health_before(&database, 1, cutoff, 3).await.unwrap() > 0 {}
        // The fifth day has begun: what is whole hours or days of it stays.
        for (table, left) in [
            ("transactions", 5),
            ("spans", 5),
            ("transaction_figures", 12),
            ("span_figures", 6),
            ("sessions", 6),
            ("session_aggregates", 6),
            ("session_hours", 6),
            ("session_days", 6),
            ("counted_items", 5),
            ("client_discards", 6),
        ] {
            assert_eq!(count(&database, table, 1).await, left, "{table}");
            let of_all = if table == "transaction_figures" { 20 } else { 10 };
            assert_eq!(count(&database, table, 2).await, of_all, "{table}");
        }
    }

    #[tokio::test]
    async fn what_is_of_a_person_goes() {
        let (database, _folder) = filled(100..103).await;
        assert_eq!(remove_user(&database, 1, "other", 10).await.unwrap(), 0);
        assert_eq!(remove_user(&database, 1, "u", 2).await.unwrap(), 2);
        assert_eq!(remove_user(&database, 1, "u", 2).await.unwrap(), 1);
        for (project, left) in [(1, 0), (2, 3)] {
            assert_eq!(count(&database, "transactions", project).await, left);
            assert_eq!(count(&database, "spans", project).await, left);
        }
        assert_eq!(remove_person(&database, 1, "", 10).await.unwrap(), 0);
        assert_eq!(remove_person(&database, 1, "00000000000000f", 10).await.unwrap(), 9);
        assert_eq!(count(&database, "sessions", 1).await, 0);
        assert_eq!(
            count(&database, "session_hours", 1).await,
            3,
            "nobody can be told from it"
        );
        assert_eq!(count(&database, "session_days", 2).await, 3);
    }
}
