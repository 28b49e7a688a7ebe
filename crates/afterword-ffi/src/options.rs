//! The options: a table of settings, filled by C, that becomes [`afterword::Options`] when it is used.
//!
//! The settings are those of [`afterword::Options`], by their names. There are functions for those that most programs set;
//! `afterword_options_set_json` sets any. What is not set is looked for in the environment (`SENTRY_DSN` and others).
#![expect(unsafe_code, reason = "what C owns is a pointer")]

use std::borrow::Cow;
use std::ffi::c_char;
use std::path::PathBuf;

use afterword::{Consent, Options, Reporter};
use serde_json::{Map, Value};

use crate::consent::consent_of;
use crate::outcome::{AfterwordResult, Failure, outcome, value};
use crate::text::{text, whole};

/// The options of `afterword_init`. Made by `afterword_options_new`, given back with `afterword_options_free`; not to be used by
/// two threads at once.
#[derive(Default)]
pub struct AfterwordOptions {
    settings: Map<String, Value>,
    /// Beside the table: what is no UTF-8 is a path all the same.
    store: Option<PathBuf>,
    reporter: Option<PathBuf>,
}

impl AfterwordOptions {
    pub(crate) fn resolve(&self) -> Result<Options, Failure> {
        let options = serde_json::from_value(Value::Object(self.settings.clone()));
        let mut options: Options = options.map_err(|error| Failure::invalid(format!("the options: {error}")))?;
        if let Some(folder) = &self.store {
            options = options.store(folder);
        }
        if let Some(path) = &self.reporter {
            options = options.reporter(Reporter::At(path.clone()));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, setting: Value) {
        self.settings.insert(name.to_owned(), setting);
    }
}

/// New options, with reports going to `dsn`. An empty one turns everything off; with NULL the environment's `SENTRY_DSN` counts.
/// NULL only if memory is used up.
///
/// # Safety
/// `dsn` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_new(dsn: *const c_char) -> *mut AfterwordOptions {
    let made = value(|| {
        let mut options = AfterwordOptions::default();
        // SAFETY: as promised.
        if let Some(dsn) = unsafe { text(dsn) } {
            options.set("dsn", dsn.into());
        }
        Ok(Box::into_raw(Box::new(options)))
    });
    made.unwrap_or(std::ptr::null_mut())
}

/// Gives options back. NULL is fine. They can be given back as soon as `afterword_init` has returned.
///
/// # Safety
/// `options` is NULL or was made by `afterword_options_new`, and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_free(options: *mut AfterwordOptions) {
    if !options.is_null() {
        // Also on a thread that is ending. SAFETY: as promised.
        drop(unsafe { Box::from_raw(options) });
    }
}

/// Sets where reports go.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; `dsn` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_dsn(
    options: *mut AfterwordOptions,
    dsn: *const c_char,
) -> AfterwordResult {
    // SAFETY: as promised.
    unsafe { set_text(options, "dsn", dsn) }
}

/// Sets the release tag, such as `paintbox@1.4.0`.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; `release` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_release(
    options: *mut AfterwordOptions,
    release: *const c_char,
) -> AfterwordResult {
    // SAFETY: as promised.
    unsafe { set_text(options, "release", release) }
}

/// Sets the environment tag, such as `production`, which is what it is otherwise.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; `environment` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_environment(
    options: *mut AfterwordOptions,
    environment: *const c_char,
) -> AfterwordResult {
    // SAFETY: as promised.
    unsafe { set_text(options, "environment", environment) }
}

/// Sets what a person calls the program. Otherwise it is the executable's name.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; `name` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_app_name(
    options: *mut AfterwordOptions,
    name: *const c_char,
) -> AfterwordResult {
    // SAFETY: as promised.
    unsafe { set_text(options, "app_name", name) }
}

/// Sets the folder in which reports are kept. Otherwise it is in the user's data folder. A path is taken as the system has it: any
/// bytes on Unix, UTF-8 on Windows.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; `folder` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_store(
    options: *mut AfterwordOptions,
    folder: *const c_char,
) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as promised.
        let (options, folder) = unsafe { (of(options)?, path(folder)?) };
        options.store = Some(folder);
        Ok(())
    })
}

