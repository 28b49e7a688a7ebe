//! Several issues become one.

use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use super::{activity, counts, moves};
use crate::Error;
use crate::database::{Database, Query};
use crate::digest::rows_change;
use crate::error::OrFailed as _;

#[derive(Debug, FromRow)]
struct Row {
    id: i64,
    number: i64,
    title: String,
    event_count: i64,
    first_seen: i64,
    last_seen: i64,
    first_release: Option<String>,
}

/// What became of issues that were to be merged.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    /// The one with the most events, which they are now.
    pub(crate) parent: i64,
    /// Those that are gone.
    pub(crate) children: Vec<i64>,
}

/// Merges issues of one project; `None` if fewer than two of them are there.
pub(crate) async fn merge(database: &Database, ids: &[i64], actor: &str, now: i64) -> Result<Option<Merged>, Error> {
    let operation = "merge issues";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    rows_change(&mut transaction).await?;
    let mut query =
        Query::new("SELECT id, number, title, event_count, first_seen, last_seen, first_release FROM issues WHERE ");
    query
        .bind_in("id", ids.iter().copied())
        .push(" ORDER BY event_count DESC, id");
    let mut rows: Vec<Row> = query.fetch_all_on(&mut transaction, operation).await?;
    if rows.len() < 2 {
        return Ok(None);
    }
    let children = rows.split_off(1);
    let Some(parent) = rows.pop() else { return Ok(None) };
    for child in &children {
        one(&mut transaction, &parent, child).await?;
    }
    let users = counts::users(&mut transaction, parent.id).await?;
    let events = children.iter().map(|child| child.event_count).sum::<i64>();
    // The one seen first says in which release.
    let first = children.iter().chain([&parent]).min_by_key(|row| row.first_seen);
    sqlx::query(
        "UPDATE issues SET event_count = event_count + $1, user_count = $2, first_seen = $3, first_release = $4 WHERE id = $5",
    )
    .bind(events)
    .bind(users)
    .bind(first.map_or(parent.first_seen, |row| row.first_seen))
    .bind(first.and_then(|row| row.first_release.as_deref()))
    .bind(parent.id)
    .execute(&mut *transaction)
    .await
    .or_failed(operation)?;
    if let Some(newest) = children.iter().max_by_key(|child| child.last_seen)
        && newest.last_seen > parent.last_seen
    {
        describe(&mut transaction, newest.id, parent.id).await?;
    }
    let gone: Vec<_> = children
        .iter()
        .map(|child| json!({ "id": child.id.to_string(), "number": child.number, "title": child.title }))
        .collect();
    let new = activity::New {
        issue_id: parent.id,
        kind: "merge",
        actor: Some(actor),
        detail: json!({ "issues": gone }),
        at: now,
    };
    activity::note(&mut transaction, new).await?;
    let children: Vec<i64> = children.into_iter().map(|child| child.id).collect();
    let mut query = Query::new("DELETE FROM issues WHERE ");
    query.bind_in("id", children.iter().copied());
    query.execute_on(&mut transaction, operation).await?;
    transaction.commit().await.or_failed(operation)?;
    Ok(Some(Merged {
        parent: parent.id,
        children,
    }))
}

async fn one(connection: &mut AnyConnection, parent: &Row, child: &Row) -> Result<(), Error> {
    counts::fold(connection, child.id, parent.id).await?;
    for text in [
        "UPDATE issue_groups SET issue_id = $2 WHERE issue_id = $1",
        "UPDATE issue_activity SET issue_id = $2 WHERE issue_id = $1",
    ] {
        counts::run(connection, text, &[child.id, parent.id], "merge issues").await?;
    }
    counts::run(
        connection,
        "DELETE FROM issue_waits WHERE issue_id = $1",
        &[child.id],
        "merge issues",
    )
    .await?;
    moves::begin(connection, child.id, 0, Some(parent.id)).await
}

/// Has an issue be described by the newest event of another.
async fn describe(connection: &mut AnyConnection, from: i64, to: i64) -> Result<(), Error> {
    // Column by column, as the databases do not agree on how to set several from one query.
    let columns = [
        "title",
        "culprit",
        "level",
        "type",
        "value",
        "function",
        "filename",
        "release",
        "last_seen",
    ];
    let mut query = Query::new("UPDATE issues SET ");
    for (at, column) in columns.iter().enumerate() {
        query.push(if at == 0 { "" } else { ", " });
        query
            .push(&format!(
                "{column} = (SELECT other.{column} FROM issues other WHERE other.id = "
            ))
            .bind(from)
            .push(")");
    }
    query.push(" WHERE id = ").bind(to);
    query.execute_on(connection, "describe a merged issue").await?;
    Ok(())
}
