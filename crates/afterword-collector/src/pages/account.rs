//! Where a link leads that makes an account: the first one, or that of somebody who is invited. The link is the only key;
//! opening it changes nothing, sending the form uses it up.

use std::net::SocketAddr;

use askama::Template;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::posted::is_from_our_page;
use super::{Failure, message, render};
use crate::access::User;
use crate::accounts::setup::Owner;
use crate::accounts::{invitations, people, setup, sign_in};
use crate::{App, api, now_ms};

/// The longest form.
const MAX_BODY_BYTES: usize = 16 << 10;

/// These are for whoever has the link.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/setup/{token}", get(setup_page).post(set_up))
        .route("/invitation/{token}", get(invitation_page).post(accept))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    title: &'a str,
    text: &'a str,
    button: &'a str,
    asks: Asks<'a>,
    /// There is an account: its password is asked for.
    known: bool,
    given: &'a Given,
    wrong: Option<String>,
}

/// Who is asked.
enum Asks<'a> {
    Owner,
    Guest { email: &'a str },
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    email: String,
    name: String,
    password: String,
    organization: String,
}

async fn setup_page(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Failure> {
    if !setup::is_open(&app.database, &token).await? {
        return Ok(used_up());
    }
    Ok(owner_form(&Given::default(), None))
}

async fn set_up(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Failure> {
    if !is_from_our_page(&headers) {
        return Ok(of_another_site());
    }
    let owner = Owner {
        email: &given.email,
        password: &given.password,
        name: &given.name,
        organization: given.organization.trim(),
    };
    match setup::make_owner(&app, &token, &owner).await {
        Ok(user) => Ok(let_in(&app, &headers, &user, "/start/").await?.0),
        Err(api::Failure::NotFound) => Ok(used_up()),
        Err(failure) => Ok(again(failure, |wrong| owner_form(&given, wrong))?),
    }
}

async fn invitation_page(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Failure> {
    match invitations::opened(&app.database, &token, now_ms()).await? {
        Some((invitation, organization)) => {
            let known = people::by_email(&app.database, &invitation.email).await?.is_some();
            Ok(guest_form(
                &invitation.email,
                &organization,
                known,
                &Given::default(),
                None,
            ))
        }
        None => Ok(used_up()),
    }
}

async fn accept(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, Failure> {
    if !is_from_our_page(&headers) {
        return Ok(of_another_site());
    }
    let opened = invitations::opened(&app.database, &token, now_ms()).await?;
    let Some((invitation, organization)) = opened else {
        return Ok(used_up());
    };
    let known = people::by_email(&app.database, &invitation.email).await?.is_some();
    match invitations::accept(&app, from.ip(), &token, &given.name, &given.password).await {
        Ok(user) => Ok(let_in(&app, &headers, &user, "/").await?.0),
        Err(api::Failure::NotFound) => Ok(used_up()),
        Err(failure) => Ok(again(failure, |wrong| {
            guest_form(&invitation.email, &organization, known, &given, wrong)
        })?),
    }
}

fn owner_form(given: &Given, wrong: Option<String>) -> Response {
    render(&Account {
        title: "Make yourself the owner",
        text: "Nobody has an account here yet. The first one owns everything on this collector and can invite others.",
        button: "Create the account",
        asks: Asks::Owner,
        known: false,
        given,
        wrong,
    })
}

fn guest_form(email: &str, organization: &str, known: bool, given: &Given, wrong: Option<String>) -> Response {
    render(&Account {
        title: &format!("Join {organization}"),
        text: if known {
            "You have an account on this collector: sign in to accept the invitation."
        } else {
            "You are invited to see the crashes and errors of this organization's applications."
        },
        button: if known {
            "Sign in and join"
        } else {
            "Create the account"
        },
        asks: Asks::Guest { email },
        known,
        given,
        wrong,
    })
}

/// The form again, with what was wrong about it.
fn again(failure: api::Failure, form: impl FnOnce(Option<String>) -> Response) -> Result<Response, Failure> {
    let (status, wrong) = match failure {
        api::Failure::Wrong(wrong) => (StatusCode::BAD_REQUEST, wrong),
        api::Failure::Unauthorized(wrong) => (StatusCode::UNAUTHORIZED, wrong),
        api::Failure::Conflict(wrong) => (StatusCode::CONFLICT, wrong),
        api::Failure::TooMany(_) => {
            let wrong = "Too many attempts: try again in a quarter of an hour".to_owned();
            (StatusCode::TOO_MANY_REQUESTS, wrong)
        }
        failure => return Err(failure.into()),
    };
    Ok((status, form(Some(wrong))).into_response())
}

/// What another site sends would sign a browser in as somebody else.
fn of_another_site() -> Response {
    let text = "Another site sent this form. Nobody was signed in.";
    message(StatusCode::FORBIDDEN, "Not from here", text)
}

fn used_up() -> Response {
    message(
        StatusCode::NOT_FOUND,
        "This link opens nothing",
        "It was used already, or its time is over. The collector prints another link for the first account each time it \
         starts; for an invitation, ask who sent it for another.",
    )
}

/// Signs somebody in: the way to a page, with the cookie, and what forms of it show.
pub(super) async fn let_in(
    app: &App,
    headers: &HeaderMap,
    user: &User,
    then: &str,
) -> Result<(Response, String), Failure> {
    let client = headers
        .get(header::USER_AGENT)
        .map_or("", |value| value.to_str().unwrap_or(""));
    let signed_in = sign_in::make(&app.database, user, client, now_ms()).await?;
    let cookie: [(_, HeaderValue); 1] = [(header::SET_COOKIE, sign_in::set_cookie(&signed_in.cookie, &app.url))];
    Ok(((cookie, Redirect::to(then)).into_response(), signed_in.csrf))
}
