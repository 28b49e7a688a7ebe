//! Signing in and out, the first account, invitations: what somebody does before, or in order to, be known.
//!
//! | path | |
//! | --- | --- |
//! | `GET /api/0/` | who asks and with which scopes |
//! | `POST /api/0/auth/` | signs in with `{email, password}`: a cookie, and the token for `X-CSRFToken` |
//! | `GET`, `DELETE /api/0/auth/` | who is signed in; signs out |
//! | `POST /api/0/setup/` | makes the first account, with the link that the server printed |
//! | `POST /api/0/accept-invitation/` | accepts an invitation |

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Failure;
use super::given::Given;
use crate::access::{By, User, Who};
use crate::accounts::setup::Owner;
use crate::accounts::{invitations, setup, sign_in};
use crate::{App, now_ms};

/// Those behind the token or the sign-in.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(root))
        .routes(routes!(signed_in, sign_out))
}

/// Those that are open to whoever comes.
pub(super) fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in_))
        .routes(routes!(set_up))
        .routes(routes!(accept))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
struct Credentials {
    /// The e-mail address.
    email: String,
    password: String,
}

/// The first account.
#[derive(Deserialize, ToSchema)]
struct FirstAccount {
    /// The last part of the link that the server printed.
    token: String,
    email: String,
    /// At least 12 characters.
    password: String,
    #[serde(default)]
    name: String,
    /// The name of the organisation in paths; made unless it is there.
    organization: String,
}

/// An invitation and who accepts it.
#[derive(Deserialize, ToSchema)]
struct Accepted {
    /// The last part of the link.
    token: String,
    /// At least 12 characters; of an account that is there already, its password.
    password: String,
    #[serde(default)]
    name: String,
}

/// Who asks, and with which scopes.
#[utoipa::path(get, path = "/api/0/", tag = "accounts", responses((status = 200, body = Value), (status = 401)))]
async fn root(who: Who) -> Json<Value> {
    let auth = match who.by() {
        By::Token(_) => json!({ "scopes": who.scopes().names() }),
        By::SignIn { .. } | By::Here => Value::Null,
    };
    Json(json!({ "version": "0", "auth": auth, "user": who.user().map(user) }))
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/0/auth/", tag = "accounts", responses((status = 200, body = Value), (status = 401)))]
async fn signed_in(who: Who) -> Json<Value> {
    let csrf = match who.by() {
        By::SignIn { csrf, .. } => Some(csrf.clone()),
        By::Token(_) | By::Here => None,
    };
    Json(json!({ "user": who.user().map(user), "csrfToken": csrf }))
}

/// Signs in: the cookie is in the answer's header, what changes need besides it in its body.
#[utoipa::path(post, path = "/api/0/auth/", tag = "accounts", request_body = Credentials, security(()),
    responses((status = 200, body = Value), (status = 400), (status = 401), (status = 429)))]
async fn sign_in_(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Given(given): Given<Credentials>,
) -> Result<Response, Failure> {
    let user = app
        .accounts
        .check(&app.database, from.ip(), &given.email, &given.password)
        .await?;
    let_in(&app, &headers, &user, StatusCode::OK).await
}

/// Signs out.
#[utoipa::path(delete, path = "/api/0/auth/", tag = "accounts", responses((status = 204), (status = 401), (status = 403)))]
async fn sign_out(who: Who, State(app): State<App>) -> Result<Response, Failure> {
    if let By::SignIn { id, .. } = who.by() {
        sign_in::end(&app.database, *id).await?;
    }
    let cookie = [(header::SET_COOKIE, sign_in::remove_cookie(&app.url))];
    Ok((StatusCode::NO_CONTENT, cookie).into_response())
}

/// Makes the first account, the owner, and signs it in.
#[utoipa::path(post, path = "/api/0/setup/", tag = "accounts", request_body = FirstAccount, security(()),
    responses((status = 201, body = Value), (status = 400), (status = 404)))]
async fn set_up(
    State(app): State<App>,
    headers: HeaderMap,
    Given(given): Given<FirstAccount>,
) -> Result<Response, Failure> {
    let owner = Owner {
        email: &given.email,
        password: &given.password,
        name: &given.name,
        organization: &given.organization,
    };
    let user = setup::make_owner(&app, &given.token, &owner).await?;
    let_in(&app, &headers, &user, StatusCode::CREATED).await
}

/// Accepts an invitation and signs in.
#[utoipa::path(post, path = "/api/0/accept-invitation/", tag = "accounts", request_body = Accepted, security(()),
    responses((status = 201, body = Value), (status = 400), (status = 401), (status = 404), (status = 429)))]
async fn accept(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Given(given): Given<Accepted>,
) -> Result<Response, Failure> {
    let user = invitations::accept(&app, from.ip(), &given.token, &given.name, &given.password).await?;
    let_in(&app, &headers, &user, StatusCode::CREATED).await
}

async fn let_in(app: &App, headers: &HeaderMap, who: &User, status: StatusCode) -> Result<Response, Failure> {
    let client = headers
        .get(header::USER_AGENT)
        .map_or("", |value| value.to_str().unwrap_or(""));
    let signed_in = sign_in::make(&app.database, who, client, now_ms()).await?;
    let cookie: [(_, HeaderValue); 1] = [(header::SET_COOKIE, sign_in::set_cookie(&signed_in.cookie, &app.url))];
    let body = json!({ "user": user(who), "csrfToken": signed_in.csrf });
    Ok((status, cookie, Json(body)).into_response())
}

/// A person in answers.
pub(super) fn user(user: &User) -> Value {
    let name = if user.name.is_empty() { &user.email } else { &user.name };
    json!({ "id": user.id.to_string(), "email": user.email, "username": user.email, "name": name })
}
