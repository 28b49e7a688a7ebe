//! Reading issues and events back, and what is beside them, for [`crate::api`] and [`crate::pages`].

pub(crate) mod around;
pub(crate) mod beside;
pub(crate) mod environments;
pub(crate) mod health;
pub(crate) mod hours;
pub(crate) mod lists;
pub(crate) mod newest;
pub(crate) mod tags;
pub(crate) mod traces;
pub(crate) mod trend;

use std::io::Read as _;

use sqlx::FromRow;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;

/// The most of a list that one answer holds.
pub(crate) const PAGE: i64 = 100;

/// No payload is longer than an envelope may be.
const MAX_PAYLOAD_BYTES: u64 = 200 << 20;

/// An issue with what a list shows of it.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Issue {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) project: String,
    pub(crate) number: i64,
    pub(crate) grouped_by: String,
    pub(crate) title: String,
    pub(crate) culprit: String,
    pub(crate) signature: Option<String>,
    pub(crate) level: String,
    pub(crate) platform: String,
    #[sqlx(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) function: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) release: Option<String>,
    pub(crate) first_release: Option<String>,
    pub(crate) event_count: i64,
    pub(crate) user_count: i64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    /// unresolved, resolved or ignored.
    pub(crate) status: String,
    /// new, ongoing, regressed or escalating; '' of what is not unresolved.
    pub(crate) substatus: String,
    /// JSON.
    pub(crate) status_detail: Option<String>,
    pub(crate) assigned_to: Option<String>,
}

/// An event as it was stored.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct StoredEvent {
    pub(crate) id: i64,
    pub(crate) project_id: i64,
    pub(crate) event_id: String,
    pub(crate) issue_id: i64,
    pub(crate) title: String,
    pub(crate) occurred_at: i64,
    pub(crate) received_at: i64,
    #[sqlx(rename = "raw")]
    packed: Vec<u8>,
    #[sqlx(rename = "processed")]
    packed_processed: Option<Vec<u8>>,
}

impl StoredEvent {
    /// The payload, byte for byte as it came.
    pub(crate) fn raw(&self) -> Vec<u8> {
        unpacked(&self.packed)
    }

    /// What is shown: the event with what symbols told of it, else the payload.
    pub(crate) fn shown(&self) -> Vec<u8> {
        self.packed_processed.as_deref().map_or_else(|| self.raw(), unpacked)
    }
}

/// A payload out of the database. Nothing is left of one that is damaged.
pub(crate) fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = zstd::stream::read::Decoder::new(packed)
        .and_then(|decoder| decoder.take(MAX_PAYLOAD_BYTES).read_to_end(&mut bytes));
    if let Err(error) = read {
        tracing::error!(%error, "a payload in the database is damaged");
    }
    bytes
}

/// A file of an event.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Attachment {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) content_type: Option<String>,
    pub(crate) size_bytes: i64,
    pub(crate) sha256: String,
}

/// What a person wrote.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Feedback {
    pub(crate) event_id: Option<String>,
    pub(crate) message: String,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) received_at: i64,
}

/// The columns of [`Issue`].
macro_rules! select_issue {
    ($rest:literal) => {
        concat!(
            "SELECT issues.id, issues.project_id, projects.slug AS project, number,
                grouped_by, title, culprit, signature, level, issues.platform AS platform, type, value, function, filename, release,
                first_release, event_count, user_count, first_seen, last_seen, status, substatus, status_detail, assigned_to
             FROM issues JOIN projects ON projects.id = issues.project_id ",
            $rest
        )
    };
}

pub(crate) use select_issue;

/// The columns of [`StoredEvent`].
macro_rules! select_event {
    ($rest:literal) => {
        concat!(
            "SELECT id, project_id, event_id, issue_id, title, occurred_at, received_at, raw, processed
             FROM events JOIN event_bodies ON event_row = id ",
            $rest
        )
    };
}

/// An event by its row.
pub(crate) async fn event_of_row(database: &Database, row: i64) -> Result<Option<StoredEvent>, Error> {
    sqlx::query_as(select_event!("WHERE id = $1"))
        .bind(row)
        .fetch_optional(&database.read)
        .await
        .or_failed("read an event")
}

