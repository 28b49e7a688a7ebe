//! Releases as JSON, at Sentry's paths, for scripts and `sentry-cli releases`.
//!
//! | path | what |
//! | --- | --- |
//! | `/api/0/organizations/{org}/releases/` | list, make |
//! | `…/releases/{version}/` | read, change (finalise, set commits), remove |
//! | `…/releases/{version}/commits/`, `…/deploys/`, `…/files/`, `…/meta/` | what belongs to one |
//! | `…/releases/{version}/previous-with-commits/` | the one before, where commits are to begin |
//! | `…/releases/{version}/stats/` | by hour or day: sessions, users, without a crash, events, new issues (ours) |
//! | `/api/0/organizations/{org}/repos/` | none: commits are told by whoever has the repository |
//!
//! The first two exist under `/api/0/projects/{org}/{project}/` as well. With `health=1` a release tells its sessions and
//! users over `summaryStatsPeriod`, and its adoption: its share of the last 24 hours. A release that something
//! came from cannot be removed; it can be archived.

mod json;
mod paging;
mod parts;
mod said;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, period_ms};
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::releases::summary::{self, Period, Summary};
use crate::releases::{self, Release, Wanted, changes};
use crate::{App, now_ms, projects};
pub(super) use paging::Page;

/// A thousand commits with the files they changed.
const MAX_BODY_BYTES: usize = 16 << 20;
const DEFAULT_PERIOD: &str = "14d";

type Pairs = Query<Vec<(String, String)>>;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(list_of_project, create_in_project))
        .routes(routes!(read, change, remove))
        .routes(routes!(read_of_project, change_in_project, remove_of_project))
        .merge(parts::routes())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Where a request looks: an organisation, or one project of it.
struct Place {
    organization_id: i64,
    /// All of the organisation.
    known: Vec<(i64, String)>,
    project: Option<i64>,
}

impl Place {
    /// The place that is named, if `who` may read there (`write` says: change releases).
    async fn find(app: &App, who: &Who, org: &str, project: Option<&str>, write: bool) -> Result<Self, Failure> {
        let organization_id = projects::organization(&app.database, org)
            .await?
            .ok_or(Failure::NotFound)?;
        let known = projects::of_organization(&app.database, organization_id).await?;
        let project = match project {
            None => None,
            Some(asked) => {
                let found = known.iter().find(|(id, slug)| slug == asked || id.to_string() == asked);
                Some(found.ok_or(Failure::NotFound)?.0)
            }
        };
        let may = |scope| match project {
            Some(project) => who.may_in_project(organization_id, project, scope),
            None => who.may_in(organization_id, scope),
        };
        // What a build machine has is enough for both.
        let may_change = may(Scope::ProjectReleases);
        if write {
            may_change?;
        } else if may_change.is_err() {
            may(Scope::ProjectRead)?;
        }
        Ok(Self {
            organization_id,
            known,
            project,
        })
    }

    async fn release(&self, app: &App, version: &str) -> Result<Release, Failure> {
        let found = releases::find(&app.database, self.organization_id, version, self.project).await?;
        found.ok_or(Failure::NotFound)
    }

    /// The projects that an answer is about.
    fn projects(&self, asked: &Asked) -> Result<Vec<i64>, Failure> {
        match self.project {
            Some(project) => Ok(vec![project]),
            None => asked.projects(&self.known),
        }
    }

