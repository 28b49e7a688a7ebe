//! Issues that were resolved in the next release get it when it appears: the first that is newer than the newest then.

use std::collections::HashMap;

use serde_json::json;
use sqlx::AnyConnection;

use super::activity;
use super::state::{After, Detail};
use crate::Error;
use crate::database::Query;
use crate::error::OrFailed as _;
use crate::releases::order::{self, Dated};

/// So many of the releases made last are looked at for the newest.
const MAX_RELEASES: i64 = 1000;

/// The dates of releases that a project's organisation knows: when they were released, else first seen.
pub(crate) async fn dates(
    connection: &mut AnyConnection,
    project_id: i64,
    versions: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, i64>, Error> {
    let mut query = Query::new(
        "SELECT version, COALESCE(released_at, releases.created_at) AS at FROM releases
         JOIN projects ON projects.organization_id = releases.organization_id WHERE projects.id = ",
    );
    query.bind(project_id).push(" AND ").bind_in("version", versions);
    let rows: Vec<(String, i64)> = query.fetch_all_on(connection, "read dates of releases").await?;
    Ok(rows.into_iter().collect())
}

/// The newest release of a project with its date.
pub(crate) async fn newest(connection: &mut AnyConnection, project_id: i64) -> Result<Option<(String, i64)>, Error> {
    let mut releases: Vec<(String, i64)> = sqlx::query_as(
        "SELECT version, COALESCE(released_at, releases.created_at) AS at FROM release_projects
         JOIN releases ON releases.id = release_id WHERE project_id = $1 ORDER BY releases.id DESC LIMIT $2",
    )
    .bind(project_id)
    .bind(MAX_RELEASES)
    .fetch_all(connection)
    .await
    .or_failed("find the newest release")?;
    order::newest_first(&mut releases, |(version, at)| Dated { version, at: *at });
    Ok(releases.into_iter().next())
}

/// To be called when a project has releases that it may not have had before, by first sight or by the API: gives them to the
/// issues that wait for one.
pub(crate) async fn appeared(
    connection: &mut AnyConnection,
    project_id: i64,
    versions: &[&str],
    now: i64,
) -> Result<(), Error> {
    let waiting: Vec<(i64, Option<String>)> = sqlx::query_as(
        "SELECT issues.id, status_detail FROM issue_waits JOIN issues ON issues.id = issue_id
         WHERE issue_waits.project_id = $1 AND until IS NULL ORDER BY issues.id",
    )
    .bind(project_id)
    .fetch_all(&mut *connection)
    .await
    .or_failed("find issues that wait for a release")?;
    if waiting.is_empty() {
        return Ok(());
    }
    let dates = dates(connection, project_id, versions.iter().copied()).await?;
    let mut releases: Vec<Dated<'_>> = dates.iter().map(|(version, at)| Dated { version, at: *at }).collect();
    order::newest_first(&mut releases, |release| *release);
    for (issue_id, detail) in waiting {
        let detail = Detail::read(detail.as_deref());
        let after = detail.in_next_release.unwrap_or_default();
        // The oldest of those that are newer.
        let next = releases.iter().rev().find(|release| is_after(**release, &after));
        if let Some(next) = next {
            give(connection, issue_id, next.version, now).await?;
        }
    }
    Ok(())
}

fn is_after(release: Dated<'_>, after: &After) -> bool {
    let before = after.version.as_deref().map(|version| Dated { version, at: after.at });
    before.is_none_or(|before| order::is_newer(release, before))
}

async fn give(connection: &mut AnyConnection, issue_id: i64, version: &str, now: i64) -> Result<(), Error> {
    let operation = "give an issue the release in which it is resolved";
    let detail = Detail {
        in_release: Some(version.to_owned()),
        ..Detail::default()
    };
    sqlx::query("UPDATE issues SET status_detail = $1 WHERE id = $2 AND status = 'resolved'")
        .bind(detail.stored())
        .bind(issue_id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    sqlx::query("DELETE FROM issue_waits WHERE issue_id = $1")
        .bind(issue_id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    let new = activity::New {
        issue_id,
        kind: "set_resolved_in_release",
        actor: None,
        detail: json!({ "version": version }),
        at: now,
    };
    activity::note(connection, new).await?;
    Ok(())
}
