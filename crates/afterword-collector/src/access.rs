//! Who may see what.
//!
//! The API wants a token or a sign-in, always. Pages are shown to who is signed in; as long as nobody has an account, to
//! this machine: the peer must be a loopback address, and the `Host` must name one, or any site could read them through
//! the browser of whoever works here, by pointing its own name at 127.0.0.1 (DNS rebinding). A request that a proxy passed
//! on is not from this machine. A token opens the pages, too.
//!
//! Both put a [`Who`] into the request's extensions. Handlers ask it for the scope they need: `who.project(…)`. Should one
//! not ask, an organisation named in the path is still none for whoever may not see it.

mod scope;
mod tokens;
mod who;

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::accounts::people;
use crate::accounts::sign_in::{self, Comer};
use crate::api::Failure;
use crate::error::chain;
use crate::{App, Error, now_ms, pages, projects};

pub(crate) use scope::{Role, Scope, Scopes};
pub(crate) use tokens::NewToken;
pub(crate) use who::{By, User, Who};

/// Making and finding tokens.
pub(crate) mod token {
    pub(crate) use super::tokens::{Listed, Mine, list, make, reach, revoke, who};
}

const NOT_HERE: &str = "This is shown to people who are signed in, to programs on the collector's own machine, at its \
    localhost address, and to requests with an API token (Authorization: Bearer …).";

/// Lets requests with a token of the API, or of somebody who is signed in, through; 401 for others.
pub(crate) async fn api(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let comer = match comer(&app, request.headers()).await {
        Ok(Some(comer)) => comer,
        Ok(None) => {
            let detail =
                "Authentication credentials were not provided or are invalid: send Authorization: Bearer TOKEN.";
            let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))];
            return (StatusCode::UNAUTHORIZED, challenge, Json(json!({ "detail": detail }))).into_response();
        }
        Err(status) => return status.into_response(),
    };
    let Comer { who, next_cookie } = comer;
    if let By::SignIn { csrf, .. } = who.by()
        && !request.method().is_safe()
        && !sign_in::shows_csrf(request.headers(), csrf)
    {
        let detail = "CSRF Failed: send the token of your sign-in (GET /api/0/auth/) as X-CSRFToken".to_owned();
        return Failure::Forbidden(detail).into_response();
    }
    match sees_organization(&app, &who, request.uri().path()).await {
        Ok(true) => {}
        Ok(false) => return Failure::NotFound.into_response(),
        Err(error) => return Failure::Failed(error).into_response(),
    }
    request.extensions_mut().insert(who);
    with_cookie(next.run(request).await, next_cookie, &app)
}

/// Lets requests of people who are signed in, such with a token, and, as long as nobody has an account, such from this
/// machine through. Others are asked to sign in.
pub(crate) async fn pages(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let comer = match comer(&app, request.headers()).await {
        Ok(Some(comer)) => comer,
        Ok(None) if is_from_here(&app.url, peer, request.headers()) => match people::is_nobody(&app.database).await {
            Ok(true) => here(),
            Ok(false) => return pages::sign_in::ask(&app, request).await,
            Err(error) => return Failure::Failed(error).into_response(),
        },
        Ok(None) => return pages::sign_in::ask(&app, request).await,
        Err(status) => return status.into_response(),
    };
    request.extensions_mut().insert(comer.who);
    with_cookie(next.run(request).await, comer.next_cookie, &app)
}

/// Lets requests from this machine, such with a token and those of people who are signed in through, for what is read by
/// programs; 403 and a sentence for others.
pub(crate) async fn figures(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let comer = match comer(&app, request.headers()).await {
        Ok(Some(comer)) => comer,
        Ok(None) if is_from_here(&app.url, peer, request.headers()) => here(),
        Ok(None) => return pages::message(StatusCode::FORBIDDEN, "Not from here", NOT_HERE),
        Err(status) => return status.into_response(),
    };
    request.extensions_mut().insert(comer.who);
    with_cookie(next.run(request).await, comer.next_cookie, &app)
}

fn here() -> Comer {
    Comer {
        who: Who::here(),
        next_cookie: None,
    }
}

fn with_cookie(mut response: Response, cookie: Option<String>, app: &App) -> Response {
    if let Some(cookie) = cookie {
        // Signing in or out has said something newer.
        response
            .headers_mut()
            .entry(header::SET_COOKIE)
            .or_insert_with(|| sign_in::set_cookie(&cookie, &app.url));
    }
    response
}

