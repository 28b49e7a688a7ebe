//! The life of the server: what goes after its time, what is deleted because somebody asks, what is kept elsewhere
//! (`backup`), and what tells that it is well (`health`, `metrics`).
//!
//! Removing is work in small steps, so that taking events in never waits for long: a transaction removes some hundred
//! events with everything that is made of them, and what lists and searches say is right after each. One collector does it
//! for all that share a database (`lease`).
//!
//! What the digest remembers of the database (ids of tags, who is counted) is void once such rows are removed: the digest's
//! `rows_change` says so to all collectors, within the transactions themselves.

pub(crate) mod backup;
pub(crate) mod deletions;
pub(crate) mod erasing;
pub(crate) mod health;
pub(crate) mod lease;
pub(crate) mod metrics;
pub(crate) mod person;
mod removing;
mod retention;
pub(crate) mod storage;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::database::Database;
use crate::{App, Error, access, now_ms, settings};

pub(crate) use metrics::Metrics;
pub(crate) use retention::{newest_project, run};

/// The setting that says how long events are kept.
const RETENTION: &str = "retention";

/// How long events of a project are kept: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    /// So many days after they came.
    #[serde(default = "usual_days")]
    pub(crate) days: i64,
    /// At most so many, the newest.
    pub(crate) events: Option<i64>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            days: usual_days(),
            events: None,
        }
    }
}

const fn usual_days() -> i64 {
    90
}

/// What handlers and the digest have of it; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    wanted: Arc<Notify>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) erasures: erasing::Erasures,
    pub(crate) storage: storage::Counted,
    /// When this process began to work, in milliseconds since 1970.
    pub(crate) started_at: i64,
    /// The data folder.
    data: Arc<Path>,
}

impl Life {
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            wanted: Arc::default(),
            metrics: Arc::default(),
            erasures: erasing::Erasures::default(),
            storage: storage::Counted::default(),
            started_at: now_ms(),
            data: Arc::from(data),
        }
    }

    /// Removes what is to go now rather than at the next full hour.
    pub(crate) fn wake(&self) {
        self.wanted.notify_one();
    }
}

/// `/health` for whoever asks, `/metrics` for this machine or with a token.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/metrics", get(metrics::show))
        .route_layer(from_fn_with_state(app.clone(), access::figures))
        .route("/health", get(health::ready))
        .route("/health/live", get(health::live))
}

/// How long the events of a project are kept.
pub(crate) async fn retention_of(database: &Database, project_id: i64) -> Result<Retention, Error> {
    Ok(settings::get(database, project_id, RETENTION)
        .await?
        .unwrap_or_default())
}
