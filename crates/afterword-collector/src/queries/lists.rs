//! What lists show of issues and events that a search found, by their places.

use std::collections::{BTreeMap, HashMap};

use sqlx::FromRow;

use super::{Issue, StoredEvent, select_issue};
use crate::Error;
use crate::database::{Database, Query, chunks};
use crate::search::walk::Place;

const HOUR_MS: i64 = 3_600_000;

/// An event in a list.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct EventLine {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) event_id: String,
    pub(crate) issue_id: i64,
    pub(crate) title: String,
    pub(crate) level: String,
    pub(crate) platform: String,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    /// The ids of its tags, as JSON.
    tags: String,
    pub(crate) occurred_at: i64,
    pub(crate) received_at: i64,
}

/// Keys and values of an event.
pub(crate) type Tags = Vec<(String, String)>;

/// The issues at these places, in their order.
pub(crate) async fn issues(database: &Database, places: &[Place]) -> Result<Vec<Issue>, Error> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Query::new(select_issue!("WHERE "));
    query.bind_in("issues.id", places.iter().map(|place| place.id));
    let found: Vec<Issue> = query.fetch_all(&database.read, "read issues").await?;
    let mut by_id: HashMap<i64, Issue> = found.into_iter().map(|issue| (issue.id, issue)).collect();
    Ok(places.iter().filter_map(|place| by_id.remove(&place.id)).collect())
}

/// How many notes people wrote to each of these issues; those without are not in it.
pub(crate) async fn notes(database: &Database, issues: &[Issue]) -> Result<HashMap<i64, i64>, Error> {
    let mut query = Query::new("SELECT issue_id, COUNT(*) FROM issue_activity WHERE kind = 'note' AND ");
    query.bind_in("issue_id", issues.iter().map(|issue| issue.id));
    query.push(" GROUP BY issue_id");
    let counts: Vec<(i64, i64)> = query.fetch_all(&database.read, "count notes").await?;
    Ok(counts.into_iter().collect())
}

/// Whether one of these projects has an issue at all.
pub(crate) async fn has_any(database: &Database, projects: &[i64]) -> Result<bool, Error> {
    let mut query = Query::new("SELECT id FROM issues WHERE ");
    query.bind_in("project_id", projects.iter().copied()).push(" LIMIT 1");
    let found: Vec<(i64,)> = query.fetch_all(&database.read, "look for an issue").await?;
    Ok(!found.is_empty())
}

/// The events at these places, in their order, with their tags.
pub(crate) async fn events(database: &Database, places: &[Place]) -> Result<Vec<(EventLine, Tags)>, Error> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Query::new(
        "SELECT id, project_id, event_id, issue_id, title, level, platform, release, environment, tags, occurred_at,
            received_at FROM events WHERE ",
    );
    query.bind_in("id", places.iter().map(|place| place.id));
    let found: Vec<EventLine> = query.fetch_all(&database.read, "read events").await?;
    let ids = found.iter().flat_map(|event| tag_ids(&event.tags)).collect();
    let tags = tags(database, ids).await?;
    let with_tags = |event: EventLine| {
        let own = tag_ids(&event.tags).into_iter();
        let own: Tags = own.filter_map(|id| tags.get(&id).cloned()).collect();
        (event.id, (event, own))
    };
    let mut by_id: HashMap<i64, (EventLine, Tags)> = found.into_iter().map(with_tags).collect();
    Ok(places.iter().filter_map(|place| by_id.remove(&place.id)).collect())
}

/// An event as a whole, by its row.
pub(crate) async fn event(database: &Database, row: i64) -> Result<Option<StoredEvent>, Error> {
    let mut query = Query::new(
        "SELECT id, project_id, event_id, issue_id, title, occurred_at, received_at, raw, processed
         FROM events JOIN event_bodies ON event_row = id WHERE id = ",
    );
    query.bind(row);
    Ok(query.fetch_all(&database.read, "read an event").await?.pop())
}

/// What is in the column `tags` of an event.
pub(super) fn tag_ids(json: &str) -> Vec<i64> {
    let ids = json.trim_matches(['[', ']']).split(',');
    ids.filter_map(|id| id.trim().parse().ok()).collect()
}

/// Keys and values of tags by their ids.
pub(super) async fn tags(database: &Database, mut ids: Vec<i64>) -> Result<HashMap<i64, (String, String)>, Error> {
    ids.sort_unstable();
    ids.dedup();
    let mut tags = HashMap::with_capacity(ids.len());
    for ids in chunks(&ids, 1) {
        let mut query = Query::new("SELECT id, key, value FROM tags WHERE ");
        query.bind_in("id", ids.iter().copied());
        let found: Vec<(i64, String, String)> = query.fetch_all(&database.read, "read tags").await?;
        tags.extend(found.into_iter().map(|(id, key, value)| (id, (key, value))));
    }
    Ok(tags)
}

/// Events of issues in steps of so many hours: the first millisecond of the step and the count, those of each issue in their
/// order.
pub(crate) async fn issue_hours(
    database: &Database,
    issues: impl IntoIterator<Item = i64>,
    from: i64,
    to: i64,
    step_hours: i64,
) -> Result<BTreeMap<i64, Vec<(i64, i64)>>, Error> {
    let mut query = Query::new(format!(
        "SELECT issue_id, hour / {step_hours} * {}, CAST(SUM(events) AS BIGINT) FROM issue_hours WHERE ",
        step_hours.saturating_mul(HOUR_MS)
    ));
    query.bind_in("issue_id", issues);
    query.push(" AND hour >= ").bind(from.div_euclid(HOUR_MS));
    query.push(" AND hour <= ").bind(to.div_euclid(HOUR_MS));
    query.push(" GROUP BY 1, 2 ORDER BY 1, 2");
    let rows: Vec<(i64, i64, i64)> = query.fetch_all(&database.read, "count events by the hour").await?;
    let mut hours: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for (issue, at, events) in rows {
        hours.entry(issue).or_default().push((at, events));
    }
    Ok(hours)
}
