//! What a form of a page sends: taken only from our own pages, by somebody who is signed in, and not lost where they are
//! not any more.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::frame::Frame;
use super::sign_in::{self, Kept};
use super::{Failure, message};
use crate::App;

/// The longest form.
pub(super) const MAX_BODY_BYTES: usize = 256 << 10;

/// The most fields of one.
const MAX_FIELDS: usize = 4096;

/// Fields of a form that wants to change something, and the frame of who sent it: an argument of every handler that changes
/// something, in place of a `Frame`.
///
/// A request that another site made is refused. One of a sign-in that ended, or that another took the place of, is answered
/// with a page that keeps what was typed and sends it again.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) frame: Frame,
    pub(super) fields: Fields,
}

/// The fields of a form in their order; names may repeat.
#[derive(Debug, Default, Clone)]
pub(super) struct Fields(pub(super) Vec<(String, String)>);

impl Fields {
    /// Reads a form's body.
    pub(super) fn read(body: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(body).take(MAX_FIELDS);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first field of this name as it was typed; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// All fields of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.0.iter().filter(move |(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether there is one of this name: a ticked box, the button that was pressed.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
}

impl FromRequest<App> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        if !is_from_our_page(&parts.headers) {
            return Err(message(
                StatusCode::FORBIDDEN,
                "Not from here",
                "Another site sent this form. Nothing was changed.",
            ));
        }
        let body = Bytes::from_request(Request::from_parts(parts.clone(), body), app).await;
        let fields = match body {
            Ok(body) => Fields::read(&body),
            Err(_) => {
                return Err(message(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "Too much at once",
                    "The form is larger than this server takes. Nothing was changed: go back and send less.",
                ));
            }
        };
        let frame = Frame::from_request_parts(&mut parts, app)
            .await
            .map_err(Failure::into_response)?;
        let shown = fields.get("csrf").as_bytes();
        if bool::from(shown.ct_eq(frame.csrf.as_bytes())) {
            return Ok(Self { frame, fields });
        }
        let kept = Kept::of(&parts.uri, fields);
        Err(sign_in::send_again(&kept, &frame.csrf))
    }
}

/// Whether a browser says that the page that sent this is ours. What says nothing is no browser of these days; it has to
/// show the second secret anyway.
pub(super) fn is_from_our_page(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    match (headers.get(header::ORIGIN), text("host")) {
        (None, _) => true,
        (Some(origin), Some(host)) => {
            let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
            origin.is_some_and(|origin| host_of(&origin).is_some_and(|origin| origin.eq_ignore_ascii_case(host)))
        }
        (Some(_), None) => false,
    }
}

/// Host and port as the `Host` header has them.
fn host_of(origin: &Url) -> Option<String> {
    let host = origin.host_str()?;
    Some(match origin.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn forms_are_taken_from_our_own_pages() {
        let asks = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            is_from_our_page(&headers.collect())
        };
        let ours = ("host", "errors.example:8797");
        assert!(asks(&[ours, ("origin", "http://errors.example:8797")]));
        assert!(asks(&[
            ours,
            ("origin", "http://Errors.example:8797"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(asks(&[
            ("host", "errors.example"),
            ("origin", "https://errors.example")
        ]));
        assert!(asks(&[ours]), "neither is said");
        for other in [
            "http://evil.example",
            "http://errors.example",
            "http://errors.example:8798",
            "null",
            "nonsense",
        ] {
            let origin = ("origin", other);
            assert!(!asks(&[ours, origin]), "{other}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(!asks(&[
                ours,
                ("origin", "http://errors.example:8797"),
                ("sec-fetch-site", site)
            ]));
        }
        assert!(!asks(&[("origin", "http://errors.example")]), "no host");
    }

    #[test]
    fn fields_repeat() {
        let fields = Fields::read(b"id=1&id=2&note=a%26b+c&empty=");
        assert_eq!(fields.all("id").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((fields.get("note"), fields.get("gone")), ("a&b c", ""));
        assert!(fields.has("empty") && !fields.has("gone"));
    }
}
