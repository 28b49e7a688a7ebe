//! Tokens of the API: listed, made, revoked. Who asks sees and makes their own: a person, theirs; a token of nobody's, such
//! of nobody's within its organisation.

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
use crate::access::token::{self, Listed, Mine};
use crate::access::{By, NewToken, Scope, Scopes, Who};
use crate::error::OrFailed as _;
use crate::event::parse_time;
use crate::{App, accounts, now_ms};

/// The routes of this room.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, make)).routes(routes!(remove))
}

/// A token that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// What it is for, in words.
    #[serde(default)]
    pub(crate) name: String,
    /// What it may: Sentry's names, such as `project:releases`. Not more than who makes it may.
    pub(crate) scopes: Vec<String>,
    /// The organisation it is limited to.
    pub(crate) organization: Option<String>,
    /// When it ends.
    pub(crate) expires_at: Option<String>,
}

/// The tokens of who asks, without the tokens themselves.
#[utoipa::path(get, path = "/api/0/api-tokens/", tag = "tokens",
    responses((status = 200, body = Value), (status = 401), (status = 403)))]
async fn list(who: Who, State(app): State<App>) -> Answer {
    let tokens = token::list(&app.database, &mine(&who)?).await?;
    Ok(Json(tokens.iter().map(json_of).collect()))
}

/// Makes a token. The answer shows it; nothing else ever does.
#[utoipa::path(post, path = "/api/0/api-tokens/", tag = "tokens", request_body = Wanted,
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn make(
    who: Who,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let (made, token) = made(&app, &who, &wanted).await?;
    let mut json = json_of(&made);
    json["token"] = token.into();
    Ok((StatusCode::CREATED, Json(json)))
}

/// Makes a token of who asks. Returns it as it is listed, and the token itself, which is kept nowhere.
///
/// # Errors
/// 400 for scopes or a time that are none, 403 for what who asks may not themselves.
pub(crate) async fn made(app: &App, who: &Who, wanted: &Wanted) -> Result<(Listed, String), Failure> {
    let mine = mine(who)?;
    if wanted.scopes.is_empty() {
        return Err(Failure::Wrong("Invalid scopes: name at least one".to_owned()));
    }
    for name in &wanted.scopes {
        if Scope::named(name).is_none() {
            return Err(Failure::wrong("scope", name));
        }
    }
    let names = wanted.scopes.join(" ");
    let organization_id = match &wanted.organization {
        Some(org) => Some(who.organization(app, org, Scope::OrgRead).await?),
        None => mine.organization_id,
    };
    let held = organization_id
        .and_then(|id| who.scopes_in(id))
        .unwrap_or_else(|| who.scopes());
    if !held.includes(Scopes::read(&names)) {
        return Err(Failure::Forbidden("A token may not more than who makes it".to_owned()));
    }
    let now = now_ms();
    let expires_at = match &wanted.expires_at {
        Some(text) => {
            let at = parse_time(&text.as_str().into()).filter(|at| *at > now);
            Some(at.ok_or_else(|| Failure::wrong("expiresAt", text))?)
        }
        None => None,
    };
    let label = accounts::name(&wanted.name);
    let new = NewToken {
        label: &label,
        organization_id,
        user_id: mine.user_id,
        scopes: &names,
        expires_at,
    };
    let mut connection = app.database.write.acquire().await.or_failed("make a token")?;
    let (id, token) = token::make(&mut connection, &new, now).await?;
    drop(connection);
    tracing::info!(token = id, by = who.actor(), "a token was made");
    let made = token::list(&app.database, &mine).await?;
    let made = made.into_iter().find(|token| token.id == id);
    Ok((made.ok_or(Failure::NotFound)?, token))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/0/api-tokens/{token}/", tag = "tokens",
    params(("token" = String, Path, description = "The id of the token")),
    responses((status = 204), (status = 401), (status = 403), (status = 404)))]
async fn remove(who: Who, State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let removed = token::revoke(&app.database, &mine(&who)?, super::number(&id)?).await?;
    if removed {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Failure::NotFound)
    }
}

/// Whose tokens these are. A token that makes tokens needs `org:admin`, and makes none that goes farther than itself.
pub(crate) fn mine(who: &Who) -> Result<Mine, Failure> {
    let organization_id = if let By::Token(_) = who.by() {
        who.may(Scope::OrgAdmin)?;
        match who.organizations().as_deref() {
            None => None,
            Some([only]) => Some(*only),
            Some(_) if who.user().is_some() => None,
            Some(_) => return Err(Failure::NotFound),
        }
    } else {
        None
    };
    Ok(Mine {
        user_id: who.user().map(|user| user.id),
        organization_id,
    })
}

fn json_of(token: &Listed) -> Value {
    json!({
        "id": token.id.to_string(),
        "name": token.label,
        "scopes": Scopes::read(&token.scopes).names(),
        "organization": token.organization,
        "dateCreated": time(token.created_at),
        "dateLastUsed": token.last_used_at.and_then(time),
        "expiresAt": token.expires_at.and_then(time),
    })
}
