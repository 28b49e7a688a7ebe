//! One issue with one of its events.

mod stack;
mod view;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::frame::Frame;
use super::{Failure, number, render, words};
use crate::access::Scope;
use crate::api::event_id;
use crate::queries::{self, Issue, StoredEvent};
use crate::{App, now_ms};

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/issues/{issue}/", get(latest))
        .route("/issues/{issue}/events/{event}/", get(event))
        .route("/issues/{issue}/events/{event}/raw.json", get(raw))
        .route(
            "/issues/{issue}/events/{event}/attachments/{attachment}",
            get(attachment),
        )
}

async fn latest(frame: Frame, State(app): State<App>, Path(issue): Path<String>) -> Result<Response, Failure> {
    let issue = find_issue(&app, &frame, &issue).await?;
    let event = queries::latest_event(&app.database, issue.id)
        .await?
        .ok_or(Failure::NotFound)?;
    show(&app, frame, issue, event).await
}

async fn event(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (issue, event) = find(&app, &frame, &issue, &event).await?;
    show(&app, frame, issue, event).await
}

async fn show(app: &App, frame: Frame, issue: Issue, event: StoredEvent) -> Result<Response, Failure> {
    let (older, newer) = queries::neighbours(&app.database, &event).await?;
    let attachments = queries::attachments(&app.database, &event).await?;
    let feedback = queries::feedback(&app.database, &event).await?;
    let other_feedback = queries::other_feedback(&app.database, &event).await?;
    let shown = view::Shown {
        issue,
        event,
        older,
        newer,
        attachments,
        feedback,
        other_feedback,
    };
    Ok(render(&view::page(frame, &shown, now_ms())).into_response())
}

async fn raw(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (_, event) = find(&app, &frame, &issue, &event).await?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((kind, event.raw()).into_response())
}

async fn attachment(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event, attachment)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let (_, event) = find(&app, &frame, &issue, &event).await?;
    let id = number(&attachment)?;
    let attachments = queries::attachments(&app.database, &event).await?;
    let attachment = attachments
        .into_iter()
        .find(|attachment| attachment.id == id)
        .ok_or(Failure::NotFound)?;
    let bytes = app.blobs.attachment(&attachment.sha256).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_DISPOSITION, words::save_as(&attachment.name)),
    ];
    Ok((headers, bytes).into_response())
}

/// An issue of a project that may be seen.
async fn find_issue(app: &App, frame: &Frame, issue: &str) -> Result<Issue, Failure> {
    let issue = queries::issue(&app.database, number(issue)?)
        .await?
        .ok_or(Failure::NotFound)?;
    frame.who.of_project(app, issue.project_id, Scope::EventRead).await?;
    Ok(issue)
}

async fn find(app: &App, frame: &Frame, issue: &str, event: &str) -> Result<(Issue, StoredEvent), Failure> {
    let issue = find_issue(app, frame, issue).await?;
    let event = event_id(event).map_err(|_| Failure::NotFound)?;
    let event = queries::event_of_issue(&app.database, issue.id, &event)
        .await?
        .ok_or(Failure::NotFound)?;
    Ok((issue, event))
}
