//! The headers of a trace in the types of the crate `http`, which `reqwest`, `hyper` and `axum` share.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use sentry::TransactionContext;

use super::{BAGGAGE, SENTRY_TRACE, baggage, headers};

/// Puts the trace of the current hub into a request's headers. Members of `baggage` that are not Sentry's stay.
///
/// ```
/// let mut request = http::Request::new(());
/// afterword::trace::inject(request.headers_mut());
/// assert!(request.headers().contains_key("sentry-trace"));
/// ```
pub fn inject(into: &mut HeaderMap) {
    for (name, value) in headers() {
        let value = if name == BAGGAGE {
            beside_others(into, value)
        } else {
            value
        };
        // What we make is visible ASCII, percent-encoded where it was not.
        if let Ok(value) = HeaderValue::from_str(&value) {
            into.insert(HeaderName::from_static(name), value);
        }
    }
}

/// The trace of the current hub as headers, for `reqwest::RequestBuilder::headers`.
#[must_use]
pub fn header_map() -> HeaderMap {
    let mut map = HeaderMap::new();
    inject(&mut map);
    map
}

/// As [`continue_from`](super::continue_from), from the headers of a request.
#[must_use]
pub fn continue_from_headers(from: &HeaderMap, name: &str, op: &str) -> TransactionContext {
    // Looked up by name: what else is in the request need not be read.
    let found = [SENTRY_TRACE, BAGGAGE]
        .into_iter()
        .flat_map(|name| from.get_all(name).iter().map(move |value| (name, value)))
        .filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
    super::continue_from(found, name, op)
}

fn beside_others(map: &HeaderMap, ours: String) -> String {
    let there = map.get_all(BAGGAGE).iter().filter_map(|value| value.to_str().ok());
    let others: Vec<&str> = there.flat_map(baggage::foreign).collect();
    if others.is_empty() {
        ours
    } else {
        format!("{},{ours}", others.join(","))
    }
}
