//! Projects that are being deleted, for who wants to know how far that is.

use sqlx::FromRow;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;

/// Events that are left are counted up to this.
pub(crate) const MAX_COUNTED: i64 = 10_001;

/// The most that are listed.
const MAX_ROWS: i64 = 50;

/// A project that was given up and is not gone yet.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Deletion {
    pub(crate) project_id: i64,
    pub(crate) organization_id: i64,
    pub(crate) name: String,
    pub(crate) asked_at: i64,
    /// At most [`MAX_COUNTED`].
    pub(crate) events_left: i64,
}

/// Those that are under way, the latest first.
pub(crate) async fn list(database: &Database) -> Result<Vec<Deletion>, Error> {
    sqlx::query_as(
        "SELECT deletions.project_id, organization_id, name, asked_at,
            (SELECT COUNT(*) FROM (SELECT 1 AS one FROM events WHERE events.project_id = deletions.project_id LIMIT $1) AS counted)
                AS events_left
         FROM deletions JOIN projects ON projects.id = deletions.project_id ORDER BY asked_at DESC LIMIT $2",
    )
    .bind(MAX_COUNTED)
    .bind(MAX_ROWS)
    .fetch_all(&database.read)
    .await
    .or_failed("list deletions")
}
