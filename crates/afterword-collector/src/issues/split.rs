//! Groups of an issue become an issue of their own: what was merged by hand is taken apart again.

use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use super::{activity, counts, moves};
use crate::Error;
use crate::api::raw;
use crate::database::{Database, Query};
use crate::digest::rows_change;
use crate::error::OrFailed as _;
use crate::event::Event;
use crate::queries::unpacked;

/// Why an issue was not split.
#[derive(Debug)]
pub(crate) enum NotSplit {
    /// There is no such issue.
    NoIssue,
    /// In words: these groups cannot be taken from it.
    Wrong(&'static str),
    /// The database fails.
    Failed(Error),
}

impl From<Error> for NotSplit {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

#[derive(Debug, FromRow)]
struct Group {
    id: i64,
    group_key: String,
    grouped_by: String,
}

/// What an issue shows of its newest event.
#[derive(Debug)]
struct Described {
    title: String,
    culprit: String,
    level: String,
    platform: String,
    kind: Option<String>,
    value: Option<String>,
    function: Option<String>,
    filename: Option<String>,
    signature: Option<String>,
}

/// Makes an issue of the groups with these keys. Returns its id.
pub(crate) async fn split(
    database: &Database,
    issue_id: i64,
    keys: &[String],
    actor: &str,
    now: i64,
) -> Result<i64, NotSplit> {
    let operation = "split an issue";
    // Those that are on their way to it count, too.
    moves::finish(database).await?;
    let groups: Vec<Group> =
        sqlx::query_as("SELECT id, group_key, grouped_by FROM issue_groups WHERE issue_id = $1 ORDER BY id")
            .bind(issue_id)
            .fetch_all(&database.read)
            .await
            .or_failed(operation)?;
    if groups.is_empty() {
        return Err(NotSplit::NoIssue);
    }
    let (taken, left): (Vec<&Group>, Vec<&Group>) = groups.iter().partition(|group| keys.contains(&group.group_key));
    if taken.len() < keys.len() || taken.is_empty() {
        return Err(NotSplit::Wrong("a group of this id is not of this issue"));
    }
    let Some(first) = taken.first().filter(|_| !left.is_empty()) else {
        return Err(NotSplit::Wrong("these are all groups of the issue: one must stay"));
    };
    let ids: Vec<i64> = taken.iter().map(|group| group.id).collect();
    let others: Vec<i64> = left.iter().map(|group| group.id).collect();
    let of_taken = described(database, issue_id, &ids).await?;
    let of_left = described(database, issue_id, &others).await?;

    let mut transaction = database.write.begin().await.or_failed(operation)?;
    rows_change(&mut transaction).await?;
    let arriving: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM issue_moves WHERE to_id = $1 OR from_id = $1")
        .bind(issue_id)
        .fetch_one(&mut *transaction)
        .await
        .or_failed(operation)?;
    if arriving > 0 {
        return Err(NotSplit::Wrong(
            "the issue is being changed by another request: try again",
        ));
    }
    let mut query = Query::new("SELECT COUNT(*) AS groups FROM issue_groups WHERE issue_id = ");
    query.bind(issue_id).push(" AND ").bind_in("id", ids.iter().copied());
    let still: Vec<(i64,)> = query.fetch_all_on(&mut transaction, operation).await?;
    if still
        .first()
        .is_none_or(|(count,)| usize::try_from(*count) != Ok(ids.len()))
    {
        return Err(NotSplit::Wrong("the issue was changed by another request: try again"));
    }
    let new_id = make(&mut transaction, issue_id, first, now).await?;
    counts::part(&mut transaction, issue_id, new_id, &ids).await?;
    recount(&mut transaction, issue_id, new_id, &ids).await?;
    for (id, described) in [(new_id, of_taken), (issue_id, of_left)] {
        if let Some(described) = described {
            describe(&mut transaction, id, &described).await?;
        }
    }
    let mut query = Query::new("UPDATE issue_groups SET issue_id = ");
    query.bind(new_id).push(" WHERE ").bind_in("id", ids.iter().copied());
    query.execute_on(&mut transaction, operation).await?;
    for group in &ids {
        moves::begin(&mut transaction, issue_id, *group, Some(new_id)).await?;
    }
    for (id, kind, other) in [
        (issue_id, "unmerge_source", new_id),
        (new_id, "unmerge_destination", issue_id),
    ] {
        let new = activity::New {
            issue_id: id,
            kind,
            actor: Some(actor),
            detail: json!({ "issue": { "id": other.to_string() }, "fingerprints": keys }),
            at: now,
        };
        activity::note(&mut transaction, new).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    Ok(new_id)
}

async fn make(connection: &mut AnyConnection, from: i64, group: &Group, now: i64) -> Result<i64, Error> {
    let operation = "make an issue";
    let number: i64 = sqlx::query_scalar(
        "UPDATE projects SET issues_made = issues_made + 1 WHERE id = (SELECT project_id FROM issues WHERE id = $1)
         RETURNING issues_made",
    )
    .bind(from)
    .fetch_one(&mut *connection)
    .await
    .or_failed(operation)?;
    sqlx::query_scalar(
        "INSERT INTO issues (project_id, number, grouped_by, title, culprit, level, platform, event_count, first_seen,
            last_seen, substatus, status_at)
         SELECT project_id, $2, $3, title, culprit, level, platform, 0, first_seen, last_seen, 'ongoing', $4
         FROM issues WHERE id = $1 RETURNING id",
    )
    .bind(from)
    .bind(number)
    .bind(&group.grouped_by)
    .bind(now)
    .fetch_one(connection)
    .await
    .or_failed(operation)
}

/// Events, users and times of both.
async fn recount(connection: &mut AnyConnection, from: i64, to: i64, groups: &[i64]) -> Result<(), Error> {
    let operation = "count the events of an issue";
    let mut moved = 0;
    for (id, within) in [(to, true), (from, false)] {
        let mut query = Query::new(
            "SELECT COUNT(*) AS events, MIN(occurred_at) AS first_seen, MAX(occurred_at) AS last_seen FROM events
             WHERE issue_id = ",
        );
        query.bind(from).push(if within { " AND " } else { " AND NOT " });
        query.bind_in("group_id", groups.iter().copied());
        let rows: Vec<(i64, Option<i64>, Option<i64>)> = query.fetch_all_on(connection, operation).await?;
        let Some(&(events, first_seen, last_seen)) = rows.first() else {
            continue;
        };
        if within {
            moved = events;
        }
        let users = counts::users(connection, id).await?;
        // Some may have been removed with age: what was counted of the rest stays.
        sqlx::query(
            "UPDATE issues SET event_count = event_count + $1, user_count = $2, first_seen = COALESCE($3, first_seen),
                last_seen = COALESCE($4, last_seen) WHERE id = $5",
        )
        .bind(if within { moved } else { -moved })
        .bind(users)
        .bind(first_seen)
        .bind(last_seen)
        .bind(id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
        for (column, order) in [("first_release", ""), ("release", "DESC")] {
            let mut query = Query::new(format!(
                "UPDATE issues SET {column} = (SELECT events.release FROM events WHERE events.issue_id = "
            ));
            query.bind(from).push(if within { " AND " } else { " AND NOT " });
            query.bind_in("group_id", groups.iter().copied());
            query.push(&format!(
                " AND events.release IS NOT NULL ORDER BY occurred_at {order}, events.id {order} LIMIT 1)"
            ));
            query.push(" WHERE id = ").bind(id);
            query.execute_on(connection, operation).await?;
        }
    }
    Ok(())
}

/// What the newest event in some groups says; `None` if there is none.
async fn described(database: &Database, issue_id: i64, groups: &[i64]) -> Result<Option<Described>, Error> {
    let operation = "read the newest event";
    let mut query =
        Query::new("SELECT raw, processed FROM events JOIN event_bodies ON event_row = id WHERE issue_id = ");
    query
        .bind(issue_id)
        .push(" AND ")
        .bind_in("group_id", groups.iter().copied());
    query.push(" ORDER BY occurred_at DESC, id DESC LIMIT 1");
    let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = query.fetch_all(&database.read, operation).await?;
    Ok(rows.into_iter().next().map(|(payload, processed)| {
        let event = Event::read(&raw(&unpacked(processed.as_deref().unwrap_or(&payload))));
        let exception = event.exception();
        let top = event.top_frame();
        Described {
            title: event.title(),
            culprit: event.culprit(),
            kind: exception.and_then(|exception| exception.kind.clone()),
            value: exception
                .and_then(|exception| exception.value.clone())
                .or_else(|| event.message.clone()),
            function: top.and_then(|frame| frame.short_name()),
            filename: top.and_then(|frame| frame.file.clone()),
            signature: event.main_stack().signature(),
            level: event.level.clone(),
            platform: event.platform.clone(),
        }
    }))
}

async fn describe(connection: &mut AnyConnection, id: i64, described: &Described) -> Result<(), Error> {
    sqlx::query(
        "UPDATE issues SET title = $1, culprit = $2, level = $3, platform = $4, type = $5, value = $6, function = $7,
            filename = $8, signature = $9 WHERE id = $10",
    )
    .bind(&described.title)
    .bind(&described.culprit)
    .bind(&described.level)
    .bind(&described.platform)
    .bind(described.kind.as_deref())
    .bind(described.value.as_deref())
    .bind(described.function.as_deref())
    .bind(described.filename.as_deref())
    .bind(described.signature.as_deref())
    .bind(id)
    .execute(connection)
    .await
    .or_failed("describe an issue")?;
    Ok(())
}
