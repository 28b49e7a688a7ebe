//! How many events came, or users were affected, in a window: counted in the database, so that it is right whoever counts and
//! since when. Never further than what a rule wants to know.

use std::collections::{HashMap, HashSet};

use super::seen::{COLUMNS, Event, Tags};
use crate::Error;
use crate::alerts::index::Measure;
use crate::alerts::rule::{Condition, How};
use crate::database::{Database, Query};

/// The most events of a window that are looked at for different users.
const MAX_OF_USERS: i64 = 100_000;
/// The most events of a window that are looked at one by one, where a condition cannot be looked up: the newest.
const MAX_READ: i64 = 20_000;
const PIECE: i64 = 2000;

/// After and until when; milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::alerts) struct Window {
    pub(in crate::alerts) after: i64,
    /// `None`: now.
    pub(in crate::alerts) until: Option<i64>,
}

/// The newest release of each project that has one.
pub(in crate::alerts) type Latest = HashMap<i64, String>;

/// Counts, at most to `most`. `issue`: for a measure per issue.
pub(in crate::alerts) async fn count(
    database: &Database,
    tags: &mut Tags,
    measure: &Measure,
    issue: Option<i64>,
    window: Window,
    latest: &Latest,
    most: i64,
) -> Result<i64, Error> {
    let (looked_up, tried): (Vec<&Condition>, Vec<&Condition>) =
        measure.conditions.iter().partition(|condition| is_looked_up(condition));
    if !tried.is_empty() {
        return one_by_one(database, tags, measure, issue, window, latest, most).await;
    }
    let mut query = if measure.users {
        Query::new(
            "SELECT COUNT(*) FROM (SELECT DISTINCT user_key FROM (SELECT user_key FROM events
             WHERE user_key IS NOT NULL AND ",
        )
    } else {
        Query::new("SELECT COUNT(*) FROM (SELECT 1 AS one FROM events WHERE ")
    };
    push_scope(&mut query, measure, issue, window, latest);
    for condition in looked_up {
        push_condition(&mut query, condition, &measure.projects);
    }
    if measure.users {
        query.push(" ORDER BY received_at DESC LIMIT ").bind(MAX_OF_USERS);
        query.push(") AS latest");
    }
    query.push(" LIMIT ").bind(most).push(") AS counted");
    let rows: Vec<(i64,)> = query.fetch_all(&database.read, "count for a rule").await?;
    Ok(rows.first().map_or(0, |(count,)| *count))
}

/// Whether the database can say which events it is true of.
fn is_looked_up(condition: &Condition) -> bool {
    match condition {
        Condition::Says { key, how, .. } => match how {
            How::Is => true,
            How::IsNot => key.column().is_some(),
            How::Contains | How::StartsWith | How::Matches => false,
        },
        Condition::LatestRelease => true,
    }
}

/// Of which events: by time, along an index.
fn push_scope(query: &mut Query, measure: &Measure, issue: Option<i64>, window: Window, latest: &Latest) {
    let of_latest = measure.conditions.contains(&Condition::LatestRelease);
    match issue {
        Some(issue) => {
            query.push("issue_id = ").bind(issue);
        }
        None if of_latest => {
            query.push("(1 = 0");
            for project in &measure.projects {
                if let Some(version) = latest.get(project) {
                    query.push(" OR project_id = ").bind(*project);
                    query
                        .push(" AND issue_id IN (SELECT id FROM issues WHERE project_id = ")
                        .bind(*project);
                    query.push(" AND first_release = ").bind(version.as_str()).push(")");
                }
            }
            query.push(")");
        }
        None => {
            query.bind_in("project_id", measure.projects.iter().copied());
        }
    }
    query.push(" AND received_at > ").bind(window.after);
    if let Some(until) = window.until {
        query.push(" AND received_at <= ").bind(until);
    }
}

fn push_condition(query: &mut Query, condition: &Condition, projects: &[i64]) {
    let Condition::Says { key, how, value } = condition else {
        return;
    };
    match (key.column(), how) {
        (Some(column), How::Is) => {
            query.push(&format!(" AND {column} = ")).bind(value.as_str());
        }
        (Some(column), _) => {
            query
                .push(&format!(" AND ({column} IS NULL OR {column} <> "))
                .bind(value.as_str())
                .push(")");
        }
        (None, _) => {
            query.push(
                " AND EXISTS (SELECT 1 FROM event_tags WHERE event_row = events.id AND tag_id IN
                    (SELECT tags.id FROM tags WHERE ",
            );
            if projects.is_empty() {
                query.push("tags.project_id = events.project_id");
            } else {
                query.bind_in("tags.project_id", projects.iter().copied());
            }
            query.push(" AND tags.key = ").bind(key.indexed().to_owned());
            query.push(" AND tags.value = ").bind(value.as_str()).push("))");
        }
    }
}

/// Reads the newest events of the window and tries each.
async fn one_by_one(
    database: &Database,
    tags: &mut Tags,
    measure: &Measure,
    issue: Option<i64>,
    window: Window,
    latest: &Latest,
    most: i64,
) -> Result<i64, Error> {
    let mut count = 0;
    let mut users: HashSet<String> = HashSet::new();
    let mut behind: Option<(i64, i64)> = None;
    let mut left = MAX_READ;
    while left > 0 && count < most {
        let mut query = Query::new(format!("SELECT {COLUMNS} FROM events WHERE "));
        push_scope(&mut query, measure, issue, window, latest);
        if let Some((at, id)) = behind {
            query.push(" AND (received_at < ").bind(at);
            query
                .push(" OR received_at = ")
                .bind(at)
                .push(" AND id < ")
                .bind(id)
                .push(")");
        }
        query
            .push(" ORDER BY received_at DESC, id DESC LIMIT ")
            .bind(PIECE.min(left));
        let mut events: Vec<Event> = query.fetch_all(&database.read, "read events for a rule").await?;
        let Some(last) = events.last() else { break };
        behind = Some((last.received_at, last.id));
        let read = i64::try_from(events.len()).unwrap_or(i64::MAX);
        left = if read < PIECE { 0 } else { left - read };
        let says_tags =
            |condition: &Condition| matches!(condition, Condition::Says { key, .. } if key.column().is_none());
        if measure.conditions.iter().any(says_tags) {
            tags.look_up(database, &mut events).await?;
        }
        for event in events.iter().filter(|event| event.is_taken(&measure.conditions)) {
            match &event.user_key {
                Some(user) if measure.users => count += i64::from(users.insert(user.clone())),
                None if measure.users => {}
                _ => count += 1,
            }
            if count >= most {
                break;
            }
        }
    }
    Ok(count)
}

/// The newest releases of these projects.
pub(in crate::alerts) async fn latest(
    database: &Database,
    projects: impl IntoIterator<Item = i64>,
) -> Result<Latest, Error> {
    let mut latest = Latest::new();
    for project in projects {
        if let Some(version) = crate::search::latest(database, project).await? {
            latest.insert(project, version);
        }
    }
    Ok(latest)
}
