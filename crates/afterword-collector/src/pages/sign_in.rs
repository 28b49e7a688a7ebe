//! Signing in and out, and forms that were sent when nobody was signed in any more: they are kept in the page, beside the
//! password, and sent again afterwards.

use std::net::SocketAddr;
use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, OriginalUri, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::account::let_in;
use super::posted::{self, Fields, Posted, is_from_our_page};
use super::{Failure, message, render};
use crate::access::By;
use crate::accounts::{people, secret, sign_in};
use crate::{App, api};

/// What forms show that are sent from this machine, where nobody is signed in: another for each process.
static HERE: LazyLock<String> = LazyLock::new(secret);

/// Fields of a kept form are sent under names that begin so.
const KEPT: &str = "kept.";

/// The longest address to come back to.
const MAX_PATH_BYTES: usize = 2048;

/// For whoever comes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/sign-in/", get(page).post(enter))
        .layer(DefaultBodyLimit::max(2 * posted::MAX_BODY_BYTES))
}

/// For who is signed in.
pub(super) fn signed_in_routes() -> Router<App> {
    Router::new().route("/sign-out/", post(leave))
}

/// See [`HERE`].
pub(super) fn here_csrf() -> &'static str {
    &HERE
}

/// A form that was sent and not taken.
#[derive(Debug)]
pub(super) struct Kept {
    /// Where it went.
    pub(super) path: String,
    pub(super) fields: Fields,
}

impl Kept {
    pub(super) fn of(uri: &Uri, mut fields: Fields) -> Self {
        fields.0.retain(|(name, _)| name != "csrf");
        Self {
            path: local(uri.path_and_query().map_or("/", |path| path.as_str())).to_owned(),
            fields,
        }
    }

    /// What can be read of it, so that its sender sees that it is there.
    fn readable(&self) -> Vec<&(String, String)> {
        let fields = self.fields.0.iter();
        fields
            .filter(|(name, value)| !value.trim().is_empty() && !name.contains("password") && !name.contains("secret"))
            .collect()
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    then: &'a str,
    email: &'a str,
    kept: Option<&'a Kept>,
    wrong: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "send_again.html")]
struct SendAgain<'a> {
    kept: &'a Kept,
    csrf: &'a str,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Then {
    then: String,
}

async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    Query(Then { then }): Query<Then>,
) -> Result<Response, Failure> {
    let then = local(&then);
    if sign_in::of_headers(&app.database, &headers).await?.is_some() {
        return Ok(Redirect::to(then).into_response());
    }
    if people::is_nobody(&app.database).await? {
        return Ok(nobody());
    }
    Ok(form(StatusCode::OK, then, "", None, None))
}

async fn enter(
    State(app): State<App>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    if !is_from_our_page(&headers) {
        let text = "Another site sent this form. Nobody was signed in.";
        return Ok(message(StatusCode::FORBIDDEN, "Not from here", text));
    }
    let fields = Fields::read(&body);
    let then = local(fields.get("then"));
    let kept = kept(&fields, then);
    let (email, password) = (fields.get("email"), fields.get("password"));
    let wrong = match app.accounts.check(&app.database, from.ip(), email, password).await {
        Ok(user) => {
            let (mut answer, csrf) = let_in(&app, &headers, &user, then).await?;
            if let Some(kept) = kept {
                let cookie = answer.headers_mut().remove(header::SET_COOKIE);
                answer = send_again(&kept, &csrf);
                if let Some(cookie) = cookie {
                    answer.headers_mut().insert(header::SET_COOKIE, cookie);
                }
            }
            return Ok(answer);
        }
        Err(api::Failure::Unauthorized(wrong)) => (StatusCode::UNAUTHORIZED, wrong + "."),
        Err(api::Failure::Wrong(wrong)) => (StatusCode::BAD_REQUEST, wrong),
        Err(api::Failure::TooMany(wait)) => {
            let minutes = wait.as_secs() / 60 + 1;
            let wrong = format!("Too many attempts. Try again in {minutes} minutes.");
            (StatusCode::TOO_MANY_REQUESTS, wrong)
        }
        Err(failure) => return Err(failure.into()),
    };
    let (status, wrong) = wrong;
    Ok(form(status, then, email, kept.as_ref(), Some(&wrong)))
}

