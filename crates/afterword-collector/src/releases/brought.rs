//! Issues that releases brought, brought back, or had.

use serde_json::Value;

use super::summary::{MAX_REGRESSIONS, cut};
use crate::Error;
use crate::database::{Database, Query};
use crate::queries::{Issue, select_issue};

/// Issues whose first event came from a version, those with the most events first.
pub(crate) async fn new(database: &Database, projects: &[i64], version: &str, most: i64) -> Result<Vec<Issue>, Error> {
    let mut query = Query::new(select_issue!("WHERE "));
    query.bind_in("issues.project_id", projects.iter().copied());
    query.push(" AND first_release = ").bind(version);
    query
        .push(" ORDER BY event_count DESC, issues.id DESC LIMIT ")
        .bind(most);
    query.fetch_all(&database.read, "list new issues of a release").await
}

/// Issues that came back with a version, those that came back last first.
pub(crate) async fn regressed(
    database: &Database,
    projects: &[i64],
    version: &str,
    most: i64,
) -> Result<Vec<Issue>, Error> {
    let mut query = Query::new(
        "SELECT issue_id, detail FROM issue_activity JOIN issues ON issues.id = issue_id
         WHERE kind = 'set_regression' AND detail IS NOT NULL AND ",
    );
    query.bind_in("project_id", projects.iter().copied());
    query.push(" ORDER BY at DESC LIMIT ").bind(MAX_REGRESSIONS);
    let rows: Vec<(i64, String)> = query.fetch_all(&database.read, "list regressions").await?;
    let mut ids: Vec<i64> = Vec::new();
    for (id, detail) in rows {
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        let is_of_it = detail.get("version").and_then(Value::as_str) == Some(version);
        if is_of_it && !ids.contains(&id) {
            ids.push(id);
        }
        if i64::try_from(ids.len()).is_ok_and(|found| found >= most) {
            break;
        }
    }
    let mut query = Query::new(select_issue!("WHERE "));
    query.bind_in("issues.id", ids.iter().copied());
    let mut found: Vec<Issue> = query.fetch_all(&database.read, "read issues").await?;
    found.sort_by_key(|issue| ids.iter().position(|id| *id == issue.id));
    Ok(found)
}

/// Issues of one of two versions, or of both: how many, and those with the most events.
#[derive(Debug, Clone, Default)]
pub(crate) struct Had {
    pub(crate) count: i64,
    pub(crate) issues: Vec<Issue>,
}

/// Which issues events of two versions belong to: of the first alone, of the second alone, of both; so many of each are listed.
pub(crate) async fn of_two(
    database: &Database,
    projects: &[i64],
    [one, other]: [&str; 2],
    most: i64,
) -> Result<[Had; 3], Error> {
    let one = tags(database, projects, one).await?;
    let other = tags(database, projects, other).await?;
    Ok([
        had(database, &one, &other, false, most).await?,
        had(database, &other, &one, false, most).await?,
        had(database, &one, &other, true, most).await?,
    ])
}

/// The ids of the tag of a version, one a project.
async fn tags(database: &Database, projects: &[i64], version: &str) -> Result<Vec<i64>, Error> {
    let mut query = Query::new("SELECT id FROM tags WHERE key = 'release' AND value = ");
    query.bind(cut(version)).push(" AND ");
    query.bind_in("project_id", projects.iter().copied());
    let rows: Vec<(i64,)> = query.fetch_all(&database.read, "find the tag of a release").await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Issues with a tag of the first, and with (`also`) or without one of the second.
async fn had(database: &Database, first: &[i64], second: &[i64], also: bool, most: i64) -> Result<Had, Error> {
    let narrowed = |text: &str| {
        let mut query = Query::new(text);
        query.push("issues.id IN (SELECT issue_id FROM issue_tags WHERE ");
        query.bind_in("tag_id", first.iter().copied());
        query.push(if also {
            ") AND issues.id IN ("
        } else {
            ") AND issues.id NOT IN ("
        });
        query.push("SELECT issue_id FROM issue_tags WHERE ");
        query.bind_in("tag_id", second.iter().copied()).push(")");
        query
    };
    let counts: Vec<(i64,)> = narrowed("SELECT COUNT(*) FROM issues WHERE ")
        .fetch_all(&database.read, "count issues of releases")
        .await?;
    let mut query = narrowed(select_issue!("WHERE "));
    query
        .push(" ORDER BY event_count DESC, issues.id DESC LIMIT ")
        .bind(most);
    Ok(Had {
        count: counts.first().map_or(0, |(count,)| *count),
        issues: query.fetch_all(&database.read, "list issues of releases").await?,
    })
}
