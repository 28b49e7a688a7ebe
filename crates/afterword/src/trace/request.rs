//! What the caller of a request says of its trace, which `afterword-tower` lays on the request's scope. It is for the headers of
//! requests and of envelopes, and not to be sent with what is captured.

use sentry::protocol::{Context, Map};

use super::baggage::{self, Members};

/// Where it lies: a context with the trace's id and the header as it came.
const CONTEXT: &str = "afterword.baggage";

/// What was said of a trace.
pub(super) struct Said {
    trace_id: String,
    members: Members,
}

impl Said {
    /// None if it is of another trace: the handler may have begun one of its own.
    pub(super) fn of(self, trace_id: &str) -> Option<Members> {
        (self.trace_id == trace_id).then_some(self.members)
    }
}

/// Takes it out of the contexts of a scope.
pub(super) fn take_said(contexts: &mut Map<String, Context>) -> Option<Said> {
    let Some(Context::Other(fields)) = contexts.remove(CONTEXT) else {
        return None;
    };
    let text = |name| fields.get(name)?.as_str();
    Some(Said {
        trace_id: text("trace_id")?.to_owned(),
        members: baggage::sentry_members(text("header")?),
    })
}

/// Takes it out where nobody asks for it.
pub(crate) fn forget_said(contexts: &mut Map<String, Context>) {
    contexts.remove(CONTEXT);
}
