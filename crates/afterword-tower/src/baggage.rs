//! What a caller says of its trace in the header `baggage`: its sampling, the release that began it. The SDK continues the trace
//! without it. `afterword`, of which this crate knows only the name, finds it on the request's scope, hands it on to who is
//! called in turn, and takes it off what is sent.

use http::HeaderMap;
use sentry_core::TransactionContext;
use sentry_core::protocol::{Context, Map};

/// The context of the scope.
pub(crate) const CONTEXT: &str = "afterword.baggage";
/// The integration that takes the context off again. Without it there is none: it would be sent with all that is captured.
pub(crate) const READER: &str = "afterword";
/// W3C's own bound, of all headers of this name together.
const MAX_BYTES: usize = 8192;

/// The trace's id, and the header as it came, empty where there is none: who began the trace then says nothing of it. None where
/// the trace is not the caller's.
pub(crate) fn of_trace(trace_id: &str, headers: &HeaderMap) -> Option<Context> {
    let named = headers.get_all("sentry-trace").iter();
    let named = named.filter_map(|value| Some(("sentry-trace", value.to_str().ok()?)));
    // What cannot be read begins a trace of its own, whose id is a new one.
    if TransactionContext::continue_from_headers("", "", named)
        .trace_id()
        .to_string()
        != trace_id
    {
        return None;
    }
    let mut header = String::new();
    for value in headers.get_all("baggage") {
        if let Ok(value) = value.to_str()
            && header.len() + 1 + value.len() <= MAX_BYTES
        {
            if !header.is_empty() {
                header.push(',');
            }
            header.push_str(value);
        }
    }
    let fields = [("trace_id", trace_id.to_owned()), ("header", header)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.into()));
    Some(Context::Other(Map::from(fields)))
}