/// Sets where the program `afterword-reporter` is. Otherwise it is beside the executable. A path as for the store.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; `program` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_reporter(
    options: *mut AfterwordOptions,
    program: *const c_char,
) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as promised.
        let (options, program) = unsafe { (of(options)?, path(program)?) };
        options.reporter = Some(program);
        Ok(())
    })
}

/// Sets what may be sent without asking, until the person has chosen (`afterword_set_consent`): one of `afterword_consent_t`.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_consent(
    options: *mut AfterwordOptions,
    consent: i32,
) -> AfterwordResult {
    outcome(|| {
        let word = match consent_of(consent)? {
            Consent::Ask => "ask",
            Consent::Always => "always",
            Consent::Never => "never",
        };
        // SAFETY: as promised.
        unsafe { of(options)? }.set("consent", word.into());
        Ok(())
    })
}

/// Sets whether the client says what it does, on standard error.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_debug(options: *mut AfterwordOptions, debug: bool) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as promised.
        unsafe { of(options)? }.set("debug", debug.into());
        Ok(())
    })
}

/// Sets any setting by its name, to a value of JSON: `("sample_rate", "0.5")`, `("transport", "{\"retries\": 5}")`. The settings
/// are those of the Rust crate `afterword`. One that there is not is an error of `afterword_init`.
///
/// # Safety
/// `options` is NULL or of `afterword_options_new`; the texts are NULL or end with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_options_set_json(
    options: *mut AfterwordOptions,
    name: *const c_char,
    json: *const c_char,
) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as promised.
        let (options, name, setting) = unsafe { (of(options)?, needed(name, "the name")?, read_json(json)?) };
        options.set(&name, setting);
        Ok(())
    })
}

unsafe fn set_text(options: *mut AfterwordOptions, name: &str, setting: *const c_char) -> AfterwordResult {
    outcome(|| {
        // SAFETY: as those promise who call this.
        let (options, setting) = unsafe { (of(options)?, needed(setting, name)?) };
        options.set(name, setting.into());
        Ok(())
    })
}

unsafe fn of<'a>(options: *mut AfterwordOptions) -> Result<&'a mut AfterwordOptions, Failure> {
    // SAFETY: NULL, or of `afterword_options_new`, and in the hands of one thread.
    unsafe { options.as_mut() }.ok_or_else(|| Failure::invalid("the options are NULL"))
}

/// A text that must be there.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn needed<'a>(given: *const c_char, what: &str) -> Result<Cow<'a, str>, Failure> {
    // SAFETY: as promised.
    unsafe { text(given) }.ok_or_else(|| Failure::invalid(format!("{what} is NULL")))
}

/// A value of JSON that must be there.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn read_json(json: *const c_char) -> Result<Value, Failure> {
    if json.is_null() {
        return Err(Failure::invalid("the JSON is NULL"));
    }
    // SAFETY: as promised, and it is not NULL.
    let json = unsafe { whole(json) }.ok_or_else(|| Failure::invalid("the JSON is too long"))?;
    serde_json::from_slice(json).map_err(|error| Failure::invalid(format!("the JSON is not valid: {error}")))
}

unsafe fn path(path: *const c_char) -> Result<PathBuf, Failure> {
    if path.is_null() {
        return Err(Failure::invalid("the path is NULL"));
    }
    // SAFETY: as those promise who call this, and it is not NULL.
    let bytes = unsafe { whole(path) }.ok_or_else(|| Failure::invalid("the path is too long"))?;
    path_of(bytes)
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Result<PathBuf, Failure> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Result<PathBuf, Failure> {
    match std::str::from_utf8(bytes) {
        Ok(path) => Ok(PathBuf::from(path)),
        Err(error) => Err(Failure::invalid(format!("the path is no UTF-8: {error}"))),
    }
}
