//! The scope and the breadcrumbs, mirrored into the run file, so that nothing has to be gathered at crash time.
//!
//! The functions here are exact: when one returns, a crash report would have it. What goes through `sentry::configure_scope`
//! on the main hub is seen within a second, by a thread that reads a *copy* of that hub's scope. (Reading it with
//! `configure_scope` from another thread would lose the app's own changes: it clones, edits and writes back.)

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use afterword_channel::fit_breadcrumb;
use afterword_channel::layout::SCOPE_BYTES;
use sentry::protocol::{Breadcrumb, Context, Event, Level, Request, User, Value};
use sentry::{ClientOptions, Hub, Integration, Scope};

use crate::options::say_what_is_unsaid;
use crate::running::Running;
use crate::scope::{self, ScopeExt};
use crate::trace;
use crate::watch::Watch;

const INTERVAL: Duration = Duration::from_secs(1);

/// Sets a tag on the main hub's scope and in the run file.
pub fn set_tag(key: &str, value: impl ToString) {
    let value = value.to_string();
    configure_scope(|scope| scope.set_tag(key, value));
}

/// Sets the user on the main hub's scope and in the run file.
pub fn set_user(user: Option<User>) {
    configure_scope(|scope| scope.set_user(user));
}

/// Sets a context on the main hub's scope and in the run file.
pub fn set_context(key: &str, context: impl Into<Context>) {
    configure_scope(|scope| scope.set_context(key, context));
}

/// Sets an extra value on the main hub's scope and in the run file.
pub fn set_extra(key: &str, value: Value) {
    configure_scope(|scope| scope.set_extra(key, value));
}

/// Changes the main hub's scope, from any thread, and mirrors it before it returns.
pub fn configure_scope<R: Default>(change: impl FnOnce(&mut Scope) -> R) -> R {
    // One at a time: `configure_scope` clones, edits and writes back.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _lock = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let result = Hub::main().configure_scope(change);
    now();
    result
}

/// Mirrors at once.
pub(crate) fn now() {
    if let Some(running) = Running::of_this_process() {
        mirror(running);
    }
}

/// Removes a tag from the main hub's scope and from the run file.
pub fn remove_tag(key: &str) {
    configure_scope(|scope| scope.remove_tag(key));
}

/// Sets the level of what is captured with the main hub's scope. A crash is always fatal.
pub fn set_level(level: Option<Level>) {
    configure_scope(|scope| scope.set_level(level));
}

/// Sets by what events with the main hub's scope are grouped, crashes too.
pub fn set_fingerprint(fingerprint: Option<&[&str]>) {
    configure_scope(|scope| scope.set_fingerprint(fingerprint));
}

/// Sets the request that the program is working on, on the main hub's scope and in the run file.
pub fn set_request(request: Option<Request>) {
    configure_scope(|scope| scope.set_request(request));
}

/// Adds a breadcrumb to the current hub; it is in the run file when this returns. `sentry::add_breadcrumb` does the same.
pub fn add_breadcrumb(breadcrumb: Breadcrumb) {
    sentry::add_breadcrumb(breadcrumb);
}

/// Into the ring. Called under the hub's lock by `before_breadcrumb`: no hub is touched here.
pub(crate) fn breadcrumb(breadcrumb: &Breadcrumb) {
    let Some(running) = Running::of_this_process() else {
        return;
    };
    if let Some(json) = fit_breadcrumb(breadcrumb) {
        running.run.write_breadcrumb(&json);
    }
}

/// Mirrors once and starts the thread that keeps looking.
pub(crate) fn start(running: &'static Running) {
    mirror(running);
    let looking = std::thread::Builder::new()
        .name("afterword-mirror".to_owned())
        .stack_size(256 * 1024)
        .spawn(move || {
            let mut watch = Watch::new(running);
            loop {
                std::thread::sleep(INTERVAL);
                say_what_is_unsaid();
                mirror(running);
                watch.look();
            }
        });
    if let Err(error) = looking {
        log::warn!("what is set through sentry's own functions will not reach crash reports: {error}");
    }
}

