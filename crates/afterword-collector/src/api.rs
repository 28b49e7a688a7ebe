//! The API: issues and events as JSON, at the paths and in the shapes of Sentry's own web API, so that scripts written
//! for it work; a few fields are ours (`signature`, `feedback`, `raw`).
//!
//! | path | answer |
//! | --- | --- |
//! | `/api/0/projects/{org}/{project}/issues/`, `/api/0/organizations/{org}/issues/` | issues: searched, sorted, in pages, see `lists` |
//! | `/api/0/projects/{org}/{project}/events/`, `/api/0/organizations/{org}/events/` | events, the same way |
//! | `/api/0/projects/{org}/{project}/events/{event_id}/` | an event or a transaction; 404 until it is digested |
//! | `/api/0/issues/{id}/` and below, PUT and DELETE of issues | the life of issues, see `issues` |
//! | `/api/0/issues/{id}/events/` | its events, newest first |
//! | `/api/0/issues/{id}/events/latest/`, `…/oldest/`, `…/{event_id}/` | one of its events |
//! | `/api/0/issues/{id}/tags/`, `/api/0/projects/{org}/{project}/tags/`, … | what events are tagged with, see `tags` |
//! | `/api/0/projects/{org}/{project}/stats/`, `/api/0/organizations/{org}/events-stats/`, `…/stats_v2/` | counts over time, see `stats` |
//! | `/api/0/projects/{org}/{project}/user-feedback/`, `…/set-aside/`, `…/undigested/` | what came beside events, see `beside` |
//! | `/api/0/organizations/{org}/sessions/` | release health, see `health` |
//! | `/api/0/projects/{org}/{project}/files/dsyms/`, `…/missing-symbols/`, … | debug files, see `symbols` |
//! | `/api/0/organizations/{org}/releases/` and below | releases, see `releases` |
//! | `/api/0/organizations/{org}/performance/` and below | figures of transactions, see `performance` |
//! | `/api/0/organizations/{org}/alert-rules/` and below | alert rules and their history, see `alert_rules` |
//! | `/api/0/organizations/{org}/events-trace/{trace_id}/` | the transactions of a trace inside each other, see `traces` |
//! | `/api/0/mail/` | the server that mail goes through, see `mail` |

mod accounts;
mod alert_rules;
mod asked;
mod beside;
mod given;
mod health;
mod issues;
mod json;
pub(crate) mod keys;
mod lists;
pub(crate) mod mail;
pub(crate) mod members;
mod organizations;
mod page;
mod performance;
pub(crate) mod projects;
mod releases;
mod stats;
pub(crate) mod symbols;
mod tags;
pub(crate) mod tokens;
mod traces;
pub(crate) mod user_data;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
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

use crate::access::{Scope, Who};
use crate::error::chain;
use crate::queries::{self, StoredEvent};
use crate::{App, Error, access, search};

pub(crate) use asked::time;
pub(crate) use json::{raw, short_id};

/// The routes of the API, behind the token, and the description of them at `/api/0/openapi.json`. A route that is not
/// described cannot be added: path and method are those of its description.
pub(crate) fn routes(app: &App) -> Router<App> {
    let (router, open, description) = parts();
    let description = Arc::new(description);
    let router = router.route_layer(from_fn_with_state(app.clone(), access::api));
    router.merge(open).route(
        "/api/0/openapi.json",
        get(move || {
            let description = Arc::clone(&description);
            async move { Json((*description).clone()) }
        }),
    )
}

/// The routes behind the token, those that are open, and the description of both.
fn parts() -> (Router<App>, Router<App>, utoipa::openapi::OpenApi) {
    let (router, mut description) = described().split_for_parts();
    let (open, of_open) = accounts::open_routes().split_for_parts();
    description.merge(of_open);
    (router, open, description)
}

/// The description of the API, as JSON.
///
/// # Errors
/// If it cannot be written, which would be a mistake of the program's.
pub fn openapi() -> Result<String, Error> {
    let (_, _, description) = parts();
    description.to_pretty_json().map_err(|source| Error::Setting {
        name: "openapi".to_owned(),
        source,
    })
}

