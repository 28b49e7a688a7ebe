//! Events over time: from the counts by the hour where those tell, else by going through events, the newest first.

use std::collections::BTreeMap;

use super::conditions::{Condition, EVENTS, Kind, Project, conditions};
use super::driver::Plan;
use super::events::along;
use super::terms::Field;
use super::walk::{Failure, Page};
use super::{Of, Range, Search};
use crate::Error;
use crate::database::{Database, Query};

const HOUR_MS: i64 = 3_600_000;

/// Counts of a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Histogram {
    /// By the first millisecond of a step; steps without events are not in it.
    pub(crate) steps: BTreeMap<i64, i64>,
    /// Events before this moment were not counted: going through all would have taken too long.
    pub(crate) counted_from: Option<i64>,
}

/// Which counts there are already.
enum Ready {
    Project,
    Tag(i64),
    Issue(i64),
}

/// Counts the events of these projects that a search finds, between two moments, which are borders of steps.
pub(crate) async fn histogram(
    database: &Database,
    projects: &[Project],
    search: &Search,
    range: Range,
    step_ms: i64,
) -> Result<Histogram, Failure> {
    let mut histogram = Histogram::default();
    for project in projects {
        let Some(mut conditions) = conditions(database, project, search, Of::Events).await? else {
            continue;
        };
        let ready = if step_ms % HOUR_MS == 0 {
            ready(&conditions)
        } else {
            None
        };
        let rows = match ready {
            Some(ready) => hours(database, project, &ready, range, step_ms).await?,
            None => {
                conditions.push(Condition {
                    negated: false,
                    kind: Kind::Within(Field::Timestamp, range),
                });
                let (rows, cut) = scan(database, project, &conditions, step_ms).await?;
                histogram.counted_from = histogram.counted_from.max(cut);
                rows
            }
        };
        for (at, count) in rows {
            *histogram.steps.entry(at).or_default() += count;
        }
    }
    if let Some(from) = histogram.counted_from {
        // The step in which it ended is not whole.
        histogram.steps = histogram.steps.split_off(&from);
    }
    Ok(histogram)
}

fn ready(conditions: &[Condition]) -> Option<Ready> {
    match conditions {
        [] => Some(Ready::Project),
        [
            Condition {
                negated: false,
                kind: Kind::Tags(ids),
            },
        ] if ids.len() == 1 => ids.first().copied().map(Ready::Tag),
        [
            Condition {
                negated: false,
                kind: Kind::Issues(ids),
            },
        ] if ids.len() == 1 => ids.first().copied().map(Ready::Issue),
        _ => None,
    }
}

async fn hours(
    database: &Database,
    project: &Project,
    ready: &Ready,
    range: Range,
    step_ms: i64,
) -> Result<Vec<(i64, i64)>, Error> {
    let (events, from) = match ready {
        Ready::Project => (
            "quantity",
            "project_hours WHERE category = 'error' AND outcome = 'accepted' AND project_id = ",
        ),
        Ready::Tag(_) => ("events", "tag_hours WHERE tag_id = "),
        Ready::Issue(_) => (
            "events",
            "issue_hours JOIN issues ON issues.id = issue_id WHERE issues.project_id = ",
        ),
    };
    let step = step_ms / HOUR_MS;
    let mut query = Query::new("SELECT hour / ");
    query.bind(step).push(" * ").bind(step_ms);
    query.push(&format!(" AS at, CAST(SUM({events}) AS BIGINT) FROM {from}"));
    match ready {
        Ready::Project => query.bind(project.id),
        Ready::Tag(id) => query.bind(*id),
        Ready::Issue(id) => query.bind(project.id).push(" AND issue_id = ").bind(*id),
    };
    if let Some(from) = range.from {
        query.push(" AND hour >= ").bind(from.div_euclid(HOUR_MS));
    }
    if let Some(to) = range.to {
        query.push(" AND hour <= ").bind(to.div_euclid(HOUR_MS));
    }
    query.push(" GROUP BY 1 ORDER BY 1");
    query.fetch_all(&database.read, "count events by the hour").await
}

/// Goes through the events; says from when on, if not through all.
async fn scan(
    database: &Database,
    project: &Project,
    conditions: &[Condition],
    step_ms: i64,
) -> Result<(Vec<(i64, i64)>, Option<i64>), Error> {
    let mut rows = Vec::new();
    let mut cut = None;
    for along in along(project, None, conditions) {
        let plan = Plan::new(database, EVENTS, &along, conditions).await?;
        let end = plan.end_of_count(database).await?;
        let select = format!("SELECT events.occurred_at / {step_ms} * {step_ms}, COUNT(*)");
        let mut query = plan.query(&select, Page::FIRST, end, database);
        query.push(" GROUP BY 1");
        let found: Vec<(i64, i64)> = query.fetch_all(&database.read, "count events").await?;
        rows.extend(found);
        // The millisecond in which it ended is not whole.
        cut = cut.max(end.map(|end| end.value.saturating_add(1)));
    }
    Ok((rows, cut))
}
