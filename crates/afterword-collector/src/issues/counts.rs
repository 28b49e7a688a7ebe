//! What is counted of an issue beside its events, taken from one to another: users, hours, tags.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::Error;
use crate::database::{Query, chunks, placeholders};
use crate::error::OrFailed as _;

const HOUR_MS: i64 = 3_600_000;

/// So many of the events that stay are looked at for tags that none of them has any more; if there are more, all tags stay.
const MAX_LOOKED_AT: i64 = 50_000;

/// Runs a statement with ids alone.
pub(super) async fn run(
    connection: &mut AnyConnection,
    text: &'static str,
    ids: &[i64],
    operation: &'static str,
) -> Result<(), Error> {
    let mut query = sqlx::query(text);
    for id in ids {
        query = query.bind(*id);
    }
    query.execute(connection).await.or_failed(operation)?;
    Ok(())
}

/// Adds all that is counted of an issue to another. Nothing of it is left.
pub(super) async fn fold(connection: &mut AnyConnection, from: i64, to: i64) -> Result<(), Error> {
    let operation = "merge what is counted of issues";
    let both = [
        "INSERT INTO issue_users (issue_id, user_key) SELECT $2, user_key FROM issue_users WHERE issue_id = $1
         ON CONFLICT DO NOTHING",
        "INSERT INTO issue_hours (issue_id, hour, events) SELECT $2, hour, events FROM issue_hours WHERE issue_id = $1
         ON CONFLICT (issue_id, hour) DO UPDATE SET events = issue_hours.events + excluded.events",
        "INSERT INTO issue_tags (tag_id, issue_id) SELECT tag_id, $2 FROM issue_tags WHERE issue_id = $1
         ON CONFLICT DO NOTHING",
    ];
    for text in both {
        run(connection, text, &[from, to], operation).await?;
    }
    forget(connection, from).await
}

/// Removes all that is counted of an issue.
pub(super) async fn forget(connection: &mut AnyConnection, issue_id: i64) -> Result<(), Error> {
    for text in [
        "DELETE FROM issue_users WHERE issue_id = $1",
        "DELETE FROM issue_hours WHERE issue_id = $1",
        "DELETE FROM issue_tags WHERE issue_id = $1",
    ] {
        run(connection, text, &[issue_id], "forget what is counted of an issue").await?;
    }
    Ok(())
}

/// How many users an issue affects.
pub(super) async fn users(connection: &mut AnyConnection, issue_id: i64) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM issue_users WHERE issue_id = $1")
        .bind(issue_id)
        .fetch_one(connection)
        .await
        .or_failed("count affected users")
}

/// Takes what is counted of the events of some groups from one issue to another, which has none of it yet. The rows of the
/// events still name the first.
pub(super) async fn part(connection: &mut AnyConnection, from: i64, to: i64, groups: &[i64]) -> Result<(), Error> {
    hours(connection, from, to, groups).await?;
    part_users(connection, from, to, groups).await?;
    part_tags(connection, from, to, groups).await
}

async fn hours(connection: &mut AnyConnection, from: i64, to: i64, groups: &[i64]) -> Result<(), Error> {
    let operation = "split the hours of an issue";
    let mut query = Query::new(format!(
        "SELECT occurred_at / {HOUR_MS} AS hour, COUNT(*) AS events FROM events WHERE issue_id = "
    ));
    query
        .bind(from)
        .push(" AND ")
        .bind_in("group_id", groups.iter().copied());
    query.push(&format!(" GROUP BY occurred_at / {HOUR_MS}"));
    let rows: Vec<(i64, i64)> = query.fetch_all_on(connection, operation).await?;
    for rows in chunks(&rows, 3) {
        let insert = format!(
            "INSERT INTO issue_hours (issue_id, hour, events) VALUES {}
             ON CONFLICT (issue_id, hour) DO UPDATE SET events = issue_hours.events + excluded.events",
            placeholders(connection, rows.len(), 3)
        );
        for (issue_id, sign) in [(from, -1), (to, 1)] {
            let mut query = sqlx::query(AssertSqlSafe(insert.clone()));
            for (hour, events) in rows {
                query = query.bind(issue_id).bind(*hour).bind(sign * events);
            }
            query.execute(&mut *connection).await.or_failed(operation)?;
        }
    }
    run(
        connection,
        "DELETE FROM issue_hours WHERE issue_id = $1 AND events <= 0",
        &[from],
        operation,
    )
    .await
}

