//! What became of an issue, in order, and who did it. The kinds are Sentry's.

use serde_json::{Value, json};
use sqlx::{AnyConnection, FromRow};

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::queries::PAGE;

/// The longest note, in characters.
pub(crate) const MAX_NOTE_CHARS: usize = 4096;

/// Something that became of an issue.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    pub(crate) issue_id: i64,
    /// `first_seen`, `set_resolved`, `set_regression`, `note`, …
    pub(crate) kind: &'static str,
    /// Who; `None`: it happened by itself.
    pub(crate) actor: Option<&'a str>,
    pub(crate) detail: Value,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
}

/// A row of it.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Activity {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) actor: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) at: i64,
}

/// Notes it; returns its id.
pub(crate) async fn note(connection: &mut AnyConnection, new: New<'_>) -> Result<i64, Error> {
    sqlx::query_scalar(
        "INSERT INTO issue_activity (issue_id, kind, actor, detail, at) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(new.issue_id)
    .bind(new.kind)
    .bind(new.actor)
    .bind(new.detail.to_string())
    .bind(new.at)
    .fetch_one(connection)
    .await
    .or_failed("note what became of an issue")
}

/// Adds what somebody writes about an issue; `None`, and nothing done, if that is nothing or too much.
pub(crate) async fn add_note(
    database: &Database,
    issue_id: i64,
    actor: &str,
    text: &str,
    now: i64,
) -> Result<Option<Activity>, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NOTE_CHARS {
        return Ok(None);
    }
    let detail = json!({ "text": text });
    let mut connection = database.write.acquire().await.or_failed("add a note")?;
    let new = New {
        issue_id,
        kind: "note",
        actor: Some(actor),
        detail: detail.clone(),
        at: now,
    };
    let id = note(&mut connection, new).await?;
    Ok(Some(Activity {
        id,
        kind: "note".to_owned(),
        actor: Some(actor.to_owned()),
        detail: Some(detail.to_string()),
        at: now,
    }))
}

/// What became of an issue, the latest first; at most [`PAGE`].
pub(crate) async fn of(database: &Database, issue_id: i64) -> Result<Vec<Activity>, Error> {
    sqlx::query_as(
        "SELECT id, kind, actor, detail, at FROM issue_activity WHERE issue_id = $1 ORDER BY at DESC, id DESC LIMIT $2",
    )
    .bind(issue_id)
    .bind(PAGE)
    .fetch_all(&database.read)
    .await
    .or_failed("read what became of an issue")
}
