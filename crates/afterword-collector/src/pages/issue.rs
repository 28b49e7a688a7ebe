//! One issue with one of its events.
//!
//! | path | what |
//! | --- | --- |
//! | `/issues/{id}/` | the newest event of an issue |
//! | `/issues/{id}/events/` | all of them, page by page |
//! | `/issues/{id}/events/{event}/` | one of them |
//! | … `stack/`, `threads/`, `threads/{n}/`, `modules/`, `breadcrumbs/` | what is too long for its page |
//! | … `stack.txt`, `raw.json`, `attachments/{n}` | to copy and to save |
//! | `/issues/{id}/activity/` | all that became of it |
//! | POST `/issues/{id}/status/`, `assign/`, `notes/`, `merge/`, `split/` | what people do to it |
//! | `/issues/{id}/delete/` | asks again, and deletes it |
//!
//! An event is read by `look`, shown by `view`; each part of it has a room of its own. What clients send can be of any size, so
//! that every part is cut to the bytes it may take (`room`) and leads to a page that shows the rest of it.

mod assignees;
mod change;
mod crumbs;
mod files;
mod glance;
mod history;
mod lists;
mod look;
mod modules;
mod parts;
mod side;
mod spread;
mod stack;
mod text;
mod threads;
mod view;
mod why;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use super::frame::Frame;
use super::said::Said;
use super::{Failure, message, number};
use crate::App;
use crate::Error;
use crate::access::Scope;
use crate::api::event_id;
use crate::queries::{self, Issue, StoredEvent};

/// What was done, in words.
const DONE: &[(&str, &str)] = &[
    ("resolved", "Resolved."),
    ("opened", "Opened again."),
    ("ignored", "Ignored."),
    ("assigned", "Assigned."),
    ("noted", "Your note is there."),
    ("merged", "Merged: this issue has the events of both now."),
    (
        "split",
        "This is the new issue. Where there are many events it may take a moment until all are here.",
    ),
];

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/issues/{issue}/", get(latest))
        .route("/issues/{issue}/events/", get(lists::events))
        .route("/issues/{issue}/events/{event}/", get(event))
        .route("/issues/{issue}/events/{event}/stack/", get(parts::stack))
        .route("/issues/{issue}/events/{event}/threads/", get(parts::threads))
        .route("/issues/{issue}/events/{event}/threads/{thread}/", get(parts::thread))
        .route("/issues/{issue}/events/{event}/modules/", get(parts::modules))
        .route("/issues/{issue}/events/{event}/breadcrumbs/", get(parts::breadcrumbs))
        .route("/issues/{issue}/events/{event}/stack.txt", get(files::stack))
        .route("/issues/{issue}/events/{event}/raw.json", get(files::raw))
        .route(
            "/issues/{issue}/events/{event}/attachments/{attachment}",
            get(files::attachment),
        )
        .route("/issues/{issue}/activity/", get(lists::activity))
        .route("/issues/{issue}/status/", post(change::status).get(to_issue))
        .route("/issues/{issue}/assign/", post(change::assign).get(to_issue))
        .route("/issues/{issue}/notes/", post(change::note).get(to_issue))
        .route("/issues/{issue}/merge/", post(change::merge).get(to_issue))
        .route("/issues/{issue}/split/", post(change::split).get(to_issue))
        .route(
            "/issues/{issue}/delete/",
            get(lists::ask_to_delete).post(change::delete),
        )
}

async fn latest(frame: Frame, State(app): State<App>, Path(issue): Path<String>) -> Result<Response, Failure> {
    let issue = find_issue(&app, &frame, &issue).await?;
    match queries::latest_event(&app.database, issue.id).await? {
        Some(event) => {
            let said = Said::done(&frame, DONE);
            look::page(&app, frame, issue, event, said).await
        }
        None => Ok(message(
            StatusCode::OK,
            &issue.title,
            "None of its events is here. They were removed with age, or are on their way from another issue, which may take \
             a moment where they are many.",
        )),
    }
}

async fn event(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (issue, event) = find(&app, &frame, &issue, &event).await?;
    let said = Said::done(&frame, DONE);
    look::page(&app, frame, issue, event, said).await
}

/// The address of a form, opened without sending it: after signing in, or by going back.
async fn to_issue(frame: Frame, State(app): State<App>, Path(issue): Path<String>) -> Result<Response, Failure> {
    let issue = find_issue(&app, &frame, &issue).await?;
    Ok(Redirect::to(&format!("/issues/{}/", issue.id)).into_response())
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

/// The event that a form was sent from, or else the newest.
async fn event_of_form(app: &App, issue: &Issue, named: &str) -> Result<Option<StoredEvent>, Error> {
    if let Ok(id) = event_id(named)
        && let Some(event) = queries::event_of_issue(&app.database, issue.id, &id).await?
    {
        return Ok(Some(event));
    }
    queries::latest_event(&app.database, issue.id).await
}
