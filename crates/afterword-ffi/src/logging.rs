//! What Afterword logs, handed to C: without this nobody would hear why there are no reports.
#![expect(unsafe_code, reason = "a function of C is called")]

use std::cell::Cell;
use std::ffi::{CString, c_char, c_void};

use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::capture::AfterwordLevel;
use crate::outcome::{AfterwordResult, Failure, outcome};

/// Takes a line of the log: its level, its text (valid during the call), and what was given with the function. Called on any
/// thread, on several at once too; not called again from within itself. It must return: no exception, no `longjmp`.
pub type AfterwordLogger = Option<unsafe extern "C" fn(level: AfterwordLevel, text: *const c_char, data: *mut c_void)>;

struct Logger {
    function: unsafe extern "C" fn(AfterwordLevel, *const c_char, *mut c_void),
    data: *mut c_void,
}

// SAFETY: the pointer is only handed on; who gives it promises that any thread may have it.
unsafe impl Send for Logger {}
// SAFETY: as above.
unsafe impl Sync for Logger {}

/// Has what Afterword logs handed to a function: errors, warnings and what it does. Once, before `afterword_init`.
/// `AFTERWORD_FAILED` where there is a logger already.
///
/// # Safety
/// `logger` is NULL or may be called on any thread, with `data`, for as long as the program runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn afterword_set_logger(logger: AfterwordLogger, data: *mut c_void) -> AfterwordResult {
    outcome(|| {
        let function = logger.ok_or_else(|| Failure::invalid("the function is NULL"))?;
        log::set_boxed_logger(Box::new(Logger { function, data }))
            .map_err(|error| Failure::Failed(error.to_string()))?;
        log::set_max_level(LevelFilter::Info);
        Ok(())
    })
}

thread_local! {
    static IS_LOGGING: Cell<bool> = const { Cell::new(false) };
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Info
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        // A thread that is ending is as one that is logging: its word is lost, and not the program.
        let is_logging = IS_LOGGING
            .try_with(|is_logging| is_logging.replace(true))
            .unwrap_or(true);
        if is_logging {
            return;
        }
        let level = match record.level() {
            Level::Error => AfterwordLevel::AfterwordLevelError,
            Level::Warn => AfterwordLevel::AfterwordLevelWarning,
            Level::Info => AfterwordLevel::AfterwordLevelInfo,
            Level::Debug | Level::Trace => AfterwordLevel::AfterwordLevelDebug,
        };
        let text = CString::new(record.args().to_string().replace('\0', "␀")).unwrap_or_default();
        // SAFETY: as who gave it promised.
        unsafe { (self.function)(level, text.as_ptr(), self.data) };
        IS_LOGGING.set(false);
    }

    fn flush(&self) {}
}
