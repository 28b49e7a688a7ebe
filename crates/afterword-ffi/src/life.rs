//! From `afterword_init` to `afterword_shutdown`.
#![expect(unsafe_code, reason = "what C owns is a pointer")]

use std::ffi::c_char;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use afterword::Guard;

use crate::options::AfterwordOptions;
use crate::outcome::{AfterwordResult, Failure, outcome};

static GUARD: Mutex<Option<Guard>> = Mutex::new(None);
/// Whether there is one, and it captures something.
static IS_ON: AtomicBool = AtomicBool::new(false);

/// Sets everything up and returns; waits for neither the reporter nor the network. Call it first in `main`, on the main thread,
/// once. The options stay yours.
///
/// `AFTERWORD_OFF` for an empty DSN; `AFTERWORD_INVALID` for a setting that cannot be, `AFTERWORD_FAILED` when it was called
/// before. A missing reporter or a store that cannot be written are no errors of this call: they are logged (`afterword_set_logger`),
/// and the application runs without crash reports.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_init(options: *const AfterwordOptions) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as promised.
        let options = unsafe { options.as_ref() }.ok_or_else(|| Failure::invalid("the options are NULL"))?;
        let mut guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner);
        let made = options.resolve()?.init().map_err(|error| match error {
            afterword::InitError::AlreadyInitialised => Failure::Failed(error.to_string()),
            other => Failure::invalid(other.to_string()),
        })?;
        if !made.is_enabled() {
            return Err(Failure::Off);
        }
        *guard = Some(made);
        IS_ON.store(true, Ordering::Release);
        Ok(())
    })
}

/// Marks that the program ends as it should. Call it last in `main`; afterwards nothing is captured but crashes, and there is no
/// second `afterword_init`. A program that leaves by `exit` without it has ended well too.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_shutdown() -> AfterwordResult {
    outcome(|| {
        IS_ON.store(false, Ordering::Release);
        let guard = GUARD.lock().unwrap_or_else(PoisonError::into_inner).take();
        guard.map(drop).ok_or(Failure::Off)
    })
}

/// Whether anything is captured.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_is_on() -> bool {
    IS_ON.load(Ordering::Acquire)
}

/// Waits until the server has what was captured before, or consent holds it back: no longer than `timeout_ms`. `is_held` is NULL,
/// or says afterwards whether something is held back. There is no need to call it before the program ends: what was captured is
/// kept, and is sent by the reporter.
///
/// `AFTERWORD_OK` where nothing is left to be sent, `AFTERWORD_TIMEOUT` where that takes longer, `AFTERWORD_FAILED` where the server
/// did not want something: it is kept.
///
/// # Safety
/// `is_held` is NULL, or there is a `bool`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_flush(timeout_ms: u64, is_held: *mut bool) -> AfterwordResult {
    // SAFETY: as promised.
    let mut is_held = unsafe { is_held.as_mut() };
    // Also where nothing else is done.
    if let Some(is_held) = &mut is_held {
        **is_held = false;
    }
    outcome(|| {
        must_be_on()?;
        let flushed = afterword::flush(Duration::from_millis(timeout_ms));
        if let Some(is_held) = is_held {
            *is_held = flushed.held().next().is_some();
        }
        match flushed {
            flushed if !flushed.is_done() => Err(Failure::Timeout(flushed.to_string())),
            flushed if flushed.is_refused() => Err(Failure::Failed(flushed.to_string())),
            _ => Ok(()),
        }
    })
}

/// This library's version, such as `0.1.0`. Never NULL, valid for ever.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// What needs Afterword does nothing without it.
pub(crate) fn must_be_on() -> Result<(), Failure> {
    if afterword_is_on() { Ok(()) } else { Err(Failure::Off) }
}
