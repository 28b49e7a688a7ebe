//! Traces and transactions.

use sqlx::FromRow;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;

/// The most spans of a trace that are read, the earliest.
pub(crate) const MAX_SPANS: i64 = 10_000;

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
