//! Writing release health and what clients say they discarded.

use sqlx::AnyConnection;

use crate::Error;
use crate::digest::discards::Discard;
use crate::digest::items::Counts;
use crate::digest::sessions::{Aggregate, Session};
use crate::error::OrFailed as _;
use crate::inbox::Claimed;

/// Writes an update of a session into what is known of it.
pub(in crate::digest) async fn session(
    connection: &mut AnyConnection,
    claimed: &Claimed,
    update: &Session,
) -> Result<(), Error> {
    let operation = "write a session";
    // First, so that of two collectors the second waits for the first here and finds its row below.
    let made = sqlx::query(
        "INSERT INTO sessions (project_id, sid, release, environment, did, status, errors, mechanism, started_at,
            duration_ms, seq, updated_at, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
    )
    .bind(claimed.project_id)
    .bind(&update.sid)
    .bind(&update.release)
    .bind(&update.environment)
    .bind(&update.did)
    .bind(update.status.as_str())
    .bind(update.errors)
    .bind(&update.mechanism)
    .bind(update.started_at)
    .bind(update.duration_ms)
    .bind(update.seq)
    .bind(update.updated_at)
    .bind(claimed.received_at)
    .execute(&mut *connection)
    .await
    .or_failed(operation)?;
    if made.rows_affected() > 0 {
        return Ok(());
    }
    let known: Session = sqlx::query_as(
        "SELECT sid, release, environment, did, status, errors, mechanism, started_at, duration_ms, seq, updated_at
         FROM sessions WHERE project_id = $1 AND sid = $2",
    )
    .bind(claimed.project_id)
    .bind(&update.sid)
    .fetch_one(&mut *connection)
    .await
    .or_failed(operation)?;
    let after = known.clone().with(update.clone());
    if after == known {
        return Ok(());
    }
    sqlx::query(
        "UPDATE sessions SET release = $1, environment = $2, did = $3, status = $4, errors = $5, mechanism = $6,
            started_at = $7, duration_ms = $8, seq = $9, updated_at = $10
         WHERE project_id = $11 AND sid = $12",
    )
    .bind(&after.release)
    .bind(&after.environment)
    .bind(&after.did)
    .bind(after.status.as_str())
    .bind(after.errors)
    .bind(&after.mechanism)
    .bind(after.started_at)
    .bind(after.duration_ms)
    .bind(after.seq)
    .bind(after.updated_at)
    .bind(claimed.project_id)
    .bind(&after.sid)
    .execute(connection)
    .await
    .or_failed(operation)?;
    Ok(())
}

/// Adds what an item counted, unless that very item was added before.
pub(in crate::digest) async fn counts(
    connection: &mut AnyConnection,
    claimed: &Claimed,
    counts: &Counts,
) -> Result<(), Error> {
    if let Some(key) = &counts.key {
        let fresh = sqlx::query(
            "INSERT INTO counted_items (project_id, item_key, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(claimed.project_id)
        .bind(key)
        .bind(claimed.received_at)
        .execute(&mut *connection)
        .await
        .or_failed("remember what was counted")?;
        if fresh.rows_affected() == 0 {
            return Ok(());
        }
    }
    for added in &counts.aggregates {
        aggregate(connection, claimed, added).await?;
    }
    for added in &counts.discards {
        discard(connection, claimed, added).await?;
    }
    Ok(())
}

async fn aggregate(connection: &mut AnyConnection, claimed: &Claimed, added: &Aggregate) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO session_aggregates
            (project_id, started_at, release, environment, did, exited, errored, abnormal, crashed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (project_id, started_at, release, environment, did) DO UPDATE SET
            exited = session_aggregates.exited + excluded.exited,
            errored = session_aggregates.errored + excluded.errored,
            abnormal = session_aggregates.abnormal + excluded.abnormal,
            crashed = session_aggregates.crashed + excluded.crashed",
    )
    .bind(claimed.project_id)
    .bind(added.started_at)
    .bind(&added.release)
    .bind(&added.environment)
    .bind(&added.did)
    .bind(added.exited)
    .bind(added.errored)
    .bind(added.abnormal)
    .bind(added.crashed)
    .execute(connection)
    .await
    .or_failed("count sessions")?;
    Ok(())
}

async fn discard(connection: &mut AnyConnection, claimed: &Claimed, added: &Discard) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO client_discards (project_id, day, reason, category, quantity) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, day, reason, category) DO UPDATE SET
            quantity = client_discards.quantity + excluded.quantity",
    )
    .bind(claimed.project_id)
    .bind(added.day)
    .bind(&added.reason)
    .bind(&added.category)
    .bind(added.quantity)
    .execute(connection)
    .await
    .or_failed("count what a client discarded")?;
    Ok(())
}