async fn part_users(connection: &mut AnyConnection, from: i64, to: i64, groups: &[i64]) -> Result<(), Error> {
    let operation = "split the users of an issue";
    let mut query = Query::new("INSERT INTO issue_users (issue_id, user_key) SELECT DISTINCT ");
    // Typed, as it stands where nothing else says what it is.
    query
        .push("CAST(")
        .bind(to)
        .push(" AS BIGINT), user_key FROM events WHERE user_key IS NOT NULL AND issue_id = ");
    query
        .bind(from)
        .push(" AND ")
        .bind_in("group_id", groups.iter().copied());
    query.execute_on(connection, operation).await?;
    let mut query = Query::new("DELETE FROM issue_users WHERE issue_id = ");
    query.bind(from);
    query
        .push(" AND user_key IN (SELECT user_key FROM issue_users WHERE issue_id = ")
        .bind(to);
    query.push(") AND user_key NOT IN (SELECT user_key FROM events WHERE user_key IS NOT NULL AND issue_id = ");
    query
        .bind(from)
        .push(" AND NOT ")
        .bind_in("group_id", groups.iter().copied())
        .push(")");
    query.execute_on(connection, operation).await?;
    Ok(())
}

async fn part_tags(connection: &mut AnyConnection, from: i64, to: i64, groups: &[i64]) -> Result<(), Error> {
    let operation = "split the tags of an issue";
    let (mut moved, _) = listed(connection, from, groups, true, i64::MAX).await?;
    let (left, all) = listed(connection, from, groups, false, MAX_LOOKED_AT).await?;
    let mut gone: BTreeSet<i64> = BTreeSet::new();
    if all {
        gone.extend(moved.difference(&left));
    }
    let words: Vec<i64> = sqlx::query_scalar(
        "SELECT tag_id FROM issue_tags JOIN tags ON tags.id = tag_id WHERE issue_id = $1 AND key = ''",
    )
    .bind(from)
    .fetch_all(&mut *connection)
    .await
    .or_failed(operation)?;
    for word in words {
        if has_word(connection, from, groups, true, word).await? {
            moved.insert(word);
            if all && !has_word(connection, from, groups, false, word).await? {
                gone.insert(word);
            }
        }
    }
    let moved: Vec<i64> = moved.into_iter().collect();
    for rows in chunks(&moved, 2) {
        let text = format!(
            "INSERT INTO issue_tags (tag_id, issue_id) VALUES {} ON CONFLICT DO NOTHING",
            placeholders(connection, rows.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for tag_id in rows {
            query = query.bind(*tag_id).bind(to);
        }
        query.execute(&mut *connection).await.or_failed(operation)?;
    }
    let gone: Vec<i64> = gone.into_iter().collect();
    for rows in gone.chunks(500) {
        let mut query = Query::new("DELETE FROM issue_tags WHERE issue_id = ");
        query.bind(from).push(" AND ").bind_in("tag_id", rows.iter().copied());
        query.execute_on(connection, operation).await?;
    }
    Ok(())
}

/// The tags that the rows of an issue's events list, of those in some groups or of the others, the newest first; and whether
/// that were all.
async fn listed(
    connection: &mut AnyConnection,
    issue_id: i64,
    groups: &[i64],
    within: bool,
    most: i64,
) -> Result<(BTreeSet<i64>, bool), Error> {
    let operation = "read the tags of events";
    let mut query = Query::new("SELECT tags FROM events WHERE issue_id = ");
    query.bind(issue_id).push(if within { " AND " } else { " AND NOT " });
    query.bind_in("group_id", groups.iter().copied());
    query.push(" ORDER BY occurred_at DESC LIMIT ").bind(most);
    let (text, arguments) = query.parts(connection).or_failed(operation)?;
    let mut rows = sqlx::query_scalar_with(text, arguments).fetch(connection);
    let mut tags = BTreeSet::new();
    let mut count = 0;
    while let Some(row) = rows.try_next().await.or_failed(operation)? {
        let row: String = row;
        count += 1;
        let ids: Vec<i64> = serde_json::from_str(&row).unwrap_or_default();
        tags.extend(ids);
    }
    Ok((tags, count < most))
}

/// Whether an event of an issue, in some groups or in the others, has a word.
async fn has_word(
    connection: &mut AnyConnection,
    issue_id: i64,
    groups: &[i64],
    within: bool,
    word: i64,
) -> Result<bool, Error> {
    let mut query = Query::new("SELECT id FROM events WHERE issue_id = ");
    query.bind(issue_id).push(if within { " AND " } else { " AND NOT " });
    query.bind_in("group_id", groups.iter().copied());
    query
        .push(" AND EXISTS (SELECT 1 FROM event_tags WHERE tag_id = ")
        .bind(word);
    query.push(" AND event_row = events.id) LIMIT 1");
    let rows: Vec<(i64,)> = query.fetch_all_on(connection, "look for a word in events").await?;
    Ok(!rows.is_empty())
}
