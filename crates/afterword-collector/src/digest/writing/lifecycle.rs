//! What the events of a batch do to their issues: new ones are noted and counted for their release, resolved and ignored
//! ones may come back. Within the transaction that writes the events, after they are counted and their releases are known.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use sqlx::AnyConnection;

use super::{Caches, Touched, Written};
use crate::Error;
use crate::database::Query;
use crate::error::OrFailed as _;
use crate::issues::activity;
use crate::issues::next_release;
use crate::issues::state::{Detail, Status};
use crate::issues::turn::{Now, Turn, turn};
use crate::releases::order::Dated;

/// No more events of a window are counted.
const MAX_IN_WINDOW: i64 = 100_000;

/// Lets the events of a batch have their effect. `caches` knows which releases are not new. Returns the issues that came back,
/// with what was noted of that.
pub(super) async fn after(
    connection: &mut AnyConnection,
    written: &Written,
    caches: &Caches,
    now: i64,
) -> Result<BTreeMap<i64, i64>, Error> {
    let mut appeared: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for (project_id, version) in &written.releases {
        if !caches.has_release(*project_id, version) {
            appeared.entry(*project_id).or_default().push(version);
        }
    }
    for (project_id, versions) in appeared {
        next_release::appeared(connection, project_id, &versions, now).await?;
    }
    let (new, known): (Vec<&Touched>, Vec<&Touched>) = written.touched.iter().partition(|touched| touched.is_new);
    if !new.is_empty() {
        first_seen(connection, &new).await?;
    }
    if known.is_empty() {
        return Ok(BTreeMap::new());
    }
    turns(connection, &known, now).await
}

async fn first_seen(connection: &mut AnyConnection, new: &[&Touched]) -> Result<(), Error> {
    let operation = "note new issues";
    let mut query = Query::new("SELECT id, project_id, first_seen, first_release FROM issues WHERE ");
    query
        .bind_in("id", new.iter().map(|touched| touched.issue_id))
        .push(" ORDER BY id");
    let rows: Vec<(i64, i64, i64, Option<String>)> = query.fetch_all_on(connection, operation).await?;
    let mut of_releases: BTreeMap<(i64, String), i64> = BTreeMap::new();
    for (issue_id, project_id, first_seen, release) in rows {
        let new = activity::New {
            issue_id,
            kind: "first_seen",
            actor: None,
            detail: json!({ "version": release }),
            at: first_seen,
        };
        activity::note(connection, new).await?;
        if let Some(release) = release {
            *of_releases.entry((project_id, release)).or_default() += 1;
        }
    }
    for ((project_id, version), count) in of_releases {
        sqlx::query(
            "UPDATE release_projects SET new_issues = new_issues + $1 WHERE project_id = $2 AND release_id =
                (SELECT releases.id FROM releases JOIN projects ON projects.organization_id = releases.organization_id
                 WHERE projects.id = $2 AND version = $3)",
        )
        .bind(count)
        .bind(project_id)
        .bind(version)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    }
    Ok(())
}

/// An issue that is not open: id, project, status, since when, details, events, users.
type Row = (i64, i64, String, i64, Option<String>, i64, i64);

async fn turns(connection: &mut AnyConnection, known: &[&Touched], now: i64) -> Result<BTreeMap<i64, i64>, Error> {
    let mut regressions = BTreeMap::new();
    let mut query = Query::new(
        "SELECT id, project_id, status, status_at, status_detail, event_count, user_count FROM issues
         WHERE status <> 'unresolved' AND ",
    );
    query
        .bind_in("id", known.iter().map(|touched| touched.issue_id))
        .push(" ORDER BY id");
    let rows: Vec<Row> = query
        .fetch_all_on(connection, "look for issues that are not open")
        .await?;
    if rows.is_empty() {
        return Ok(regressions);
    }
    let by_id: HashMap<i64, &Touched> = known.iter().map(|touched| (touched.issue_id, *touched)).collect();
    for (issue_id, project_id, status, status_at, detail, events, users) in rows {
        let (Some(touched), Some(status)) = (by_id.get(&issue_id), Status::parse(&status)) else {
            continue;
        };
        let detail = Detail::read(detail.as_deref());
        let versions = touched.releases.iter().chain(&detail.in_release).map(String::as_str);
        let dates = next_release::dates(connection, project_id, versions).await?;
        let dated = |version| Dated {
            version,
            at: dates.get(version).copied().unwrap_or(i64::MAX),
        };
        let mut issue = Now {
            status,
            status_at,
            detail: &detail,
            events,
            users,
            events_in_window: 0,
            users_in_window: 0,
            newest_at: touched.newest_at,
            releases: touched.releases.iter().map(|version| dated(version.as_str())).collect(),
            resolved_in: detail.in_release.as_deref().map(dated),
            now,
        };
        if let Some(minutes) = detail.window {
            let since = Detail::window_start(minutes, status_at, now);
            issue.events_in_window = in_window(connection, issue_id, since, "id").await?;
        }
        if let Some(minutes) = detail.user_window {
            let since = Detail::window_start(minutes, status_at, now);
            issue.users_in_window = in_window(connection, issue_id, since, "user_key").await?;
        }
        if let Some(turn) = turn(&issue) {
            let noted = reopen(connection, issue_id, &turn, &detail, now).await?;
            if matches!(turn, Turn::Regressed { .. }) {
                regressions.insert(issue_id, noted);
            }
        }
    }
    Ok(regressions)
}

/// How many different values of a column the events after a moment have.
async fn in_window(
    connection: &mut AnyConnection,
    issue_id: i64,
    since: i64,
    column: &'static str,
) -> Result<i64, Error> {
    let mut query = Query::new(format!(
        "SELECT COUNT(DISTINCT {column}) AS distinct_values FROM
            (SELECT {column} FROM events WHERE issue_id = "
    ));
    query.bind(issue_id).push(" AND occurred_at > ").bind(since);
    query
        .push(" ORDER BY occurred_at DESC LIMIT ")
        .bind(MAX_IN_WINDOW)
        .push(") AS latest");
    let rows: Vec<(i64,)> = query.fetch_all_on(connection, "count events in a window").await?;
    Ok(rows.first().map_or(0, |(count,)| *count))
}

async fn reopen(
    connection: &mut AnyConnection,
    issue_id: i64,
    turn: &Turn,
    was: &Detail,
    now: i64,
) -> Result<i64, Error> {
    let (substatus, kind, detail) = match turn {
        Turn::Regressed { release } => (
            "regressed",
            "set_regression",
            json!({ "version": release, "resolvedInVersion": was.in_release }),
        ),
        Turn::Escalated { because } => ("escalating", "set_escalating", json!({ "because": because })),
    };
    sqlx::query(
        "UPDATE issues SET status = 'unresolved', substatus = $1, status_at = $2, status_detail = NULL WHERE id = $3",
    )
    .bind(substatus)
    .bind(now)
    .bind(issue_id)
    .execute(&mut *connection)
    .await
    .or_failed("open an issue again")?;
    sqlx::query("DELETE FROM issue_waits WHERE issue_id = $1")
        .bind(issue_id)
        .execute(&mut *connection)
        .await
        .or_failed("open an issue again")?;
    let new = activity::New {
        issue_id,
        kind,
        actor: None,
        detail,
        at: now,
    };
    activity::note(connection, new).await
}
