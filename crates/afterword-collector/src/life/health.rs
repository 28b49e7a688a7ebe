//! Whether it is well: `/health` for a load balancer, `/health/live` for whoever restarts what hangs. Without a token, and
//! nothing in it is secret.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::chain;
use crate::{App, now_ms};

/// A database that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// With less room, envelopes are about to be refused.
const LEAST_DISK_BYTES: u64 = 64 << 20;

/// 200 while requests are answered at all.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// 200 if envelopes can be taken: the database answers and there is room; 503 with the reason otherwise.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let inbox = match tokio::time::timeout(PATIENCE, app.inbox.waiting()).await {
        Ok(Ok(inbox)) => Some(inbox),
        Ok(Err(error)) => {
            tracing::error!(error = chain(&error), "the database does not answer");
            None
        }
        Err(_) => None,
    };
    let free = free_disk(&app);
    let has_room = free.is_none_or(|free| free >= LEAST_DISK_BYTES);
    let (status, word) = match (&inbox, has_room) {
        (None, _) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer"),
        (_, false) => (StatusCode::SERVICE_UNAVAILABLE, "the disk is full"),
        _ => (StatusCode::OK, "ok"),
    };
    let inbox = inbox.map(|(waiting, oldest)| {
        json!({ "waiting": waiting, "oldestSeconds": oldest.map(|at| (now_ms() - at).max(0) / 1000) })
    });
    (
        status,
        Json(json!({ "status": word, "inbox": inbox, "disk": { "freeBytes": free } })),
    )
}

/// Room where the data folder is, in bytes, where the system tells.
#[cfg(unix)]
pub(crate) fn free_disk(app: &App) -> Option<u64> {
    let stat = rustix::fs::statvfs(&*app.life.data).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Room where the data folder is, in bytes, where the system tells.
#[cfg(not(unix))]
pub(crate) fn free_disk(_: &App) -> Option<u64> {
    None
}
