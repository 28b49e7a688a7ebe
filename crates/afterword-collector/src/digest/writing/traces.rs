//! Writing transactions and spans.

use sqlx::AnyConnection;

use crate::Error;
use crate::digest::traces::{Span, Transaction};
use crate::error::OrFailed as _;
use crate::inbox::Claimed;

/// Writes a transaction and its spans. One whose id is there already changes nothing.
pub(in crate::digest) async fn transaction(
    connection: &mut AnyConnection,
    claimed: &Claimed,
    new: &Transaction,
) -> Result<(), Error> {
    let own = new.spans.first();
    let made = sqlx::query(
        "INSERT INTO transactions (project_id, event_id, trace_id, span_id, name, started_us, ended_us, spans_cut,
            received_at, raw)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
    )
    .bind(claimed.project_id)
    .bind(&new.event_id)
    .bind(own.map(|span| &span.trace_id))
    .bind(own.map(|span| &span.span_id))
    .bind(&new.name)
    .bind(new.started_us)
    .bind(new.ended_us)
    .bind(new.spans_cut)
    .bind(claimed.received_at)
    .bind(&new.raw)
    .execute(&mut *connection)
    .await
    .or_failed("write a transaction")?;
    if made.rows_affected() > 0 {
        for new in &new.spans {
            span(connection, claimed, new).await?;
        }
    }
    Ok(())
}

/// Writes a span. One that is there already stays as it is.
pub(in crate::digest) async fn span(
    connection: &mut AnyConnection,
    claimed: &Claimed,
    new: &Span,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO spans (project_id, trace_id, span_id, parent_span_id, event_id, is_segment, name, op, status,
            release, environment, started_us, ended_us, received_at, raw)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
    )
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
    .bind(&new.raw)
    .execute(connection)
    .await
    .or_failed("write a span")?;
    Ok(())
}
