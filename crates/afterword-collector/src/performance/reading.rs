//! Reading figures of transactions and spans. A period is of whole hours: those of its ends that it touches are in it.

use std::collections::HashMap;

use futures_util::TryStreamExt as _;
use sqlx::FromRow;

use super::HOUR_MS;
use super::histogram::Histogram;
use crate::Error;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::queries::health::Filter;

/// The most different names that one answer is made of.
const MAX_NAMES: usize = 20_000;
const DAY: i64 = 24;

/// Figures of transactions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) transactions: i64,
    pub(crate) failed: i64,
    pub(crate) durations: Histogram,
}

impl Figures {
    /// Adds those of another time or name.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.transactions = self.transactions.saturating_add(other.transactions);
        self.failed = self.failed.saturating_add(other.failed);
        self.durations.merge(&other.durations);
    }

    fn add(&mut self, row: &Row) {
        self.transactions = self.transactions.saturating_add(row.transactions);
        self.failed = self.failed.saturating_add(row.failed);
        self.durations.merge(&Histogram::from_bytes(&row.durations));
    }
}

/// Figures of a name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) project_id: i64,
    pub(crate) name: String,
    /// Of the newest.
    pub(crate) op: String,
    /// In which hour that was.
    pub(crate) newest: i64,
    pub(crate) figures: Figures,
}

/// What spans that did the same cost.
#[derive(Debug, Clone)]
pub(crate) struct Spans {
    pub(crate) project_id: i64,
    pub(crate) op: String,
    pub(crate) name: String,
    pub(crate) spans: i64,
    pub(crate) total_us: i64,
    pub(crate) max_us: i64,
    /// This and the next: of the slowest.
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
}

/// A transaction that took long, or the first span of a process that came alone.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Example {
    pub(crate) project_id: i64,
    pub(crate) project: String,
    pub(crate) event_id: Option<String>,
    pub(crate) trace_id: String,
    pub(crate) span_id: String,
    pub(crate) status: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) started_us: i64,
    pub(crate) ended_us: i64,
}

#[derive(FromRow)]
struct Row {
    project_id: i64,
    hour: i64,
    name: String,
    op: String,
    transactions: i64,
    failed: i64,
    durations: Vec<u8>,
}

#[derive(FromRow)]
struct SpanRow {
    project_id: i64,
    op: String,
    name: String,
    spans: i64,
    total_us: i64,
    max_us: i64,
    trace_id: String,
    span_id: String,
}

/// The hours of a period: the first, and the one after the last.
pub(crate) fn hours(filter: &Filter) -> (i64, i64) {
    (filter.start.div_euclid(HOUR_MS), filter.end.div_euclid(HOUR_MS) + 1)
}

/// Hours as rows that cover them: width, first and behind the last. Whole days are one row each.
fn covering((from, until): (i64, i64)) -> Vec<(i64, i64, i64)> {
    let first_day = -(-from).div_euclid(DAY) * DAY;
    let last_day = until.div_euclid(DAY) * DAY;
    if first_day >= last_day {
        return vec![(1, from, until)];
    }
    let parts = [(1, from, first_day), (DAY, first_day, last_day), (1, last_day, until)];
    parts.into_iter().filter(|(_, from, until)| from < until).collect()
}

/// Figures by project and name, in no order. `true`: there are more names than are told apart here.
pub(crate) async fn names(database: &Database, filter: &Filter) -> Result<(Vec<Named>, bool), Error> {
    let mut names: HashMap<(i64, String), Named> = HashMap::new();
    let mut truncated = false;
    for part in covering(hours(filter)) {
        each(database, filter, None, part, |row| {
            let full = names.len() >= MAX_NAMES;
            let key = (row.project_id, row.name.clone());
            if full && !names.contains_key(&key) {
                truncated = true;
                return;
            }
            let named = names.entry(key).or_default();
            if named.figures.transactions == 0 || row.hour >= named.newest {
                named.newest = row.hour;
                named.op.clone_from(&row.op);
            }
            named.figures.add(&row);
        })
        .await?;
    }
    let names = names.into_iter().map(|((project_id, name), named)| Named {
        project_id,
        name,
        ..named
    });
    Ok((names.collect(), truncated))
}

