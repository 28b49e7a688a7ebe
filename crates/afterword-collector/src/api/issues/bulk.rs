//! Many issues at once.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked;
use crate::access::{Scope, Who};
use crate::api::Failure;
use crate::api::asked::Asked;
use crate::issues::bulk::{self, MAX_ALL, MAX_IDS, NotDone};
use crate::issues::change::{Change, Wanted};
use crate::issues::state::Status;
use crate::{App, now_ms, projects};

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_project, delete_of_project))
        .routes(routes!(of_organization))
}

/// Changes or merges issues of a project: those named by `id`, or all with a `status`.
#[utoipa::path(put, path = "/api/0/projects/{org}/{project}/issues/", tag = "issues",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("id" = Option<Vec<String>>, Query, description = "Ids of issues"),
        ("status" = Option<String>, Query, description = "Only those with this status; without ids, all of them")),
    request_body = Value,
    responses((status = 200, body = Value), (status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Result<Response, Failure> {
    let project = who.project(&app, &org, &project, Scope::EventWrite).await?;
    update(&app, &who, &[project], &Asked::new(pairs), &body).await
}

/// Changes or merges issues of an organisation: those named by `id`, or all with a `status`.
#[utoipa::path(put, path = "/api/0/organizations/{org}/issues/", tag = "issues",
    params(("org" = String, Path, description = "The organisation"),
        ("id" = Option<Vec<String>>, Query, description = "Ids of issues"),
        ("status" = Option<String>, Query, description = "Only those with this status; without ids, all of them")),
    request_body = Value,
    responses((status = 200, body = Value), (status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn of_organization(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Result<Response, Failure> {
    let organization = projects::organization(&app.database, &org)
        .await?
        .ok_or(Failure::NotFound)?;
    let known = projects::of_organization(&app.database, organization).await?;
    // Only those of its projects in which this may be done.
    let mut allowed = Vec::new();
    let mut refused = None;
    for (project, _) in known {
        match who.may_in_project(organization, project, Scope::EventWrite) {
            Ok(()) => allowed.push(project),
            Err(failure) => refused = Some(failure),
        }
    }
    if let Some(failure) = refused.filter(|_| allowed.is_empty()) {
        return Err(failure);
    }
    update(&app, &who, &allowed, &Asked::new(pairs), &body).await
}

/// Deletes issues of a project, named by `id`, and their events.
#[utoipa::path(delete, path = "/api/0/projects/{org}/{project}/issues/", tag = "issues",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("id" = Vec<String>, Query, description = "Ids of issues")),
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn delete_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<StatusCode, Failure> {
    let project = who.project(&app, &org, &project, Scope::EventAdmin).await?;
    let asked = Asked::new(pairs);
    let ids = ids(&asked)?;
    if ids.is_empty() {
        return Err(Failure::Wrong("Say which, as ?id=1&id=2".to_owned()));
    }
    let found = bulk::select(&app.database, &[project], &ids, None).await?;
    if found.len() == ids.len() {
        bulk::delete(&app.database, &found).await?;
        bulk::finish(&app.database).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn update(app: &App, who: &Who, projects: &[i64], query: &Asked, body: &Bytes) -> Result<Response, Failure> {
    let change = asked(body)?;
    let ids = ids(query)?;
    let status = match query.one("status") {
        None => None,
        Some(name) => Some(Status::parse(name).ok_or_else(|| Failure::wrong("status", name))?),
    };
    if ids.is_empty() && (change.status.is_none() || change.merge || change.assigned_to.is_some()) {
        return Err(Failure::Wrong(
            "Say which issues, as ?id=1&id=2: without, only a status can be set".to_owned(),
        ));
    }
    let found = bulk::select(&app.database, projects, &ids, status).await?;
    if found.len() > MAX_ALL {
        return Err(Failure::Wrong(format!(
            "These are more than {MAX_ALL} issues: name them by id"
        )));
    }
    if found.is_empty() || (status.is_none() && found.len() < ids.len()) {
        // As Sentry does it: if one is not within reach, none is changed.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut answer = shown(&change);
    let merged = bulk::apply(&app.database, &found, &change, &who.actor(), now_ms()).await;
    let merged = merged.map_err(|not| match not {
        NotDone::Wrong(words) => Failure::Wrong(words.to_owned()),
        NotDone::Failed(error) => Failure::Failed(error),
    })?;
    if let Some(merged) = merged {
        bulk::finish(&app.database).await?;
        answer["merge"] = json!({
            "parent": merged.parent.to_string(),
            "children": merged.children.iter().map(i64::to_string).collect::<Vec<_>>(),
        });
    }
    Ok(Json(answer).into_response())
}

fn shown(change: &Change) -> Value {
    let mut answer = json!({});
    if let Some(wanted) = &change.status {
        let (status, details) = match wanted {
            Wanted::Unresolved => (Status::Unresolved, json!({})),
            Wanted::Resolved => (Status::Resolved, json!({})),
            Wanted::InRelease(version) => (Status::Resolved, json!({ "inRelease": version })),
            Wanted::InLatestRelease => (Status::Resolved, json!({ "inRelease": "latest" })),
            Wanted::InNextRelease => (Status::Resolved, json!({ "inNextRelease": true })),
            Wanted::Ignored { conditions, minutes } => {
                let mut details = conditions.shown();
                if let Some(minutes) = minutes {
                    details["ignoreDuration"] = json!(minutes);
                }
                (Status::Ignored, details)
            }
        };
        answer["status"] = json!(status.name());
        answer["statusDetails"] = details;
    }
    if let Some(assigned_to) = &change.assigned_to {
        answer["assignedTo"] = json!(assigned_to);
    }
    answer
}

fn ids(query: &Asked) -> Result<Vec<i64>, Failure> {
    let mut ids = query
        .all("id")
        .map(|id| id.parse().map_err(|_| Failure::wrong("id", id)))
        .collect::<Result<Vec<i64>, Failure>>()?;
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MAX_IDS {
        return Err(Failure::Wrong(format!("At most {MAX_IDS} ids at once")));
    }
    Ok(ids)
}
