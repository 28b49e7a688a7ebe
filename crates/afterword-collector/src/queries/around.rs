//! What is around an event of an issue: the first and the last, who is affected in which release, what else happened in its
//! trace, issues that may be the same. Nothing here goes through all events of an issue: it may have millions.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::FromRow;

use super::Feedback;
use crate::Error;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::issues::activity::Activity;
use crate::search::Range;
use crate::search::walk::{self, Along, Page, Walked};

/// So many of an issue's events are looked at, the newest.
pub(crate) const MAX_EVENTS: i64 = 1000;

/// Errors of a trace that are listed; one more says that there are more.
pub(crate) const MAX_ERRORS: i64 = 5;

const ENDS: [&str; 2] = [
    "SELECT event_id FROM events WHERE issue_id = $1 ORDER BY occurred_at, id LIMIT 1",
    "SELECT event_id FROM events WHERE issue_id = $1 ORDER BY occurred_at DESC, id DESC LIMIT 1",
];

const NEWEST: &str = "SELECT group_id, event_id, release, user_key FROM events WHERE issue_id = $1
    ORDER BY occurred_at DESC, id DESC LIMIT $2";

const OF_TRACE: &str = "SELECT project_id, event_id, issue_id, title, level, occurred_at FROM events
    WHERE trace_id = $1 AND event_id <> $2 ORDER BY occurred_at, id LIMIT $3";

/// From the project's newest, each looked up by its event: the issue's events are not gone through.
const FEEDBACK: &str = "SELECT latest.event_id AS event_id, message, email, name, latest.received_at AS received_at
    FROM (SELECT id, project_id, event_id, message, email, name, received_at FROM feedback
          WHERE project_id = $1 AND event_id IS NOT NULL ORDER BY received_at DESC LIMIT 2000) AS latest
    CROSS JOIN events
    WHERE events.project_id = latest.project_id AND events.event_id = latest.event_id
      AND +events.issue_id = $2 AND events.event_id <> $3
    ORDER BY latest.received_at DESC, latest.id DESC LIMIT 20";

const SAME_SIGNATURE: &str = "SELECT issues.id, number, title FROM tags
    JOIN issue_tags ON issue_tags.tag_id = tags.id JOIN issues ON issues.id = issue_tags.issue_id
    WHERE tags.project_id = $1 AND tags.key = 'signature' AND tags.value = $2 AND issues.id <> $3 LIMIT 5";

/// The ids of the first and the last event of an issue, by time.
pub(crate) async fn ends(database: &Database, issue_id: i64) -> Result<(Option<String>, Option<String>), Error> {
    let one = async |text: &'static str| {
        sqlx::query_scalar(text)
            .bind(issue_id)
            .fetch_optional(&database.read)
            .await
            .or_failed("find the first and the last event")
    };
    Ok((one(ENDS[0]).await?, one(ENDS[1]).await?))
}

/// What the newest events of an issue have in common.
#[derive(Debug, Default)]
pub(crate) struct Newest {
    /// Events and users of each release, the most events first; '' are those without one.
    pub(crate) releases: Vec<(String, usize, usize)>,
    /// The newest event of each group, by the group.
    pub(crate) of_groups: BTreeMap<i64, String>,
}

/// Looks at the newest [`MAX_EVENTS`] of an issue.
pub(crate) async fn newest(database: &Database, issue_id: i64) -> Result<Newest, Error> {
    let rows: Vec<(i64, String, Option<String>, Option<String>)> = sqlx::query_as(NEWEST)
        .bind(issue_id)
        .bind(MAX_EVENTS)
        .fetch_all(&database.read)
        .await
        .or_failed("look at the newest events")?;
    let mut newest = Newest::default();
    let mut releases: BTreeMap<String, (usize, BTreeSet<String>)> = BTreeMap::new();
    for (group, event, release, user) in rows {
        newest.of_groups.entry(group).or_insert(event);
        let (events, users) = releases.entry(release.unwrap_or_default()).or_default();
        *events += 1;
        users.extend(user);
    }
    newest.releases = releases
        .into_iter()
        .map(|(release, (events, users))| (release, events, users.len()))
        .collect();
    newest.releases.sort_by_key(|(_, events, _)| std::cmp::Reverse(*events));
    Ok(newest)
}

