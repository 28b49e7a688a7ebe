//! Pages: the list of issues and one issue with one of its events, rendered here, without any script.
//!
//! | path | page |
//! | --- | --- |
//! | `/` | issues of all projects, the one seen last first |
//! | `/issues/{id}/` | an issue with its newest event |
//! | `/issues/{id}/events/{event_id}/` | an issue with this event |
//! | `/issues/{id}/events/{event_id}/raw.json` | the event as it came |
//! | `/issues/{id}/events/{event_id}/attachments/{id}` | a file of it, to be saved |
//! | `/setup/{token}`, `/invitation/{token}` | a new account, for whoever has the link, see `account` |
//! | `/assets/app.css` | the one style sheet |
//!
//! All that is shown came from strangers: the templates escape everything, there is no inline script or style, and the
//! content security policy would not run one. Files are only ever offered for saving.

mod account;
mod issue;
mod list;
mod stack;
mod words;

use std::sync::LazyLock;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::api::event_id;
use crate::blobs::sha256_hex;
use crate::error::chain;
use crate::queries::{self, StoredEvent};
use crate::{App, Error, access, api, now_ms, projects};

const STYLE: &str = include_str!("../assets/app.css");

/// Changes with the style sheet, so that browsers may keep it for long.
static STYLE_VERSION: LazyLock<String> = LazyLock::new(|| sha256_hex(STYLE.as_bytes())[..12].to_owned());

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// The routes of the pages, behind [`access::pages`].
pub(crate) fn routes(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(issues))
        .route("/issues/{issue}/", get(latest))
        .route("/issues/{issue}/events/{event}/", get(event))
        .route("/issues/{issue}/events/{event}/raw.json", get(raw))
        .route(
            "/issues/{issue}/events/{event}/attachments/{attachment}",
            get(attachment),
        )
        .route_layer(from_fn_with_state(app.clone(), access::pages))
        .merge(account::routes())
        .route("/assets/app.css", get(style))
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

async fn issues(State(app): State<App>) -> Result<Response, Failure> {
    let issues = queries::issues(&app.database).await?;
    let first_key = if issues.is_empty() {
        projects::first_key(&app.database).await?
    } else {
        None
    };
    let page = list::page(
        &issues,
        first_key.map(|(id, key, _)| crate::collector::dsn(&app.url, &key, id)),
        now_ms(),
    );
    Ok(render(&page).into_response())
}

async fn latest(State(app): State<App>, Path(issue): Path<String>) -> Result<Response, Failure> {
    let issue = number(&issue)?;
    let event = queries::latest_event(&app.database, issue)
        .await?
        .ok_or(Failure::NotFound)?;
    show(&app, issue, event).await
}

async fn event(State(app): State<App>, Path((issue, event)): Path<(String, String)>) -> Result<Response, Failure> {
    let (issue, event) = find(&app, &issue, &event).await?;
    show(&app, issue, event).await
}

async fn show(app: &App, issue: i64, event: StoredEvent) -> Result<Response, Failure> {
    let issue = queries::issue(&app.database, issue).await?.ok_or(Failure::NotFound)?;
    let (older, newer) = queries::neighbours(&app.database, &event).await?;
    let attachments = queries::attachments(&app.database, &event).await?;
    let feedback = queries::feedback(&app.database, &event).await?;
    let other_feedback = queries::other_feedback(&app.database, &event).await?;
    let shown = issue::Shown {
        issue,
        event,
        older,
        newer,
        attachments,
        feedback,
        other_feedback,
    };
    Ok(render(&issue::page(&shown, now_ms())).into_response())
}

async fn raw(State(app): State<App>, Path((issue, event)): Path<(String, String)>) -> Result<Response, Failure> {
    let (_, event) = find(&app, &issue, &event).await?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((kind, event.raw()).into_response())
}

async fn attachment(
    State(app): State<App>,
    Path((issue, event, attachment)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let (_, event) = find(&app, &issue, &event).await?;
    let id = number(&attachment)?;
    let attachments = queries::attachments(&app.database, &event).await?;
    let attachment = attachments
        .into_iter()
        .find(|attachment| attachment.id == id)
        .ok_or(Failure::NotFound)?;
    let bytes = app.blobs.attachment(&attachment.sha256).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_DISPOSITION, words::save_as(&attachment.name)),
    ];
    Ok((headers, bytes).into_response())
}

async fn style() -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/css; charset=utf-8"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    (headers, STYLE).into_response()
}

async fn find(app: &App, issue: &str, event: &str) -> Result<(i64, StoredEvent), Failure> {
    let issue = number(issue)?;
    let event = event_id(event).map_err(|_| Failure::NotFound)?;
    let event = queries::event_of_issue(&app.database, issue, &event)
        .await?
        .ok_or(Failure::NotFound)?;
    Ok((issue, event))
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
        (header::REFERRER_POLICY, "no-referrer"),
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
            // Pages ask for ids alone, and what one may not see is not there.
            api::Failure::Failed(error) => Self::Failed(error),
            _ => Self::NotFound,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => message(
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no such issue or event. An event that just arrived may take a moment to be digested.",
            ),
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
