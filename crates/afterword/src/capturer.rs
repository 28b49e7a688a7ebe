//! For code that is given its capturer: a trait, the one that captures, and one that records for tests.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sentry::Hub;
use sentry::protocol::{Breadcrumb, Event, Level};
use sentry::types::Uuid;

use crate::capture;

/// Something to capture with, as code that does not choose it sees it: `Arc<dyn ErrorCapturer>`.
///
/// ```
/// use std::io;
/// use afterword::{ErrorCapturer, RecordingCapturer};
///
/// fn save(capturer: &dyn ErrorCapturer) {
///     let error = io::Error::other("the disk is full");
///     capturer.capture_error(&error);
/// }
///
/// let recorded = RecordingCapturer::new();
/// save(&recorded);
/// assert_eq!(recorded.titles(), ["Custom: the disk is full"]);
/// ```
pub trait ErrorCapturer: Send + Sync {
    /// Captures an event; returns its id, nil when it was not kept.
    fn capture_event(&self, event: Event<'static>) -> Uuid;

    /// Captures an error with all its sources.
    fn capture_error(&self, error: &(dyn Error + 'static)) -> Uuid {
        self.capture_event(capture::event_from_error(error))
    }

    /// Captures a message.
    fn capture_message(&self, message: &str, level: Level) -> Uuid {
        self.capture_event(Event {
            message: Some(message.to_owned()),
            level,
            ..Event::default()
        })
    }

    /// Notes something that events captured later have with them.
    fn add_breadcrumb(&self, breadcrumb: Breadcrumb);

    /// Waits until what was captured is delivered or held back, `timeout` at the most. Whether it is.
    fn flush(&self, timeout: Duration) -> bool;
}

/// Captures through the hub of the current context, as [`crate::capture`] does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SentryCapturer;

impl ErrorCapturer for SentryCapturer {
    fn capture_event(&self, event: Event<'static>) -> Uuid {
        capture::capture_event(event)
    }

    fn add_breadcrumb(&self, breadcrumb: Breadcrumb) {
        sentry::add_breadcrumb(breadcrumb);
    }

    fn flush(&self, timeout: Duration) -> bool {
        Hub::current().client().is_none_or(|client| client.flush(Some(timeout)))
    }
}

/// Records what it is given, for tests of code that captures. Nothing is sent; clones share what they record.
#[derive(Debug, Clone, Default)]
pub struct RecordingCapturer {
    recorded: Arc<Mutex<Recorded>>,
}

#[derive(Debug, Default)]
struct Recorded {
    events: Vec<Event<'static>>,
    breadcrumbs: Vec<Breadcrumb>,
}

impl RecordingCapturer {
    /// One that has nothing yet.
    pub fn new() -> RecordingCapturer {
        RecordingCapturer::default()
    }

    /// The events, in the order in which they were captured, each with the breadcrumbs noted before it.
    pub fn events(&self) -> Vec<Event<'static>> {
        self.lock().events.clone()
    }

    /// The events in words: `type: value` of an error, else the message.
    pub fn titles(&self) -> Vec<String> {
        self.lock().events.iter().map(title).collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Recorded::default();
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn title(event: &Event<'_>) -> String {
    match event.exception.values.last() {
        Some(exception) => format!("{}: {}", exception.ty, exception.value.as_deref().unwrap_or_default()),
        None => event.message.clone().unwrap_or_default(),
    }
}

impl ErrorCapturer for RecordingCapturer {
    fn capture_event(&self, mut event: Event<'static>) -> Uuid {
        if event.event_id.is_nil() {
            event.event_id = Uuid::new_v4();
        }
        let mut recorded = self.lock();
        event.breadcrumbs.values.splice(0..0, recorded.breadcrumbs.clone());
        let id = event.event_id;
        recorded.events.push(event);
        id
    }

    fn add_breadcrumb(&self, breadcrumb: Breadcrumb) {
        self.lock().breadcrumbs.push(breadcrumb);
    }

    fn flush(&self, _timeout: Duration) -> bool {
        true
    }
}

impl<T: ErrorCapturer + ?Sized> ErrorCapturer for Arc<T> {
    fn capture_event(&self, event: Event<'static>) -> Uuid {
        (**self).capture_event(event)
    }

    fn capture_error(&self, error: &(dyn Error + 'static)) -> Uuid {
        (**self).capture_error(error)
    }

    fn capture_message(&self, message: &str, level: Level) -> Uuid {
        (**self).capture_message(message, level)
    }

    fn add_breadcrumb(&self, breadcrumb: Breadcrumb) {
        (**self).add_breadcrumb(breadcrumb);
    }

    fn flush(&self, timeout: Duration) -> bool {
        (**self).flush(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the picture cannot be saved")]
    struct NotSaved(#[source] std::io::Error);

    #[test]
    fn a_recording_has_errors_with_their_sources_and_what_was_noted_before() {
        let capturer: Arc<dyn ErrorCapturer> = Arc::new(RecordingCapturer::new());
        let recording = RecordingCapturer::new();
        let shared: Arc<dyn ErrorCapturer> = Arc::new(recording.clone());
        assert!(capturer.flush(Duration::ZERO));
        shared.add_breadcrumb(Breadcrumb {
            message: Some("drew".to_owned()),
            ..Breadcrumb::default()
        });
        let error = NotSaved(std::io::Error::other("the disk is full"));
        let id = shared.capture_error(&error);
        shared.capture_message("done", Level::Info);
        assert_eq!(recording.titles(), ["NotSaved: the picture cannot be saved", "done"]);
        let event = recording.events().remove(0);
        assert_eq!(event.event_id, id);
        assert_eq!(event.breadcrumbs.values[0].message.as_deref(), Some("drew"));
        let values: Vec<_> = event
            .exception
            .values
            .iter()
            .map(|exception| exception.value.clone().unwrap())
            .collect();
        assert_eq!(values, ["the disk is full", "the picture cannot be saved"]);
        assert!(
            event
                .exception
                .values
                .iter()
                .all(|exception| exception.stacktrace.is_none())
        );
        recording.clear();
        assert!(recording.events().is_empty());
    }
}
