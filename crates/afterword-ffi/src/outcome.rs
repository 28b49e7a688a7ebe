//! What a function returns to C, and the words behind it.
#![expect(unsafe_code, reason = "the name of a function for C is no other's")]

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a call ended.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterwordResult {
    /// It is done.
    AfterwordOk = 0,
    /// Nothing is done, and nothing is wrong: Afterword is off (no DSN, not initialised, or shut down), or this thread is past
    /// its end: `exit` was called on it, and this is called by `atexit` or by the destructor of a static object.
    AfterwordOff = 1,
    /// Nothing is done: an argument cannot be used. See `afterword_last_error`.
    AfterwordInvalid = 2,
    /// It could not be done. See `afterword_last_error`.
    AfterwordFailed = 3,
    /// It was not done in time, and will be later.
    AfterwordTimeout = 4,
    /// It is done, and counts from the next start of the program on.
    AfterwordAtNextStart = 5,
}

/// Why nothing was done, or not now.
#[derive(Debug)]
pub(crate) enum Failure {
    Off,
    Invalid(String),
    Failed(String),
    Timeout(String),
    AtNextStart,
}

impl Failure {
    pub(crate) fn invalid(why: impl Into<String>) -> Failure {
        Failure::Invalid(why.into())
    }

    fn result(&self) -> AfterwordResult {
        match self {
            Failure::Off => AfterwordResult::AfterwordOff,
            Failure::Invalid(_) => AfterwordResult::AfterwordInvalid,
            Failure::Failed(_) => AfterwordResult::AfterwordFailed,
            Failure::Timeout(_) => AfterwordResult::AfterwordTimeout,
            Failure::AtNextStart => AfterwordResult::AfterwordAtNextStart,
        }
    }

    fn words(&self) -> &str {
        match self {
            Failure::Off => "Afterword is off",
            Failure::AtNextStart => "it counts from the next start of the program on",
            Failure::Invalid(why) | Failure::Failed(why) | Failure::Timeout(why) => why,
        }
    }
}

thread_local! {
    static LAST_ERROR: RefCell<CString> = RefCell::default();
}

/// What was wrong with the last call on this thread that did not return `AFTERWORD_OK`, in English; empty if there was none.
/// Never NULL. Valid until the next call of a function of Afterword on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn afterword_last_error() -> *const c_char {
    // A thread that is ending has no words left.
    LAST_ERROR
        .try_with(|last| last.borrow().as_ptr())
        .unwrap_or(c"".as_ptr())
}

/// Runs what a function of C does, and notes why it failed. No panic gets out.
pub(crate) fn outcome(work: impl FnOnce() -> Result<(), Failure>) -> AfterwordResult {
    match value(work) {
        Ok(()) => AfterwordResult::AfterwordOk,
        Err(result) => result,
    }
}

/// The same with a value.
pub(crate) fn value<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, AfterwordResult> {
    // A thread whose own variables are gone cannot work: the SDK has variables of its threads, and panics without them. This
    // one has a destructor, is made with the thread's first call, and so is gone with the others.
    if LAST_ERROR.try_with(|_| ()).is_err() {
        return Err(AfterwordResult::AfterwordOff);
    }
    // What a panic leaves half done is not looked at again: it belongs to `work`, or to `afterword`, whose locks do not mind.
    let done = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Failure::Failed(
            "a panic inside of Afterword: this is a bug in it".to_owned(),
        ))
    });
    done.map_err(|failure| {
        let words = CString::new(failure.words().replace('\0', "␀")).unwrap_or_default();
        // A thread that is ending asks for no words.
        let _noted = LAST_ERROR.try_with(|last| *last.borrow_mut() = words);
        failure.result()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn last_error() -> String {
        // SAFETY: it is a text of ours, and this thread calls nothing meanwhile.
        let words = unsafe { CStr::from_ptr(afterword_last_error()) };
        words.to_str().unwrap().to_owned()
    }

    #[test]
    fn no_panic_gets_out_and_there_are_words_for_it() {
        assert_eq!(last_error(), "");
        assert_eq!(outcome(|| panic!("for the test")), AfterwordResult::AfterwordFailed);
        assert!(last_error().contains("a bug in it"), "{}", last_error());
        let failed = outcome(|| Err(Failure::invalid("a\0b")));
        assert_eq!(
            (failed, last_error().as_str()),
            (AfterwordResult::AfterwordInvalid, "a␀b")
        );
        assert_eq!(outcome(|| Ok(())), AfterwordResult::AfterwordOk);
        assert_eq!(last_error(), "a␀b", "it is of the last call that failed");
    }

    #[test]
    fn each_thread_has_its_own_words() {
        outcome(|| Err(Failure::invalid("of this thread")));
        std::thread::spawn(|| assert_eq!(last_error(), "")).join().unwrap();
        assert_eq!(last_error(), "of this thread");
    }
}
