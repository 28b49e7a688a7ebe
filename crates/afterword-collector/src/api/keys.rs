//! The keys of a project: what a DSN carries.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::time;
use super::given::Given;
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::collector::dsn;
use crate::error::OrFailed as _;
use crate::projects::keys::{self, Key, MAX_KEYS};
use crate::{App, accounts, now_ms};

/// The longest window of a limit: a day.
const MAX_WINDOW_S: i64 = 86_400;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, make))
        .routes(routes!(one, change, remove))
        .routes(routes!(rotate))
}

/// A key that is to be made or changed; what is left out of a change stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyGiven {
    /// What it is for, in words.
    #[serde(alias = "label")]
    pub(crate) name: Option<String>,
    /// Whether it lets events in.
    pub(crate) is_active: Option<bool>,
    /// So many events in so many seconds; null for no limit.
    #[serde(default, deserialize_with = "super::given::stated")]
    pub(crate) rate_limit: Option<Option<RateLimit>>,
}

/// So many events in so many seconds.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub(crate) struct RateLimit {
    pub(crate) count: i64,
    pub(crate) window: i64,
}

/// The keys of a project.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/keys/", tag = "keys",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn list(who: Who, State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
    let id = who.project(&app, &org, &project, Scope::ProjectRead).await?;
    let keys = keys::list(&app.database, id).await?;
    Ok(Json(keys.iter().map(|key| json_of(&app, key)).collect()))
}

/// Makes a key.
#[utoipa::path(post, path = "/api/0/projects/{org}/{project}/keys/", tag = "keys", request_body = KeyGiven,
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn make(
    who: Who,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
    Given(given): Given<KeyGiven>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let id = who.project(&app, &org, &project, Scope::ProjectWrite).await?;
    let key = made(&app, id, given).await?;
    Ok((StatusCode::CREATED, Json(json_of(&app, &key))))
}

/// Makes a key, for who may.
///
/// # Errors
/// 400 for a limit that is none, 409 if the project has as many keys as it may have.
pub(crate) async fn made(app: &App, project_id: i64, given: KeyGiven) -> Result<Key, Failure> {
    let quota = limit(given.rate_limit.flatten())?;
    let label = accounts::name(given.name.as_deref().unwrap_or_default());
    room_for_one(app, project_id).await?;
    let mut connection = app.database.write.acquire().await.or_failed("make a key")?;
    let key = keys::make(&mut connection, project_id, &label, quota, now_ms()).await?;
    drop(connection);
    app.ingest.keys.forget();
    Ok(key)
}

/// A key.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/keys/{key}/", tag = "keys",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("key" = String, Path, description = "The public key")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn one(who: Who, State(app): State<App>, Path((org, project, key)): Path<(String, String, String)>) -> Answer {
    let id = who.project(&app, &org, &project, Scope::ProjectRead).await?;
    let key = find(&app, id, &key).await?;
    Ok(Json(json_of(&app, &key)))
}

/// Changes a key: its name, whether it lets events in, its limit.
#[utoipa::path(put, path = "/api/0/projects/{org}/{project}/keys/{key}/", tag = "keys", request_body = KeyGiven,
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("key" = String, Path, description = "The public key")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn change(
    who: Who,
    State(app): State<App>,
    Path((org, project, key)): Path<(String, String, String)>,
    Given(given): Given<KeyGiven>,
) -> Answer {
    let id = who.project(&app, &org, &project, Scope::ProjectWrite).await?;
    let key = changed(&app, id, &key, given).await?;
    Ok(Json(json_of(&app, &key)))
}

/// Changes a key, for who may.
///
/// # Errors
/// 404 if there is no such key, 400 for a limit that is none.
pub(crate) async fn changed(app: &App, project_id: i64, key: &str, given: KeyGiven) -> Result<Key, Failure> {
    let mut key = find(app, project_id, key).await?;
    if let Some(name) = &given.name {
        key.label = accounts::name(name);
    }
    if let Some(is_active) = given.is_active {
        key.enabled = i64::from(is_active);
    }
    if let Some(stated) = given.rate_limit {
        let quota = limit(stated)?;
        key.quota_events = quota.map(|(events, _)| events);
        key.quota_window_s = quota.map(|(_, window_s)| window_s);
    }
    let mut connection = app.database.write.acquire().await.or_failed("change a key")?;
    keys::change(&mut connection, &key).await?;
    drop(connection);
    app.ingest.keys.forget();
    Ok(key)
}

