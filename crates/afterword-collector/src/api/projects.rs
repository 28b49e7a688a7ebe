//! Projects: listed, made, changed with their settings, given up.

use std::collections::BTreeMap;

use afterword_protocol::rate_limits::Category;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::time;
use super::given::Given;
use super::{Answer, Failure, organizations};
use crate::access::{Scope, Who};
use crate::error::chain;
use crate::grouping::{self, InApp};
use crate::life::{self, Retention};
use crate::projects::{self, Change, Project};
use crate::{App, Error, accounts, now_ms, settings};

const MAX_DAYS: i64 = 3650;
const MAX_WINDOW_S: i64 = 86_400;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(all))
        .routes(routes!(of_organization, make))
        .routes(routes!(make_for_team))
        .routes(routes!(one, change, give_up))
}

/// A project that is to be made.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewProject {
    pub(crate) name: String,
    /// The name in paths; made of the name unless it is given.
    pub(crate) slug: Option<String>,
    pub(crate) platform: Option<String>,
}

/// What of a project is to be changed; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct Changes {
    pub(crate) name: Option<String>,
    pub(crate) slug: Option<String>,
    pub(crate) platform: Option<String>,
    /// How long events are kept; null for what is usual.
    #[serde(default, deserialize_with = "super::given::stated")]
    #[schema(value_type = Option<Object>)]
    pub(crate) retention: Option<Option<Retention>>,
    /// Rules that say which frames are the application's own, a line each; null for none.
    #[serde(default, alias = "inApp", deserialize_with = "super::given::stated")]
    #[schema(value_type = Option<Object>)]
    pub(crate) in_app: Option<Option<Rules>>,
    /// How much of each category is taken in a window of time, by category (`error`, `session`, …) or `all`.
    #[serde(default, deserialize_with = "super::given::stated")]
    pub(crate) quotas: Option<Option<BTreeMap<String, Quota>>>,
}

/// Rules as a text or as a list of lines; kept as the latter.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Rules {
    Text(String),
    Lines(Vec<String>),
}

impl Rules {
    fn lines(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.lines().map(str::to_owned).collect(),
            Self::Lines(lines) => lines,
        }
    }
}

/// So much in so many seconds.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Quota {
    pub(crate) limit: i64,
    pub(crate) window_s: i64,
}

/// All projects that may be seen.
#[utoipa::path(get, path = "/api/0/projects/", tag = "projects",
    responses((status = 200, body = Value), (status = 401), (status = 403)))]
async fn all(who: Who, State(app): State<App>) -> Answer {
    who.may(Scope::ProjectRead)?;
    let projects = projects::projects(&app.database, who.organizations().as_deref()).await?;
    let seen = projects.iter().filter(|project| {
        who.may_in_project(project.organization_id, project.id, Scope::ProjectRead)
            .is_ok()
    });
    Ok(Json(seen.map(json_of).collect()))
}

/// The projects of an organisation.
#[utoipa::path(get, path = "/api/0/organizations/{org}/projects/", tag = "projects",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn of_organization(who: Who, State(app): State<App>, Path(org): Path<String>) -> Answer {
    let id = who.organization(&app, &org, Scope::ProjectRead).await?;
    let projects = projects::projects(&app.database, Some(&[id])).await?;
    Ok(Json(projects.iter().map(json_of).collect()))
}

/// Makes a project with a key.
#[utoipa::path(post, path = "/api/0/organizations/{org}/projects/", tag = "projects", request_body = NewProject,
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn make(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    Given(new): Given<NewProject>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let organization_id = who.organization(&app, &org, Scope::ProjectWrite).await?;
    let project = made(&app, organization_id, &new).await?;
    Ok((StatusCode::CREATED, Json(json_of(&project))))
}

/// Makes a project with a key, for who may.
///
/// # Errors
/// 400 for a name that cannot be one, 409 if there is one of this name.
pub(crate) async fn made(app: &App, organization_id: i64, new: &NewProject) -> Result<Project, Failure> {
    let name = accounts::name(&new.name);
    let slug = new
        .slug
        .clone()
        .filter(|slug| !slug.is_empty())
        .unwrap_or_else(|| slug_of(&name));
    let platform = new.platform.as_deref().map(platform).transpose()?;
    let change = Change {
        slug: None,
        name: Some(&name),
        platform,
    };
    let made = projects::make(&app.database, organization_id, &slug, &change)
        .await
        .map_err(Failure::of_slug)?;
    let id = made.ok_or_else(|| taken(&slug))?;
    // What came for it while it was not there is remembered as unknown.
    app.ingest.keys.forget();
    projects::project(&app.database, id).await?.ok_or(Failure::NotFound)
}

/// Makes a project: Sentry's path for it, where it has teams. Here any name of a team will do.
#[utoipa::path(post, path = "/api/0/teams/{org}/{team}/projects/", tag = "projects", request_body = NewProject,
    params(("org" = String, Path, description = "The organisation"), ("team" = String, Path, description = "Any")),
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn make_for_team(
    who: Who,
    state: State<App>,
    Path((org, _)): Path<(String, String)>,
    new: Given<NewProject>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    make(who, state, Path(org), new).await
}

/// A project with its settings.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/", tag = "projects",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn one(who: Who, State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
    let id = who.project(&app, &org, &project, Scope::ProjectRead).await?;
    whole(&app, id).await
}

/// Changes a project: its names and its settings.
#[utoipa::path(put, path = "/api/0/projects/{org}/{project}/", tag = "projects", request_body = Changes,
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn change(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    Given(changes): Given<Changes>,
) -> Answer {
    let id = who.project(&app, &org, &project, Scope::ProjectWrite).await?;
    changed(&app, id, changes).await?;
    whole(&app, id).await
}

