//! Scopes: what the SDK's have not. A scope of the SDK holds tags, contexts, user, level and so on; a request it does not hold,
//! so ours lies in a context with a name of its own, and is lifted out of it when an event is made.

use std::sync::Arc;

use sentry::protocol::{Context, Event, Level, Map, Request, Value};
use sentry::types::Uuid;
use sentry::{Hub, Scope};

use crate::mirror;

/// Where a request lies on a scope.
const REQUEST: &str = "afterword.request";

/// What a scope can hold besides.
pub trait ScopeExt {
    /// Sets or removes the request that is being worked on. An event that has one of its own keeps it.
    fn set_request(&mut self, request: Option<Request>);
}

impl ScopeExt for Scope {
    fn set_request(&mut self, request: Option<Request>) {
        let fields = request
            .and_then(|request| serde_json::to_value(request).ok())
            .and_then(|request| match request {
                Value::Object(fields) => Some(fields.into_iter().collect::<Map<String, Value>>()),
                _ => None,
            });
        match fields {
            Some(fields) => self.set_context(REQUEST, Context::Other(fields)),
            None => self.remove_context(REQUEST),
        }
    }
}

/// Runs `work` with a scope that is changed for that long alone; what it captures on this thread has it. On a thread that
/// works with the main hub, a crash within `work` has it too; and what other threads set on the main hub's scope meanwhile
/// goes with it when it goes.
pub fn with_scope<R>(change: impl FnOnce(&mut Scope), work: impl FnOnce() -> R) -> R {
    let is_main = Arc::ptr_eq(&Hub::current(), &Hub::main());
    let _after = OnDrop(is_main);
    sentry::with_scope(
        |scope| change(scope),
        || {
            if is_main {
                mirror::now();
            }
            work()
        },
    )
}

/// Mirrors again when the scope is gone, however `work` ended.
struct OnDrop(bool);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if self.0 {
            mirror::now();
        }
    }
}

/// An event that asks a scope what it would add, and is none: its id is nil, as no captured event's is, and it is of no weight.
pub(crate) fn probe() -> Event<'static> {
    Event {
        event_id: Uuid::nil(),
        level: Level::Debug,
        ..Event::default()
    }
}

/// Puts the request of the scope where events have it.
pub(crate) fn lift_request(event: &mut Event<'static>) {
    let Some(Context::Other(fields)) = event.contexts.remove(REQUEST) else {
        return;
    };
    if event.request.is_none() {
        let fields = Value::Object(fields.into_iter().collect());
        event.request = serde_json::from_value(fields).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> Request {
        Request {
            url: url.parse().ok(),
            method: Some("GET".to_owned()),
            ..Request::default()
        }
    }

    fn lifted(scope: &Scope, event: Event<'static>) -> Event<'static> {
        let mut event = scope.apply_to_event(event).unwrap();
        lift_request(&mut event);
        assert!(!event.contexts.contains_key(REQUEST));
        event
    }

    #[test]
    fn the_request_of_a_scope_is_the_events_unless_it_has_one() {
        let mut scope = Scope::default();
        scope.set_request(Some(request("http://h/a?b=c")));
        assert_eq!(
            lifted(&scope, Event::default()).request,
            Some(request("http://h/a?b=c"))
        );
        let own = Event {
            request: Some(request("http://h/own")),
            ..Event::default()
        };
        assert_eq!(lifted(&scope, own).request, Some(request("http://h/own")));
        scope.set_request(None);
        assert_eq!(lifted(&scope, Event::default()).request, None);
    }
}
