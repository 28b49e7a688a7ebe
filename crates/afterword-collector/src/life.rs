//! The life of the server: what goes after its time, what is deleted because somebody asks, what is kept elsewhere
//! (`backup`), and what tells that it is well (`health`, `metrics`).
//!
//! Removing is work in small steps, so that taking events in never waits for long: a transaction removes some hundred
//! events with everything that is made of them, and what lists and searches say is right after each. One collector does it
//! for all that share a database (`lease`).
//!
//! What the digest remembers of the database (ids of tags, who is counted) is void once such rows are removed:
//! `digest::rows_change` says so to all collectors, within the transactions themselves.

mod lease;
pub(crate) mod person;
mod removing;
mod retention;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::database::Database;
use crate::{Error, settings};

pub(crate) use retention::run;

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

/// What handlers can ask of it; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    wanted: Arc<Notify>,
}

impl Life {
    /// Removes what is to go now rather than at the next full hour.
    pub(crate) fn wake(&self) {
        self.wanted.notify_one();
    }
}

/// How long the events of a project are kept.
pub(crate) async fn retention_of(database: &Database, project_id: i64) -> Result<Retention, Error> {
    Ok(settings::get(database, project_id, RETENTION)
        .await?
        .unwrap_or_default())
}
