//! An event that is there already and was digested again: its row, its issue and what it is found by.
//!
//! It is taken out of its issue and put into the one that it belongs to now, which may be the same. Where its key is new and
//! its issue was made for one key only, the issue gets the new key: it keeps its number and what people decided about it. An
//! issue that nothing is left of is removed.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::counts::{Counts, HOUR_MS};
use super::events::{self, New};
use super::issues::{self, Place, Stored};
use super::{Caches, Written};
use crate::Error;
use crate::digest::row::EventRow;
use crate::error::OrFailed as _;
use crate::queries::StoredEvent;

const OPERATION: &str = "move an event";

/// Everything that belongs to an issue.
const OF_ISSUES: [&str; 6] = [
    "issue_groups",
    "issue_users",
    "issue_hours",
    "issue_tags",
    "issue_activity",
    "issue_waits",
];

/// Writes `row` in the place of what was stored. `true` if the event is in another issue now.
pub(in crate::digest) async fn replace(
    connection: &mut AnyConnection,
    stored: &StoredEvent,
    row: &EventRow,
    caches: &Caches,
) -> Result<bool, Error> {
    let new = New {
        project_id: stored.project_id,
        received_at: stored.received_at,
        row,
    };
    let place = place(connection, stored, &new).await?;
    take_out(connection, stored, place.issue_id, row.user_key.as_deref()).await?;

    // What a failed transaction wrote is not remembered, so nothing of it is.
    let mut written = Written::default();
    let news = [new];
    let tags = events::tags(connection, &news, caches, &mut written).await?;
    sqlx::query(
        "UPDATE events SET issue_id = $1, group_id = $2, title = $3, level = $4, platform = $5, tags = $6 WHERE id = $7",
    )
    .bind(place.issue_id)
    .bind(place.group_id)
    .bind(&row.title)
    .bind(&row.level)
    .bind(&row.platform)
    .bind(events::tag_ids(&new, &tags))
    .bind(stored.id)
    .execute(&mut *connection)
    .await
    .or_failed(OPERATION)?;
    sqlx::query("UPDATE event_bodies SET processed = $1 WHERE event_row = $2")
        .bind(row.processed.as_deref())
        .bind(stored.id)
        .execute(&mut *connection)
        .await
        .or_failed(OPERATION)?;

    let put = Stored {
        project_id: stored.project_id,
        row,
        place,
    };
    let mut counts = Counts::default();
    events::index(
        connection,
        &[(stored.id, put)],
        &tags,
        caches,
        &mut written,
        &mut counts,
    )
    .await?;
    counts.without_accepted().write(connection).await?;
    issues::count(connection, &[put], caches, &mut written).await?;
    remove_if_empty(connection, stored.issue_id).await?;
    Ok(place.issue_id != stored.issue_id)
}

/// The issue it belongs to now.
async fn place(connection: &mut AnyConnection, stored: &StoredEvent, new: &New<'_>) -> Result<Place, Error> {
    let key = (new.project_id, new.row.grouping.key.clone());
    let known: Option<i64> =
        sqlx::query_scalar("SELECT issue_id FROM issue_groups WHERE project_id = $1 AND group_key = $2")
            .bind(key.0)
            .bind(&key.1)
            .fetch_optional(&mut *connection)
            .await
            .or_failed(OPERATION)?;
    if known.is_none() {
        give_key(connection, stored, new.row).await?;
    }
    let places = issues::places(connection, std::slice::from_ref(new)).await?;
    places.get(&key).copied().ok_or(Error::Database {
        operation: OPERATION,
        source: sqlx::Error::RowNotFound,
    })
}

