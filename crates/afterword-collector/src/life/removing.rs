//! Removing events with everything that is made of them: bodies, index, counts, users, attachments, feedback, and issues and
//! tags that nothing is left of. What lists, searches and counts say is right after each transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::database::{Database, Query, chunks, placeholders};
use crate::digest::index::words;
use crate::digest::rows_change;
use crate::error::{OrFailed as _, chain};
use crate::event::Event;
use crate::{App, Error, blobs, blocking, queries};

const OPERATION: &str = "remove events";

const HOUR_MS: i64 = 3_600_000;

/// How many events a transaction removes: some ten milliseconds.
pub(super) const BATCH: i64 = 100;

/// An event that goes.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Going {
    pub(super) id: i64,
    pub(super) project_id: i64,
    pub(super) event_id: String,
    pub(super) issue_id: i64,
    pub(super) title: String,
    pub(super) user_key: Option<String>,
    pub(super) tags: String,
    pub(super) occurred_at: i64,
    pub(super) received_at: i64,
}

/// The columns of [`Going`].
pub(super) const COLUMNS: &str = "events.id, events.project_id, events.event_id, events.issue_id, events.title, events.user_key, events.tags, \
     events.occurred_at, events.received_at";

/// The ids of the tags of each event, by the id of its row.
type Tags = HashMap<i64, Vec<i64>>;

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) events: u64,
    pub(super) issues: u64,
    pub(super) attachments: u64,
    pub(super) feedback: u64,
}

impl Gone {
    pub(super) fn add(&mut self, other: Self) {
        self.events += other.events;
        self.issues += other.issues;
        self.attachments += other.attachments;
        self.feedback += other.feedback;
    }
}

/// Removes these events in one transaction.
pub(super) async fn remove(app: &App, going: &[Going]) -> Result<Gone, Error> {
    if going.is_empty() {
        return Ok(Gone::default());
    }
    let index = index(&app.database, going).await?;
    let mut transaction = app.database.write.begin().await.or_failed(OPERATION)?;
    rows_change(&mut transaction).await?;
    let mut gone = Gone::default();
    let going = &still_there(&mut transaction, going).await?;
    let rows: Vec<i64> = going.iter().map(|event| event.id).collect();
    gone.events = rows.len() as u64;
    for (text, column) in [
        ("DELETE FROM event_bodies WHERE ", "event_row"),
        ("DELETE FROM missing_symbol_events WHERE ", "event_row"),
        ("DELETE FROM digest_again WHERE ", "event_row"),
    ] {
        delete(&mut transaction, text, column, &rows).await?;
    }
    tags(&mut transaction, going, &index).await?;
    issues(&mut transaction, going).await?;
    issue_tags(&mut transaction, going, &index).await?;
    gone.issues = empty_issues(&mut transaction, going).await?;
    let blobs = beside(&mut transaction, going, &mut gone).await?;
    transaction.commit().await.or_failed(OPERATION)?;
    remove_unnamed(app, blobs).await?;
    Ok(gone)
}

/// Removes the rows of events; returns those that nobody removed before, with the issue that they are in by now.
async fn still_there(connection: &mut AnyConnection, going: &[Going]) -> Result<Vec<Going>, Error> {
    let mut query = Query::new("DELETE FROM events WHERE ");
    query
        .bind_in("id", going.iter().map(|event| event.id))
        .push(" RETURNING id, issue_id");
    let there: Vec<(i64, i64)> = query.fetch_all_on(connection, OPERATION).await?;
    let there: HashMap<i64, i64> = there.into_iter().collect();
    let going = going.iter().filter_map(|event| {
        let issue_id = *there.get(&event.id)?;
        Some(Going {
            issue_id,
            ..event.clone()
        })
    });
    Ok(going.collect())
}

