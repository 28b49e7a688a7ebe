//! The header `baggage`: `key=value` pairs with commas between them, the values percent-encoded. Those of Sentry begin with
//! `sentry-`; others belong to others. (W3C Baggage; Sentry's "dynamic sampling context".)

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sentry::Hub;
use sentry::TracesSamplingStrategy;
use sentry::protocol::DynamicSamplingContext;
use serde_json::{Map, Value};

use super::request::Said;

/// The longest header that is looked at and made: W3C's own bound.
pub(super) const MAX_BYTES: usize = 8192;
const PREFIX: &str = "sentry-";
/// More than Sentry knows.
const MAX_MEMBERS: usize = 64;
/// What need not be encoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'@');

/// Names without the prefix, and values.
pub(super) type Members = Vec<(String, String)>;

/// Sentry's members of a header.
pub(super) fn sentry_members(header: &str) -> Members {
    header
        .split(',')
        .take(MAX_MEMBERS)
        .filter_map(|member| {
            // Properties may follow; Sentry's have none.
            let (key, value) = member.split(';').next()?.split_once('=')?;
            let name = key.trim().strip_prefix(PREFIX)?;
            let value = percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
            Some((name.to_owned(), value))
        })
        .collect()
}

/// The members of a header that are not Sentry's, as they came.
#[cfg(feature = "http")]
pub(super) fn foreign(header: &str) -> impl Iterator<Item = &str> {
    header
        .split(',')
        .take(MAX_MEMBERS)
        .map(str::trim)
        .filter(|member| !member.is_empty() && !member.starts_with(PREFIX))
}

/// The header of the trace that `sentry-trace` names: what its beginner said, or what we say if that was us.
pub(super) fn of_trace(hub: &Hub, sentry_trace: &str, said: Option<Said>, transaction: Option<&str>) -> Option<String> {
    let mut parts = sentry_trace.split('-');
    let trace_id = parts.next()?;
    let members = match super::beginner(trace_id, said) {
        Some(said) => said,
        None => ours(hub, trace_id, parts.nth(1), transaction),
    };
    encode(&members)
}

fn ours(hub: &Hub, trace_id: &str, sampled: Option<&str>, transaction: Option<&str>) -> Members {
    let mut members = vec![("trace_id", Some(trace_id.to_owned()))];
    if let Some(client) = hub.client() {
        let options = client.options();
        let public_key = client.dsn().map(|dsn| dsn.public_key().to_owned());
        let rate = match options.traces_sampling_strategy {
            TracesSamplingStrategy::FixedRate(rate) if sampled.is_some() => Some(rate.to_string()),
            _ => None,
        };
        members.extend([
            ("public_key", public_key),
            ("release", options.release.as_deref().map(str::to_owned)),
            ("environment", options.environment.as_deref().map(str::to_owned)),
            ("sample_rate", rate),
        ]);
    }
    let sampled = sampled.map(|sampled| (sampled == "1").to_string());
    members.extend([("sampled", sampled), ("transaction", transaction.map(str::to_owned))]);
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// None without members; what would make it too long is left out.
pub(super) fn encode(members: &Members) -> Option<String> {
    let mut header = String::new();
    for (name, value) in members {
        let member = format!("{PREFIX}{name}={}", utf8_percent_encode(value, PLAIN));
        if header.len() + member.len() < MAX_BYTES {
            if !header.is_empty() {
                header.push(',');
            }
            header.push_str(&member);
        }
    }
    (!header.is_empty()).then_some(header)
}

/// The same as the header `trace` of an envelope. None if a value is none that this can have.
pub(super) fn context(members: &Members) -> Option<DynamicSamplingContext> {
    let fields: Map<String, Value> = members
        .iter()
        .map(|(name, value)| (name.clone(), Value::String(value.clone())))
        .collect();
    serde_json::from_value(Value::Object(fields)).ok()
}