/// All routes with their descriptions.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(event_of_project))
        .routes(routes!(latest_event))
        .routes(routes!(oldest_event))
        .routes(routes!(event))
        .merge(issues::routes())
        .merge(lists::routes())
        .merge(tags::routes())
        .merge(stats::routes())
        .merge(beside::routes())
        .merge(accounts::routes())
        .merge(organizations::routes())
        .merge(projects::routes())
        .merge(keys::routes())
        .merge(members::routes())
        .merge(tokens::routes())
        .merge(health::routes())
        .merge(symbols::routes())
        .merge(traces::routes())
        .merge(releases::routes())
        .merge(performance::routes())
        .merge(user_data::routes())
        .merge(mail::routes())
        .merge(alert_rules::routes())
}

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Afterword collector",
        description = "Issues, events, releases, health and traces. Paths and shapes are those of Sentry's web API where it \
                       has one. Every request carries a token: `Authorization: Bearer TOKEN`."
    ),
    tags(
        (name = "mail", description = "The server that mail of alerts goes through: one for the whole collector."),
        (name = "alerts", description = "Rules, and what they told.\n\nA webhook is a POST of JSON with \
            `X-Afterword-Delivery`, an id that is the same at each try, and `X-Afterword-Signature: t=SECONDS,v1=HEX`. \
            HEX is HMAC-SHA256, with the secret of the rule, of SECONDS, a full stop and the body, byte for byte. Compare \
            it in constant time, and refuse a SECONDS that is more than five minutes from now. Any answer of 2xx within \
            10 s says that it is there; 408, 425, 429 and 5xx have it tried again for about a day, other answers do not. \
            The body has a `version`, which is 1: fields may be added to it.")
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

/// The newest event of an issue.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/latest/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn latest_event(who: Who, State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = lists::issue_for(&app, &who, &issue).await?;
    whole(&app, queries::latest_event(&app.database, issue.id).await?).await
}

/// The oldest event of an issue.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/oldest/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn oldest_event(who: Who, State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = lists::issue_for(&app, &who, &issue).await?;
    whole(&app, queries::oldest_event(&app.database, issue.id).await?).await
}

/// An event of an issue.
#[utoipa::path(get, path = "/api/0/issues/{issue}/events/{event}/", tag = "events",
    params(("issue" = String, Path, description = "The id of the issue"), ("event" = String, Path, description = "The id of the event, with or without dashes")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn event(who: Who, State(app): State<App>, Path((issue, event)): Path<(String, String)>) -> Answer {
    let issue = lists::issue_for(&app, &who, &issue).await?;
    whole(
        &app,
        queries::event_of_issue(&app.database, issue.id, &event_id(&event)?).await?,
    )
    .await
}

/// An event or a transaction; 404 until it is digested.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/events/{event}/", tag = "events",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("event" = String, Path, description = "The id of the event, with or without dashes")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn event_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project, event)): Path<(String, String, String)>,
) -> Answer {
    let project = who.project(&app, &org, &project, Scope::EventRead).await?;
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
    let (older, newer) = queries::neighbours(&app.database, &event).await?;
    let mut json = json::event(app, &event, &attachments, &feedback);
    json["previousEventID"] = json!(older);
    json["nextEventID"] = json!(newer);
    Ok(Json(json))
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
    /// 401, with what is wrong about the credentials.
    Unauthorized(String),
    /// 429: to be tried again after so long.
    TooMany(Duration),
    /// 409, with what is in the way.
    Conflict(String),
    /// 413, with what is too large.
    TooLarge(String),
    Failed(Error),
}

impl Failure {
    /// A request whose `what` is none we know.
    pub(crate) fn wrong(what: &str, value: &str) -> Self {
        let value: String = value.chars().take(100).collect();
        Self::Wrong(if value.is_empty() {
            format!("Invalid {what}")
        } else {
            format!("Invalid {what}: {value:?}")
        })
    }
}

impl Failure {
    /// A name that is none is a mistake of the request's.
    pub(crate) fn of_slug(error: Error) -> Self {
        match error {
            Error::Slug { .. } => Self::Wrong(error.to_string()),
            error => Self::Failed(error),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<search::walk::Failure> for Failure {
    fn from(failure: search::walk::Failure) -> Self {
        match failure {
            search::walk::Failure::Wrong(wrong) => wrong.into(),
            search::walk::Failure::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<search::Wrong> for Failure {
    fn from(wrong: search::Wrong) -> Self {
        Self::Wrong(wrong.to_string())
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
            Self::Unauthorized(detail) => (StatusCode::UNAUTHORIZED, detail),
            Self::TooMany(wait) => {
                let detail = "Too many attempts: try again later".to_owned();
                let after = [(header::RETRY_AFTER, (wait.as_secs() + 1).to_string())];
                return (StatusCode::TOO_MANY_REQUESTS, after, Json(json!({ "detail": detail }))).into_response();
            }
            Self::Conflict(detail) => (StatusCode::CONFLICT, detail),
            Self::TooLarge(detail) => (StatusCode::PAYLOAD_TOO_LARGE, detail),
            Self::Failed(error) => {
                tracing::error!(error = chain(&error), "could not answer");
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal error".to_owned())
            }
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}
