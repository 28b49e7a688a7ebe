//! Many issues at once: those that are meant, and what is done to them.

use super::change::{self, Change};
use super::merge::{self, Merged};
use super::state::Status;
use super::{moves, remove};
use crate::Error;
use crate::database::{Database, Query};

/// The most ids of one request.
pub(crate) const MAX_IDS: usize = 1000;
/// The most issues that a request without ids may change.
pub(crate) const MAX_ALL: usize = 10_000;

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum NotDone {
    /// In words for who asked.
    Wrong(&'static str),
    Failed(Error),
}

impl From<Error> for NotDone {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Id and project of these issues, or of all, that are in one of the projects; one more than may be changed.
pub(crate) async fn select(
    database: &Database,
    projects: &[i64],
    ids: &[i64],
    status: Option<Status>,
) -> Result<Vec<(i64, i64)>, Error> {
    let mut query = Query::new("SELECT id, project_id FROM issues WHERE ");
    query.bind_in("project_id", projects.iter().copied());
    if !ids.is_empty() {
        query.push(" AND ").bind_in("id", ids.iter().copied());
    }
    if let Some(status) = status {
        query.push(" AND status = ").bind(status.name());
    }
    let most = i64::try_from(MAX_ALL + 1).unwrap_or(i64::MAX);
    query.push(" ORDER BY id LIMIT ").bind(most);
    query.fetch_all(&database.read, "find issues").await
}

/// Changes issues, given with their projects, and merges them if that is wanted; their events follow, see [`finish`].
pub(crate) async fn apply(
    database: &Database,
    issues: &[(i64, i64)],
    change: &Change,
    actor: &str,
    now: i64,
) -> Result<Option<Merged>, NotDone> {
    let ids: Vec<i64> = issues.iter().map(|(id, _)| *id).collect();
    if change.status.is_some() || change.assigned_to.is_some() {
        change::apply(database, &ids, change, actor, now).await?;
    }
    if !change.merge {
        return Ok(None);
    }
    let first = issues.first().map(|(_, first)| first);
    if issues.iter().any(|(_, project)| Some(project) != first) {
        return Err(NotDone::Wrong("Issues of different projects cannot be merged"));
    }
    let merged = merge::merge(database, &ids, actor, now).await?;
    let merged = merged.ok_or(NotDone::Wrong("merge takes two issues or more"))?;
    Ok(Some(merged))
}

/// Waits until the events have followed of all that was merged or deleted. Nobody has to: they follow anyway, after a
/// while.
pub(crate) async fn finish(database: &Database) -> Result<(), Error> {
    moves::finish(database).await?;
    Ok(())
}

/// Deletes issues; their events follow, see [`finish`].
pub(crate) async fn delete(database: &Database, issues: &[(i64, i64)]) -> Result<(), Error> {
    let ids: Vec<i64> = issues.iter().map(|(id, _)| *id).collect();
    remove::issues(database, &ids).await
}
