//! Breadcrumbs and messages.
#![expect(unsafe_code, reason = "what a pointer of C points to is not known to the compiler")]

use std::borrow::Cow;
use std::ffi::c_char;

use afterword::sentry::protocol::{Breadcrumb, Level};

use crate::life::must_be_on;
use crate::options::read_json;
use crate::outcome::{AfterwordResult, Failure, outcome};
use crate::text::{copy, text, text_n};

/// An event's id in hexadecimal digits, and a NUL.
pub const EVENT_ID_BYTES: usize = 33;

/// How grave something is.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterwordLevel {
    /// For who looks for an error.
    AfterwordLevelDebug = 0,
    /// Something happened.
    AfterwordLevelInfo = 1,
    /// Something is not as it should be.
    AfterwordLevelWarning = 2,
    /// Something failed.
    AfterwordLevelError = 3,
    /// The program cannot go on.
    AfterwordLevelFatal = 4,
}

pub(crate) fn level_of(level: i32) -> Result<Level, Failure> {
    Ok(match level {
        0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warning,
        3 => Level::Error,
        4 => Level::Fatal,
        _ => return Err(Failure::invalid(format!("{level} is no level"))),
    })
}

/// Leaves a breadcrumb: what happened before a crash. `category` (such as `ui.click`) may be NULL, `level` is one of
/// `afterword_level_t`.
///
/// # Safety
/// The texts are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_add_breadcrumb(
    level: i32,
    category: *const c_char,
    message: *const c_char,
) -> AfterwordResult {
    // SAFETY: as promised.
    outcome(|| breadcrumb(level, unsafe { (text(category), text(message)) }))
}

/// Leaves a breadcrumb, from texts with lengths in bytes. A NUL in them is shown as ␀.
///
/// # Safety
/// The texts are NULL or as long as said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_add_breadcrumb_n(
    level: i32,
    category: *const c_char,
    category_bytes: usize,
    message: *const c_char,
    message_bytes: usize,
) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as promised.
        let texts = unsafe { (text_n(category, category_bytes), text_n(message, message_bytes)) };
        breadcrumb(level, texts)
    })
}

fn breadcrumb(level: i32, (category, message): (Option<Cow<'_, str>>, Option<Cow<'_, str>>)) -> Result<(), Failure> {
    must_be_on()?;
    let message = message.ok_or_else(|| Failure::invalid("the message is NULL"))?;
    afterword::add_breadcrumb(Breadcrumb {
        level: level_of(level)?,
        category: category.map(Cow::into_owned),
        message: Some(message.into_owned()),
        ..Breadcrumb::default()
    });
    Ok(())
}

/// Leaves a breadcrumb with all it can have, as an object of JSON with the fields of Sentry's: `type`, `category`, `message`,
/// `level`, `data`.
///
/// # Safety
/// `json` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_add_breadcrumb_json(json: *const c_char) -> AfterwordResult {
    outcome(|| {
        must_be_on()?;
        // SAFETY: as promised.
        let breadcrumb = serde_json::from_value(unsafe { read_json(json)? });
        afterword::add_breadcrumb(breadcrumb.map_err(|error| Failure::invalid(format!("no breadcrumb: {error}")))?);
        Ok(())
    })
}

/// Captures a message; `level` is one of `afterword_level_t`. Its event's id goes to `event_id`, which has room for
/// `event_id_size` bytes (`AFTERWORD_EVENT_ID_BYTES`); NULL where it is not wanted. The id is empty where the message was not kept:
/// it was sampled out, say.
///
/// # Safety
/// `message` is NULL or ends with a NUL; `event_id` is NULL, or has that room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_capture_message(
    level: i32,
    message: *const c_char,
    event_id: *mut c_char,
    event_id_size: usize,
) -> AfterwordResult {
    // SAFETY: as promised.
    unsafe { capture(level, || text(message), event_id, event_id_size) }
}

/// Captures a message with a length in bytes. A NUL in it is shown as ␀. The rest is as for `afterword_capture_message`.
///
/// # Safety
/// `message` is NULL or as long as said; `event_id` is NULL, or has that room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_capture_message_n(
    level: i32,
    message: *const c_char,
    message_bytes: usize,
    event_id: *mut c_char,
    event_id_size: usize,
) -> AfterwordResult {
    // SAFETY: as promised.
    unsafe { capture(level, || text_n(message, message_bytes), event_id, event_id_size) }
}

unsafe fn capture<'a>(
    level: i32,
    message: impl FnOnce() -> Option<Cow<'a, str>>,
    event_id: *mut c_char,
    event_id_size: usize,
) -> AfterwordResult {
    // SAFETY: as those promise who call this. An old id must not be taken for this one, also where nothing else is done.
    let has_room = unsafe { copy("", event_id, event_id_size) };
    outcome(|| {
        must_be_on()?;
        let level = level_of(level)?;
        let message = message().ok_or_else(|| Failure::invalid("the message is NULL"))?;
        if !event_id.is_null() && (!has_room || event_id_size < EVENT_ID_BYTES) {
            return Err(Failure::invalid("there is no room for the event's id"));
        }
        let id = afterword::capture_message(&message, level);
        if has_room && !id.is_nil() {
            // SAFETY: as above.
            unsafe { copy(&id.simple().to_string(), event_id, event_id_size) };
        }
        Ok(())
    })
}
