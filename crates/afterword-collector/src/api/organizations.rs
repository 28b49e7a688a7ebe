//! Organisations: what is seen of them. They are made by the first account, by `--bootstrap` and on the command line.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::asked::time;
use super::{Answer, Failure};
use crate::access::{Scope, Who};
use crate::projects::{self, Organization};
use crate::{App, api};

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one))
}

/// The organisations that may be seen.
#[utoipa::path(get, path = "/api/0/organizations/", tag = "organizations",
    responses((status = 200, body = Value), (status = 401), (status = 403)))]
async fn list(who: Who, State(app): State<App>) -> Answer {
    who.may(Scope::OrgRead)?;
    let organizations = projects::organizations(&app.database, who.organizations().as_deref()).await?;
    Ok(Json(organizations.iter().map(json_of).collect()))
}

/// An organisation, its projects, and what the asker may there.
#[utoipa::path(get, path = "/api/0/organizations/{org}/", tag = "organizations",
    params(("org" = String, Path, description = "The organisation")),
    responses((status = 200, body = Value), (status = 401), (status = 403), (status = 404)))]
async fn one(who: Who, State(app): State<App>, Path(org): Path<String>) -> Answer {
    let id = who.organization(&app, &org, Scope::OrgRead).await?;
    let found = projects::organizations(&app.database, Some(&[id])).await?.pop();
    let organization = found.ok_or(Failure::NotFound)?;
    let projects = projects::projects(&app.database, Some(&[id])).await?;
    let mut json = json_of(&organization);
    json["access"] = who
        .scopes_in(id)
        .map(|scopes| scopes.names())
        .unwrap_or_default()
        .into();
    json["projects"] = projects.iter().map(api::projects::json_of).collect();
    json["teams"] = json!([team(&organization.slug, &organization.name, organization.id)]);
    Ok(Json(json))
}

fn json_of(organization: &Organization) -> Value {
    let mut json = brief(organization.id, &organization.slug, &organization.name);
    json["dateCreated"] = time(organization.created_at).into();
    json["status"] = json!({ "id": "active", "name": "active" });
    json["isEarlyAdopter"] = false.into();
    json["require2FA"] = false.into();
    json["requireEmailVerification"] = false.into();
    json["features"] = json!([]);
    json
}

/// An organisation within something else.
pub(super) fn brief(id: i64, slug: &str, name: &str) -> Value {
    let name = if name.is_empty() { slug } else { name };
    json!({ "id": id.to_string(), "slug": slug, "name": name })
}

/// There are no teams; what asks for one is given one that has everybody.
pub(super) fn team(org: &str, name: &str, id: i64) -> Value {
    let mut team = brief(id, org, name);
    team["isMember"] = true.into();
    team
}
