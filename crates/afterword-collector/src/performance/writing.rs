//! Summing up what a batch holds, and adding it to the figures.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::histogram::Histogram;
use super::names::{Kind, Names, OTHER};
use super::{HOUR_MS, is_failure};
use crate::Error;
use crate::database::{chunks, placeholders};
use crate::error::OrFailed as _;

const HOUR_US: i64 = HOUR_MS * 1000;
/// Widths of the periods that are summed up, in hours.
const WIDTHS: [i64; 2] = [1, 24];

/// A transaction, or a span inside one, that was written and was not there before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done<'a> {
    pub(crate) project_id: i64,
    /// Of the transaction, or what the span did.
    pub(crate) name: &'a str,
    pub(crate) op: Option<&'a str>,
    pub(crate) status: Option<&'a str>,
    pub(crate) release: Option<&'a str>,
    pub(crate) environment: Option<&'a str>,
    /// Microseconds since 1970.
    pub(crate) started_us: i64,
    pub(crate) ended_us: i64,
    /// Trace and span, if it is one.
    pub(crate) place: Option<(&'a str, &'a str)>,
}

impl Done<'_> {
    fn hour(&self) -> i64 {
        self.ended_us.div_euclid(HOUR_US)
    }

    fn duration_us(&self) -> i64 {
        self.ended_us.saturating_sub(self.started_us).max(0)
    }
}

/// What a row of `transaction_figures` is of: project, width, hour, name, release and environment.
type Key = (i64, i64, i64, String, String, String);

#[derive(Debug, Default)]
struct Added {
    op: String,
    transactions: i64,
    failed: i64,
    durations: Histogram,
}

/// Project, width, hour, what it does, description.
type SpanKey = (i64, i64, i64, String, String);

#[derive(Debug, Default)]
struct AddedSpans {
    spans: i64,
    total_us: i64,
    max_us: i64,
    trace_id: String,
    span_id: String,
}

