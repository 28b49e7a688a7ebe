//! Writing transactions and spans, and summing them up. One that is there already changes nothing.

use std::collections::{BTreeMap, HashSet};

use sqlx::{AnyConnection, AssertSqlSafe};

use super::Caches;
use crate::Error;
use crate::database::{chunks, placeholders};
use crate::digest::prepare::Prepared;
use crate::digest::traces::{Span, Transaction};
use crate::error::OrFailed as _;
use crate::inbox::Claimed;
use crate::performance::writing::{self, Done};

/// Project and id of an event.
type EventKey = (i64, String);
/// Trace, span and project.
type SpanKey<'p> = (&'p str, &'p str, i64);

/// Writes the transactions and spans of a batch.
pub(super) async fn write(connection: &mut AnyConnection, prepared: &[Prepared], caches: &Caches) -> Result<(), Error> {
    let mut transactions: BTreeMap<(i64, &str), (&Claimed, &Transaction)> = BTreeMap::new();
    for Prepared { claimed, contents, .. } in prepared {
        if let Some(new) = &contents.transaction {
            // Twice in a batch is once.
            transactions
                .entry((claimed.project_id, &new.event_id))
                .or_insert((claimed, new));
        }
    }
    let transactions: Vec<(&Claimed, &Transaction)> = transactions.into_values().collect();
    let fresh = insert_transactions(connection, &transactions).await?;
    let is_fresh = |claimed: &Claimed, new: &Transaction| fresh.contains(&(claimed.project_id, new.event_id.clone()));
    let transactions: Vec<_> = transactions
        .into_iter()
        .filter(|(claimed, new)| is_fresh(claimed, new))
        .collect();

    let mut spans: BTreeMap<SpanKey<'_>, (&Claimed, &Span)> = BTreeMap::new();
    let of_transactions = transactions
        .iter()
        .flat_map(|(claimed, new)| new.spans.iter().map(|span| (*claimed, span)));
    let alone = prepared
        .iter()
        .flat_map(|Prepared { claimed, contents, .. }| contents.spans.iter().map(move |span| (claimed, span)));
    for (claimed, span) in of_transactions.chain(alone) {
        let key = (span.trace_id.as_str(), span.span_id.as_str(), claimed.project_id);
        spans.entry(key).or_insert((claimed, span));
    }
    let spans: Vec<(&Claimed, &Span)> = spans.into_values().collect();
    let fresh = insert_spans(connection, &spans).await?;

    let mut done: Vec<Done<'_>> = transactions
        .iter()
        .map(|(claimed, new)| of_transaction(claimed, new))
        .collect();
    let mut inside = Vec::new();
    for (claimed, span) in spans {
        if !fresh.contains(&(span.trace_id.clone(), span.span_id.clone(), claimed.project_id)) {
            continue;
        }
        match (span.is_segment, &span.event_id) {
            (false, _) => inside.push(of_span(claimed, span)),
            // The first of its process is what elsewhere is a transaction.
            (true, None) => done.push(of_span(claimed, span)),
            // That of a transaction, which is counted.
            (true, Some(_)) => {}
        }
    }
    if done.is_empty() && inside.is_empty() {
        return Ok(());
    }
    writing::add(connection, caches.names(), &done, &inside).await
}

fn of_transaction<'p>(claimed: &Claimed, new: &'p Transaction) -> Done<'p> {
    Done {
        project_id: claimed.project_id,
        name: &new.name,
        op: new.op.as_deref(),
        status: new.status.as_deref(),
        release: new.release.as_deref(),
        environment: new.environment.as_deref(),
        started_us: new.started_us,
        ended_us: new.ended_us,
        place: None,
    }
}

fn of_span<'p>(claimed: &Claimed, span: &'p Span) -> Done<'p> {
    Done {
        project_id: claimed.project_id,
        name: &span.name,
        op: span.op.as_deref(),
        status: span.status.as_deref(),
        release: span.release.as_deref(),
        environment: span.environment.as_deref(),
        started_us: span.started_us,
        ended_us: span.ended_us,
        place: Some((&span.trace_id, &span.span_id)),
    }
}

/// Returns those that were not there.
async fn insert_transactions(
    connection: &mut AnyConnection,
    transactions: &[(&Claimed, &Transaction)],
) -> Result<HashSet<EventKey>, Error> {
    const COLUMNS: usize = 11;
    let mut fresh = HashSet::new();
    for rows in chunks(transactions, COLUMNS) {
        let text = format!(
            "INSERT INTO transactions (project_id, event_id, trace_id, span_id, name, user_key, started_us, ended_us,
                spans_cut, received_at, raw) VALUES {}
             ON CONFLICT DO NOTHING RETURNING project_id, event_id",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for (claimed, new) in rows {
            let own = new.spans.first();
            query = query
                .bind(claimed.project_id)
                .bind(&new.event_id)
                .bind(own.map(|span| &span.trace_id))
                .bind(own.map(|span| &span.span_id))
                .bind(&new.name)
                .bind(new.user_key.as_deref())
                .bind(new.started_us)
                .bind(new.ended_us)
                .bind(new.spans_cut)
                .bind(claimed.received_at)
                .bind(new.raw.as_slice());
        }
        let made: Vec<EventKey> = query
            .fetch_all(&mut *connection)
            .await
            .or_failed("write transactions")?;
        fresh.extend(made);
    }
    Ok(fresh)
}

/// Returns those that were not there.
async fn insert_spans(
    connection: &mut AnyConnection,
    spans: &[(&Claimed, &Span)],
) -> Result<HashSet<(String, String, i64)>, Error> {
    const COLUMNS: usize = 15;
    let mut fresh = HashSet::new();
    for rows in chunks(spans, COLUMNS) {
        let text = format!(
            "INSERT INTO spans (project_id, trace_id, span_id, parent_span_id, event_id, is_segment, name, op, status,
                release, environment, started_us, ended_us, received_at, raw) VALUES {}
             ON CONFLICT DO NOTHING RETURNING trace_id, span_id, project_id",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for (claimed, new) in rows {
            query = query
                .bind(claimed.project_id)
                .bind(&new.trace_id)
                .bind(&new.span_id)
                .bind(&new.parent_span_id)
                .bind(&new.event_id)
                .bind(i64::from(new.is_segment))
                .bind(&new.name)
                .bind(&new.op)
                .bind(&new.status)
                .bind(&new.release)
                .bind(&new.environment)
                .bind(new.started_us)
                .bind(new.ended_us)
                .bind(claimed.received_at)
                .bind(&new.raw);
        }
        let made: Vec<(String, String, i64)> = query.fetch_all(&mut *connection).await.or_failed("write spans")?;
        fresh.extend(made);
    }
    Ok(fresh)
}
