//! Why events are together, and taking them apart.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use crate::access::{Scope, Who};
use crate::api::asked::{Asked, time};
use crate::api::{Answer, Failure, event_id};
use crate::error::OrFailed as _;
use crate::grouping::{InApp, SETTING};
use crate::issues::groups::{self, Group};
use crate::issues::moves;
use crate::issues::split::{self, NotSplit};
use crate::settings::{self, MAX_VALUE_BYTES};
use crate::{App, Error, now_ms};

impl From<NotSplit> for Failure {
    fn from(not: NotSplit) -> Self {
        match not {
            NotSplit::NoIssue => Self::NotFound,
            NotSplit::Wrong(words) => Self::Wrong(words.to_owned()),
            NotSplit::Failed(error) => Self::Failed(error),
        }
    }
}

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(hashes, unmerge))
        .routes(routes!(grouping_info))
        .routes(routes!(rules, set_rules))
}

/// The groups whose events are in an issue, each with the reason and its newest event. One, unless issues were merged.
#[utoipa::path(get, path = "/api/0/issues/{issue}/hashes/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn hashes(who: Who, State(app): State<App>, Path(issue): Path<String>) -> Answer {
    let issue = find(&app, &who, &issue, Scope::EventRead).await?;
    let mut shown = Vec::new();
    for group in groups::of(&app.database, issue.id).await? {
        let newest: Option<(String, String, i64)> = sqlx::query_as(
            "SELECT event_id, title, occurred_at FROM events WHERE issue_id = $1 AND group_id = $2
             ORDER BY occurred_at DESC, id DESC LIMIT 1",
        )
        .bind(issue.id)
        .bind(group.id)
        .fetch_optional(&app.database.read)
        .await
        .or_failed("read the newest event of a group")?;
        let newest = newest.map(|(id, title, at)| {
            json!({ "id": id, "eventID": id, "groupID": issue.id.to_string(), "title": title, "dateCreated": time(at) })
        });
        shown.push(json!({
            "id": group.group_key, "latestEvent": newest, "groupedBy": group.grouped_by, "why": group.why(),
        }));
    }
    Ok(Json(shown.into()))
}

/// Makes an issue of its own of groups that were merged into this one. The answer names it.
#[utoipa::path(delete, path = "/api/0/issues/{issue}/hashes/", tag = "issues",
    params(("issue" = String, Path, description = "The id of the issue"),
        ("id" = Vec<String>, Query, description = "Ids of groups, as the list of them shows")),
    responses((status = 202, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn unmerge(
    who: Who,
    State(app): State<App>,
    Path(issue): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let issue = find(&app, &who, &issue, Scope::EventWrite).await?;
    let asked = Asked::new(pairs);
    let mut keys: Vec<String> = asked.all("id").take(100).map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        return Err(Failure::Wrong("Say which, as ?id=KEY".to_owned()));
    }
    let new = split::split(&app.database, issue.id, &keys, &who.actor(), now_ms()).await?;
    moves::finish(&app.database).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "id": new.to_string() }))).into_response())
}

/// Why an event is in its issue.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/events/{event}/grouping-info/", tag = "events",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("event" = String, Path, description = "The id of the event, with or without dashes")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn grouping_info(
    who: Who,
    State(app): State<App>,
    Path((org, project, event)): Path<(String, String, String)>,
) -> Answer {
    let project = who.project(&app, &org, &project, Scope::EventRead).await?;
    let group: Option<Group> = groups::of_event(&app.database, project, &event_id(&event)?).await?;
    let group = group.ok_or(Failure::NotFound)?;
    let why = group.why();
    let (key, kind) = match group.grouped_by.as_str() {
        "fingerprint" => ("custom-fingerprint", "custom-fingerprint"),
        _ => ("default", "component"),
    };
    let mut variants = json!({});
    variants[key] = json!({
        "key": key, "type": kind, "hash": group.group_key, "contributes": true, "hint": null,
        "description": why["words"], "rule": why["rule"], "parts": why["parts"], "partsLeftOut": why["partsLeftOut"],
    });
    Ok(Json(variants))
}

/// The rules by which functions are the application's, in the order in which they are applied.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/grouping/", tag = "projects",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn rules(who: Who, State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
    let project = who.project(&app, &org, &project, Scope::ProjectRead).await?;
    let rules: Option<Vec<String>> = settings::get(&app.database, project, SETTING).await?;
    Ok(Json(json!({ "inApp": rules.unwrap_or_default() })))
}

/// Sets the rules by which functions are the application's: a list such as `["-app module:libfork*"]`. They count for events
/// that are digested from then on, everywhere within seconds.
#[utoipa::path(put, path = "/api/0/projects/{org}/{project}/grouping/", tag = "projects",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    request_body = Value,
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn set_rules(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let project = who.project(&app, &org, &project, Scope::ProjectWrite).await?;
    let wrong = || Failure::Wrong("The body must be {\"inApp\": [rules as texts]}".to_owned());
    if body.len() > MAX_VALUE_BYTES {
        return Err(Failure::Wrong(format!(
            "The rules have at most {MAX_VALUE_BYTES} bytes together"
        )));
    }
    let body: Value = serde_json::from_slice(&body).map_err(|_| wrong())?;
    let rules: Vec<String> = serde_json::from_value(body["inApp"].clone()).map_err(|_| wrong())?;
    InApp::parse(&rules).map_err(|error| match error {
        Error::Rule { .. } => Failure::Wrong(error.to_string()),
        error => Failure::Failed(error),
    })?;
    settings::set(&app.database, project, SETTING, &rules).await?;
    app.caches.in_app.forget(project);
    Ok(Json(json!({ "inApp": rules })))
}
