//! Debug files: the API that the stock `sentry-cli` speaks, and what is ours about missing symbols.
//!
//! | path | answer |
//! | --- | --- |
//! | `GET /api/0/organizations/{org}/chunk-upload/` | how to send |
//! | `POST` the same | keeps chunks, see `chunks` |
//! | `POST /api/0/projects/{org}/{project}/files/difs/assemble/` | what became of files, and what of them is missing |
//! | `GET /api/0/projects/{org}/{project}/files/dsyms/` | the debug files; with `id=`, the bytes of one |
//! | `DELETE` the same with `id=` | removes one |
//! | `GET /api/0/projects/{org}/{project}/missing-symbols/` | modules of crashes without a debug file |
//! | `POST …/missing-symbols/digest-again/` | digests events again that lacked some |
//! | `POST …/events/{event}/digest-again/` | digests one again |
//! | `GET`, `PUT …/symbol-servers/` | where else symbols are looked for |

mod chunks;
mod files;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::time;
use super::{Answer, Failure, event_id};
use crate::access::{Scope, Who};
use crate::symbols::{SERVERS_SETTING, Server};
use crate::{App, settings};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(chunks::how, chunks::upload))
        .routes(routes!(files::assemble))
        .routes(routes!(files::list, files::remove))
        .routes(routes!(missing))
        .routes(routes!(digest_missing_again))
        .routes(routes!(digest_event_again))
        .routes(routes!(symbol_servers, set_symbol_servers))
}

/// Rows of a page.
const PAGE: i64 = 100;

/// The most that may be asked for at once.
const MAX_OFFSET: i64 = 1_000_000;

/// Events digested again when asked, unless the request says how many.
const AGAIN: i64 = 1000;
const MAX_AGAIN: i64 = 100_000;

/// Servers a project may choose.
const MAX_SERVERS: usize = 8;

/// A page of a list, with the headers that say where the others are.
fn page(path: &str, query: &str, offset: i64, rows: Vec<Value>) -> Response {
    let has_more = rows.len() as i64 == PAGE;
    let link = |rel: &str, results: bool, offset: i64| {
        format!("<{path}?{query}cursor=0:{offset}:0>; rel=\"{rel}\"; results=\"{results}\"; cursor=\"0:{offset}:0\"")
    };
    let links = format!(
        "{}, {}",
        link("previous", offset > 0, (offset - PAGE).max(0)),
        link("next", has_more, offset + PAGE)
    );
    ([(axum::http::header::LINK, links)], Json(rows)).into_response()
}

fn offset(cursor: Option<&str>) -> Result<i64, Failure> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else {
        return Ok(0);
    };
    let offset = cursor.split(':').nth(1).and_then(|offset| offset.parse::<i64>().ok());
    offset
        .filter(|offset| (0..=MAX_OFFSET).contains(offset))
        .ok_or_else(|| Failure::wrong("cursor", cursor))
}

#[derive(Debug, Deserialize)]
struct OfMissing {
    release: Option<String>,
    cursor: Option<String>,
}

/// Modules of crashes for which there was no debug file, by release; those of the application first.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/missing-symbols/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("release" = Option<String>, Query, description = "Only of this release"),
        ("cursor" = Option<String>, Query, description = "A page's cursor, from the header Link")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 404)))]
