//! What the main hub's scope has, for an event that is captured with another one.

use std::sync::Arc;

use sentry::Hub;
use sentry::protocol::Event;

use crate::scope::probe;

/// Adds tags, contexts, extra and the user of the main hub's scope where `hub`'s has none. What `hub`'s scope says is put over
/// it when the event is captured.
pub(super) fn add_from_main(hub: &Arc<Hub>, event: &mut Event<'static>) {
    // Copies: reading with `configure_scope` writes back, and another thread's changes would be lost.
    let Some(main) = Hub::new_from_top(Hub::main()).configure_scope(|scope| Some(scope.clone())) else {
        return;
    };
    let Some(of_main) = main.apply_to_event(probe()) else {
        return;
    };
    fn fill<K: Ord, V>(own: &mut std::collections::BTreeMap<K, V>, of_main: std::collections::BTreeMap<K, V>) {
        for (key, value) in of_main {
            own.entry(key).or_insert(value);
        }
    }
    fill(&mut event.tags, of_main.tags);
    fill(&mut event.extra, of_main.extra);
    let contexts = of_main
        .contexts
        .into_iter()
        // The trace is that of the work, and so is a request.
        .filter(|(name, _)| name != "trace" && !name.starts_with("afterword."))
        .collect();
    fill(&mut event.contexts, contexts);
    let has_user = Hub::new_from_top(hub).configure_scope(|scope| scope.user().is_some());
    if event.user.is_none() && !has_user {
        event.user = of_main.user;
    }
}
