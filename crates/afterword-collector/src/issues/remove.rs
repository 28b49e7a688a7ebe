//! An issue is deleted with its events and all that belongs to them. The bytes of attachments are left to whoever removes
//! blobs that no row names: the same bytes may be on their way in with another event.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::{counts, moves};
use crate::Error;
use crate::database::{Database, Query, chunks, placeholders};
use crate::digest::rows_change;
use crate::error::OrFailed as _;

const HOUR_MS: i64 = 3_600_000;

/// Deletes issues. Their events follow, see [`moves::finish`]; later events with the same in common make new issues.
pub(crate) async fn issues(database: &Database, ids: &[i64]) -> Result<(), Error> {
    let operation = "delete issues";
    for id in ids {
        let mut transaction = database.write.begin().await.or_failed(operation)?;
        rows_change(&mut transaction).await?;
        for text in [
            "DELETE FROM issue_groups WHERE issue_id = $1",
            "DELETE FROM issue_activity WHERE issue_id = $1",
            "DELETE FROM issue_waits WHERE issue_id = $1",
            "DELETE FROM issue_users WHERE issue_id = $1",
            "DELETE FROM issue_hours WHERE issue_id = $1",
            "DELETE FROM alert_deliveries WHERE firing_id IN (SELECT id FROM alert_firings WHERE issue_id = $1)",
            "DELETE FROM alert_firings WHERE issue_id = $1",
            "DELETE FROM issues WHERE id = $1",
        ] {
            counts::run(&mut transaction, text, &[*id], operation).await?;
        }
        // Its tags are needed to find what its events are found by.
        moves::begin(&mut transaction, *id, 0, None).await?;
        transaction.commit().await.or_failed(operation)?;
    }
    Ok(())
}

/// To be called when none of the events of a deleted issue is left.
pub(super) async fn last(connection: &mut AnyConnection, issue_id: i64) -> Result<(), Error> {
    counts::run(
        connection,
        "DELETE FROM issue_tags WHERE issue_id = $1",
        &[issue_id],
        "delete an issue",
    )
    .await
}

#[derive(Debug, FromRow)]
struct Event {
    id: i64,
    project_id: i64,
    event_id: String,
    tags: String,
    occurred_at: i64,
}

/// Deletes events of an issue, by their rows: with their payloads, what they are found by, and the files and the feedback
/// that belong to them. Counts of the issue stay as they are.
pub(crate) async fn events(connection: &mut AnyConnection, issue_id: i64, rows: &[i64]) -> Result<(), Error> {
    let operation = "delete events";
    let mut query = Query::new("SELECT id, project_id, event_id, tags, occurred_at FROM events WHERE ");
    query.bind_in("id", rows.iter().copied());
    let events: Vec<Event> = query.fetch_all_on(connection, operation).await?;
    index(connection, issue_id, &events).await?;
    let mut of_projects: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for event in &events {
        of_projects.entry(event.project_id).or_default().push(&event.event_id);
    }
    for (project_id, ids) in of_projects {
        for table in ["attachments", "feedback"] {
            let mut query = Query::new(format!("DELETE FROM {table} WHERE project_id = "));
            query
                .bind(project_id)
                .push(" AND ")
                .bind_in("event_id", ids.iter().copied());
            query.execute_on(connection, operation).await?;
        }
    }
    for (table, column) in [
        ("event_bodies", "event_row"),
        ("missing_symbol_events", "event_row"),
        ("digest_again", "event_row"),
        ("events", "id"),
    ] {
        let mut query = Query::new(format!("DELETE FROM {table} WHERE "));
        query.bind_in(column, events.iter().map(|event| event.id));
        query.execute_on(connection, operation).await?;
    }
    Ok(())
}

/// What they are found by, and what is counted of that by the hour.
async fn index(connection: &mut AnyConnection, issue_id: i64, events: &[Event]) -> Result<(), Error> {
    let operation = "delete what events are found by";
    let mut of_tags: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut hours: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for event in events {
        let tags: Vec<i64> = serde_json::from_str(&event.tags).unwrap_or_default();
        for tag_id in tags {
            of_tags.entry(tag_id).or_default().push(event.id);
            *hours
                .entry((tag_id, event.occurred_at.div_euclid(HOUR_MS)))
                .or_default() += 1;
        }
    }
    // Words are not listed in the row: those that the issue has are tried.
    let words: Vec<i64> = sqlx::query_scalar(
        "SELECT tag_id FROM issue_tags JOIN tags ON tags.id = tag_id WHERE issue_id = $1 AND key = ''",
    )
    .bind(issue_id)
    .fetch_all(&mut *connection)
    .await
    .or_failed(operation)?;
    for word in words {
        of_tags.insert(word, events.iter().map(|event| event.id).collect());
    }
    for (tag_id, rows) in of_tags {
        let mut query = Query::new("DELETE FROM event_tags WHERE tag_id = ");
        query.bind(tag_id).push(" AND ").bind_in("event_row", rows);
        query.execute_on(connection, operation).await?;
    }
    let hours: Vec<((i64, i64), i64)> = hours.into_iter().collect();
    for rows in chunks(&hours, 3) {
        let text = format!(
            "INSERT INTO tag_hours (tag_id, hour, events) VALUES {}
             ON CONFLICT (tag_id, hour) DO UPDATE SET events = tag_hours.events + excluded.events",
            placeholders(connection, rows.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((tag_id, hour), events) in rows {
            query = query.bind(*tag_id).bind(*hour).bind(-events);
        }
        query.execute(&mut *connection).await.or_failed(operation)?;
    }
    Ok(())
}