/// Figures of a name, or of all, by interval (of so many hours) from the first hour of the period on.
pub(crate) async fn series(
    database: &Database,
    filter: &Filter,
    name: Option<&str>,
    interval: i64,
) -> Result<Vec<Figures>, Error> {
    let (from, until) = hours(filter);
    let slots = usize::try_from((until - from + interval - 1) / interval).unwrap_or_default();
    let mut series = vec![Figures::default(); slots];
    let parts = if interval % DAY == 0 && from % DAY == 0 {
        covering((from, until))
    } else {
        vec![(1, from, until)]
    };
    for part in parts {
        each(database, filter, name, part, |row| {
            let slot = usize::try_from((row.hour - from) / interval).ok();
            if let Some(figures) = slot.and_then(|slot| series.get_mut(slot)) {
                figures.add(&row);
            }
        })
        .await?;
    }
    Ok(series)
}

/// Reads the rows of one width, each once.
async fn each(
    database: &Database,
    filter: &Filter,
    name: Option<&str>,
    (width, from, until): (i64, i64, i64),
    mut with: impl FnMut(Row),
) -> Result<(), Error> {
    let operation = "read figures of transactions";
    let mut query = Query::new(
        "SELECT project_id, hour, name, op, transactions, failed, durations FROM transaction_figures WHERE ",
    );
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND width = ").bind(width);
    query.push(" AND hour >= ").bind(from).push(" AND hour < ").bind(until);
    if let Some(name) = name {
        query.push(" AND name = ").bind(name);
    }
    if !filter.environments.is_empty() {
        query
            .push(" AND ")
            .bind_in("environment", filter.environments.iter().map(String::as_str));
    }
    if !filter.releases.is_empty() {
        query
            .push(" AND ")
            .bind_in("release", filter.releases.iter().map(String::as_str));
    }
    let mut connection = database.read.acquire().await.or_failed(operation)?;
    let (text, arguments) = query.parts(&connection).or_failed(operation)?;
    let mut rows = sqlx::query_as_with(text, arguments).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await.or_failed(operation)? {
        with(row);
    }
    Ok(())
}

/// What spans cost, by project and what they did, in no order. `true`: there are more than are told apart here.
pub(crate) async fn spans(database: &Database, filter: &Filter) -> Result<(Vec<Spans>, bool), Error> {
    let operation = "read figures of spans";
    let mut known: HashMap<(i64, String, String), Spans> = HashMap::new();
    let mut truncated = false;
    for (width, from, until) in covering(hours(filter)) {
        let mut query = Query::new(
            "SELECT project_id, op, name, spans, total_us, max_us, trace_id, span_id FROM span_figures WHERE ",
        );
        query.bind_in("project_id", filter.projects.iter().copied());
        query.push(" AND width = ").bind(width);
        query.push(" AND hour >= ").bind(from).push(" AND hour < ").bind(until);
        let mut connection = database.read.acquire().await.or_failed(operation)?;
        let (text, arguments) = query.parts(&connection).or_failed(operation)?;
        let mut rows = sqlx::query_as_with(text, arguments).fetch(&mut *connection);
        while let Some(row) = rows.try_next().await.or_failed(operation)? {
            let row: SpanRow = row;
            let full = known.len() >= MAX_NAMES;
            match known.get_mut(&(row.project_id, row.op.clone(), row.name.clone())) {
                Some(spans) => spans.add(row),
                None if full => truncated = true,
                None => {
                    known.insert((row.project_id, row.op.clone(), row.name.clone()), row.into());
                }
            }
        }
    }
    Ok((known.into_values().collect(), truncated))
}

impl Spans {
    fn add(&mut self, row: SpanRow) {
        self.spans = self.spans.saturating_add(row.spans);
        self.total_us = self.total_us.saturating_add(row.total_us);
        if row.max_us > self.max_us {
            self.max_us = row.max_us;
            self.trace_id = row.trace_id;
            self.span_id = row.span_id;
        }
    }
}