/// The tags of each event: those that its row names, and its words.
async fn index(database: &Database, going: &[Going]) -> Result<Tags, Error> {
    let mut index = Tags::new();
    for event in going {
        let mut tags: Vec<i64> = serde_json::from_str(&event.tags).unwrap_or_default();
        let body: Option<(Vec<u8>, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT raw, processed FROM event_bodies WHERE event_row = $1")
                .bind(event.id)
                .fetch_optional(&database.read)
                .await
                .or_failed(OPERATION)?;
        let title = event.title.clone();
        let words = blocking(move || Ok(words_of(title, body))).await?;
        for words in words.chunks(500) {
            let mut query = Query::new("SELECT id FROM tags WHERE key = '' AND project_id = ");
            query.bind(event.project_id).push(" AND ");
            query.bind_in("value", words.iter().map(String::as_str));
            let found: Vec<(i64,)> = query.fetch_all(&database.read, OPERATION).await?;
            tags.extend(found.into_iter().map(|(id,)| id));
        }
        tags.sort_unstable();
        tags.dedup();
        index.insert(event.id, tags);
    }
    Ok(index)
}

/// All words that it can have been found by.
fn words_of(title: String, body: Option<(Vec<u8>, Option<Vec<u8>>)>) -> Vec<String> {
    let mut texts = vec![title];
    let (raw, processed) = body.map_or((None, None), |(raw, processed)| (Some(raw), processed));
    for packed in [raw, processed].into_iter().flatten() {
        // What is no JSON was read as an event without anything.
        let value = serde_json::from_slice(&queries::unpacked(&packed)).unwrap_or_default();
        let event = Event::read(&value);
        texts.push(event.title());
        texts.extend(event.message.clone());
    }
    words(texts.iter().map(String::as_str))
}

/// Takes the events out of the index and the counts by tag.
async fn tags(connection: &mut AnyConnection, going: &[Going], index: &Tags) -> Result<(), Error> {
    let of_event = |event: &Going| {
        let tags = index.get(&event.id).into_iter().flatten();
        tags.map(|tag| (*tag, event.id)).collect::<Vec<_>>()
    };
    let mut pairs: Vec<(i64, i64)> = going.iter().flat_map(of_event).collect();
    pairs.sort_unstable();
    for rows in chunks(&pairs, 2) {
        let text = format!(
            "DELETE FROM event_tags WHERE (tag_id, event_row) IN (VALUES {})",
            placeholders(connection, rows.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (tag, row) in rows {
            query = query.bind(*tag).bind(*row);
        }
        query.execute(&mut *connection).await.or_failed(OPERATION)?;
    }
    let mut hours: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for event in going {
        let tags: Vec<i64> = serde_json::from_str(&event.tags).unwrap_or_default();
        for tag in tags {
            *hours.entry((tag, event.occurred_at.div_euclid(HOUR_MS))).or_default() += 1;
        }
    }
    for ((tag, hour), events) in &hours {
        sqlx::query("UPDATE tag_hours SET events = events - $1 WHERE tag_id = $2 AND hour = $3")
            .bind(*events)
            .bind(*tag)
            .bind(*hour)
            .execute(&mut *connection)
            .await
            .or_failed(OPERATION)?;
    }
    let all: BTreeSet<i64> = pairs
        .iter()
        .map(|(tag, _)| *tag)
        .chain(hours.keys().map(|(tag, _)| *tag))
        .collect();
    let all: Vec<i64> = all.into_iter().collect();
    for tags in all.chunks(1000) {
        delete(
            connection,
            "DELETE FROM tag_hours WHERE events <= 0 AND ",
            "tag_id",
            tags,
        )
        .await?;
        let mut query =
            Query::new("DELETE FROM tags WHERE NOT EXISTS (SELECT 1 FROM event_tags WHERE tag_id = tags.id) AND ");
        query.bind_in("id", tags.iter().copied()).push(" RETURNING id");
        let gone: Vec<(i64,)> = query.fetch_all_on(&mut *connection, OPERATION).await?;
        let gone: Vec<i64> = gone.into_iter().map(|(id,)| id).collect();
        delete(connection, "DELETE FROM issue_tags WHERE ", "tag_id", &gone).await?;
        delete(connection, "DELETE FROM tag_hours WHERE ", "tag_id", &gone).await?;
    }
    Ok(())
}

/// Takes the events out of the counts of their issues.
async fn issues(connection: &mut AnyConnection, going: &[Going]) -> Result<(), Error> {
    let mut hours: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    let mut users: BTreeSet<(i64, &str)> = BTreeSet::new();
    for event in going {
        *hours
            .entry((event.issue_id, event.occurred_at.div_euclid(HOUR_MS)))
            .or_default() += 1;
        *counts.entry(event.issue_id).or_default() += 1;
        users.extend(event.user_key.as_deref().map(|user| (event.issue_id, user)));
    }
    for ((issue, hour), events) in &hours {
        sqlx::query("UPDATE issue_hours SET events = events - $1 WHERE issue_id = $2 AND hour = $3")
            .bind(*events)
            .bind(*issue)
            .bind(*hour)
            .execute(&mut *connection)
            .await
            .or_failed(OPERATION)?;
        sqlx::query("DELETE FROM issue_hours WHERE issue_id = $1 AND hour = $2 AND events <= 0")
            .bind(*issue)
            .bind(*hour)
            .execute(&mut *connection)
            .await
            .or_failed(OPERATION)?;
    }
    let mut gone_users: HashMap<i64, i64> = HashMap::new();
    for (issue, user) in users {
        let gone = sqlx::query(
            "DELETE FROM issue_users WHERE issue_id = $1 AND user_key = $2
             AND NOT EXISTS (SELECT 1 FROM events WHERE user_key = $2 AND issue_id = $1)",
        )
        .bind(issue)
        .bind(user)
        .execute(&mut *connection)
        .await
        .or_failed(OPERATION)?;
        *gone_users.entry(issue).or_default() += i64::try_from(gone.rows_affected()).unwrap_or(0);
    }
    for (issue, events) in counts {
        sqlx::query("UPDATE issues SET event_count = event_count - $1, user_count = user_count - $2 WHERE id = $3")
            .bind(events)
            .bind(gone_users.get(&issue).copied().unwrap_or(0))
            .bind(issue)
            .execute(&mut *connection)
            .await
            .or_failed(OPERATION)?;
    }
    Ok(())
}

/// Removes tags from issues of which no event has them any more.
async fn issue_tags(connection: &mut AnyConnection, going: &[Going], index: &Tags) -> Result<(), Error> {
    let mut by_issue: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for event in going {
        let tags = index.get(&event.id).into_iter().flatten();
        by_issue.entry(event.issue_id).or_default().extend(tags);
    }
    for (issue, tags) in by_issue {
        let mut query = Query::new("DELETE FROM issue_tags WHERE issue_id = ");
        query.bind(issue).push(" AND ").bind_in("tag_id", tags);
        // The events of the issue one by one: the first ones have what most have. CROSS: in this order.
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM events CROSS JOIN event_tags WHERE events.issue_id = issue_tags.issue_id
                AND event_tags.tag_id = issue_tags.tag_id AND event_tags.event_row = events.id)",
        );
        query.execute_on(&mut *connection, OPERATION).await?;
    }
    Ok(())
}

/// Removes issues that nothing is left of.
async fn empty_issues(connection: &mut AnyConnection, going: &[Going]) -> Result<u64, Error> {
    let touched: BTreeSet<i64> = going.iter().map(|event| event.issue_id).collect();
    let mut query =
        Query::new("DELETE FROM issues WHERE NOT EXISTS (SELECT 1 FROM events WHERE events.issue_id = issues.id) AND ");
    query.bind_in("id", touched).push(" RETURNING id");
    let gone: Vec<(i64,)> = query.fetch_all_on(&mut *connection, OPERATION).await?;
    let gone: Vec<i64> = gone.into_iter().map(|(id,)| id).collect();
    for text in [
        "DELETE FROM issue_groups WHERE ",
        "DELETE FROM issue_users WHERE ",
        "DELETE FROM issue_hours WHERE ",
        "DELETE FROM issue_tags WHERE ",
        "DELETE FROM issue_activity WHERE ",
        "DELETE FROM issue_waits WHERE ",
    ] {
        delete(connection, text, "issue_id", &gone).await?;
    }
    for gone in gone.chunks(1000) {
        let mut query = Query::new("DELETE FROM alert_firings WHERE ");
        query.bind_in("issue_id", gone.iter().copied()).push(" RETURNING id");
        let firings: Vec<(i64,)> = query.fetch_all_on(&mut *connection, OPERATION).await?;
        let firings: Vec<i64> = firings.into_iter().map(|(id,)| id).collect();
        delete(connection, "DELETE FROM alert_deliveries WHERE ", "firing_id", &firings).await?;
    }
    Ok(gone.len() as u64)
}

/// Removes what came beside the events; returns the blobs that were named.
async fn beside(connection: &mut AnyConnection, going: &[Going], gone: &mut Gone) -> Result<BTreeSet<String>, Error> {
    let mut by_project: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for event in going {
        by_project.entry(event.project_id).or_default().push(&event.event_id);
    }
    let mut blobs = BTreeSet::new();
    for (project, events) in by_project {
        let mut query = Query::new("DELETE FROM attachments WHERE project_id = ");
        query
            .bind(project)
            .push(" AND ")
            .bind_in("event_id", events.iter().copied());
        query.push(" RETURNING sha256");
        let named: Vec<(String,)> = query.fetch_all_on(&mut *connection, OPERATION).await?;
        gone.attachments += named.len() as u64;
        blobs.extend(named.into_iter().map(|(sha256,)| sha256));
        let mut query = Query::new("DELETE FROM feedback WHERE project_id = ");
        query
            .bind(project)
            .push(" AND ")
            .bind_in("event_id", events.iter().copied());
        gone.feedback += query.execute_on(&mut *connection, OPERATION).await?.rows_affected();
    }
    Ok(blobs)
}

/// Removes the blobs of attachments that no row names any more. Failing at one leaves it behind, for [`super::retention`]
/// to find.
pub(super) async fn remove_unnamed(app: &App, blobs: BTreeSet<String>) -> Result<(), Error> {
    for sha256 in blobs {
        let named: Option<i64> = sqlx::query_scalar("SELECT id FROM attachments WHERE sha256 = $1 LIMIT 1")
            .bind(&sha256)
            .fetch_optional(&app.database.write)
            .await
            .or_failed("look for an attachment")?;
        if named.is_none()
            && let Err(error) = app.blobs.delete(&blobs::attachment_name(&sha256)).await
        {
            tracing::warn!(error = chain(&error), "a file of an attachment stays behind");
        }
    }
    Ok(())
}

/// Removes rows by a column, some hundred at a time.
async fn delete(
    connection: &mut AnyConnection,
    text: &'static str,
    column: &str,
    values: &[i64],
) -> Result<u64, Error> {
    let mut gone = 0;
    for values in values.chunks(1000) {
        let mut query = Query::new(text);
        query.bind_in(column, values.iter().copied());
        gone += query.execute_on(&mut *connection, OPERATION).await?.rows_affected();
    }
    Ok(gone)
}
