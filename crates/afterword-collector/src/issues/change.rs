//! What people do to issues: resolve, ignore, open again, assign.

mod wanted;

use std::collections::HashMap;

use serde_json::{Value, json};
use sqlx::{AnyConnection, FromRow};

use super::state::{After, Detail, Status};
use super::{MINUTE_MS, activity, next_release};
use crate::Error;
use crate::database::{Database, Dialect, Query};
use crate::error::OrFailed as _;

pub(crate) use wanted::{Change, Wanted};

/// The most issues that are changed in one transaction.
pub(crate) const MAX_AT_ONCE: usize = 500;

#[derive(Debug, FromRow)]
struct Row {
    id: i64,
    project_id: i64,
    status: String,
    substatus: String,
    status_detail: Option<String>,
    assigned_to: Option<String>,
    event_count: i64,
    user_count: i64,
}

/// Applies a change to issues, of which those that are gone are passed over.
pub(crate) async fn apply(
    database: &Database,
    ids: &[i64],
    change: &Change,
    actor: &str,
    now: i64,
) -> Result<(), Error> {
    let operation = "change issues";
    for ids in ids.chunks(MAX_AT_ONCE) {
        let mut transaction = database.write.begin().await.or_failed(operation)?;
        let mut query = Query::new(
            "SELECT id, project_id, status, substatus, status_detail, assigned_to, event_count, user_count FROM issues
             WHERE ",
        );
        query.bind_in("id", ids.iter().copied()).push(" ORDER BY id");
        if database.dialect == Dialect::Postgres {
            query.push(" FOR UPDATE");
        }
        let rows: Vec<Row> = query.fetch_all_on(&mut transaction, operation).await?;
        let mut newest = Newest::default();
        for row in rows {
            one(&mut transaction, &row, change, actor, now, &mut newest).await?;
        }
        transaction.commit().await.or_failed(operation)?;
    }
    Ok(())
}

/// The newest releases of projects that were asked for.
#[derive(Debug, Default)]
struct Newest(HashMap<i64, Option<(String, i64)>>);

impl Newest {
    async fn of(&mut self, connection: &mut AnyConnection, project_id: i64) -> Result<Option<(String, i64)>, Error> {
        if let Some(known) = self.0.get(&project_id) {
            return Ok(known.clone());
        }
        let newest = next_release::newest(connection, project_id).await?;
        self.0.insert(project_id, newest.clone());
        Ok(newest)
    }
}

async fn one(
    connection: &mut AnyConnection,
    row: &Row,
    change: &Change,
    actor: &str,
    now: i64,
    newest: &mut Newest,
) -> Result<(), Error> {
    let noted = |kind, detail| activity::New {
        issue_id: row.id,
        kind,
        actor: Some(actor),
        detail,
        at: now,
    };
    if let Some(wanted) = &change.status {
        let (status, detail, kind, data) = outcome(connection, row, wanted, now, newest).await?;
        let stored = detail.stored();
        if status.name() != row.status || stored != row.status_detail {
            write_status(connection, row, status, &detail, now).await?;
            activity::note(connection, noted(kind, data)).await?;
        }
    }
    if let Some(assigned_to) = &change.assigned_to
        && *assigned_to != row.assigned_to
    {
        sqlx::query("UPDATE issues SET assigned_to = $1 WHERE id = $2")
            .bind(assigned_to.as_deref())
            .bind(row.id)
            .execute(&mut *connection)
            .await
            .or_failed("assign an issue")?;
        let new = match assigned_to {
            Some(assignee) => noted("assigned", json!({ "assignee": assignee })),
            None => noted("unassigned", json!({})),
        };
        activity::note(connection, new).await?;
    }
    Ok(())
}

/// Status, its details, and how that is noted.
async fn outcome(
    connection: &mut AnyConnection,
    row: &Row,
    wanted: &Wanted,
    now: i64,
    newest: &mut Newest,
) -> Result<(Status, Detail, &'static str, Value), Error> {
    let resolved_in = |version: String| {
        let data = json!({ "version": version });
        let detail = Detail {
            in_release: Some(version),
            ..Detail::default()
        };
        (Status::Resolved, detail, "set_resolved_in_release", data)
    };
    Ok(match wanted {
        Wanted::Unresolved => (Status::Unresolved, Detail::default(), "set_unresolved", json!({})),
        Wanted::Resolved => (Status::Resolved, Detail::default(), "set_resolved", json!({})),
        Wanted::InRelease(version) => resolved_in(version.clone()),
        Wanted::InLatestRelease => match newest.of(connection, row.project_id).await? {
            Some((version, _)) => resolved_in(version),
            None => (Status::Resolved, Detail::default(), "set_resolved", json!({})),
        },
        Wanted::InNextRelease => {
            let newest = newest.of(connection, row.project_id).await?;
            let after = newest.map(|(version, at)| After {
                version: Some(version),
                at,
            });
            let data = json!({ "version": null, "inNextRelease": true });
            let detail = Detail {
                in_next_release: Some(after.unwrap_or_default()),
                ..Detail::default()
            };
            (Status::Resolved, detail, "set_resolved_in_release", data)
        }
        Wanted::Ignored { conditions, minutes } => {
            let mut detail = conditions.clone();
            if detail.count.is_some() || detail.user_count.is_some() {
                detail.base_events = row.event_count;
                detail.base_users = row.user_count;
            }
            if let Some(minutes) = minutes {
                detail.until = Some(now.saturating_add(minutes.saturating_mul(MINUTE_MS)));
            }
            let data = detail.shown();
            (Status::Ignored, detail, "set_ignored", data)
        }
    })
}

async fn write_status(
    connection: &mut AnyConnection,
    row: &Row,
    status: Status,
    detail: &Detail,
    now: i64,
) -> Result<(), Error> {
    let operation = "change an issue";
    let substatus = match status {
        Status::Unresolved if row.status == "unresolved" => &row.substatus,
        Status::Unresolved => "ongoing",
        Status::Resolved | Status::Ignored => "",
    };
    sqlx::query("UPDATE issues SET status = $1, substatus = $2, status_at = $3, status_detail = $4 WHERE id = $5")
        .bind(status.name())
        .bind(substatus)
        .bind(now)
        .bind(detail.stored())
        .bind(row.id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    sqlx::query("DELETE FROM issue_waits WHERE issue_id = $1")
        .bind(row.id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    if detail.until.is_some() || detail.in_next_release.is_some() {
        sqlx::query("INSERT INTO issue_waits (issue_id, project_id, until) VALUES ($1, $2, $3)")
            .bind(row.id)
            .bind(row.project_id)
            .bind(detail.until)
            .execute(connection)
            .await
            .or_failed(operation)?;
    }
    Ok(())
}