/// Removes a key.
#[utoipa::path(delete, path = "/api/0/projects/{org}/{project}/keys/{key}/", tag = "keys",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("key" = String, Path, description = "The public key")),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
async fn remove(
    who: Who,
    State(app): State<App>,
    Path((org, project, key)): Path<(String, String, String)>,
) -> Result<StatusCode, Failure> {
    let id = who.project(&app, &org, &project, Scope::ProjectAdmin).await?;
    removed(&app, id, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a key, for who may.
///
/// # Errors
/// 404 if there is no such key.
pub(crate) async fn removed(app: &App, project_id: i64, key: &str) -> Result<(), Failure> {
    if !keys::remove(&app.database, project_id, key).await? {
        return Err(Failure::NotFound);
    }
    app.ingest.keys.forget();
    Ok(())
}

/// Makes a key in place of this one, which lets nothing in from now on.
#[utoipa::path(post, path = "/api/0/projects/{org}/{project}/keys/{key}/rotate/", tag = "keys",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"), ("key" = String, Path, description = "The public key")),
    responses((status = 201, body = Value), (status = 401), (status = 403), (status = 404), (status = 409)))]
async fn rotate(
    who: Who,
    State(app): State<App>,
    Path((org, project, key)): Path<(String, String, String)>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let id = who.project(&app, &org, &project, Scope::ProjectWrite).await?;
    let new = rotated(&app, id, &key).await?;
    Ok((StatusCode::CREATED, Json(json_of(&app, &new))))
}

/// Makes a key in place of another, for who may.
///
/// # Errors
/// 404 if there is no such key, 409 if the project has as many keys as it may have.
pub(crate) async fn rotated(app: &App, project_id: i64, key: &str) -> Result<Key, Failure> {
    let old = find(app, project_id, key).await?;
    room_for_one(app, project_id).await?;
    let new = keys::rotate(&app.database, &old, now_ms()).await?;
    app.ingest.keys.forget();
    Ok(new)
}

async fn find(app: &App, project_id: i64, key: &str) -> Result<Key, Failure> {
    keys::get(&app.database, project_id, key)
        .await?
        .ok_or(Failure::NotFound)
}

async fn room_for_one(app: &App, project_id: i64) -> Result<(), Failure> {
    let count = keys::list(&app.database, project_id).await?.len();
    if i64::try_from(count).unwrap_or(i64::MAX) < MAX_KEYS {
        return Ok(());
    }
    Err(Failure::Conflict(format!(
        "A project has at most {MAX_KEYS} keys: remove one"
    )))
}

fn limit(limit: Option<RateLimit>) -> Result<Option<(i64, i64)>, Failure> {
    match limit {
        None => Ok(None),
        // Sentry's way to say that there is none.
        Some(RateLimit { count: 0, window: 0 }) => Ok(None),
        Some(RateLimit { count, window }) if count >= 0 && (1..=MAX_WINDOW_S).contains(&window) => {
            Ok(Some((count, window)))
        }
        Some(_) => Err(Failure::Wrong(format!(
            "Invalid rateLimit: use a count of 0 or more and a window of 1 to {MAX_WINDOW_S} seconds"
        ))),
    }
}

fn json_of(app: &App, key: &Key) -> Value {
    let rate_limit = key.quota_events.zip(key.quota_window_s);
    let dsn = dsn(&app.url, &key.public_key, key.project_id);
    json!({
        "id": key.public_key,
        "name": key.label,
        "label": key.label,
        "public": key.public_key,
        "projectId": key.project_id,
        "isActive": key.enabled != 0,
        "rateLimit": rate_limit.map(|(count, window)| json!({ "count": count, "window": window })),
        "dsn": { "public": dsn },
        "dateCreated": time(key.created_at),
    })
}
