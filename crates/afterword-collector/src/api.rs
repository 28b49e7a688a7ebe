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

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::error::chain;
use crate::queries::{self, StoredEvent};
use crate::{App, Error, access, projects};

pub(crate) use json::{raw, short_id};

/// The routes of the API, behind the token, and the description of them at `/api/0/openapi.json`. A route that is not
/// described cannot be added: path and method are those of its description.
pub(crate) fn routes(app: &App) -> Router<App> {
    let (router, description) = described().split_for_parts();
    let description = Arc::new(description);
    router.route_layer(from_fn_with_state(app.clone(), access::api)).route(
        "/api/0/openapi.json",
        get(move || {
            let description = Arc::clone(&description);
            async move { Json((*description).clone()) }
        }),
    )
}

/// All routes with their descriptions.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(issues))
        .routes(routes!(event_of_project))
        .routes(routes!(issue))
        .routes(routes!(events))
        .routes(routes!(latest_event))
        .routes(routes!(event))
        .merge(health::routes())
        .merge(traces::routes())
}

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Afterword collector",
        description = "Issues, events, releases, health and traces. Paths and shapes are those of Sentry's web API where it \
                       has one. Every request carries a token: `Authorization: Bearer TOKEN`."
    ),
    modifiers(&Token)
)]
struct Description;

struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("token", bearer);
        description.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    }
}

type Answer = Result<Json<Value>, Failure>;

/// Issues of a project, the one seen last first.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/issues/", tag = "issues",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn issues(State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
    let project = projects::project_by_slugs(&app.database, &org, &project)
        .await?
        .ok_or(Failure::NotFound)?;
    let issues = queries::issues(&app.database, Some(project)).await?;
    Ok(Json(issues.iter().map(|issue| json::issue(&app, issue)).collect()))
}

/// An issue.
#[utoipa::path(get, path = "/api/0/issues/{issue}/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn issue(State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = queries::issue(&app.database, number(&issue)?)
        .await?
        .ok_or(Failure::NotFound)?;
    Ok(Json(json::issue(&app, &issue)))
}

/// The events of an issue, newest first.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn events(State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = queries::issue(&app.database, number(&issue)?)
        .await?
        .ok_or(Failure::NotFound)?;
    let events = queries::events(&app.database, issue.id).await?;
    Ok(Json(
        events.iter().map(|event| json::event_line(issue.id, event)).collect(),
    ))
}

/// The newest event of an issue.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/latest/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn latest_event(State(app): State<App>, Path(issue): Path<String>) -> Answer {
    whole(&app, queries::latest_event(&app.database, number(&issue)?).await?).await
}

/// An event of an issue.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/{event}/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue"), ("event" = String, Path, description = "The id of the event, with or without dashes")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn event(State(app): State<App>, Path((issue, event)): Path<(String, String)>) -> Answer {
    whole(
        &app,
        queries::event_of_issue(&app.database, number(&issue)?, &event_id(&event)?).await?,
    )
    .await
}

/// An event or a transaction; 404 until it is digested.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/events/{event}/", tag = "events",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("event" = String, Path, description = "The id of the event, with or without dashes")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
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
    /// 403, with what is missing.
    Forbidden(String),
    /// 409, with what is in the way.
    Conflict(String),
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
            Self::Forbidden(detail) => (StatusCode::FORBIDDEN, detail),
            Self::Conflict(detail) => (StatusCode::CONFLICT, detail),
            Self::Failed(error) => {
                tracing::error!(error = chain(&error), "could not answer");
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal error".to_owned())
            }
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}
