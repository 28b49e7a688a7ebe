//! What a sender is answered, and the manners of all ingest routes: any origin may call, and who is refused hears why.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use afterword_protocol::EnvelopeError;
use afterword_protocol::rate_limits::{self, Limit};
use axum::Json;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::Error;
use crate::error::chain;

/// Says that this server can be asked what is known of a crash, which no other can.
const X_AFTERWORD_KNOWN: HeaderName = HeaderName::from_static("x-afterword-known");
const X_SENTRY_ERROR: HeaderName = HeaderName::from_static("x-sentry-error");
const X_SENTRY_RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

/// When to come again after a 503.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");

/// So much of a refused body is still read, and for so long, so that its sender comes to reading the answer: a connection
/// that is closed while it sends is an error to it, and errors are tried again.
const DRAINED_BYTES: usize = 8 << 20;
const DRAINED_TIME: Duration = Duration::from_secs(5);

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// 403, with the reason.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 400, with the reason.
    #[error("{0}")]
    Malformed(String),
    /// 408: the sender went silent, or took too long.
    #[error("the body did not come in time")]
    TimedOut,
    /// 413, with the reason.
    #[error("{0}")]
    TooLarge(String),
    /// 415, with the name.
    #[error("the content encoding {0:?} is not known")]
    Encoding(String),
    /// 429: all of it is over a quota.
    #[error("over a quota, see X-Sentry-Rate-Limits")]
    Limited(Vec<Limit>),
    /// 503: come again.
    #[error("too much at once, try again")]
    Overloaded,
    /// 503, and a line in the log.
    #[error("could not be stored, try again")]
    Failed(#[source] Error),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Overloaded | Self::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether what was sent can never be taken: it counts as invalid. What may be sent again counts when it is.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::TooLarge(_) | Self::Encoding(_))
    }
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
        let status = self.status();
        let detail = self.to_string();
        let mut response = (status, Json(json!({ "detail": detail }))).into_response();
        let headers = response.headers_mut();
        if let Some(words) = in_header(&detail) {
            headers.insert(X_SENTRY_ERROR, words);
        }
        match &self {
            Self::Failed(error) => tracing::error!(error = chain(error), "could not accept an envelope"),
            Self::Limited(limits) => {
                tell(headers, limits);
                let seconds = limits.iter().map(Limit::seconds).max().unwrap_or(1);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

/// Tells a sender what is limited, if anything is.
pub(super) fn tell(headers: &mut HeaderMap, limits: &[Limit]) {
    if limits.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(rate_limits::header(limits)) {
        headers.insert(X_SENTRY_RATE_LIMITS, value);
    }
}

/// Words that may come from a sender, as a header may hold them.
fn in_header(words: &str) -> Option<HeaderValue> {
    let words: String = words
        .chars()
        .map(|char| if matches!(char, ' '..='~') { char } else { '?' })
        .take(500)
        .collect();
    HeaderValue::try_from(words).ok()
}

/// What a browser asks before it sends: yes, and for a day.
pub(super) async fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

/// Lets pages of any origin send and read the answer, and reads some of what is refused.
pub(super) async fn manners(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // Who waits to be told to send has sent nothing yet, and reading would tell it to.
    let waits = parts.headers.contains_key(header::EXPECT);
    let body = Arc::new(Mutex::new(body));
    let handed = Body::new(Shared(Arc::clone(&body)));
    let mut response = next.run(Request::from_parts(parts, handed)).await;
    if !response.status().is_success() && !waits {
        drain(Shared(body)).await;
    }
    allow_all_origins(response.headers_mut());
    response
        .headers_mut()
        .insert(X_AFTERWORD_KNOWN, HeaderValue::from_static("1"));
    response
}

fn allow_all_origins(headers: &mut HeaderMap) {
    let allow: [(HeaderName, &'static str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "X-Sentry-Auth, Authorization, Content-Type, Content-Encoding, Accept, Origin, X-Requested-With, Sentry-Trace, Baggage",
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

/// A body of which what a handler leaves can still be read. One of its holders reads at a time.
struct Shared(Arc<Mutex<Body>>);

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

/// Reads and drops what is left of a body, up to a bound.
async fn drain(mut body: Shared) {
    let reading = async {
        let mut left = DRAINED_BYTES;
        while !body.is_end_stream() {
            match body.frame().await {
                Some(Ok(frame)) => left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len)),
                // The sender is gone, or has said all.
                Some(Err(_)) | None => return,
            }
            if left == 0 {
                return;
            }
        }
    };
    // If it takes longer, the connection is closed over it.
    let _ = tokio::time::timeout(DRAINED_TIME, reading).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_strangers_fit_into_a_header() {
        assert_eq!(in_header("a\r\nSet-Cookie: x\u{fc}\0").unwrap(), "a??Set-Cookie: x??");
        assert_eq!(in_header(&"x".repeat(9999)).unwrap().len(), 500);
    }
}