/// Changes a project, for who may.
///
/// # Errors
/// 400 for what cannot be, in which case nothing is changed; 409 if there is another one of the new name.
pub(crate) async fn changed(app: &App, id: i64, changes: Changes) -> Result<(), Failure> {
    check(&changes)?;
    let in_app = changes.in_app.map(|rules| rules.map(Rules::lines));
    if let Some(Some(lines)) = &in_app {
        InApp::parse(lines).map_err(|error| Failure::Wrong(format!("Invalid in_app: {}", chain(&error))))?;
    }
    let project = projects::project(&app.database, id).await?.ok_or(Failure::NotFound)?;
    let name = changes.name.as_deref().map(accounts::name);
    let change = Change {
        slug: changes.slug.as_deref(),
        name: name.as_deref(),
        platform: changes.platform.as_deref().map(platform).transpose()?,
    };
    let changed = projects::change(&app.database, &project, &change).await;
    if !changed.map_err(Failure::of_slug)? {
        return Err(taken(changes.slug.as_deref().unwrap_or_default()));
    }
    set(app, id, "retention", changes.retention).await?;
    set(app, id, grouping::SETTING, in_app).await?;
    set(app, id, "quotas", changes.quotas).await?;
    app.ingest.keys.forget();
    Ok(())
}

/// Gives a project up: nobody sees it any more and nothing comes in; its events go within hours.
#[utoipa::path(delete, path = "/api/0/projects/{org}/{project}/", tag = "projects",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
async fn give_up(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let id = who.project(&app, &org, &project, Scope::ProjectAdmin).await?;
    given_up(&app, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a project up, for who may.
pub(crate) async fn given_up(app: &App, who: &Who, id: i64) -> Result<(), Error> {
    projects::give_up(&app.database, id, now_ms()).await?;
    app.ingest.keys.forget();
    app.life.wake();
    tracing::info!(project = id, by = who.actor(), "a project is given up");
    Ok(())
}

fn check(changes: &Changes) -> Result<(), Failure> {
    let within = |what: &str, value: i64, most: i64| {
        if (1..=most).contains(&value) {
            Ok(())
        } else {
            Err(Failure::Wrong(format!("Invalid {what}: use 1 to {most}")))
        }
    };
    if let Some(Some(retention)) = &changes.retention {
        within("retention.days", retention.days, MAX_DAYS)?;
        if let Some(events) = retention.events {
            within("retention.events", events, i64::MAX)?;
        }
    }
    for (category, quota) in changes.quotas.iter().flatten().flatten() {
        if category != "all" && Category::from_name(category).is_none() {
            return Err(Failure::wrong("category of a quota", category));
        }
        within("quotas: window_s", quota.window_s, MAX_WINDOW_S)?;
        if quota.limit < 0 {
            return Err(Failure::Wrong("Invalid quotas: limit: use 0 or more".to_owned()));
        }
    }
    Ok(())
}

/// Keeps, with `null` forgets, and without anything leaves a setting.
async fn set<T: Serialize>(app: &App, id: i64, name: &str, value: Option<Option<T>>) -> Result<(), Failure> {
    match value {
        Some(Some(value)) => settings::set(&app.database, id, name, &value).await?,
        Some(None) => settings::remove(&app.database, id, name).await?,
        None => {}
    }
    Ok(())
}

async fn whole(app: &App, id: i64) -> Answer {
    let project = projects::project(&app.database, id).await?.ok_or(Failure::NotFound)?;
    let mut json = json_of(&project);
    json["retention"] = json!(life::retention_of(&app.database, id).await?);
    json["in_app"] = json!(settings::get::<Vec<String>>(&app.database, id, grouping::SETTING).await?);
    json["quotas"] = json!(settings::get::<Value>(&app.database, id, "quotas").await?);
    Ok(Json(json))
}

/// A project in answers.
pub(super) fn json_of(project: &Project) -> Value {
    let (org, org_name) = (&project.organization_slug, &project.organization_name);
    let team = organizations::team(org, org_name, project.organization_id);
    json!({
        "id": project.id.to_string(),
        "slug": project.slug,
        "name": if project.name.is_empty() { &project.slug } else { &project.name },
        "platform": project.platform,
        "dateCreated": time(project.created_at),
        "status": "active",
        "isPublic": false,
        "isMember": true,
        "hasAccess": true,
        "features": [],
        "organization": organizations::brief(project.organization_id, org, org_name),
        "team": team,
        "teams": [team],
    })
}

fn taken(slug: &str) -> Failure {
    Failure::Conflict(format!("There is a project {slug:?} already"))
}

fn platform(name: &str) -> Result<&str, Failure> {
    let good = name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.#+".contains(&byte));
    if good {
        Ok(name)
    } else {
        Err(Failure::wrong("platform", name))
    }
}

/// A name as it can stand in a path: `My App (2)` is `my-app-2`.
fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for char in name.to_lowercase().chars() {
        if char.is_ascii_alphanumeric() {
            slug.push(char);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(50);
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_slugs() {
        assert_eq!(slug_of("My App (2)"), "my-app-2");
        assert_eq!(slug_of("  Ünï--code "), "n-code");
        assert_eq!(slug_of("!"), "");
        assert_eq!(slug_of(&"x".repeat(80)).len(), 50);
    }

    #[test]
    fn null_is_something_else_than_nothing() {
        let changes: Changes = serde_json::from_value(json!({ "in_app": null })).unwrap();
        assert!(matches!(changes.in_app, Some(None)) && changes.quotas.is_none());
        let changes: Changes = serde_json::from_value(json!({ "inApp": "a" })).unwrap();
        assert!(matches!(changes.in_app, Some(Some(Rules::Text(rules))) if rules == "a"));
    }
}
