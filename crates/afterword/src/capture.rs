//! Capturing what the program survives: errors with all their sources, messages, results.
//!
//! What is captured here goes through the hub of the current context (see [`HubExt`](crate::HubExt)); a thread that has none
//! works with a copy of the main one, which the SDK makes when the thread first asks. So that what the app has set since
//! (who has signed in) is not missing, what the main hub's scope has and the current one has not is added.

mod backtrace;
mod own;

use std::error::Error;
use std::sync::Arc;

use sentry::Hub;
use sentry::protocol::{Event, Level};
use sentry::types::Uuid;

use crate::outgoing;

/// Sources of an error that are looked at: a chain that goes round has no end.
const MAX_SOURCES: usize = 50;
/// The longest text of an error, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Captures an error with all its sources; returns the id of its event, nil when it was not kept.
///
/// Its stack is that of a [`std::backtrace::Backtrace`] in it or in one of its sources, if its `Debug` shows one, as a
/// derived one does. An error without one has no stack: where it is captured is not where it came from.
///
/// For `anyhow` and `eyre`, whose reports are no [`Error`]s, see `capture_anyhow` and `capture_eyre` (features of those
/// names).
pub fn capture<E: Error + ?Sized>(error: &E) -> Uuid {
    capture_event(event_from_error(error))
}

/// Captures the error of a result, if it is one: `Ok` costs nothing.
pub fn capture_result<T, E: Error>(result: &Result<T, E>) -> Option<Uuid> {
    result.as_ref().err().map(|error| capture(error))
}

/// Captures a message.
pub fn capture_message(message: &str, level: Level) -> Uuid {
    capture_event(Event {
        message: Some(message.to_owned()),
        level,
        ..Event::default()
    })
}

/// Captures an event of the app's own making.
pub fn capture_event(mut event: Event<'static>) -> Uuid {
    let hub = hub_to_capture_with();
    if !Arc::ptr_eq(&hub, &Hub::main()) {
        own::add_from_main(&hub, &mut event);
    }
    let id = hub.capture_event(event);
    if outgoing::is_out(id) { Uuid::nil() } else { id }
}

/// The current hub; a copy of the main one where that has no client: it was made before there was one.
pub(crate) fn hub_to_capture_with() -> Arc<Hub> {
    let hub = Hub::current();
    if hub.client().is_none() && Hub::main().client().is_some() {
        Arc::new(Hub::new_from_top(Hub::main()))
    } else {
        hub
    }
}

/// Captures an error of `anyhow`, with the backtrace that it carries.
#[cfg(feature = "anyhow")]
pub fn capture_anyhow(error: &anyhow::Error) -> Uuid {
    let mut event = event_from_error(error.as_ref() as &(dyn Error + 'static));
    let carried = error.backtrace();
    if carried.status() == std::backtrace::BacktraceStatus::Captured {
        backtrace::give(
            &mut event,
            sentry::integrations::backtrace::parse_stacktrace(&format!("{carried:#}")),
        );
    }
    capture_event(event)
}

/// Captures a report of `eyre`, with the backtrace that its handler shows, if it shows one.
#[cfg(feature = "eyre")]
pub fn capture_eyre(report: &eyre::Report) -> Uuid {
    let mut event = event_from_error(report.as_ref() as &(dyn Error + 'static));
    if let Some(shown) = format!("{report:?}")
        .split_once("Stack backtrace:\n")
        .map(|(_, shown)| shown)
    {
        backtrace::give(&mut event, sentry::integrations::backtrace::parse_stacktrace(shown));
    }
    capture_event(event)
}

/// The event of an error: an exception for it and for each of its sources, the innermost first.
pub fn event_from_error<E: Error + ?Sized>(error: &E) -> Event<'static> {
    let mut stack = None;
    let mut exceptions = vec![exception(error, &mut stack)];
    let mut source = error.source();
    while let Some(error) = source.filter(|_| exceptions.len() <= MAX_SOURCES) {
        exceptions.push(exception(error, &mut stack));
        source = error.source();
    }
    exceptions.reverse();
    let mut event = Event {
        exception: exceptions.into(),
        level: Level::Error,
        ..Event::default()
    };
    backtrace::give(&mut event, stack);
    event
}

fn exception<E: Error + ?Sized>(
    error: &E,
    stack: &mut Option<sentry::protocol::Stacktrace>,
) -> sentry::protocol::Exception {
    let debug = backtrace::bounded_debug(error);
    // The innermost backtrace is nearest to what went wrong.
    if let Some(found) = backtrace::in_debug(&debug) {
        *stack = Some(found);
    }
    let value = cut(error.to_string());
    let ty = if debug.starts_with('"') || debug == value {
        // A text for its own sake has no type to tell.
        "Error".to_owned()
    } else {
        sentry::parse_type_from_debug(&debug).to_owned()
    };
    sentry::protocol::Exception {
        ty,
        value: Some(value),
        ..Default::default()
    }
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        text.push_str(" …(cut)");
    }
    text
}
