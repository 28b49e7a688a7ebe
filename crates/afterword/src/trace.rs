//! Traces across processes: the headers `sentry-trace` and `baggage`.
//!
//! A caller adds [`headers`] to what it sends; who is called begins its transaction with [`continue_from`], and both are parts of one
//! trace. What a caller says in `baggage` of the trace (its sampling, its release) is handed on as it came, since the process
//! that began the trace decides about it.
//!
//! | | |
//! | --- | --- |
//! | any client | [`headers`] as pairs of text |
//! | `http`, `reqwest`, `hyper`, `axum` (feature `http`) | `inject` into a `HeaderMap`, such as that of a `reqwest::Request`; `header_map` for `RequestBuilder::headers` |
//!
//! The format is Sentry's:
//! <https://develop.sentry.dev/sdk/foundations/trace-propagation/>.

mod baggage;
#[cfg(feature = "http")]
mod http;
mod known;
mod request;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sentry::protocol::{Context, DynamicSamplingContext, Transaction};
use sentry::{Hub, TransactionContext};

use self::baggage::Members;
#[cfg(feature = "http")]
pub use self::http::{continue_from_headers, header_map, inject};

use self::request::Said;
pub(crate) use self::request::forget_said;

/// The header that names trace, parent span and sampling decision.
pub const SENTRY_TRACE: &str = "sentry-trace";
/// The header that says of the trace what all of its processes need.
pub const BAGGAGE: &str = "baggage";

/// The headers that a request to another process needs to be part of the trace of the current hub: `sentry-trace` and
/// `baggage`. Also without tracing there is a trace to be part of, with which errors are connected.
#[must_use]
pub fn headers() -> Vec<(&'static str, String)> {
    headers_of(&Hub::current())
}

/// The same of a hub.
#[must_use]
pub fn headers_of(hub: &Arc<Hub>) -> Vec<(&'static str, String)> {
    // A copy: reading with `configure_scope` writes back.
    let copy = Hub::new_from_top(hub);
    let (trace, seen) = copy.configure_scope(|scope| {
        let trace = scope
            .iter_trace_propagation_headers()
            .find_map(|(name, value)| (name == SENTRY_TRACE).then_some(value));
        (trace, scope.apply_to_event(crate::scope::probe()))
    });
    let mut seen = seen.unwrap_or_default();
    let Some(trace) = trace else { return Vec::new() };
    let mut headers = vec![(SENTRY_TRACE, trace.clone())];
    let said = request::take_said(&mut seen.contexts);
    let baggage = baggage::of_trace(hub, &trace, said, seen.transaction.as_deref());
    headers.extend(baggage.map(|baggage| (BAGGAGE, baggage)));
    headers
}

/// The context of a transaction that continues the trace of a request's headers, or begins one if there are none that can
/// be read. Names are compared without case, only the first 100 headers are looked at, and what is too long is none.
#[must_use]
pub fn continue_from<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    name: &str,
    op: &str,
) -> TransactionContext {
    let found: Vec<(&str, &str)> = headers
        .into_iter()
        .take(100)
        .filter_map(|(name, value)| {
            [SENTRY_TRACE, BAGGAGE]
                .into_iter()
                .find(|known| name.eq_ignore_ascii_case(known))
                .map(|known| (known, value))
        })
        .filter(|(_, value)| value.len() <= baggage::MAX_BYTES)
        .collect();
    let context = TransactionContext::continue_from_headers(name, op, found.iter().copied());
    let trace_id = context.trace_id().to_string();
    let is_continued = found
        .iter()
        .any(|(name, value)| *name == SENTRY_TRACE && value.trim().starts_with(&trace_id));
    if is_continued {
        let said: Vec<&str> = found
            .iter()
            .filter(|(name, _)| *name == BAGGAGE)
            .map(|(_, value)| *value)
            .collect();
        known::remember(&trace_id, baggage::sentry_members(&said.join(",")));
    }
    context
}

/// Takes what the caller said of the trace of a transaction, for the header of its envelope. None where this process began it,
/// of which the SDK knows.
pub(crate) fn take_incoming(transaction: &mut Transaction<'static>) -> Option<DynamicSamplingContext> {
    let said = request::take_said(&mut transaction.contexts);
    let Some(Context::Trace(trace)) = transaction.contexts.get("trace") else {
        return None;
    };
    let said = beginner(&trace.trace_id.to_string(), said)?;
    baggage::context(&said)
}

/// What the beginner of a trace said of it, if that was not us: with the request that is worked on, or with another.
fn beginner(trace_id: &str, said: Option<Said>) -> Option<Members> {
    said.and_then(|said| said.of(trace_id)).or_else(|| known::of(trace_id))
}