/// An error of the same trace.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Traced {
    pub(crate) project_id: i64,
    pub(crate) event_id: String,
    pub(crate) issue_id: i64,
    pub(crate) title: String,
    pub(crate) level: String,
    pub(crate) occurred_at: i64,
}

/// What else went wrong in a trace, the earliest first; at most [`MAX_ERRORS`] and one. Of any project.
pub(crate) async fn of_trace(database: &Database, trace_id: &str, but: &str) -> Result<Vec<Traced>, Error> {
    sqlx::query_as(OF_TRACE)
        .bind(trace_id)
        .bind(but)
        .bind(MAX_ERRORS + 1)
        .fetch_all(&database.read)
        .await
        .or_failed("read the errors of a trace")
}

/// What people wrote about other events of an issue, the latest first: 20, of the latest 2,000 of the project.
pub(crate) async fn other_feedback(
    database: &Database,
    project_id: i64,
    issue_id: i64,
    but: &str,
) -> Result<Vec<Feedback>, Error> {
    sqlx::query_as(FEEDBACK)
        .bind(project_id)
        .bind(issue_id)
        .bind(but)
        .fetch_all(&database.read)
        .await
        .or_failed("read feedback")
}

/// Other issues with events of this signature: id, number and title of a few.
pub(crate) async fn same_signature(
    database: &Database,
    project_id: i64,
    signature: &str,
    but: i64,
) -> Result<Vec<(i64, i64, String)>, Error> {
    sqlx::query_as(SAME_SIGNATURE)
        .bind(project_id)
        .bind(signature)
        .bind(but)
        .fetch_all(&database.read)
        .await
        .or_failed("look for issues of the same signature")
}

/// An issue of a project by its number.
pub(crate) async fn by_number(database: &Database, project_id: i64, number: i64) -> Result<Option<i64>, Error> {
    sqlx::query_scalar("SELECT id FROM issues WHERE project_id = $1 AND number = $2")
        .bind(project_id)
        .bind(number)
        .fetch_optional(&database.read)
        .await
        .or_failed("look up an issue")
}

/// What became of an issue, page by page, the latest first.
pub(crate) async fn activity(database: &Database, issue_id: i64, page: Page) -> Result<(Walked, Vec<Activity>), Error> {
    let along = Along {
        table: "issue_activity",
        value: "at",
        fixed: vec![("issue_id", issue_id)],
        also: "",
        range: Range::default(),
    };
    let walked = walk::all(database, &[along], page).await?;
    let mut query = Query::new("SELECT id, kind, actor, detail, at FROM issue_activity WHERE ");
    query
        .bind_in("id", walked.places.iter().map(|place| place.id))
        .push(" ORDER BY at DESC, id DESC");
    let found = query.fetch_all(&database.read, "read what became of an issue").await?;
    Ok((walked, found))
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;

    #[tokio::test]
    async fn no_look_goes_through_the_events_of_an_issue() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let cases: [(&str, &[&str]); 6] = [
            (ENDS[0], &["SEARCH events USING INDEX events_by_issue (issue_id=?)"]),
            (ENDS[1], &["SEARCH events USING INDEX events_by_issue (issue_id=?)"]),
            (NEWEST, &["SEARCH events USING INDEX events_by_issue (issue_id=?)"]),
            (OF_TRACE, &["SEARCH events USING INDEX events_by_trace (trace_id=?)"]),
            (
                FEEDBACK,
                &[
                    "SEARCH feedback USING INDEX feedback_by_time (project_id=?)",
                    "(project_id=? AND event_id=?)",
                ],
            ),
            (
                SAME_SIGNATURE,
                &[
                    "(project_id=? AND key=? AND value=?)",
                    "issue_tags USING PRIMARY KEY (tag_id=?)",
                ],
            ),
        ];
        for (text, expected) in cases {
            let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
                .fetch_all(&database.read)
                .await
                .unwrap();
            let lines: Vec<String> = rows.iter().map(|row| row.get::<String, _>(3)).collect();
            let plan = lines.join("\n");
            for expected in expected {
                assert!(plan.contains(expected), "{text}: {expected}\n{plan}");
            }
            assert!(!plan.contains("SCAN events"), "{text}\n{plan}");
            assert!(!plan.contains("AUTOMATIC"), "{text}\n{plan}");
            if text == NEWEST || ENDS.contains(&text) {
                assert!(!plan.contains("FOR ORDER BY"), "{text}\n{plan}");
            }
        }
    }
}
