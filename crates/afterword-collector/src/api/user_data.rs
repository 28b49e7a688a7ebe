//! Deleting what is of a person, because they ask for it.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::Asked;
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::life::person::{self, Named};
use crate::{App, projects};

/// The longest name of a person, in bytes.
const MAX_BYTES: usize = 1000;

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(delete))
}

/// Deletes what came from a person to the projects of an organisation: their events with all that was made of them and came
/// beside them, their transactions, sessions and feedback. Answers how many of each.
#[utoipa::path(delete, path = "/api/0/organizations/{org}/user-data/", tag = "life",
    params(("org" = String, Path, description = "The organisation"),
        ("user.id" = Option<String>, Query, description = "Their id in the events"),
        ("user.email" = Option<String>, Query, description = "Their e-mail address in the events and in feedback"),
        ("user.username" = Option<String>, Query, description = "Their name in the events"),
        ("user.ip_address" = Option<String>, Query, description = "Their address in the events")),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn delete(
    who: Who,
    State(app): State<App>,
    Path(org): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Answer {
    let organization = who.organization(&app, &org, Scope::OrgAdmin).await?;
    let asked = Asked::new(pairs);
    let one = |name| asked.one(name).map(str::to_owned);
    let named = Named {
        id: one("user.id"),
        email: one("user.email"),
        username: one("user.username"),
        ip_address: one("user.ip_address"),
    };
    check(&named)?;
    let projects = projects::of_organization(&app.database, organization).await?;
    let projects: Vec<i64> = projects.into_iter().map(|(id, _)| id).collect();
    let deleted = person::delete(&app, &projects, &named).await?;
    tracing::info!(by = who.actor(), ?deleted, "deleted what was of a person");
    Ok(Json(json!(deleted)))
}

/// Whether this names somebody.
///
/// # Errors
/// 400 that says what is missing or too long.
pub(crate) fn check(named: &Named) -> Result<(), Failure> {
    let all = [&named.id, &named.email, &named.username, &named.ip_address];
    if all.iter().all(|name| name.is_none()) {
        return Err(Failure::Wrong(
            "Say whose: user.id, user.email, user.username or user.ip_address".to_owned(),
        ));
    }
    let is_long = |name: &&Option<String>| name.as_ref().is_some_and(|name| name.len() > MAX_BYTES);
    if all.iter().any(is_long) {
        return Err(Failure::Wrong("Invalid user: use at most 1000 bytes".to_owned()));
    }
    Ok(())
}
