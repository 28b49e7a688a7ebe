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
use crate::error::OrFailed as _;
use crate::issues::activity::{self, Activity};
use crate::{App, now_ms};

/// The longest note, in characters.
const MAX_CHARS: usize = 4096;

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
    let text = body["text"].as_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.chars().count() > MAX_CHARS {
        return Err(Failure::Wrong(format!("text must have 1 to {MAX_CHARS} characters")));
    }
    let actor = who.actor();
    let new = activity::New {
        issue_id: issue.id,
        kind: "note",
        actor: Some(&actor),
        detail: json!({ "text": text }),
        at: now_ms(),
    };
    let detail = new.detail.to_string();
    let at = new.at;
    let operation = "add a note";
    let mut connection = app.database.write.acquire().await.or_failed(operation)?;
    let id = activity::note(&mut connection, new).await?;
    let noted = Activity {
        id,
        kind: "note".to_owned(),
        actor: Some(actor),
        detail: Some(detail),
        at,
    };
    Ok((StatusCode::CREATED, Json(shown(&noted))).into_response())
}
