//! What belongs to a release: its commits, deploys, files, the release before it, and how it fares over time.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::paging::Page;
use super::{DEFAULT_PERIOD, Pairs, Place, json, said};
use crate::access::Who;
use crate::api::asked::{Asked, time};
use crate::api::{Answer, Failure};
use crate::performance::DAY_MS;
use crate::releases::summary::{self, Summary};
use crate::releases::{self, changes, days};
use crate::{App, now_ms};

/// The most deploys of one release.
const MAX_DEPLOYS: i64 = 10_000;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(commits))
        .routes(routes!(deploys, deploy))
        .routes(routes!(files))
        .routes(routes!(files_of_project))
        .routes(routes!(previous))
        .routes(routes!(meta))
        .routes(routes!(stats))
        .routes(routes!(repositories))
}

/// The commits of a release, the newest first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/commits/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn commits(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    let page = Page::asked(&Asked::new(query))?;
    let release = Place::find(&app, &who, &org, None, false)
        .await?
        .release(&app, &version)
        .await?;
    let found = changes::commits(&app.database, &release, page.offset, page.and_one()).await?;
    let (found, more) = page.cut(found);
    Ok(page.answer(&app, &uri, found.iter().map(json::commit).collect(), more))
}

/// Where a release went, the newest first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/deploys/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn deploys(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    let page = Page::asked(&Asked::new(query))?;
    let release = Place::find(&app, &who, &org, None, false)
        .await?
        .release(&app, &version)
        .await?;
    let found = changes::deploys(&app.database, &release, page.offset, page.and_one()).await?;
    let (found, more) = page.cut(found);
    Ok(page.answer(&app, &uri, found.iter().map(json::deploy).collect(), more))
}

/// Notes that a release went somewhere.
#[utoipa::path(post, path = "/api/0/organizations/{org}/releases/{version}/deploys/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    request_body = Value, responses((status = 201, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn deploy(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Failure> {
    let place = Place::find(&app, &who, &org, None, true).await?;
    let release = place.release(&app, &version).await?;
    let body = said::object(&body)?;
    let new = said::deploy(&body, release.id, now_ms())?;
    // A deploy may say projects that the release is in from then on.
    let said = said::release(&json!({ "projects": body.get("projects") }), &place.known)?;
    if changes::deploys_count(&app.database, &release).await? >= MAX_DEPLOYS {
        return Err(Failure::Wrong(format!("A release has at most {MAX_DEPLOYS} deploys")));
    }
    if !said.projects.is_empty() {
        changes::put(&app.database, place.organization_id, &release.version, &said, now_ms()).await?;
    }
    let made = changes::deploy(&app.database, new, now_ms()).await?;
    Ok((StatusCode::CREATED, Json(json::deploy(&made))).into_response())
}

/// Files of a release: none. What symbols need is uploaded as debug files.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/files/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn files(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Failure> {
    Place::find(&app, &who, &org, None, false)
        .await?
        .release(&app, &version)
        .await?;
    no_files(&app, &uri)
}

/// Files of a release of a project: none.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/releases/{version}/files/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn files_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project, version)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Response, Failure> {
    Place::find(&app, &who, &org, Some(&project), false)
        .await?
        .release(&app, &version)
        .await?;
    no_files(&app, &uri)
}

fn no_files(app: &App, uri: &Uri) -> Result<Response, Failure> {
    let page = Page::asked(&Asked::new(Vec::new()))?;
    Ok(page.answer(app, uri, json!([]), false))
}

/// The release before this one that has commits; an empty object if there is none.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/previous-with-commits/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn previous(who: Who, State(app): State<App>, Path((org, version)): Path<(String, String)>) -> Answer {
    let place = Place::find(&app, &who, &org, None, false).await?;
    let release = place.release(&app, &version).await?;
    let previous = releases::previous_with_commits(&app.database, &release).await?;
    let found = place.answer(&app, &Asked::new(Vec::new()), previous.as_slice()).await?;
    Ok(Json(found.into_iter().next().unwrap_or_else(|| json!({}))))
}

/// A release in short.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/meta/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn meta(who: Who, State(app): State<App>, Path((org, version)): Path<(String, String)>) -> Answer {
    let place = Place::find(&app, &who, &org, None, false).await?;
    let release = place.release(&app, &version).await?;
    let projects = place.projects(&Asked::new(Vec::new()))?;
    let summaries = summary::of(&app.database, std::slice::from_ref(&release), &projects).await?;
    let changed = changes::files_changed(&app.database, &release).await?;
    let none = Summary::default();
    Ok(Json(json::meta(
        &release,
        summaries.get(&release.id).unwrap_or(&none),
        changed,
    )))
}

/// Repositories that the server itself could read: none.
#[utoipa::path(get, path = "/api/0/organizations/{org}/repos/", tag = "releases",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Value), (status = 401), (status = 404)))]
async fn repositories(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
) -> Result<Response, Failure> {
    Place::find(&app, &who, &org, None, false).await?;
    no_files(&app, &uri)
}

/// How a release fares over time, by hour or by day: one number an interval in each series; null where a share is one of
/// nothing. Shares are between 0 and 1. `environment` narrows sessions and users only.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/stats/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version"),
        ("interval" = Option<String>, Query, description = "1h to 1d"),
        ("statsPeriod" = Option<String>, Query, description = "Over which time; 14d unless given"),
        ("project" = Option<String>, Query), ("environment" = Option<String>, Query)),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn stats(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
    Query(query): Pairs,
) -> Answer {
    let asked = Asked::new(query);
    let place = Place::find(&app, &who, &org, None, false).await?;
    let release = place.release(&app, &version).await?;
    let interval_ms = asked.interval(DAY_MS)?;
    let all = asked
        .filter_over(&app, &org, now_ms(), DEFAULT_PERIOD)
        .await?
        .rounded(interval_ms)?;
    let found = days::read(&app.database, &all, &release.version, interval_ms).await?;
    let shares = |percents: Vec<Option<f64>>| -> Value {
        let shares = percents
            .into_iter()
            .map(|percent| json!(percent.map(|percent| percent / 100.0)));
        shares.collect()
    };
    let sessions: Vec<i64> = found.sessions.iter().map(|figures| figures.all).collect();
    let users: Vec<i64> = found.users.iter().map(|people| people.all).collect();
    let intervals = (0..all.slots(interval_ms)).map(|slot| time(all.start + slot * interval_ms));
    Ok(Json(json!({
        "version": release.version,
        "start": time(all.start),
        "end": time(all.end + 1),
        "intervals": intervals.collect::<Vec<_>>(),
        "series": {
            "sessions": sessions,
            "crashFreeSessions": shares(days::crash_free(&found.sessions)),
            "sessionsAdoption": shares(days::adoption(&found.sessions, &found.sessions_of_all)),
            "users": users,
            "crashFreeUsers": shares(days::crash_free(&found.users)),
            "usersAdoption": shares(days::adoption(&found.users, &found.users_of_all)),
            "events": found.events,
            "newIssues": found.new_issues,
        },
    })))
}
