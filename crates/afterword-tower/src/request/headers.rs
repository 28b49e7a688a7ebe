//! Headers, as an event shows them: bounded, and without what is secret or tells who somebody is.

use std::collections::BTreeMap;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, REFERER};

use crate::text;

/// How many header names an event has.
const HEADERS: usize = 64;
/// The longest value of one of them.
const VALUE_BYTES: usize = 1024;

/// Parts of names whose values are secrets, or give a person away. Names are lower case.
const PRIVATE: &[&str] = &[
    "auth",
    "cookie",
    "credential",
    "csrf",
    "key",
    "passw",
    "secret",
    "session",
    "signature",
    "token",
    "xsrf",
    // Where the request came from.
    "forwarded",
    "-ip",
    "client-cert",
];

/// By name; values of the same name are joined.
pub(super) fn to_map(headers: &HeaderMap, send_default_pii: bool) -> BTreeMap<String, String> {
    headers
        .keys()
        .filter(|name| send_default_pii || !is_private(name))
        .filter_map(|name| {
            let mut values = headers
                .get_all(name)
                .iter()
                .filter(|value| send_default_pii || !value.is_sensitive())
                .peekable();
            values.peek()?;
            let name_text = text::bounded(name.as_str(), VALUE_BYTES).into_owned();
            let cut_query = *name == REFERER && !send_default_pii;
            Some((name_text, joined(values, cut_query)))
        })
        .take(HEADERS)
        .collect()
}

fn is_private(name: &HeaderName) -> bool {
    PRIVATE.iter().any(|part| name.as_str().contains(part))
}

/// What is not UTF-8 is replaced by the character for that.
fn joined<'a>(values: impl Iterator<Item = &'a HeaderValue>, cut_query: bool) -> String {
    let mut bytes = Vec::new();
    let mut all = 0;
    for value in values {
        let value = value.as_bytes();
        let end = value.iter().position(|byte| cut_query && b"?#".contains(byte));
        let value = &value[..end.unwrap_or(value.len())];
        let comma = if all == 0 { "" } else { ", " }.as_bytes();
        for part in [comma, value] {
            let room = VALUE_BYTES - bytes.len();
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            all += part.len();
        }
    }
    let mut joined = String::from_utf8_lossy(&bytes).into_owned();
    if all > bytes.len() {
        joined.push_str(&format!("… [cut, {all} bytes in all]"));
    }
    joined
}