/// Whether an organisation that the path names, if any, is one that may be seen: a second lock, behind the handlers'.
async fn sees_organization(app: &App, who: &Who, path: &str) -> Result<bool, Error> {
    if who.organizations().is_none() {
        return Ok(true);
    }
    let mut parts = path.trim_start_matches("/api/0/").split('/');
    if !matches!(parts.next(), Some("organizations" | "projects" | "teams")) {
        return Ok(true);
    }
    let Some(org) = parts.next().filter(|org| !org.is_empty()) else {
        return Ok(true);
    };
    let org = percent_decode_str(org).decode_utf8_lossy();
    let id = projects::organization(&app.database, &org).await?;
    Ok(id.is_some_and(|id| who.scopes_in(id).is_some()))
}

/// For paths that lead nowhere.
pub(crate) async fn not_found(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return (
            StatusCode::NOT_FOUND,
            Json(json!({ "detail": "The requested resource does not exist" })),
        )
            .into_response();
    }
    pages::message(
        StatusCode::NOT_FOUND,
        "Nothing here",
        "There is no page at this address.",
    )
}

/// Whether a browser or a program on this machine asks. A proxy on this machine does so, too: what one adds tells, and that the
/// collector is reached by another name (`serve --url`), since some add nothing and even ask for the name of this machine.
fn is_from_here(url: &str, peer: SocketAddr, headers: &HeaderMap) -> bool {
    const FORWARDED: [&str; 6] = [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "via",
    ];
    let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let ours = url.split_once("://").map_or(url, |(_, host)| host);
    peer.ip().to_canonical().is_loopback()
        && !forwarded
        && host.is_some_and(names_this_machine)
        && names_this_machine(ours.trim_end_matches('/'))
}

/// Whether a `Host` header, with or without its port, is a name of this machine that nobody else can point elsewhere.
fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

/// Who comes: with a token, or else with the cookie of a sign-in.
async fn comer(app: &App, headers: &HeaderMap) -> Result<Option<Comer>, StatusCode> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim())
    });
    let found = match token {
        Some(token) if token.len() <= 200 => {
            let who = token::who(&app.database, token, now_ms()).await;
            who.map(|who| who.map(|who| Comer { who, next_cookie: None }))
        }
        Some(_) => Ok(None),
        None => sign_in::of_headers(&app.database, headers).await,
    };
    found.map_err(|error| {
        tracing::error!(error = chain(&error), "could not look who comes");
        StatusCode::SERVICE_UNAVAILABLE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_from_here() {
        for host in [
            "localhost",
            "LocalHost:8797",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:8797",
        ] {
            assert!(names_this_machine(host), "{host}");
        }
        let others = [
            "",
            "evil.example",
            "evil.example:8797",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost:evil",
            "127.0.0.2",
            "::1",
            "[::1",
            "localhost:",
            "localhost.:80",
            "user@localhost",
        ];
        for host in others {
            assert!(!names_this_machine(host), "{host}");
        }
    }

    #[test]
    fn the_peer_counts_and_a_proxy_does_not() {
        let from = |peer: &str, extra: Option<(&'static str, &'static str)>| {
            let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("localhost:1"))]);
            if let Some((name, value)) = extra {
                headers.insert(name, HeaderValue::from_static(value));
            }
            is_from_here(
                "http://localhost:1",
                SocketAddr::new(peer.parse().unwrap(), 5),
                &headers,
            )
        };
        assert!(from("127.0.0.1", None) && from("::1", None) && from("::ffff:127.0.0.1", None));
        assert!(!from("192.168.1.7", None) && !from("2001:db8::1", None));
        for name in ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-proto"] {
            assert!(!from("127.0.0.1", Some((name, "1.2.3.4"))), "{name}");
        }
        let peer = "127.0.0.1:5".parse().unwrap();
        assert!(!is_from_here("http://localhost:1", peer, &HeaderMap::new()));
        let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("127.0.0.1:8797"))]);
        assert!(is_from_here("http://127.0.0.1:8797", peer, &headers));
        assert!(is_from_here("http://[::1]:8797/", peer, &headers));
        assert!(
            !is_from_here("https://errors.example", peer, &headers),
            "a proxy that adds nothing"
        );
    }
}
