//! Writing what envelopes hold. All of a batch within one transaction; every row has a natural key, so that writing it
//! again changes nothing. What is written often is written many rows at a time.
//!
//! Where collectors share a database, rows that both touch (issues, counts) are touched in the order of their keys, so that
//! none waits for the other in a circle.

mod caches;
mod counts;
pub(super) mod events;
mod health;
mod issues;
mod lifecycle;
mod moving;
mod releases;
mod traces;

use std::collections::BTreeMap;

use sqlx::AnyConnection;

use super::items::{AttachmentMeta, NewFeedback, Undigested};
use super::prepare::Prepared;
use crate::alerts::{Alerts, work};
use crate::error::OrFailed as _;
use crate::inbox::Claimed;
use crate::symbols::missing;
use crate::{Error, now_ms};

pub(crate) use caches::{Caches, rows_change};
pub(super) use caches::{agree, alone};
pub(super) use moving::replace;

/// What a batch wrote that is worth remembering, once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// As of when.
    pub(crate) epoch: i64,
    pub(crate) tags: Vec<(caches::Tag, i64)>,
    pub(crate) issue_tags: Vec<(i64, i64)>,
    pub(crate) issue_users: Vec<(i64, String)>,
    pub(crate) releases: Vec<(i64, String)>,
    /// Issues that got events.
    pub(crate) touched: Vec<Touched>,
    /// The rows of these events, by their issue.
    pub(crate) events: BTreeMap<i64, Vec<i64>>,
    /// There is a note of it for rules.
    pub(crate) noted: bool,
}

/// What a batch added to an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) issue_id: i64,
    pub(crate) project_id: i64,
    /// It was made by this batch.
    pub(crate) is_new: bool,
    /// Events that were added.
    pub(crate) events: i64,
    /// Users that were not affected before.
    pub(crate) users: i64,
    /// The releases of the added events, each once, sorted.
    pub(crate) releases: Vec<String>,
    /// When the newest of them happened; milliseconds since 1970.
    pub(crate) newest_at: i64,
}

/// Writes everything that is made of these envelopes.
pub(super) async fn batch(
    connection: &mut AnyConnection,
    prepared: &[Prepared],
    caches: &Caches,
    alerts: &Alerts,
) -> Result<Written, Error> {
    let mut written = Written {
        epoch: caches::agree(connection, caches).await?,
        ..Written::default()
    };
    let mut counts = counts::Counts::default();
    events::write(connection, prepared, caches, &mut written, &mut counts).await?;
    for Prepared {
        claimed,
        contents,
        files,
    } in prepared
    {
        if let Some(event) = contents.event.as_ref().filter(|_| !contents.lacking.is_empty()) {
            missing::note(connection, claimed.project_id, &event.event_id, &contents.lacking).await?;
        }
        for (meta, sha256) in files {
            attachment(connection, claimed, meta, sha256).await?;
        }
        for new in &contents.feedback {
            feedback(connection, claimed, new).await?;
        }
        for (kind, count) in &contents.undigested {
            undigested(connection, claimed, kind, count).await?;
        }
        counts.add_contents(claimed, contents, files);
    }
    traces::write(connection, prepared, caches).await?;
    health::write(connection, prepared).await?;
    releases::seen(connection, prepared, caches, &mut written).await?;
    let regressions = lifecycle::after(connection, &written, caches, now_ms()).await?;
    counts.write(connection).await?;
    let touched = for_rules(&written, &regressions);
    written.noted = work::note(connection, alerts, touched).await?;
    Ok(written)
}

/// What rules may want to know of a batch.
fn for_rules(written: &Written, regressions: &BTreeMap<i64, i64>) -> Vec<work::Touched> {
    let touched = written.touched.iter().map(|touched| work::Touched {
        issue: touched.issue_id,
        project: touched.project_id,
        new: touched.is_new,
        regression: regressions.get(&touched.issue_id).copied(),
        rows: written.events.get(&touched.issue_id).cloned().unwrap_or_default(),
    });
    touched.collect()
}

/// Writes an attachment whose bytes are a blob already.
async fn attachment(
    connection: &mut AnyConnection,
    claimed: &Claimed,
    meta: &AttachmentMeta,
    sha256: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO attachments (project_id, event_id, name, kind, content_type, size_bytes, sha256, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(claimed.project_id)
    .bind(&meta.event_id)
    .bind(&meta.name)
    .bind(&meta.kind)
    .bind(&meta.content_type)
    .bind(meta.size_bytes)
    .bind(sha256)
    .bind(claimed.received_at)
    .execute(connection)
    .await
    .or_failed("write an attachment")?;
    Ok(())
}

/// Writes what a person wrote.
async fn feedback(connection: &mut AnyConnection, claimed: &Claimed, feedback: &NewFeedback) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO feedback (project_id, feedback_id, event_id, message, email, name, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    )
    .bind(claimed.project_id)
    .bind(&feedback.feedback_id)
    .bind(&feedback.event_id)
    .bind(&feedback.message)
    .bind(&feedback.email)
    .bind(&feedback.name)
    .bind(claimed.received_at)
    .execute(connection)
    .await
    .or_failed("write feedback")?;
    Ok(())
}

/// Counts items of which nothing is made.
async fn undigested(
    connection: &mut AnyConnection,
    claimed: &Claimed,
    kind: &str,
    count: &Undigested,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO undigested_items (project_id, kind, items, bytes, reason) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project_id, kind) DO UPDATE SET items = undigested_items.items + excluded.items,
            bytes = undigested_items.bytes + excluded.bytes,
            reason = COALESCE(excluded.reason, undigested_items.reason)",
    )
    .bind(claimed.project_id)
    .bind(kind)
    .bind(count.items)
    .bind(count.bytes)
    .bind(&count.reason)
    .execute(connection)
    .await
    .or_failed("count items")?;
    Ok(())
}