/// Writes the main hub's scope into the run file, if it has changed.
fn mirror(running: &Running) {
    static LAST: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    // Before the scope is read: a thread that read an older one must not write it after us.
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(event) = scope_as_event() else { return };
    let json = fit_scope(event);
    if *last != json && running.run.write_scope(&json) {
        *last = json;
    }
}

/// A partial Sentry event with what the main hub's scope would add to one, and the contexts of the system.
fn scope_as_event() -> Option<serde_json::Value> {
    let copy = Hub::new_from_top(Hub::main());
    let scope = copy.configure_scope(|scope| Some(scope.clone()))?;
    let event = Event {
        contexts: system_contexts().clone(),
        ..scope::probe()
    };
    // Processors of the app may be on the scope.
    let mut event = catch_unwind(AssertUnwindSafe(|| scope.apply_to_event(event))).ok()??;
    scope::lift_request(&mut event);
    trace::forget_said(&mut event.contexts);
    let mut event = serde_json::to_value(event).ok()?;
    if let Some(fields) = event.as_object_mut() {
        // The reporter gives the event its own id and time; the breadcrumbs have a place of their own.
        for own in ["event_id", "timestamp", "breadcrumbs", "platform", "level"] {
            fields.remove(own);
        }
    }
    Some(event)
}

/// Operating system, device and compiler, as the SDK's own integration tells them; they do not change.
fn system_contexts() -> &'static sentry::protocol::Map<String, Context> {
    static CONTEXTS: OnceLock<sentry::protocol::Map<String, Context>> = OnceLock::new();
    CONTEXTS.get_or_init(|| {
        sentry::integrations::contexts::ContextIntegration::new()
            .process_event(Event::default(), &ClientOptions::new())
            .map(|event| event.contexts)
            .unwrap_or_default()
    })
}

/// The scope as JSON that fits into the run file: the largest parts are left out first, and named.
fn fit_scope(mut event: serde_json::Value) -> Vec<u8> {
    let mut left_out = Vec::new();
    for part in ["extra", "contexts", "request", "tags", "user"] {
        let json = event.to_string();
        if json.len() <= SCOPE_BYTES {
            return json.into_bytes();
        }
        if let Some(fields) = event.as_object_mut()
            && fields.remove(part).is_some()
        {
            left_out.push(part);
            fields.insert(
                "extra".to_owned(),
                serde_json::json!({ "afterword.left_out": left_out }),
            );
        }
    }
    let json = event.to_string();
    if json.len() <= SCOPE_BYTES {
        json.into_bytes()
    } else {
        serde_json::json!({ "extra": { "afterword.left_out": ["scope"] } })
            .to_string()
            .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scope_too_long_loses_its_largest_parts_and_says_which() {
        let read = |value| -> serde_json::Value { serde_json::from_slice(&fit_scope(value)).unwrap() };
        let small = json!({ "tags": { "a": "b" } });
        assert_eq!(read(small.clone()), small);
        let fitted = read(json!({ "tags": { "a": "b" }, "contexts": { "big": "x".repeat(70_000) } }));
        assert_eq!(fitted["tags"]["a"], "b");
        assert_eq!(fitted["extra"]["afterword.left_out"], json!(["contexts"]));
        let fitted = read(json!({ "fingerprint": "x".repeat(70_000) }));
        assert_eq!(fitted["extra"]["afterword.left_out"], json!(["scope"]));
    }

    #[test]
    fn contexts_of_the_system_and_of_the_scope_are_both_there() {
        Hub::main().configure_scope(|scope| {
            scope.set_tag("a", "b");
            for name in ["mine", "afterword.baggage"] {
                let fields = [("k".to_owned(), json!(1))].into_iter().collect();
                scope.set_context(name, Context::Other(fields));
            }
        });
        let event = scope_as_event().unwrap();
        assert_eq!(event["tags"]["a"], "b");
        assert_eq!(event["contexts"]["mine"]["k"], 1);
        assert!(event["contexts"]["os"]["name"].is_string(), "{event}");
        assert!(
            event["contexts"].get("afterword.baggage").is_none(),
            "it is a request's alone"
        );
        assert!(event.get("event_id").is_none() && event.get("timestamp").is_none());
    }
}
