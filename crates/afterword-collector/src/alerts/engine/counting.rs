//! How many events came, or users were affected, in a window: counted in the database, so that it is right whoever counts and
//! since when. Never further than what a rule wants to know.

use std::collections::HashMap;

use crate::Error;
use crate::alerts::index::Measure;
use crate::alerts::rule::{Condition, How};
use crate::database::{Database, Dialect, Query};

/// The most events of a window that are looked at for different users: the newest that the conditions take.
const MAX_OF_USERS: i64 = 100_000;

/// After and until when; milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::alerts) struct Window {
    pub(in crate::alerts) after: i64,
    /// Included.
    pub(in crate::alerts) until: i64,
}

/// The newest release of each project that has one.
pub(in crate::alerts) type Latest = HashMap<i64, String>;

/// Counts, at most to `most`. `issue`: for a measure per issue.
pub(in crate::alerts) async fn count(
    database: &Database,
    measure: &Measure,
    issue: Option<i64>,
    window: Window,
    latest: &Latest,
    most: i64,
) -> Result<i64, Error> {
    let mut query = if measure.users {
        Query::new(
            "SELECT COUNT(*) FROM (SELECT DISTINCT user_key FROM (SELECT user_key FROM events
             WHERE user_key IS NOT NULL AND ",
        )
    } else {
        Query::new("SELECT COUNT(*) FROM (SELECT 1 AS one FROM events WHERE ")
    };
    push_scope(&mut query, measure, issue, window, latest);
    for condition in &measure.conditions {
        push_condition(&mut query, database.dialect, condition, issue, &measure.projects);
    }
    if measure.users {
        query.push(" ORDER BY received_at DESC LIMIT ").bind(MAX_OF_USERS);
        query.push(") AS latest");
    }
    query.push(" LIMIT ").bind(most).push(") AS counted");
    let rows: Vec<(i64,)> = query.fetch_all(&database.read, "count for a rule").await?;
    Ok(rows.first().map_or(0, |(count,)| *count))
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
    query.push(" AND received_at <= ").bind(window.until);
}

fn push_condition(query: &mut Query, dialect: Dialect, condition: &Condition, issue: Option<i64>, projects: &[i64]) {
    let Condition::Says { key, how, value } = condition else {
        return;
    };
    if let Some(column) = key.column() {
        query.push(" AND ");
        push_says(query, dialect, column, *how, value);
        return;
    }
    let tags = |query: &mut Query, how: How| {
        query.push("(SELECT tags.id FROM tags WHERE ");
        match issue {
            Some(issue) => {
                query
                    .push("tags.project_id = (SELECT issues.project_id FROM issues WHERE issues.id = ")
                    .bind(issue)
                    .push(")");
            }
            None => {
                query.bind_in("tags.project_id", projects.iter().copied());
            }
        }
        query
            .push(" AND tags.key = ")
            .bind(key.indexed().to_owned())
            .push(" AND ");
        push_says(query, dialect, "tags.value", how, value);
        query.push("))");
    };
    match how {
        // One tag, or none: it is looked up.
        How::Is | How::IsNot => {
            query.push(if *how == How::Is { " AND " } else { " AND NOT " });
            query.push("EXISTS (SELECT 1 FROM event_tags WHERE event_row = events.id AND tag_id IN ");
            tags(query, How::Is);
        }
        // Any number of tags: those of the event are looked for among them, whatever their number.
        How::Contains | How::StartsWith | How::Matches => {
            query.push(match dialect {
                Dialect::Sqlite => " AND EXISTS (SELECT 1 FROM json_each(events.tags) AS said WHERE said.value IN ",
                Dialect::Postgres => {
                    " AND EXISTS (SELECT 1 FROM json_array_elements_text(CAST(events.tags AS json)) AS said(tag)
                        WHERE CAST(said.tag AS BIGINT) IN "
                }
            });
            tags(query, *how);
        }
    }
}

/// That a column says something like this, by the letter: what means something to a database is only what it is.
pub(super) fn push_says(query: &mut Query, dialect: Dialect, column: &str, how: How, value: &str) {
    match (how, dialect) {
        (How::Is, _) => query.push(&format!("{column} = ")).bind(value.to_owned()),
        (How::IsNot, _) => query
            .push(&format!("({column} IS NULL OR {column} <> "))
            .bind(value.to_owned())
            .push(")"),
        (How::Contains, Dialect::Sqlite) => query
            .push(&format!("instr({column}, "))
            .bind(value.to_owned())
            .push(") > 0"),
        (How::Contains, Dialect::Postgres) => query
            .push(&format!("strpos({column}, "))
            .bind(value.to_owned())
            .push(") > 0"),
        (How::StartsWith, _) => query
            .push(&format!("substr({column}, 1, CAST("))
            .bind(i64::try_from(value.chars().count()).unwrap_or(i64::MAX))
            .push(" AS INTEGER)) = ")
            .bind(value.to_owned()),
        (How::Matches, Dialect::Sqlite) => query
            .push(&format!("{column} GLOB "))
            .bind(value.replace('[', "[[]").replace('?', "[?]")),
        (How::Matches, Dialect::Postgres) => {
            let pattern = value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            query
                .push(&format!("{column} LIKE "))
                .bind(pattern.replace('*', "%"))
                .push(" ESCAPE '\\'")
        }
    };
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
