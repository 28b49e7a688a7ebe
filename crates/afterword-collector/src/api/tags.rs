//! What events are tagged with, as JSON.
//!
//! Of an issue, the newest 1,000 events are looked at: each key says so in `sampled` (whether there are more) and
//! `sampledEvents`. Of a project, `firstSeen` and `lastSeen` are to the hour, and no more than 1,000 values are counted.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::{Asked, time};
use super::lists::{issue_for, projects_of};
use super::{Answer, Failure};
use crate::App;
use crate::access::{Scope, Who};
use crate::queries::tags::{self, Counted, Spread};

/// How many values of a key are shown beside others.
const TOP: usize = 10;

type Pairs = Query<Vec<(String, String)>>;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_issue))
        .routes(routes!(key_of_issue))
        .routes(routes!(values_of_issue))
        .routes(routes!(of_project))
        .routes(routes!(values_of_project))
        .routes(routes!(of_organization))
        .routes(routes!(values_of_organization))
}

/// What the events of an issue are tagged with: of each key the most frequent values.
#[utoipa::path(get, path = "/api/0/issues/{issue}/tags/", tag = "tags",
    params(("issue" = String, Path, description = "The id of the issue"), ("environment" = Option<Vec<String>>, Query, description = "One of these")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 403), (status = 404)))]
async fn of_issue(who: Who, State(app): State<App>, Path(issue): Path<String>, Query(query): Pairs) -> Answer {
    let (spread, sampled) = spread(&app, &who, &issue, &Asked::new(query)).await?;
    let keys = spread.keys.iter();
    Ok(Json(
        keys.map(|(key, values)| detail(key, values, TOP, &spread, sampled))
            .collect(),
    ))
}

/// One key.
#[utoipa::path(get, path = "/api/0/issues/{issue}/tags/{key}/", tag = "tags",
    params(("issue" = String, Path, description = "The id of the issue"), ("key" = String, Path, description = "The tag"),
        ("environment" = Option<Vec<String>>, Query, description = "One of these")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn key_of_issue(
    who: Who,
    State(app): State<App>,
    Path((issue, key)): Path<(String, String)>,
    Query(query): Pairs,
) -> Answer {
    let (spread, sampled) = spread(&app, &who, &issue, &Asked::new(query)).await?;
    let values = spread.keys.get(&key).ok_or(Failure::NotFound)?;
    Ok(Json(detail(&key, values, TOP, &spread, sampled)))
}

/// The values of a key, the most frequent first.
#[utoipa::path(get, path = "/api/0/issues/{issue}/tags/{key}/values/", tag = "tags",
    params(("issue" = String, Path, description = "The id of the issue"), ("key" = String, Path, description = "The tag"),
        ("environment" = Option<Vec<String>>, Query, description = "One of these")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 403), (status = 404)))]
async fn values_of_issue(
    who: Who,
    State(app): State<App>,
    Path((issue, key)): Path<(String, String)>,
    Query(query): Pairs,
) -> Answer {
    let (spread, _) = spread(&app, &who, &issue, &Asked::new(query)).await?;
    let values = spread.keys.get(&key).ok_or(Failure::NotFound)?;
    Ok(Json(values.iter().map(|counted| value(&key, counted)).collect()))
}

/// The spread over an issue, and whether it has more events than were looked at.
async fn spread(app: &App, who: &Who, issue: &str, asked: &Asked) -> Result<(Spread, bool), Failure> {
    let issue = issue_for(app, who, issue).await?;
    let environments: Vec<String> = asked.all("environment").take(50).map(str::to_owned).collect();
    let spread = tags::of_issue(&app.database, issue.id, &environments).await?;
    let sampled = spread.events >= tags::MAX_EVENTS && issue.event_count > spread.events;
    Ok((spread, sampled))
}

/// The keys of a project.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/tags/", tag = "tags",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 403), (status = 404)))]
async fn of_project(who: Who, State(app): State<App>, Path((org, project)): Path<(String, String)>) -> Answer {
    let project = who.project(&app, &org, &project, Scope::EventRead).await?;
    let keys = tags::keys(&app.database, project).await?;
    Ok(Json(keys.into_iter().map(|(key, values)| one(&key, values)).collect()))
}

/// Values of a key, those of most events first: what begins with `query`, or holds it.
#[utoipa::path(get, path = "/api/0/projects/{org}/{project}/tags/{key}/values/", tag = "tags",
    params(("org" = String, Path, description = "The organisation"), ("project" = String, Path, description = "The project"),
        ("key" = String, Path, description = "The tag"), ("query" = Option<String>, Query, description = "A part of the value")),
    responses((status = 200, body = Vec<Value>), (status = 401), (status = 403), (status = 404)))]
