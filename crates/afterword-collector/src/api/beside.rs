//! What came beside events, as JSON: comments of people, envelopes that were set aside because they could not be digested
//! (with their bytes, and a way to try again), and items of which nothing is made, by kind.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, time};
use super::lists::projects_of;
use super::{Answer, Failure, number, page};
use crate::access::{Scope, Who};
use crate::queries::beside::{self, Report, SetAside};
use crate::search::Project;
use crate::{App, projects};

type Pairs = Query<Vec<(String, String)>>;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reports))
        .routes(routes!(set_aside))
        .routes(routes!(bytes))
        .routes(routes!(digest_again))
        .routes(routes!(undigested))
}

/// What people wrote, the latest first.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/user-feedback/", tag = "feedback",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn reports(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    let asked = Asked::new(query);
    let project = who.project(&app, &org, &project, Scope::EventRead).await?;
    let page = page::page(&asked)?;
    let (walked, reports) = beside::reports(&app.database, &[project], page).await?;
    let list = reports.iter().map(report).collect();
    Ok(page::answer(&app, &uri, &asked, page, &walked, list))
}

fn report(report: &Report) -> Value {
    json!({
        "id": report.feedback_id,
        "eventID": report.event_id,
        "name": report.name,
        "email": report.email,
        "comments": report.message,
        "dateCreated": time(report.received_at),
        "event": report.event_id.as_ref().map(|id| json!({ "id": id, "eventID": id })),
        "issue": report.issue_id.map(|id| json!({ "id": id.to_string() })),
    })
}

/// Envelopes that could not be digested, the latest first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/set-aside/", tag = "set aside",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all"),
        ("limit" = Option<u32>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query, description = "From the Link header")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn set_aside(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    let asked = Asked::new(query);
    let projects = projects_of(&app, &who, &org, &asked).await?;
    let page = page::page(&asked)?;
    let (walked, found) = beside::set_aside(&app.database, &projects, page).await?;
    let list = found.iter().map(|one| envelope(&projects, one)).collect();
    Ok(page::answer(&app, &uri, &asked, page, &walked, list))
}

fn envelope(projects: &[Project], one: &SetAside) -> Value {
    json!({
        "id": one.id.to_string(),
        "project": project(projects, one.project_id),
        "eventID": one.event_id,
        "error": one.error,
        "tries": one.tries,
        "size": one.size_bytes,
        "client": one.client,
        "dateReceived": time(one.received_at),
        "dateSetAside": time(one.set_aside_at),
    })
}

fn project(projects: &[Project], id: i64) -> Value {
    let slug = projects
        .iter()
        .find(|project| project.id == id)
        .map(|project| &project.slug);
    json!({ "id": id.to_string(), "slug": slug })
}

/// The bytes of one, as they came.
#[utoipa::path(get, path = "/api/0/organizations/{org}/set-aside/{id}/", tag = "set aside",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-sentry-envelope"), (status = 401), (status = 403), (status = 404)))]
async fn bytes(who: Who, State(app): State<App>, Path((org, id)): Path<(String, String)>) -> Result<Response, Failure> {
    let one = find(&app, &who, &org, &id, Scope::EventRead).await?;
    let bytes = beside::bytes_set_aside(&app.database, &app.blobs, one.id).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-sentry-envelope"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"envelope\""),
        ),
        (
            HeaderName::from_static("x-content-type-options"),
            HeaderValue::from_static("nosniff"),
        ),
    ];
    Ok((headers, bytes.ok_or(Failure::NotFound)?).into_response())
}

/// Digests one again; if it fails again, it is set aside again.
#[utoipa::path(post, path = "/api/0/organizations/{org}/set-aside/{id}/digest-again/", tag = "set aside",
    params(("org" = String, Path, description = "The organisation"), ("id" = String, Path, description = "Its id")),
    responses((status = 202, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn digest_again(
    who: Who,
    State(app): State<App>,
    Path((org, id)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let one = find(&app, &who, &org, &id, Scope::EventWrite).await?;
    if !app.inbox.digest_again(one.id).await? {
        return Err(Failure::NotFound);
    }
    Ok((StatusCode::ACCEPTED, Json(json!({ "eventID": one.event_id }))).into_response())
}

async fn find(app: &App, who: &Who, org: &str, id: &str, scope: Scope) -> Result<SetAside, Failure> {
    let organization = projects::organization(&app.database, org)
        .await?
        .ok_or(Failure::NotFound)?;
    let one = beside::one_set_aside(&app.database, number(id)?)
        .await?
        .ok_or(Failure::NotFound)?;
    if projects::organization_of(&app.database, one.project_id).await? != Some(organization) {
        return Err(Failure::NotFound);
    }
    who.may_in_project(organization, one.project_id, scope)?;
    Ok(one)
}

/// Items that were accepted and of which nothing is made, by project and kind, the most first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/undigested/", tag = "set aside",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn undigested(who: Who, State(app): State<App>, Path(org): Path<String>, Query(query): Pairs) -> Answer {
    let projects = projects_of(&app, &who, &org, &Asked::new(query)).await?;
    let found = beside::undigested(&app.database, &projects).await?;
    let list = found.iter().map(|one| {
        json!({
            "project": project(&projects, one.project_id),
            "kind": one.kind,
            "items": one.items,
            "bytes": one.bytes,
            "reason": one.reason,
        })
    });
    Ok(Json(list.collect()))
}