/// Gives the event's issue the key, if it has been made for one key only.
async fn give_key(connection: &mut AnyConnection, stored: &StoredEvent, row: &EventRow) -> Result<(), Error> {
    let keys: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM issue_groups WHERE issue_id = $1")
        .bind(stored.issue_id)
        .fetch_one(&mut *connection)
        .await
        .or_failed(OPERATION)?;
    if keys != 1 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO issue_groups (project_id, group_key, issue_id, grouped_by, why) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(stored.project_id)
    .bind(&row.grouping.key)
    .bind(stored.issue_id)
    .bind(row.grouping.by)
    .bind(&row.grouping.why)
    .execute(&mut *connection)
    .await
    .or_failed(OPERATION)?;
    sqlx::query("UPDATE issues SET signature = $1, grouped_by = $2 WHERE id = $3")
        .bind(row.grouping.signature.as_deref())
        .bind(row.grouping.by)
        .bind(stored.issue_id)
        .execute(connection)
        .await
        .or_failed(OPERATION)?;
    Ok(())
}

/// Takes the event out of the counts and the index that it is in.
async fn take_out(
    connection: &mut AnyConnection,
    stored: &StoredEvent,
    goes_to: i64,
    user_key: Option<&str>,
) -> Result<(), Error> {
    let hour = stored.occurred_at.div_euclid(HOUR_MS);
    // Whatever an event is found by, its issue is, too: the index of events is by tag, and has millions of rows.
    sqlx::query(
        "UPDATE tag_hours SET events = events - 1 WHERE hour = $1 AND tag_id IN (
            SELECT event_tags.tag_id FROM issue_tags
            JOIN event_tags ON event_tags.tag_id = issue_tags.tag_id AND event_row = $2
            JOIN tags ON tags.id = event_tags.tag_id WHERE issue_tags.issue_id = $3 AND key <> '')",
    )
    .bind(hour)
    .bind(stored.id)
    .bind(stored.issue_id)
    .execute(&mut *connection)
    .await
    .or_failed(OPERATION)?;
    sqlx::query(
        "DELETE FROM event_tags WHERE event_row = $1 AND tag_id IN (SELECT tag_id FROM issue_tags WHERE issue_id = $2)",
    )
    .bind(stored.id)
    .bind(stored.issue_id)
    .execute(&mut *connection)
    .await
    .or_failed(OPERATION)?;
    sqlx::query("UPDATE issue_hours SET events = events - 1 WHERE issue_id = $1 AND hour = $2")
        .bind(stored.issue_id)
        .bind(hour)
        .execute(&mut *connection)
        .await
        .or_failed(OPERATION)?;
    sqlx::query("UPDATE issues SET event_count = event_count - 1 WHERE id = $1")
        .bind(stored.issue_id)
        .execute(&mut *connection)
        .await
        .or_failed(OPERATION)?;
    if goes_to == stored.issue_id {
        return Ok(());
    }
    // A user who is affected by other events of the issue stays one of its users.
    let gone = sqlx::query(
        "DELETE FROM issue_users WHERE issue_id = $1 AND user_key = $2
            AND NOT EXISTS (SELECT 1 FROM events WHERE issue_id = $1 AND user_key = $2 AND id <> $3)",
    )
    .bind(stored.issue_id)
    .bind(user_key)
    .bind(stored.id)
    .execute(&mut *connection)
    .await
    .or_failed(OPERATION)?;
    sqlx::query("UPDATE issues SET user_count = user_count - $1 WHERE id = $2")
        .bind(i64::try_from(gone.rows_affected()).unwrap_or(0))
        .bind(stored.issue_id)
        .execute(connection)
        .await
        .or_failed(OPERATION)?;
    Ok(())
}

async fn remove_if_empty(connection: &mut AnyConnection, issue_id: i64) -> Result<(), Error> {
    let removed = sqlx::query("DELETE FROM issues WHERE id = $1 AND event_count <= 0")
        .bind(issue_id)
        .execute(&mut *connection)
        .await
        .or_failed(OPERATION)?;
    if removed.rows_affected() == 0 {
        return Ok(());
    }
    for table in OF_ISSUES {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE issue_id = $1")))
            .bind(issue_id)
            .execute(&mut *connection)
            .await
            .or_failed(OPERATION)?;
    }
    Ok(())
}