    /// What is known of releases, with their health if it is asked for.
    async fn answer(&self, app: &App, asked: &Asked, found: &[Release]) -> Result<Vec<Value>, Failure> {
        let projects = self.projects(asked)?;
        let mut summaries = summary::of(&app.database, found, &projects).await?;
        let asks = |name| asked.one(name).is_some_and(|value| value == "1" || value == "true");
        let stated = asked.one("summaryStatsPeriod").or_else(|| asked.one("statsPeriod"));
        let text = stated.unwrap_or(DEFAULT_PERIOD);
        if asks("health") && !found.is_empty() {
            let length = period_ms(text).ok_or_else(|| Failure::wrong("summaryStatsPeriod", text))?;
            let now = now_ms();
            let period = Period {
                start: now.saturating_sub(length),
                end: now,
                environments: asked.environments(),
            };
            summary::add_health(&app.database, found, &mut summaries, &projects, &period).await?;
        }
        let none = Summary::default();
        let value = |release: &Release| json::release(release, summaries.get(&release.id).unwrap_or(&none), text);
        Ok(found.iter().map(value).collect())
    }
}

async fn list_at(app: &App, place: Place, uri: &Uri, asked: &Asked) -> Result<Response, Failure> {
    let page = Page::asked(asked)?;
    if let Some(other) = asked.one("sort").filter(|sort| *sort != "date") {
        return Err(Failure::wrong("sort", other));
    }
    let asks_for_projects = place.project.is_some() || asked.one("project").is_some_and(|project| project != "-1");
    let wanted = Wanted {
        projects: if asks_for_projects {
            place.projects(asked)?
        } else {
            Vec::new()
        },
        part: asked
            .one("query")
            .map(|query| query.chars().take(releases::MAX_VERSION_CHARS).collect()),
        status: asked.one("status").map(str::to_owned),
        offset: page.offset,
        most: page.and_one(),
    };
    let found = releases::list(&app.database, Some(place.organization_id), &wanted).await?;
    let (found, more) = page.cut(found);
    let body = place.answer(app, asked, &found).await?;
    Ok(page.answer(app, uri, Value::Array(body), more))
}

async fn create_at(app: &App, place: Place, body: &[u8]) -> Result<Response, Failure> {
    let body = said::object(body)?;
    let version = said::version(&body)?;
    let mut said = said::release(&body, &place.known)?;
    said.projects.extend(place.project);
    if said.projects.is_empty()
        && releases::find(&app.database, place.organization_id, &version, None)
            .await?
            .is_none()
    {
        return Err(Failure::wrong("projects of a new release: it is in none", ""));
    }
    let (release, made) = changes::put(&app.database, place.organization_id, &version, &said, now_ms()).await?;
    let body = place.answer(app, &Asked::new(Vec::new()), &[release]).await?;
    // As Sentry answers: 208 says that it was there.
    let status = if made {
        StatusCode::CREATED
    } else {
        StatusCode::ALREADY_REPORTED
    };
    Ok((status, Json(body.into_iter().next())).into_response())
}

async fn read_at(app: &App, place: Place, version: &str, asked: &Asked) -> Answer {
    let release = place.release(app, version).await?;
    let body = place.answer(app, asked, &[release]).await?;
    Ok(Json(body.into_iter().next().unwrap_or_default()))
}

async fn change_at(app: &App, place: Place, version: &str, body: &[u8]) -> Answer {
    let said = said::release(&said::object(body)?, &place.known)?;
    let release = place.release(app, version).await?;
    let (release, _) = changes::put(&app.database, place.organization_id, &release.version, &said, now_ms()).await?;
    let body = place.answer(app, &Asked::new(Vec::new()), &[release]).await?;
    Ok(Json(body.into_iter().next().unwrap_or_default()))
}

async fn remove_at(app: &App, place: Place, version: &str) -> Result<StatusCode, Failure> {
    let release = place.release(app, version).await?;
    if changes::delete(&app.database, &release).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        let words =
            "This release cannot be removed: events, sessions or transactions came from it. It can be archived.";
        Err(Failure::Wrong(words.to_owned()))
    }
}

/// Releases of an organisation, the newest first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"),
        ("query" = Option<String>, Query, description = "A part of the version"),
        ("project" = Option<String>, Query, description = "Only of this project: its id or name"),
        ("health" = Option<String>, Query, description = "1: with release health"),
        ("summaryStatsPeriod" = Option<String>, Query, description = "Over which time; 14d unless given"),
        ("per_page" = Option<i64>, Query, description = "1 to 100"), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn list(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    list_at(
        &app,
        Place::find(&app, &who, &org, None, false).await?,
        &uri,
        &Asked::new(query),
    )
    .await
}