/// Adds transactions to the figures, and the spans inside them.
pub(crate) async fn add(
    connection: &mut AnyConnection,
    names: &Names,
    transactions: &[Done<'_>],
    spans: &[Done<'_>],
) -> Result<(), Error> {
    load(
        connection,
        names,
        transactions,
        &[Kind::Transaction, Kind::Release, Kind::Environment],
    )
    .await?;
    load(connection, names, spans, &[Kind::Span]).await?;
    let mut added: BTreeMap<Key, Added> = BTreeMap::new();
    for done in transactions {
        let hour = done.hour();
        let told = |kind, name: &str| {
            let admitted = name.is_empty() || names.admit(kind, done.project_id, hour, ("", name));
            if admitted { name.to_owned() } else { OTHER.to_owned() }
        };
        let name = told(Kind::Transaction, done.name);
        let release = told(Kind::Release, done.release.unwrap_or_default());
        let environment = told(Kind::Environment, done.environment.unwrap_or_default());
        for width in WIDTHS {
            let first = hour - hour.rem_euclid(width);
            let key = (
                done.project_id,
                width,
                first,
                name.clone(),
                release.clone(),
                environment.clone(),
            );
            let sum = added.entry(key).or_default();
            sum.op = done.op.unwrap_or_default().to_owned();
            sum.transactions += 1;
            sum.failed += i64::from(is_failure(done.status));
            sum.durations.add(done.duration_us().unsigned_abs());
        }
    }
    write_transactions(connection, added).await?;
    let mut added: BTreeMap<SpanKey, AddedSpans> = BTreeMap::new();
    for done in spans {
        let (hour, op) = (done.hour(), done.op.unwrap_or_default());
        let admitted = names.admit(Kind::Span, done.project_id, hour, (op, done.name));
        let (op, name) = if admitted { (op, done.name) } else { ("", OTHER) };
        for width in WIDTHS {
            let first = hour - hour.rem_euclid(width);
            let key = (done.project_id, width, first, op.to_owned(), name.to_owned());
            let sum = added.entry(key).or_default();
            sum.spans += 1;
            sum.total_us = sum.total_us.saturating_add(done.duration_us());
            if sum.spans == 1 || done.duration_us() > sum.max_us {
                sum.max_us = done.duration_us();
                let (trace_id, span_id) = done.place.unwrap_or_default();
                sum.trace_id = trace_id.to_owned();
                sum.span_id = span_id.to_owned();
            }
        }
    }
    write_spans(connection, added).await
}

async fn load(connection: &mut AnyConnection, names: &Names, done: &[Done<'_>], kinds: &[Kind]) -> Result<(), Error> {
    let hours: BTreeSet<(i64, i64)> = done.iter().map(|done| (done.project_id, done.hour())).collect();
    for (project_id, hour) in hours {
        for kind in kinds {
            names.load(connection, *kind, project_id, hour).await?;
        }
    }
    Ok(())
}

#[derive(FromRow)]
struct Row {
    project_id: i64,
    width: i64,
    hour: i64,
    name: String,
    release: String,
    environment: String,
    transactions: i64,
    failed: i64,
    durations: Vec<u8>,
    writes: i64,
}

/// Writes new rows as they are. Those that are there come back, held so that nobody else changes them meanwhile, and are written again
/// with the sum.
async fn write_transactions(connection: &mut AnyConnection, added: BTreeMap<Key, Added>) -> Result<(), Error> {
    const HOLD: &str = "writes = transaction_figures.writes + 1
        RETURNING project_id, width, hour, name, release, environment, transactions, failed, durations, writes";
    const REPLACE: &str = "op = excluded.op, transactions = excluded.transactions, failed = excluded.failed,
            durations = excluded.durations
        RETURNING project_id, width, hour, name, release, environment, transactions, failed, durations, writes";
    let rows: Vec<(Key, Added)> = added.into_iter().collect();
    let held = upsert(connection, &rows, HOLD).await?;
    let mut known: BTreeMap<Key, Row> = BTreeMap::new();
    for row in held {
        if row.writes > 1 {
            let key = (
                row.project_id,
                row.width,
                row.hour,
                row.name.clone(),
                row.release.clone(),
                row.environment.clone(),
            );
            known.insert(key, row);
        }
    }
    let sums = rows.into_iter().filter_map(|(key, mut added)| {
        let row = known.remove(&key)?;
        added.transactions += row.transactions;
        added.failed += row.failed;
        let mut durations = Histogram::from_bytes(&row.durations);
        durations.merge(&added.durations);
        added.durations = durations;
        Some((key, added))
    });
    let sums: Vec<(Key, Added)> = sums.collect();
    upsert(connection, &sums, REPLACE).await?;
    Ok(())
}

async fn upsert(
    connection: &mut AnyConnection,
    rows: &[(Key, Added)],
    on_conflict: &'static str,
) -> Result<Vec<Row>, Error> {
    const COLUMNS: usize = 11;
    let mut written = Vec::new();
    for rows in chunks(rows, COLUMNS) {
        let text = format!(
            "INSERT INTO transaction_figures (project_id, width, hour, name, release, environment, op, transactions, failed,
                durations, writes) VALUES {}
             ON CONFLICT (project_id, width, hour, name, release, environment) DO UPDATE SET {on_conflict}",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for ((project_id, width, hour, name, release, environment), added) in rows {
            query = query
                .bind(*project_id)
                .bind(*width)
                .bind(*hour)
                .bind(name)
                .bind(release)
                .bind(environment)
                .bind(&added.op)
                .bind(added.transactions)
                .bind(added.failed)
                .bind(added.durations.to_bytes())
                .bind(1_i64);
        }
        let rows: Vec<Row> = query
            .fetch_all(&mut *connection)
            .await
            .or_failed("sum up transactions")?;
        written.extend(rows);
    }
    Ok(written)
}

async fn write_spans(connection: &mut AnyConnection, added: BTreeMap<SpanKey, AddedSpans>) -> Result<(), Error> {
    const COLUMNS: usize = 10;
    let rows: Vec<(SpanKey, AddedSpans)> = added.into_iter().collect();
    for rows in chunks(&rows, COLUMNS) {
        let text = format!(
            "INSERT INTO span_figures (project_id, width, hour, op, name, spans, total_us, max_us, trace_id, span_id)
             VALUES {}
             ON CONFLICT (project_id, width, hour, op, name) DO UPDATE SET
                spans = span_figures.spans + excluded.spans, total_us = span_figures.total_us + excluded.total_us,
                trace_id = CASE WHEN excluded.max_us > span_figures.max_us THEN excluded.trace_id
                    ELSE span_figures.trace_id END,
                span_id = CASE WHEN excluded.max_us > span_figures.max_us THEN excluded.span_id
                    ELSE span_figures.span_id END,
                max_us = CASE WHEN excluded.max_us > span_figures.max_us THEN excluded.max_us
                    ELSE span_figures.max_us END",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for ((project_id, width, hour, op, name), added) in rows {
            query = query
                .bind(*project_id)
                .bind(*width)
                .bind(*hour)
                .bind(op)
                .bind(name)
                .bind(added.spans)
                .bind(added.total_us)
                .bind(added.max_us)
                .bind(&added.trace_id)
                .bind(&added.span_id);
        }
        query.execute(&mut *connection).await.or_failed("sum up spans")?;
    }
    Ok(())
}
