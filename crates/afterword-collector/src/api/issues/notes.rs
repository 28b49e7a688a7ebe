//! What became of an issue, and notes of people.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use crate::access::{Scope, Who};
use crate::api::asked::time;
use crate::api::{Answer, Failure};
use crate::issues::activity::{self, Activity, MAX_NOTE_CHARS};
use crate::{App, now_ms};

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(activities))
        .routes(routes!(comment))
}

/// As the API shows it.
pub(super) fn shown(activity: &Activity) -> Value {
    let data = activity.detail.as_deref().map(serde_json::from_str);
    json!({
        "id": activity.id.to_string(),
        "type": activity.kind,
        "user": activity.actor.as_ref().map(|name| json!({ "name": name })),
        "data": data.and_then(Result::ok).unwrap_or_else(|| json!({})),
        "dateCreated": time(activity.at),
    })
}

/// What became of an issue, the latest first.
#[utoipa::path(get, path = "/api/0/issues/{issue}/activities/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn activities(who: Who, State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = find(&app, &who, &issue, Scope::EventRead).await?;
    let activity = activity::of(&app.database, issue.id).await?;
    let shown: Vec<Value> = activity.iter().map(shown).collect();
    Ok(Json(json!({ "activity": shown })))
}

/// Adds a note: `{"text": …}`.
#[utoipa::path(post, path = "/api/0/issues/{issue}/comments/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")), request_body = Value,
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn comment(
    who: Who,
    State(app): State<App>,
    Path(issue): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let issue = find(&app, &who, &issue, Scope::EventWrite).await?;
    let body: Value =
        serde_json::from_slice(&body).map_err(|error| Failure::Wrong(format!("The body is no JSON: {error}")))?;
    let text = body["text"].as_str().unwrap_or_default();
    let noted = activity::add_note(&app.database, issue.id, &who.actor(), text, now_ms()).await?;
    let noted = noted.ok_or_else(|| Failure::Wrong(format!("text must have 1 to {MAX_NOTE_CHARS} characters")))?;
    Ok((StatusCode::CREATED, Json(shown(&noted))).into_response())
}
