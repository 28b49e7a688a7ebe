//! Traces and transactions.

use sqlx::FromRow;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;

/// The most spans of a trace that are read, the earliest.
pub(crate) const MAX_SPANS: i64 = 10_000;

/// The most errors of a trace that are read, the earliest.
pub(crate) const MAX_ERRORS: i64 = 200;

/// A span, and whose it is.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredSpan {
    pub(crate) project_id: i64,
    pub(crate) project: String,
    pub(crate) span_id: String,
    pub(crate) parent_span_id: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) is_segment: i64,
    pub(crate) name: String,
    pub(crate) op: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) started_us: i64,
    pub(crate) ended_us: i64,
}

/// A transaction as it was stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredTransaction {
    pub(crate) project_id: i64,
    pub(crate) event_id: String,
    pub(crate) name: String,
    pub(crate) started_us: i64,
    pub(crate) ended_us: i64,
    pub(crate) spans_cut: i64,
    pub(crate) received_at: i64,
    #[sqlx(rename = "raw")]
    packed: Vec<u8>,
}

impl StoredTransaction {
    /// The payload, byte for byte as it came.
    pub(crate) fn raw(&self) -> Vec<u8> {
        super::unpacked(&self.packed)
    }
}

/// The spans of a trace in all projects of an organisation, the earliest first. At most [`MAX_SPANS`] and one, which
/// says that there are more.
pub(crate) async fn trace(database: &Database, organization_id: i64, trace_id: &str) -> Result<Vec<StoredSpan>, Error> {
    sqlx::query_as(
        "SELECT project_id, slug AS project, span_id, parent_span_id, event_id, is_segment, spans.name AS name, op, status, release,
            environment, started_us, ended_us
         FROM spans JOIN projects ON projects.id = project_id WHERE organization_id = $1 AND trace_id = $2
         ORDER BY started_us, ended_us DESC, span_id, project_id LIMIT $3",
    )
    .bind(organization_id)
    .bind(trace_id)
    .bind(MAX_SPANS + 1)
    .fetch_all(&database.read)
    .await
    .or_failed("read a trace")
}

/// An error that happened in a trace.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct TracedError {
    pub(crate) project_id: i64,
    pub(crate) project: String,
    pub(crate) event_id: String,
    pub(crate) issue_id: i64,
    pub(crate) title: String,
    pub(crate) level: String,
    /// Milliseconds since 1970.
    pub(crate) occurred_at: i64,
    raw: Vec<u8>,
}

impl TracedError {
    /// The span it happened in, if it says so.
    pub(crate) fn span_id(&self) -> Option<String> {
        let raw: serde_json::Value = serde_json::from_slice(&super::unpacked(&self.raw)).ok()?;
        let id = raw.pointer("/contexts/trace/span_id")?.as_str()?;
        Some(id.trim().to_ascii_lowercase())
    }
}

/// The errors of a trace in all projects of an organisation, the earliest first; at most [`MAX_ERRORS`] and one, which
/// says that there are more.
pub(crate) async fn errors(
    database: &Database,
    organization_id: i64,
    trace_id: &str,
) -> Result<Vec<TracedError>, Error> {
    sqlx::query_as(
        "SELECT project_id, slug AS project, event_id, issue_id, title, level, occurred_at, raw
         FROM events JOIN projects ON projects.id = project_id JOIN event_bodies ON event_row = events.id
         WHERE organization_id = $1 AND trace_id = $2 ORDER BY occurred_at, events.id LIMIT $3",
    )
    .bind(organization_id)
    .bind(trace_id)
    .bind(MAX_ERRORS + 1)
    .fetch_all(&database.read)
    .await
    .or_failed("read the errors of a trace")
}

/// How much there is of a trace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) projects: i64,
    pub(crate) transactions: i64,
    pub(crate) spans: i64,
    pub(crate) errors: i64,
}

/// Counts what a trace has in all projects of an organisation.
pub(crate) async fn counts(database: &Database, organization_id: i64, trace_id: &str) -> Result<Counts, Error> {
    let operation = "count what a trace has";
    let of_spans: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT project_id, COUNT(*), CAST(SUM(is_segment) AS BIGINT) FROM spans
         JOIN projects ON projects.id = project_id WHERE organization_id = $1 AND trace_id = $2 GROUP BY project_id",
    )
    .bind(organization_id)
    .bind(trace_id)
    .fetch_all(&database.read)
    .await
    .or_failed(operation)?;
    let of_errors: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT project_id, COUNT(*) FROM events JOIN projects ON projects.id = project_id
         WHERE organization_id = $1 AND trace_id = $2 GROUP BY project_id",
    )
    .bind(organization_id)
    .bind(trace_id)
    .fetch_all(&database.read)
    .await
    .or_failed(operation)?;
    let projects = of_spans
        .iter()
        .map(|(id, ..)| *id)
        .chain(of_errors.iter().map(|(id, _)| *id));
    let projects: std::collections::HashSet<i64> = projects.collect();
    Ok(Counts {
        projects: i64::try_from(projects.len()).unwrap_or(i64::MAX),
        transactions: of_spans.iter().map(|(_, _, segments)| segments).sum(),
        spans: of_spans.iter().map(|(_, spans, _)| spans).sum(),
        errors: of_errors.iter().map(|(_, errors)| errors).sum(),
    })
}

/// A transaction of a project.
pub(crate) async fn transaction(
    database: &Database,
    project_id: i64,
    event_id: &str,
) -> Result<Option<StoredTransaction>, Error> {
    sqlx::query_as(
        "SELECT project_id, event_id, name, started_us, ended_us, spans_cut, received_at, raw FROM transactions
         WHERE project_id = $1 AND event_id = $2",
    )
    .bind(project_id)
    .bind(event_id)
    .fetch_optional(&database.read)
    .await
    .or_failed("read a transaction")
}