async fn missing(
    who: Who,
    State(app): State<App>,
    Path((org, slug)): Path<(String, String)>,
    Query(asked): Query<OfMissing>,
) -> Result<Response, Failure> {
    let project = who.project(&app, &org, &slug, Scope::ProjectRead).await?;
    let offset = offset(asked.cursor.as_deref())?;
    let missing = app
        .symbols
        .missing(project, asked.release.as_deref(), offset, PAGE)
        .await?;
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let rows = missing.iter().map(|missing| {
        json!({
            "release": text(&missing.release), "debugId": text(&missing.debug_id), "codeId": text(&missing.code_id),
            "name": missing.name, "inApp": missing.in_app == 1, "events": missing.events,
            "firstSeen": time(missing.first_seen), "lastSeen": time(missing.last_seen),
        })
    });
    let path = format!("/api/0/projects/{org}/{slug}/missing-symbols/");
    Ok(page(&path, "", offset, rows.collect()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Again {
    debug_id: Option<String>,
    events: Option<i64>,
}

/// Digests events again that lacked symbols, the newest first: of one debug id or all, 1000 unless asked for more.
#[utoipa::path(post, path = "/api/0/projects/{org}/{project}/missing-symbols/digest-again/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    request_body(content = Value, description = "`{\"debugId\": \"…\", \"events\": 1000}`, both optional"),
    responses((status = 202, body = Value), (status = 401), (status = 404)))]
async fn digest_missing_again(
    who: Who,
    State(app): State<App>,
    Path((org, slug)): Path<(String, String)>,
    Json(asked): Json<Again>,
) -> Result<Response, Failure> {
    let project = who.project(&app, &org, &slug, Scope::EventWrite).await?;
    let ids: Option<Vec<&str>> = asked.debug_id.as_deref().map(|id| vec![id]);
    let most = asked.events.unwrap_or(AGAIN).clamp(1, MAX_AGAIN);
    let queued = app.symbols.digest_again(project, ids.as_deref(), most).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "events": queued }))).into_response())
}

/// Digests an event again, with the symbols that there are now.
#[utoipa::path(post, path = "/api/0/projects/{org}/{project}/events/{event}/digest-again/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("event" = String, Path, description = "The id of the event, with or without dashes")),
    responses((status = 202, body = Value), (status = 401), (status = 404)))]
async fn digest_event_again(
    who: Who,
    State(app): State<App>,
    Path((org, slug, event)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let project = who.project(&app, &org, &slug, Scope::EventWrite).await?;
    if !app.symbols.digest_event_again(project, &event_id(&event)?).await? {
        return Err(Failure::NotFound);
    }
    Ok((StatusCode::ACCEPTED, Json(json!({ "events": 1 }))).into_response())
}

/// Where else symbols are looked for: none unless chosen.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/symbol-servers/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 404)))]
async fn symbol_servers(who: Who, State(app): State<App>, Path((org, slug)): Path<(String, String)>) -> Answer {
    let project = who.project(&app, &org, &slug, Scope::ProjectRead).await?;
    let servers: Option<Vec<Server>> = settings::get(&app.database, project, SERVERS_SETTING).await?;
    Ok(Json(json!(servers.unwrap_or_default())))
}

/// Chooses where else symbols are looked for.
#[utoipa::path(put, path = "/api/0/projects/{org}/{project}/symbol-servers/", tag = "symbols",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    request_body(content = Vec<Value>, description = "`[{\"url\": \"https://…\", \"layout\": \"breakpad\"}]`; layouts are breakpad, debuginfod, microsoft and unified"),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 404)))]
async fn set_symbol_servers(
    who: Who,
    State(app): State<App>,
    Path((org, slug)): Path<(String, String)>,
    Json(servers): Json<Vec<Server>>,
) -> Answer {
    let project = who.project(&app, &org, &slug, Scope::ProjectWrite).await?;
    set_servers(&app, project, &servers).await?;
    Ok(Json(json!(servers)))
}

/// Chooses where else symbols are looked for, for who may.
///
/// # Errors
/// 400 for too many, or for one that cannot be asked.
pub(crate) async fn set_servers(app: &App, project_id: i64, servers: &[Server]) -> Result<(), Failure> {
    if servers.len() > MAX_SERVERS {
        return Err(Failure::Wrong(format!(
            "A project has at most {MAX_SERVERS} symbol servers"
        )));
    }
    if let Some(server) = servers.iter().find(|server| !server.is_http()) {
        return Err(Failure::wrong("url of a symbol server", &server.url));
    }
    settings::set(&app.database, project_id, SERVERS_SETTING, &servers).await?;
    Ok(())
}