/// Makes a release, or changes it if it is there.
#[utoipa::path(post, path = "/api/0/organizations/{org}/releases/", tag = "releases",
    params(("org" = String, Path, description = "The organisation")), request_body = Value,
    responses((status = 201, body = Value), (status = 208, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn create(who: Who, State(app): State<App>, Path(org): Path<String>, body: Bytes) -> Result<Response, Failure> {
    create_at(&app, Place::find(&app, &who, &org, None, true).await?, &body).await
}

/// Releases of a project, the newest first.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/releases/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn list_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    uri: Uri,
    Query(query): Pairs,
) -> Result<Response, Failure> {
    list_at(
        &app,
        Place::find(&app, &who, &org, Some(&project), false).await?,
        &uri,
        &Asked::new(query),
    )
    .await
}

/// Makes a release in a project.
#[utoipa::path(post, path = "/api/0/projects/{org}/{project}/releases/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    request_body = Value,
    responses((status = 201, body = Value), (status = 208, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn create_in_project(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Failure> {
    create_at(&app, Place::find(&app, &who, &org, Some(&project), true).await?, &body).await
}

/// A release.
#[utoipa::path(get, path = "/api/0/organizations/{org}/releases/{version}/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn read(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
    Query(query): Pairs,
) -> Answer {
    read_at(
        &app,
        Place::find(&app, &who, &org, None, false).await?,
        &version,
        &Asked::new(query),
    )
    .await
}

/// Changes a release: finalises it, sets its commits.
#[utoipa::path(put, path = "/api/0/organizations/{org}/releases/{version}/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    request_body = Value, responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn change(who: Who, State(app): State<App>, Path((org, version)): Path<(String, String)>, body: Bytes) -> Answer {
    change_at(&app, Place::find(&app, &who, &org, None, true).await?, &version, &body).await
}

/// Removes a release that nothing came from.
#[utoipa::path(delete, path = "/api/0/organizations/{org}/releases/{version}/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("version" = String, Path, description = "The version")),
    responses((status = 204), (status = 400), (status = 401), (status = 404)))]
async fn remove(
    who: Who,
    State(app): State<App>,
    Path((org, version)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    remove_at(&app, Place::find(&app, &who, &org, None, true).await?, &version).await
}

/// A release of a project.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/releases/{version}/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("version" = String, Path, description = "The version")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn read_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project, version)): Path<(String, String, String)>,
    Query(query): Pairs,
) -> Answer {
    let place = Place::find(&app, &who, &org, Some(&project), false).await?;
    read_at(&app, place, &version, &Asked::new(query)).await
}

/// Changes a release of a project.
#[utoipa::path(put, path = "/api/0/projects/{org}/{project}/releases/{version}/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("version" = String, Path, description = "The version")),
    request_body = Value, responses((status = 200, body = Value), (status = 400), (status = 401), (status = 404)))]
async fn change_in_project(
    who: Who,
    State(app): State<App>,
    Path((org, project, version)): Path<(String, String, String)>,
    body: Bytes,
) -> Answer {
    change_at(
        &app,
        Place::find(&app, &who, &org, Some(&project), true).await?,
        &version,
        &body,
    )
    .await
}

/// Removes a release of a project that nothing came from.
#[utoipa::path(delete, path = "/api/0/projects/{org}/{project}/releases/{version}/", tag = "releases",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("version" = String, Path, description = "The version")),
    responses((status = 204), (status = 400), (status = 401), (status = 404)))]
async fn remove_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project, version)): Path<(String, String, String)>,
) -> Result<StatusCode, Failure> {
    remove_at(
        &app,
        Place::find(&app, &who, &org, Some(&project), true).await?,
        &version,
    )
    .await
}
