//! What puts events into an issue: one group as they come, several once issues were merged.

use serde_json::Value;
use sqlx::FromRow;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::queries::PAGE;

/// One of them.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Group {
    pub(crate) id: i64,
    pub(crate) group_key: String,
    pub(crate) grouped_by: String,
    why: String,
}

impl Group {
    /// Rule, words and parts.
    pub(crate) fn why(&self) -> Value {
        serde_json::from_str(&self.why).unwrap_or(Value::Null)
    }
}

/// The groups of an issue, the oldest first; at most [`PAGE`].
pub(crate) async fn of(database: &Database, issue_id: i64) -> Result<Vec<Group>, Error> {
    sqlx::query_as("SELECT id, group_key, grouped_by, why FROM issue_groups WHERE issue_id = $1 ORDER BY id LIMIT $2")
        .bind(issue_id)
        .bind(PAGE)
        .fetch_all(&database.read)
        .await
        .or_failed("read the groups of an issue")
}

/// The group of an event.
pub(crate) async fn of_event(database: &Database, project_id: i64, event_id: &str) -> Result<Option<Group>, Error> {
    sqlx::query_as(
        "SELECT issue_groups.id AS id, group_key, grouped_by, why FROM events
         JOIN issue_groups ON issue_groups.id = group_id WHERE events.project_id = $1 AND event_id = $2",
    )
    .bind(project_id)
    .bind(event_id)
    .fetch_optional(&database.read)
    .await
    .or_failed("read the group of an event")
}
