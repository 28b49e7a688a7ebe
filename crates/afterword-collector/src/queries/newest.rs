//! What arrived last, for whoever waits for it.

use sqlx::FromRow;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;

/// The newest event of a project, with its issue.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Newest {
    pub(crate) issue_id: i64,
    pub(crate) title: String,
    pub(crate) culprit: String,
    pub(crate) signature: Option<String>,
    pub(crate) level: String,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) received_at: i64,
}

/// The newest event of a project.
pub(crate) async fn newest(database: &Database, project_id: i64) -> Result<Option<Newest>, Error> {
    sqlx::query_as(
        "SELECT issue_id, events.title, culprit, signature, events.level, events.release, environment, received_at
         FROM events JOIN issues ON issues.id = issue_id WHERE events.project_id = $1
         ORDER BY occurred_at DESC, events.id DESC LIMIT 1",
    )
    .bind(project_id)
    .fetch_optional(&database.read)
    .await
    .or_failed("look for the newest event")
}
