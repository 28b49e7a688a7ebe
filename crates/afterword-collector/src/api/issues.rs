//! The life of issues over the API.
//!
//! | path | what |
//! | --- | --- |
//! | GET, PUT, DELETE `/api/0/issues/{id}/` | one issue: shown, changed, deleted with its events |
//! | PUT, DELETE `/api/0/projects/{org}/{project}/issues/` | those of `?id=1&id=2`, or all of `?status=…` |
//! | PUT `/api/0/organizations/{org}/issues/` | the same in all projects of an organisation |
//! | GET, DELETE `/api/0/issues/{id}/hashes/` | why its events are together; `?id=KEY` becomes an issue of its own |
//! | GET `/api/0/issues/{id}/activities/` | what became of it |
//! | POST `/api/0/issues/{id}/comments/` | adds a note to that |
//! | GET `/api/0/projects/{org}/{project}/events/{event}/grouping-info/` | why an event is in its issue |
//! | GET, PUT `/api/0/projects/{org}/{project}/grouping/` | which functions are the application's |
//!
//! The body of a PUT is Sentry's: `{"status": "resolved" | "unresolved" | "ignored" | "resolvedInNextRelease",
//! "statusDetails": {"inRelease" | "inNextRelease" | "ignoreDuration" (minutes), "ignoreUntil", "ignoreCount", "ignoreWindow"
//! (minutes), "ignoreUserCount", "ignoreUserWindow"}, "assignedTo": …, "merge": 1}`.

mod bulk;
mod groups;
mod notes;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, Failure, json as shapes, number};
use crate::access::{Scope, Who};
use crate::issues::change::{self, Change};
use crate::issues::{activity, groups as found_groups, moves, remove};
use crate::queries::{self, Issue};
use crate::{App, now_ms};

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue, update, delete))
        .merge(bulk::routes())
        .merge(groups::routes())
        .merge(notes::routes())
}

/// An issue, with why its events are together and what became of it.
#[utoipa::path(get, path = "/api/0/issues/{issue}/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn issue(who: Who, State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = find(&app, &who, &issue, Scope::EventRead).await?;
    Ok(Json(whole(&app, &issue).await?))
}

/// Changes an issue: its status, to whom it is assigned.
#[utoipa::path(put, path = "/api/0/issues/{issue}/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")), request_body = Value,
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn update(who: Who, State(app): State<App>, Path(issue): Path<String>, body: Bytes) -> Answer {
    let issue = find(&app, &who, &issue, Scope::EventWrite).await?;
    let change = asked(&body)?;
    if change.merge {
        return Err(Failure::Wrong("merge takes several issues, as ?id=1&id=2".to_owned()));
    }
    change::apply(&app.database, &[issue.id], &change, &who.actor(), now_ms()).await?;
    let issue = queries::issue(&app.database, issue.id)
        .await?
        .ok_or(Failure::NotFound)?;
    Ok(Json(whole(&app, &issue).await?))
}

/// Deletes an issue and its events. Later events of the same kind make a new one.
#[utoipa::path(delete, path = "/api/0/issues/{issue}/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 202), (status = 401), (status = 403), (status = 404)))]
async fn delete(who: Who, State(app): State<App>, Path(issue): Path<String>) -> Result<StatusCode, Failure> {
    let issue = find(&app, &who, &issue, Scope::EventAdmin).await?;
    remove::issues(&app.database, &[issue.id]).await?;
    moves::finish(&app.database).await?;
    Ok(StatusCode::ACCEPTED)
}

/// An issue by its id in a path, if it may be seen and this may be done to it.
async fn find(app: &App, who: &Who, issue: &str, scope: Scope) -> Result<Issue, Failure> {
    let issue = queries::issue(&app.database, number(issue)?)
        .await?
        .ok_or(Failure::NotFound)?;
    who.of_project(app, issue.project_id, scope).await?;
    Ok(issue)
}

async fn whole(app: &App, issue: &Issue) -> Result<Value, Failure> {
    let mut shown = shapes::issue(app, issue);
    let groups = found_groups::of(&app.database, issue.id).await?;
    shown["why"] = groups.first().map_or(Value::Null, found_groups::Group::why);
    shown["groups"] = json!(groups.len());
    let activity = activity::of(&app.database, issue.id).await?;
    shown["activity"] = activity.iter().map(notes::shown).collect();
    Ok(shown)
}

/// The change that a body asks for.
fn asked(body: &Bytes) -> Result<Change, Failure> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| Failure::Wrong(format!("The body is no JSON: {error}")))?;
    Change::parse(&body).map_err(Failure::Wrong)
}
