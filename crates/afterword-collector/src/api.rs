//! The API: issues and events as JSON, at the paths and in the shapes of Sentry's own web API, so that scripts written
//! for it work; a few fields are ours (`signature`, `feedback`, `raw`).
//!
//! | path | answer |
//! | --- | --- |
//! | `/api/0/projects/{org}/{project}/issues/` | issues, the one seen last first |
//! | `/api/0/projects/{org}/{project}/events/{event_id}/` | an event or a transaction; 404 until it is digested |
//! | `/api/0/issues/{id}/` | an issue |
//! | `/api/0/issues/{id}/events/` | its events, newest first |
//! | `/api/0/issues/{id}/events/latest/` | its newest event |
//! | `/api/0/issues/{id}/events/{event_id}/` | one of its events |
//! | `/api/0/organizations/{org}/sessions/` | release health, see `health` |
//! | `/api/0/organizations/{org}/stats_v2/` | what clients discarded, see `health` |
//! | `/api/0/organizations/{org}/events-trace/{trace_id}/` | the transactions of a trace inside each other, see `traces` |

mod asked;
mod health;
mod json;
mod traces;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::chain;
use crate::queries::{self, StoredEvent};
use crate::{App, Error, access, projects};

pub(crate) use json::{raw, short_id};

/// The routes of the API, behind the token.
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/api/0/projects/{org}/{project}/issues/", get(issues))
        .route("/api/0/projects/{org}/{project}/events/{event}/", get(event_of_project))
        .route("/api/0/issues/{issue}/", get(issue))
        .route("/api/0/issues/{issue}/events/", get(events))
        .route("/api/0/issues/{issue}/events/latest/", get(latest_event))
        .route("/api/0/issues/{issue}/events/{event}/", get(event))
        .route("/api/0/organizations/{org}/sessions/", get(health::sessions))
        .route("/api/0/organizations/{org}/stats_v2/", get(health::stats))
        .route(
            "/api/0/organizations/{org}/events-trace/{trace}/",
            get(traces::of_organization),
        )
        .route_layer(from_fn_with_state(app.clone(), access::api))
}

type Answer = Result<Json<Value>, Failure>;

async fn issues(State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
    let project = projects::project_by_slugs(&app.database, &org, &project)
        .await?
        .ok_or(Failure::NotFound)?;
    let issues = queries::issues(&app.database, Some(project)).await?;
    Ok(Json(issues.iter().map(|issue| json::issue(&app, issue)).collect()))
}

async fn issue(State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = queries::issue(&app.database, number(&issue)?)
        .await?
        .ok_or(Failure::NotFound)?;
    Ok(Json(json::issue(&app, &issue)))
}

async fn events(State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = queries::issue(&app.database, number(&issue)?)
        .await?
        .ok_or(Failure::NotFound)?;
    let events = queries::events(&app.database, issue.id).await?;
    Ok(Json(
        events.iter().map(|event| json::event_line(issue.id, event)).collect(),
    ))
}

async fn latest_event(State(app): State<App>, Path(issue): Path<String>) -> Answer {
    whole(&app, queries::latest_event(&app.database, number(&issue)?).await?).await
}

async fn event(State(app): State<App>, Path((issue, event)): Path<(String, String)>) -> Answer {
    whole(
        &app,
        queries::event_of_issue(&app.database, number(&issue)?, &event_id(&event)?).await?,
    )
    .await
}

async fn event_of_project(
    State(app): State<App>,
    Path((org, project, event)): Path<(String, String, String)>,
) -> Answer {
    let project = projects::project_by_slugs(&app.database, &org, &project)
        .await?
        .ok_or(Failure::NotFound)?;
    let id = event_id(&event)?;
    let event = queries::event_of_project(&app.database, project, &id).await?;
    if event.is_some() {
        return whole(&app, event).await;
    }
    let transaction = queries::traces::transaction(&app.database, project, &id)
        .await?
        .ok_or(Failure::NotFound)?;
    let attachments = queries::attachments_of(&app.database, project, &id).await?;
    Ok(Json(traces::as_event(&transaction, &attachments)))
}

async fn whole(app: &App, event: Option<StoredEvent>) -> Answer {
    let event = event.ok_or(Failure::NotFound)?;
    let attachments = queries::attachments(&app.database, &event).await?;
    let feedback = queries::feedback(&app.database, &event).await?;
    Ok(Json(json::event(app, &event, &attachments, &feedback)))
}

fn number(id: &str) -> Result<i64, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}

/// An event id as it is stored, of any form.
pub(crate) fn event_id(id: &str) -> Result<String, Failure> {
    Uuid::parse_str(id)
        .map(|id| id.simple().to_string())
        .map_err(|_| Failure::NotFound)
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    NotFound,
    /// 400, with what is wrong about the request.
    Wrong(String),
    Failed(Error),
}

impl Failure {
    /// A request whose `what` is none we know.
    fn wrong(what: &str, value: &str) -> Self {
        let value: String = value.chars().take(100).collect();
        Self::Wrong(if value.is_empty() {
            format!("Invalid {what}")
        } else {
            format!("Invalid {what}: {value:?}")
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, detail) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "The requested resource does not exist".to_owned(),
            ),
            Self::Wrong(detail) => (StatusCode::BAD_REQUEST, detail),
            Self::Failed(error) => {
                tracing::error!(error = chain(&error), "could not answer");
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal error".to_owned())
            }
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}