impl From<SpanRow> for Spans {
    fn from(row: SpanRow) -> Self {
        Self {
            project_id: row.project_id,
            op: row.op,
            name: row.name,
            spans: row.spans,
            total_us: row.total_us,
            max_us: row.max_us,
            trace_id: row.trace_id,
            span_id: row.span_id,
        }
    }
}

/// What the newest transactions of a name in the period did, if there are any.
pub(crate) async fn op(database: &Database, filter: &Filter, name: &str) -> Result<Option<String>, Error> {
    let (from, until) = hours(filter);
    let mut query = Query::new("SELECT op FROM transaction_figures WHERE ");
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND width = ").bind(DAY);
    query.push(" AND hour >= ").bind(from.div_euclid(DAY) * DAY);
    query.push(" AND hour < ").bind(until).push(" AND name = ").bind(name);
    query.push(" ORDER BY hour DESC LIMIT 1");
    let found: Vec<(String,)> = query.fetch_all(&database.read, "read what transactions do").await?;
    Ok(found.into_iter().next().map(|(op,)| op))
}

/// Whether there was ever a transaction of this name, as far as figures are kept.
pub(crate) async fn is_known(database: &Database, project_id: i64, name: &str) -> Result<bool, Error> {
    let mut query = Query::new("SELECT hour FROM transaction_figures WHERE project_id = ");
    query.bind(project_id).push(" AND width = ").bind(DAY);
    query.push(" AND name = ").bind(name).push(" LIMIT 1");
    let found: Vec<(i64,)> = query.fetch_all(&database.read, "look for a transaction").await?;
    Ok(!found.is_empty())
}

/// The slowest transactions of a name, each project's; at most so many of each.
pub(crate) async fn slowest(
    database: &Database,
    filter: &Filter,
    name: &str,
    most: i64,
) -> Result<Vec<Example>, Error> {
    let (from, until) = hours(filter);
    let mut slowest = Vec::new();
    for project_id in &filter.projects {
        let mut query = Query::new(
            "SELECT project_id, slug AS project, event_id, trace_id, span_id, status, release, environment, started_us,
                ended_us
             FROM spans JOIN projects ON projects.id = project_id WHERE is_segment = 1 AND project_id = ",
        );
        query.bind(*project_id).push(" AND spans.name = ").bind(name);
        query
            .push(" AND ended_us >= ")
            .bind(from.saturating_mul(HOUR_MS * 1000));
        query
            .push(" AND ended_us < ")
            .bind(until.saturating_mul(HOUR_MS * 1000));
        if !filter.environments.is_empty() {
            query
                .push(" AND ")
                .bind_in("environment", filter.environments.iter().map(String::as_str));
        }
        if !filter.releases.is_empty() {
            query
                .push(" AND ")
                .bind_in("release", filter.releases.iter().map(String::as_str));
        }
        query.push(" ORDER BY (ended_us - started_us) DESC LIMIT ").bind(most);
        let found: Vec<Example> = query.fetch_all(&database.read, "read slow transactions").await?;
        slowest.extend(found);
    }
    slowest.sort_by_key(|example| std::cmp::Reverse(example.ended_us - example.started_us));
    slowest.truncate(usize::try_from(most).unwrap_or_default());
    Ok(slowest)
}

#[cfg(test)]
mod tests {
    use super::covering;

    #[test]
    fn every_hour_is_covered_once() {
        for from in 0..80 {
            for until in from + 1..120 {
                let mut covered: Vec<i64> = Vec::new();
                for (width, first, behind) in covering((from, until)) {
                    assert!(width == 1 || first % 24 == 0 && behind % 24 == 0);
                    covered.extend(first..behind);
                }
                assert_eq!(covered, (from..until).collect::<Vec<_>>());
            }
        }
        assert_eq!(covering((23, 49)), [(1, 23, 24), (24, 24, 48), (1, 48, 49)]);
    }
}