async fn values_of_project(
    who: Who,
    State(app): State<App>,
    Path((org, project, key)): Path<(String, String, String)>,
    Query(query): Pairs,
) -> Answer {
    let project = who.project(&app, &org, &project, Scope::EventRead).await?;
    values(&app, &[project], &key, &Asked::new(query)).await
}

/// The keys of all projects.
#[utoipa::path(get, path = "/api/0/organizations/{org}/tags/", tag = "tags",
    params(("org" = String, Path, description = "The organisation"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn of_organization(who: Who, State(app): State<App>, Path(org): Path<String>, Query(query): Pairs) -> Answer {
    let mut keys: BTreeMap<String, i64> = BTreeMap::new();
    for project in projects_of(&app, &who, &org, &Asked::new(query)).await? {
        for (key, values) in tags::keys(&app.database, project.id).await? {
            *keys.entry(key).or_default() += values;
        }
    }
    Ok(Json(keys.into_iter().map(|(key, values)| one(&key, values)).collect()))
}

/// Values of a key in all projects, those of most events first.
#[utoipa::path(get, path = "/api/0/organizations/{org}/tags/{key}/values/", tag = "tags",
    params(("org" = String, Path, description = "The organisation"), ("key" = String, Path, description = "The tag"),
        ("project" = Option<Vec<String>>, Query, description = "Only these, by id or name; -1 for all"),
        ("query" = Option<String>, Query, description = "A part of the value")),
    responses((status = 200, body = Vec<Value>), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn values_of_organization(
    who: Who,
    State(app): State<App>,
    Path((org, key)): Path<(String, String)>,
    Query(query): Pairs,
) -> Answer {
    let asked = Asked::new(query);
    let projects = projects_of(&app, &who, &org, &asked).await?;
    let projects: Vec<i64> = projects.into_iter().map(|project| project.id).collect();
    values(&app, &projects, &key, &asked).await
}

async fn values(app: &App, projects: &[i64], key: &str, asked: &Asked) -> Answer {
    let text: String = asked.one("query").unwrap_or_default().chars().take(200).collect();
    let text = text.trim_matches('*');
    let mut all: BTreeMap<String, Counted> = BTreeMap::new();
    for project in projects {
        for counted in tags::values(&app.database, *project, key, text).await? {
            match all.get_mut(&counted.value) {
                Some(known) => {
                    known.events += counted.events;
                    known.first_seen = known.first_seen.min(counted.first_seen);
                    known.last_seen = known.last_seen.max(counted.last_seen);
                }
                None => {
                    all.insert(counted.value.clone(), counted);
                }
            }
        }
    }
    let mut all: Vec<Counted> = all.into_values().collect();
    all.sort_by_key(|counted| std::cmp::Reverse(counted.events));
    Ok(Json(all.iter().take(100).map(|counted| value(key, counted)).collect()))
}

fn detail(key: &str, values: &[Counted], top: usize, spread: &Spread, sampled: bool) -> Value {
    let total: i64 = values.iter().map(|counted| counted.events).sum();
    let top: Vec<Value> = values.iter().take(top).map(|counted| value(key, counted)).collect();
    json!({
        "key": key,
        "name": name(key),
        "totalValues": total,
        "uniqueValues": values.len(),
        "topValues": top,
        "sampled": sampled,
        "sampledEvents": spread.events,
    })
}

fn value(key: &str, counted: &Counted) -> Value {
    let quoted = counted
        .value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('*', "\\*");
    json!({
        "key": key,
        "name": counted.value,
        "value": counted.value,
        "count": counted.events,
        "firstSeen": time(counted.first_seen),
        "lastSeen": time(counted.last_seen),
        "query": format!("{key}:\"{quoted}\""),
    })
}

fn one(key: &str, values: i64) -> Value {
    json!({ "key": key, "name": name(key), "uniqueValues": values, "totalValues": values })
}

/// `os.name` as `Os Name`.
fn name(key: &str) -> String {
    let words = key.split(['.', '_', '-']).filter(|word| !word.is_empty()).map(|word| {
        let mut chars = word.chars();
        chars
            .next()
            .map(|first| first.to_uppercase().chain(chars).collect::<String>())
    });
    words.flatten().collect::<Vec<_>>().join(" ")
}