async fn leave(State(app): State<App>, Posted { frame, .. }: Posted) -> Result<Response, Failure> {
    if let By::SignIn { id, .. } = frame.who.by() {
        sign_in::end(&app.database, *id).await?;
    }
    let cookie: [(_, HeaderValue); 1] = [(header::SET_COOKIE, sign_in::remove_cookie(&app.url))];
    Ok((cookie, Redirect::to("/sign-in/")).into_response())
}

/// The answer to a page that is only for who is signed in: the way there, or for a form the page that keeps it.
pub(crate) async fn ask(app: &App, request: axum::extract::Request) -> Response {
    match people::is_nobody(&app.database).await {
        Ok(false) => {}
        Ok(true) => return nobody(),
        Err(error) => return Failure::from(error).into_response(),
    }
    let uri = match request.extensions().get::<OriginalUri>() {
        Some(OriginalUri(uri)) => uri.clone(),
        None => request.uri().clone(),
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    if request.method().is_safe() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("then", local(path));
        return Redirect::to(&format!("/sign-in/?{}", query.finish())).into_response();
    }
    if !is_from_our_page(request.headers()) {
        return message(StatusCode::FORBIDDEN, "Not from here", "Another site sent this form.");
    }
    let Ok(body) = axum::body::to_bytes(request.into_body(), posted::MAX_BODY_BYTES).await else {
        let text = "The form is larger than this server takes. Nothing was changed.";
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Too much at once", text);
    };
    let kept = Kept::of(&uri, Fields::read(&body));
    form(
        StatusCode::UNAUTHORIZED,
        &kept.path,
        "",
        Some(&kept),
        Some("Your sign-in ended. What you typed is kept: sign in to send it."),
    )
}

/// A page that sends a form again that was not taken.
pub(super) fn send_again(kept: &Kept, csrf: &str) -> Response {
    let page = render(&SendAgain { kept, csrf });
    let mut answer = (StatusCode::CONFLICT, page).into_response();
    super::add_protection(&mut answer);
    answer
}

fn form(status: StatusCode, then: &str, email: &str, kept: Option<&Kept>, wrong: Option<&str>) -> Response {
    let page = render(&SignIn {
        then,
        email,
        kept,
        wrong,
    });
    let mut answer = (status, page).into_response();
    super::add_protection(&mut answer);
    answer
}

fn nobody() -> Response {
    message(
        StatusCode::FORBIDDEN,
        "Not from here",
        "Nobody has an account on this collector yet. Until somebody does, its pages are shown on its own machine, at its \
         localhost address. The collector prints a link for the first account when it starts.",
    )
}

/// The form that a sign-in brings along.
fn kept(fields: &Fields, then: &str) -> Option<Kept> {
    let kept: Vec<(String, String)> = fields
        .0
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?.to_owned(), value.clone())))
        .collect();
    fields.has("keeps").then(|| Kept {
        path: then.to_owned(),
        fields: Fields(kept),
    })
}

/// A path on this server, or else `/`: no other site is gone to.
fn local(path: &str) -> &str {
    let mut bytes = path.bytes();
    let is_local = bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.len() <= MAX_PATH_BYTES
        && !path.bytes().any(|byte| byte.is_ascii_control() || byte == b'\\');
    // Coming back to where one signs in or out leads nowhere.
    if is_local && !path.starts_with("/sign-") {
        path
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for good in ["/", "/issues/1/", "/?q=//x", "/releases/?project=a"] {
            assert_eq!(local(good), good);
        }
        for bad in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
            "/sign-out/",
            &format!("/{}", "a".repeat(MAX_PATH_BYTES)),
        ] {
            assert_eq!(local(bad), "/", "{bad}");
        }
    }
}
