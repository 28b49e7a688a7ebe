//! What is known of a crash that was sent: whether others had it, and whether it is fixed. For whoever sent it, with the key
//! that it was sent with and the id of its event, which nobody else knows.
//!
//! `GET /api/{project}/events/{event}/known/?sentry_key=…` →
//!
//! ```text
//! {"state": "pending"}                    not digested yet, or never sent
//! {"state": "known", "issue": {"shortId": "EDITOR-3", "status": "resolved", "isNew": false, "count": 12,
//!     "firstSeen": "2026-01-02T03:04:05Z", "fixedIn": {"version": "editor@1.4.2"}, "newerRelease": {"version": "editor@1.5.0"}}}
//! ```
//!
//! A key is public, so nothing is told of other events but how many there are and since when, and nothing of what people
//! decided but that it is fixed: an issue that is ignored is `unresolved` here. `fixedIn` is null where it is not known in
//! which release, `newerRelease` where there is none that is newer than that of the event.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use lru::LruCache;
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::Refusal;
use super::sender::Sender;
use crate::api::time;
use crate::error::OrFailed as _;
use crate::issues::next_release;
use crate::issues::state::Detail;
use crate::releases::order::{self, Dated};
use crate::{App, now_ms};

/// So many questions a second are answered for one project; a reporter asks a few times after each report.
const PER_SECOND: u32 = 100;
/// So many projects are counted at a time.
const PROJECTS: NonZeroUsize = NonZeroUsize::new(1024).expect("more than none");

/// How many questions were answered in the current second.
#[derive(Debug)]
pub(crate) struct Pace {
    seconds: Mutex<LruCache<i64, (i64, u32)>>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            seconds: Mutex::new(LruCache::new(PROJECTS)),
        }
    }
}

impl Pace {
    /// Whether one more may be answered.
    fn allows(&self, project_id: i64, now: i64) -> bool {
        let second = now.div_euclid(1000);
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seconds.get_or_insert_mut(project_id, || (second, 0));
        if count.0 != second {
            *count = (second, 0);
        }
        count.1 = count.1.saturating_add(1);
        count.1 <= PER_SECOND
    }
}

#[derive(Debug, FromRow)]
struct Row {
    project: String,
    number: i64,
    status: String,
    status_detail: Option<String>,
    event_count: i64,
    first_seen: i64,
    occurred_at: i64,
    release: Option<String>,
}

/// Answers who sent an event.
pub(super) async fn known(
    State(app): State<App>,
    Path((project, event)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let sender = Sender::of(&app, &parts, Some(&project)).await?;
    let project_id = sender.key.project_id;
    let event = Uuid::parse_str(&event).map_err(|_| Refusal::Malformed("this is no id of an event".to_owned()))?;
    if !app.ingest.pace.allows(project_id, now_ms()) {
        let retry = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
        return Ok((
            StatusCode::TOO_MANY_REQUESTS,
            retry,
            Json(json!({ "detail": "too many questions" })),
        )
            .into_response());
    }
    let answer = match find(&app, project_id, event).await? {
        None => json!({ "state": "pending" }),
        Some(row) => json!({ "state": "known", "issue": told(&app, project_id, &row).await? }),
    };
    Ok((
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        Json(answer),
    )
        .into_response())
}

async fn find(app: &App, project_id: i64, event: Uuid) -> Result<Option<Row>, Refusal> {
    // By its group: its row may name an issue that was merged a moment ago.
    let row = sqlx::query_as(
        "SELECT projects.slug AS project, issues.number AS number, issues.status AS status,
            issues.status_detail AS status_detail, issues.event_count AS event_count, issues.first_seen AS first_seen,
            events.occurred_at AS occurred_at, events.release AS release
         FROM events JOIN issue_groups ON issue_groups.id = events.group_id
         JOIN issues ON issues.id = issue_groups.issue_id JOIN projects ON projects.id = events.project_id
         WHERE events.project_id = $1 AND events.event_id = $2",
    )
    .bind(project_id)
    .bind(event.simple().to_string())
    .fetch_optional(&app.database.read)
    .await
    .or_failed("look up what is known of an event")?;
    Ok(row)
}

async fn told(app: &App, project_id: i64, row: &Row) -> Result<Value, Refusal> {
    let is_fixed = row.status == "resolved";
    let detail = Detail::read(row.status_detail.as_deref());
    let operation = "look up releases";
    let mut connection = app.database.read.acquire().await.or_failed(operation)?;
    let newest = next_release::newest(&mut connection, project_id).await?;
    let newer = match (&newest, &row.release) {
        (Some((version, at)), Some(release)) => {
            let dates = next_release::dates(&mut connection, project_id, [release.as_str()]).await?;
            let of_event = Dated {
                version: release,
                at: dates.get(release).copied().unwrap_or(row.occurred_at),
            };
            order::is_newer(Dated { version, at: *at }, of_event).then_some(version)
        }
        _ => None,
    };
    let version = |version: &String| json!({ "version": version });
    Ok(json!({
        "shortId": format!("{}-{}", row.project.to_uppercase(), row.number),
        "status": if is_fixed { "resolved" } else { "unresolved" },
        "isNew": row.first_seen >= row.occurred_at,
        "count": row.event_count,
        "firstSeen": time(row.first_seen),
        "fixedIn": detail.in_release.as_ref().filter(|_| is_fixed).map(version),
        "newerRelease": newer.map(version),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_questions_a_second_are_answered() {
        let pace = Pace::default();
        for _ in 0..PER_SECOND {
            assert!(pace.allows(1, 5000));
        }
        assert!(!pace.allows(1, 5999));
        assert!(pace.allows(2, 5999), "another project");
        assert!(pace.allows(1, 6000), "the next second");
    }
}
