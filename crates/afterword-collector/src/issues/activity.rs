//! What became of an issue, in order, and who did it. The kinds are Sentry's.

use serde_json::Value;
use sqlx::{AnyConnection, FromRow};

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::queries::PAGE;

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
#[derive(Debug, FromRow)]
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
