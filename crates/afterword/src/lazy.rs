//! Afterword without a place of its own in `main`: for a library, a plug-in, a program whose `main` is another's.

use std::cell::Cell;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sentry::protocol::{Breadcrumb, Event};
use sentry::types::Uuid;

use crate::running::Running;
use crate::{ErrorCapturer, Guard, InitError, Options, SentryCapturer};

/// Sets up Afterword when it is first used, on any thread.
///
/// ```no_run
/// use afterword::{ErrorCapturer, Lazy, Options};
///
/// static ERRORS: Lazy = Lazy::new(|| {
///     Options::new("https://key@crashes.example.com/1").release(afterword::release_name!())
/// });
///
/// fn open(path: &str) -> Option<String> {
///     let read = std::fs::read_to_string(path);
///     ERRORS.capture_result(&read);
///     read.ok()
/// }
/// ```
///
/// The first use initialises; those that come at the same time wait for it. An initialisation that fails (a setting of the
/// environment is wrong) or panics captures nothing, and the next use tries again. A result that is `Ok` initialises
/// nothing. Where the program has called [`Options::init`] itself, that is used.
///
/// A static is never dropped: the clean exit is marked when the process exits (`exit`, or `main` returns). Crashes are
/// captured from the first use on; a program that wants them from its beginning calls [`Lazy::get`] first in `main`.
pub struct Lazy {
    configure: fn() -> Options,
    is_ready: AtomicBool,
    guard: Mutex<Option<Guard>>,
}

impl Lazy {
    /// One that will be set up with what `configure` returns.
    #[must_use]
    pub const fn new(configure: fn() -> Options) -> Lazy {
        Lazy {
            configure,
            is_ready: AtomicBool::new(false),
            guard: Mutex::new(None),
        }
    }

    /// Sets up, if that has not been done.
    ///
    /// # Errors
    /// As [`Options::init`], but for [`InitError::AlreadyInitialised`], which is fine here. The next call tries again.
    pub fn get(&self) -> Result<&dyn ErrorCapturer, InitError> {
        if !self.is_ready.load(Ordering::Acquire) {
            // A logger that captures through this comes back from what is logged here.
            let Some(_inside) = Inside::enter() else {
                return Ok(&Nothing);
            };
            // A panic of another's `configure` has left nothing half done.
            let mut guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner);
            if guard.is_none() && Running::of_this_process().is_none() {
                match (self.configure)().init() {
                    Ok(made) => *guard = Some(made),
                    // Somebody else was quicker.
                    Err(InitError::AlreadyInitialised) => {}
                    Err(error) => return Err(error),
                }
            }
            self.is_ready.store(true, Ordering::Release);
        }
        Ok(&SentryCapturer)
    }

    /// Captures the error of a result, if it is one.
    pub fn capture_result<T, E: Error + 'static>(&self, result: &Result<T, E>) -> Option<Uuid> {
        result.as_ref().err().map(|error| self.capture_error(error))
    }

    fn ready(&self) -> Option<&dyn ErrorCapturer> {
        self.get()
            .inspect_err(|error| {
                if let Some(_inside) = Inside::enter() {
                    log::error!("nothing is captured: {error}");
                }
            })
            .ok()
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// While there is one, this thread sets up.
struct Inside;

impl Inside {
    /// None where it does already, or is at its end.
    fn enter() -> Option<Inside> {
        let before = INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(true);
        (!before).then_some(Inside)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // At the end of a thread there is nothing to take back.
        INSIDE.try_with(|inside| inside.set(false)).ok();
    }
}

/// Captures nothing.
struct Nothing;

impl ErrorCapturer for Nothing {
    fn capture_event(&self, _event: Event<'static>) -> Uuid {
        Uuid::nil()
    }

    fn add_breadcrumb(&self, _breadcrumb: Breadcrumb) {}

    fn flush(&self, _timeout: Duration) -> bool {
        true
    }
}

impl std::fmt::Debug for Lazy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lazy")
            .field("is_ready", &self.is_ready)
            .finish_non_exhaustive()
    }
}

impl ErrorCapturer for Lazy {
    fn capture_event(&self, event: Event<'static>) -> Uuid {
        self.ready()
            .map_or_else(Uuid::nil, |capturer| capturer.capture_event(event))
    }

    fn add_breadcrumb(&self, breadcrumb: Breadcrumb) {
        if let Some(capturer) = self.ready() {
            capturer.add_breadcrumb(breadcrumb);
        }
    }

    /// With nothing captured there is nothing to wait for, and nothing is set up.
    fn flush(&self, timeout: Duration) -> bool {
        !self.is_ready.load(Ordering::Acquire) || SentryCapturer.flush(timeout)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    static TRIES: AtomicUsize = AtomicUsize::new(0);
    static FAILING_FIRST: Lazy = Lazy::new(|| match TRIES.fetch_add(1, Ordering::SeqCst) {
        0 => Options::new("no DSN"),
        1 => panic!("the settings cannot be read"),
        _ => Options::new(""),
    });

    #[test]
    fn what_fails_is_tried_again_and_what_is_no_error_tries_nothing() {
        assert_eq!(FAILING_FIRST.capture_result(&Ok::<(), std::io::Error>(())), None);
        assert!(FAILING_FIRST.flush(Duration::ZERO));
        assert_eq!(TRIES.load(Ordering::SeqCst), 0);
        assert!(matches!(FAILING_FIRST.get().err(), Some(InitError::InvalidDsn { .. })));
        assert!(std::panic::catch_unwind(|| FAILING_FIRST.get().is_ok()).is_err());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    assert!(FAILING_FIRST.get().is_ok());
                    assert!(FAILING_FIRST.capture_error(&std::io::Error::other("lost")).is_nil());
                });
            }
        });
        assert_eq!(TRIES.load(Ordering::SeqCst), 3);
    }
}