/// One issue.
pub(crate) async fn issue(database: &Database, id: i64) -> Result<Option<Issue>, Error> {
    sqlx::query_as(select_issue!("WHERE issues.id = $1"))
        .bind(id)
        .fetch_optional(&database.read)
        .await
        .or_failed("read an issue")
}

/// The oldest event of an issue.
pub(crate) async fn oldest_event(database: &Database, issue_id: i64) -> Result<Option<StoredEvent>, Error> {
    sqlx::query_as(select_event!("WHERE issue_id = $1 ORDER BY occurred_at, id LIMIT 1"))
        .bind(issue_id)
        .fetch_optional(&database.read)
        .await
        .or_failed("read the oldest event")
}

/// The newest event of an issue.
pub(crate) async fn latest_event(database: &Database, issue_id: i64) -> Result<Option<StoredEvent>, Error> {
    sqlx::query_as(select_event!(
        "WHERE issue_id = $1 ORDER BY occurred_at DESC, id DESC LIMIT 1"
    ))
    .bind(issue_id)
    .fetch_optional(&database.read)
    .await
    .or_failed("read the newest event")
}

/// An event of an issue.
pub(crate) async fn event_of_issue(
    database: &Database,
    issue_id: i64,
    event_id: &str,
) -> Result<Option<StoredEvent>, Error> {
    sqlx::query_as(select_event!("WHERE issue_id = $1 AND event_id = $2"))
        .bind(issue_id)
        .bind(event_id)
        .fetch_optional(&database.read)
        .await
        .or_failed("read an event")
}

/// An event of a project.
pub(crate) async fn event_of_project(
    database: &Database,
    project_id: i64,
    event_id: &str,
) -> Result<Option<StoredEvent>, Error> {
    sqlx::query_as(select_event!("WHERE project_id = $1 AND event_id = $2"))
        .bind(project_id)
        .bind(event_id)
        .fetch_optional(&database.read)
        .await
        .or_failed("read an event")
}

/// The ids of the events before and after one of an issue, by time.
pub(crate) async fn neighbours(
    database: &Database,
    event: &StoredEvent,
) -> Result<(Option<String>, Option<String>), Error> {
    let operation = "find the events beside one";
    let older = sqlx::query_scalar(
        "SELECT event_id FROM events WHERE issue_id = $1 AND (occurred_at, id) < ($2, $3)
         ORDER BY occurred_at DESC, id DESC LIMIT 1",
    );
    let newer = sqlx::query_scalar(
        "SELECT event_id FROM events WHERE issue_id = $1 AND (occurred_at, id) > ($2, $3)
         ORDER BY occurred_at, id LIMIT 1",
    );
    let of = (event.issue_id, event.occurred_at, event.id);
    let older = older
        .bind(of.0)
        .bind(of.1)
        .bind(of.2)
        .fetch_optional(&database.read)
        .await
        .or_failed(operation)?;
    let newer = newer
        .bind(of.0)
        .bind(of.1)
        .bind(of.2)
        .fetch_optional(&database.read)
        .await
        .or_failed(operation)?;
    Ok((older, newer))
}

/// The files of an event.
pub(crate) async fn attachments(database: &Database, event: &StoredEvent) -> Result<Vec<Attachment>, Error> {
    attachments_of(database, event.project_id, &event.event_id).await
}

/// The files of an event or a transaction.
pub(crate) async fn attachments_of(
    database: &Database,
    project_id: i64,
    event_id: &str,
) -> Result<Vec<Attachment>, Error> {
    sqlx::query_as(
        "SELECT id, name, kind, content_type, size_bytes, sha256 FROM attachments
         WHERE project_id = $1 AND event_id = $2 ORDER BY id LIMIT $3",
    )
    .bind(project_id)
    .bind(event_id)
    .bind(PAGE)
    .fetch_all(&database.read)
    .await
    .or_failed("list attachments")
}

/// What people wrote about an event, the latest first.
pub(crate) async fn feedback(database: &Database, event: &StoredEvent) -> Result<Vec<Feedback>, Error> {
    sqlx::query_as(
        "SELECT event_id, message, email, name, received_at FROM feedback
         WHERE project_id = $1 AND event_id = $2 ORDER BY received_at DESC, id DESC LIMIT $3",
    )
    .bind(event.project_id)
    .bind(&event.event_id)
    .bind(PAGE)
    .fetch_all(&database.read)
    .await
    .or_failed("read feedback")
}
