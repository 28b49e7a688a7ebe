//! Writing what an envelope holds. All within one transaction; every row has a natural key, so that writing it again
//! changes nothing.

pub(super) mod health;
pub(super) mod traces;

use sqlx::SqliteConnection;

use super::items::{AttachmentMeta, NewEvent, NewFeedback, Undigested};
use crate::Error;
use crate::blobs::sha256_hex;
use crate::error::OrFailed as _;
use crate::inbox::Claimed;

/// Writes an event into its issue. One whose id is there already changes nothing.
pub(super) async fn event(connection: &mut SqliteConnection, claimed: &Claimed, new: &NewEvent) -> Result<(), Error> {
    let operation = "write an event";
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM events WHERE project_id = $1 AND event_id = $2")
        .bind(claimed.project_id)
        .bind(&new.event_id)
        .fetch_optional(&mut *connection)
        .await
        .or_failed(operation)?;
    if known.is_some() {
        return Ok(());
    }
    let issue_id = issue(connection, claimed, new).await?;
    sqlx::query(
        "INSERT INTO events (project_id, event_id, issue_id, title, level, release, environment, user_key, occurred_at, received_at, raw)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(claimed.project_id)
    .bind(&new.event_id)
    .bind(issue_id)
    .bind(new.event.title())
    .bind(&new.event.level)
    .bind(&new.event.release)
    .bind(&new.event.environment)
    .bind(new.event.user_key().map(|key| sha256_hex(key.as_bytes())))
    .bind(new.occurred_at)
    .bind(claimed.received_at)
    .bind(&new.raw)
    .execute(connection)
    .await
    .or_failed(operation)?;
    Ok(())
}

/// Counts an event into its issue, which is made if this is its first, and described by its newest. Returns its id.
async fn issue(connection: &mut SqliteConnection, claimed: &Claimed, new: &NewEvent) -> Result<i64, Error> {
    let operation = "count an event into its issue";
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM issues WHERE project_id = $1 AND group_key = $2")
        .bind(claimed.project_id)
        .bind(&new.grouping.key)
        .fetch_optional(&mut *connection)
        .await
        .or_failed(operation)?;
    let id = match known {
        Some(id) => id,
        None => make_issue(connection, claimed, new).await?,
    };
    let (event, exception) = (&new.event, new.event.exception());
    let top = event.top_frame();
    // The first comparison is with the value before this update: an event that came late does not describe the issue.
    sqlx::query(
        "UPDATE issues SET
            title = CASE WHEN $1 >= last_seen THEN $2 ELSE title END,
            culprit = CASE WHEN $1 >= last_seen THEN $3 ELSE culprit END,
            level = CASE WHEN $1 >= last_seen THEN $4 ELSE level END,
            type = CASE WHEN $1 >= last_seen THEN $5 ELSE type END,
            value = CASE WHEN $1 >= last_seen THEN $6 ELSE value END,
            function = CASE WHEN $1 >= last_seen THEN $7 ELSE function END,
            filename = CASE WHEN $1 >= last_seen THEN $8 ELSE filename END,
            release = CASE WHEN $1 >= last_seen THEN $9 ELSE release END,
            event_count = event_count + 1,
            first_seen = MIN(first_seen, $1),
            last_seen = MAX(last_seen, $1)
         WHERE id = $10",
    )
    .bind(new.occurred_at)
    .bind(event.title())
    .bind(event.culprit())
    .bind(&event.level)
    .bind(exception.and_then(|exception| exception.kind.as_deref()))
    .bind(
        exception
            .and_then(|exception| exception.value.as_deref())
            .or(event.message.as_deref()),
    )
    .bind(top.and_then(|frame| frame.short_name()))
    .bind(top.and_then(|frame| frame.file.as_deref()))
    .bind(&event.release)
    .bind(id)
    .execute(connection)
    .await
    .or_failed(operation)?;
    Ok(id)
}

async fn make_issue(connection: &mut SqliteConnection, claimed: &Claimed, new: &NewEvent) -> Result<i64, Error> {
    let operation = "make an issue";
    let number: i64 =
        sqlx::query_scalar("UPDATE projects SET issues_made = issues_made + 1 WHERE id = $1 RETURNING issues_made")
            .bind(claimed.project_id)
            .fetch_one(&mut *connection)
            .await
            .or_failed(operation)?;
    sqlx::query_scalar(
        "INSERT INTO issues (project_id, number, group_key, grouped_by, title, culprit, signature, level, platform,
            event_count, first_seen, last_seen)
         VALUES ($1, $2, $3, $4, '', '', $5, $6, $7, 0, $8, $8) RETURNING id",
    )
    .bind(claimed.project_id)
    .bind(number)
    .bind(&new.grouping.key)
    .bind(new.grouping.by)
    .bind(&new.grouping.signature)
    .bind(&new.event.level)
    .bind(&new.event.platform)
    .bind(new.occurred_at)
    .fetch_one(connection)
    .await
    .or_failed(operation)
}

/// Writes an attachment whose bytes are a blob already.
pub(super) async fn attachment(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
    meta: &AttachmentMeta,
    sha256: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO attachments (project_id, event_id, name, kind, content_type, size_bytes, sha256, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(claimed.project_id)
    .bind(&meta.event_id)
    .bind(&meta.name)
    .bind(&meta.kind)
    .bind(&meta.content_type)
    .bind(meta.size_bytes)
    .bind(sha256)
    .bind(claimed.received_at)
    .execute(connection)
    .await
    .or_failed("write an attachment")?;
    Ok(())
}

/// Writes what a person wrote.
pub(super) async fn feedback(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
    feedback: &NewFeedback,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO feedback (project_id, feedback_id, event_id, message, email, name, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    )
    .bind(claimed.project_id)
    .bind(&feedback.feedback_id)
    .bind(&feedback.event_id)
    .bind(&feedback.message)
    .bind(&feedback.email)
    .bind(&feedback.name)
    .bind(claimed.received_at)
    .execute(connection)
    .await
    .or_failed("write feedback")?;
    Ok(())
}

/// Counts items of which nothing is made.
pub(super) async fn undigested(
    connection: &mut SqliteConnection,
    claimed: &Claimed,
    kind: &str,
    count: &Undigested,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO undigested_items (project_id, kind, items, bytes, reason) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, kind) DO UPDATE SET items = undigested_items.items + excluded.items,
            bytes = undigested_items.bytes + excluded.bytes,
            reason = COALESCE(excluded.reason, undigested_items.reason)",
    )
    .bind(claimed.project_id)
    .bind(kind)
    .bind(count.items)
    .bind(count.bytes)
    .bind(&count.reason)
    .execute(connection)
    .await
    .or_failed("count items")?;
    Ok(())
}
