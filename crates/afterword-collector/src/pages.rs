//! Pages, rendered here.
//!
//! Each section has a room with its routes, its templates (`templates/<section>`), and its part of the style sheet and the
//! script (`assets`). A handler takes a [`frame::Frame`], which says who looks and at which projects; one that changes
//! something takes a [`posted::Posted`] and answers with the way to a page.
//!
//! | path | page |
//! | --- | --- |
//! | `/` | issues |
//! | `/feedback/` | what people wrote |
//! | `/issues/{id}/` | an issue with its newest event, or with one that is named |
//! | `/releases/…` | how versions fare, see `releases` |
//! | `/performance/…`, `/traces/{trace_id}/` | what takes the time, see `performance` |
//! | `/start/` and below | the first start: an owner, a project, its first event |
//! | `/settings/` and below | what organisations, projects, people and the server have chosen |
//! | `/alerts/…` | alert rules and their history, see `alerts` |
//! | `/sign-in/`, `/sign-out/` | see `sign_in` |
//! | `/setup/{token}`, `/invitation/{token}` | a new account, for whoever has the link, see `account` |
//! | `/assets/app.css`, `/assets/app.js` | the one style sheet, the one script |
//!
//! All that is shown came from strangers: the templates escape everything, there is no inline script or style, and the
//! content security policy would not run one. Files are only ever offered for saving. Everything works without script.

mod account;
mod alerts;
mod assets;
mod chart;
mod feedback;
mod frame;
mod issue;
mod issues;
mod needs;
mod paging;
mod performance;
mod period;
mod posted;
mod releases;
mod room;
mod said;
mod settings;
pub(crate) mod sign_in;
mod start;
mod words;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Response};

use crate::error::chain;
use crate::{App, Error, access, api};

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The routes of the pages, behind [`access::pages`].
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .merge(issues::routes())
        .merge(issue::routes())
        .merge(performance::routes())
        .merge(releases::routes())
        .merge(start::routes())
        .merge(settings::routes())
        .merge(feedback::routes())
        .merge(alerts::routes())
        .merge(sign_in::signed_in_routes())
        .route_layer(DefaultBodyLimit::max(posted::MAX_BODY_BYTES))
        .route_layer(from_fn_with_state(app.clone(), access::pages))
        .merge(account::routes())
        .merge(sign_in::routes())
        .merge(assets::routes())
        .route_layer(map_response(protect))
}

/// A page that says one thing.
pub(crate) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    let mut response = (status, render(&Message { title, text })).into_response();
    add_protection(&mut response);
    response
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
}

fn number(id: &str) -> Result<i64, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}

fn render(template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn protect(mut response: Response) -> Response {
    add_protection(&mut response);
    response
}

/// What every answer says to the browser that shows it.
fn add_protection(response: &mut Response) {
    let headers: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer`, browsers would say `Origin: null` of our own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Why there is no page.
#[derive(Debug)]
enum Failure {
    NotFound,
    /// What was asked is wrong, in words for the person.
    Wrong(String),
    /// They may not, in words.
    Forbidden(String),
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<api::Failure> for Failure {
    fn from(failure: api::Failure) -> Self {
        match failure {
            api::Failure::Failed(error) => Self::Failed(error),
            api::Failure::Forbidden(why) => Self::Forbidden(why),
            api::Failure::Wrong(wrong) | api::Failure::Conflict(wrong) | api::Failure::TooLarge(wrong) => {
                Self::Wrong(wrong)
            }
            // What one may not see is not there.
            api::Failure::NotFound | api::Failure::Unauthorized(_) | api::Failure::TooMany(_) => Self::NotFound,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => message(
                StatusCode::NOT_FOUND,
                "Nothing here",
                "What this address names is not there: it was removed, or belongs to a project that you may not see. What \
                 just arrived may take a moment until it is shown.",
            ),
            Self::Wrong(wrong) => message(StatusCode::BAD_REQUEST, "This cannot be done", &wrong),
            Self::Forbidden(why) => message(StatusCode::FORBIDDEN, "Not for you", &why),
            Self::Failed(error) => {
                tracing::error!(error = chain(&error), "could not make a page");
                message(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "This did not work",
                    "The page could not be made. The collector's log says why.",
                )
            }
        }
    }
}
