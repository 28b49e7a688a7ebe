//! Ingest: the route that takes envelopes. It decides who is sending and whether the framing holds, makes the bytes
//! durable and answers; what is in them is the business of [`crate::digest`].
//!
//! | answer | when |
//! | --- | --- |
//! | 200 `{"id": …}` | the envelope is on disk; `{}` if it holds no event |
//! | 400 | the framing, the content encoding or the compressed bytes are malformed |
//! | 403 | no key, an unknown one, one of another project, or two that differ |
//! | 413 | over a limit of the protocol |
//! | 415 | a content encoding that is not known |
//! | 503 with `Retry-After` | no memory or disk for it at the moment |
//!
//! Refusals carry `{"detail": …}`, which says what was wrong with the request and nothing of this machine. Browsers
//! may call from anywhere (CORS): a key is public anyway.

mod auth;
mod body;

use std::borrow::Cow;

use afterword_protocol::envelope::kind;
use afterword_protocol::{Envelope, EnvelopeError, EnvelopeView, ItemHeader, Limits};
use axum::Json;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_http::decompression::RequestDecompressionLayer;
use uuid::Uuid;

use crate::error::chain;
use crate::inbox::Accepted;
use crate::{App, Error, now_ms};

pub(crate) use body::Budget;

/// The routes that clients send to.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/{project}/envelope/", post(envelope).options(preflight))
        .route("/api/{project}/envelope", post(envelope).options(preflight))
        .layer(RequestDecompressionLayer::new())
        .layer(from_fn(body::limit_compressed))
        .layer(from_fn(cors))
}

async fn envelope(
    State(app): State<App>,
    Path(project): Path<String>,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let (parts, body) = request.into_parts();
    let mut credentials = auth::of_request(&parts)?;
    if let Some(key) = credentials.key()? {
        // Before the body is read: what is refused anyway costs nothing.
        check_key(&app, key, &project).await?;
    }

    let limits = Limits::default();
    let held = app.budget.read(body, limits.envelope_bytes).await?;
    let header = Envelope::parse_header(&held, &limits)?;
    if let Some(dsn) = &header.dsn {
        credentials.add_dsn(dsn, &project)?;
    }
    let key = credentials
        .key()?
        .ok_or(Refusal::Forbidden("no key: use X-Sentry-Auth, sentry_key or a dsn"))?;
    let project_id = check_key(&app, key, &project).await?;

    let event_id = event_id(&EnvelopeView::parse(&held, &limits)?);
    let accepted = Accepted {
        project_id,
        event_id: event_id.clone(),
        client: credentials.client(),
        heavy: false,
        received_at: now_ms(),
    };
    app.inbox.accept(accepted, held).await?;
    Ok(Json(event_id.map_or_else(|| json!({}), |id| json!({ "id": id }))))
}

/// The project of the key, if it is the one of the path.
async fn check_key(app: &App, key: &str, project: &str) -> Result<i64, Refusal> {
    match crate::projects::project_of_key(&app.database, key).await? {
        Some(id) if id.to_string() == project => Ok(id),
        _ => Err(Refusal::Forbidden("the key does not belong to this project")),
    }
}

/// The id the envelope's event will have: the header's, else the payload's, else a new one. `None` without an event.
fn event_id(envelope: &EnvelopeView<'_>) -> Option<String> {
    let makes_event = |header: &ItemHeader| {
        [kind::EVENT, kind::TRANSACTION, kind::FEEDBACK].contains(&header.kind.as_str()) || header.is_minidump()
    };
    let event = envelope.items.iter().find(|item| makes_event(&item.header));
    let from_payload = || {
        event
            .filter(|item| !item.header.is_minidump())
            .and_then(|item| id_in(item.payload))
    };
    let id = envelope
        .header
        .event_id
        .or_else(from_payload)
        .or_else(|| event.map(|_| Uuid::new_v4()))?;
    Some(id.simple().to_string())
}

/// The id in an event's payload. All else is passed over: as values, a megabyte of JSON takes a hundred, and that is for
/// the digest, which looks at one event at a time.
fn id_in(payload: &[u8]) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        event_id: Cow<'a, str>,
    }
    let payload: Payload<'_> = serde_json::from_slice(payload).ok()?;
    Uuid::parse_str(&payload.event_id).ok()
}

/// Why an envelope was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// 403, with the reason.
    Forbidden(&'static str),
    /// 400, with the reason.
    Malformed(String),
    /// 413, with the reason.
    TooLarge(String),
    /// 503: come again.
    Overloaded,
    /// 503, and a line in the log.
    Failed(Error),
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        if error.is_over_limit() {
            Self::TooLarge(error.to_string())
        } else {
            Self::Malformed(chain(&error))
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, detail) = match self {
            Self::Forbidden(reason) => (StatusCode::FORBIDDEN, reason.to_owned()),
            Self::Malformed(reason) => (StatusCode::BAD_REQUEST, reason),
            Self::TooLarge(reason) => (StatusCode::PAYLOAD_TOO_LARGE, reason),
            Self::Overloaded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too much at once, try again".to_owned(),
            ),
            Self::Failed(error) => {
                tracing::error!(error = chain(&error), "could not accept an envelope");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "could not be stored, try again".to_owned(),
                )
            }
        };
        let mut response = (status, Json(json!({ "detail": detail }))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
        }
        response
    }
}

async fn preflight() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Lets pages of any origin send, and read the answer.
async fn cors(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    allow_all_origins(response.headers_mut());
    response
}

fn allow_all_origins(headers: &mut HeaderMap) {
    let allow: [(HeaderName, &'static str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "X-Sentry-Auth, Authorization, Content-Type, Content-Encoding, Sentry-Trace, Baggage",
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "X-Sentry-Error, X-Sentry-Rate-Limits, Retry-After",
        ),
    ];
    for (name, value) in allow {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
