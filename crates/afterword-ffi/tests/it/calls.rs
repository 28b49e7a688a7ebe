//! Calls as a C program makes them that has got everything wrong.
#![expect(unsafe_code, reason = "as C would")]

use std::ffi::{CStr, CString, c_char};
use std::ptr::{null, null_mut};

use afterword_ffi::capture::{
    EVENT_ID_BYTES, afterword_add_breadcrumb, afterword_add_breadcrumb_json, afterword_capture_message,
    afterword_capture_message_n,
};
use afterword_ffi::consent::{AfterwordConsent, afterword_get_consent, afterword_set_consent};
use afterword_ffi::life::{afterword_flush, afterword_init, afterword_is_on, afterword_shutdown, afterword_version};
use afterword_ffi::main_thread::{
    afterword_about_to_wait, afterword_busy_begin, afterword_busy_end, afterword_pause_end,
    afterword_watch_main_thread, afterword_woke,
};
use afterword_ffi::options::{
    AfterwordOptions, afterword_options_free, afterword_options_new, afterword_options_set_app_name,
    afterword_options_set_consent, afterword_options_set_json, afterword_options_set_reporter,
    afterword_options_set_store,
};
use afterword_ffi::outcome::AfterwordResult::{
    self, AfterwordFailed as FAILED, AfterwordInvalid as INVALID, AfterwordOff as OFF, AfterwordOk as OK,
    AfterwordTimeout as TIMEOUT,
};
use afterword_ffi::outcome::afterword_last_error;
use afterword_ffi::scope::{
    afterword_remove_tag, afterword_set_context_json, afterword_set_extra_json, afterword_set_fingerprint,
    afterword_set_level, afterword_set_tag, afterword_set_tag_n, afterword_set_user,
};

fn last_error() -> String {
    // SAFETY: it ends with a NUL, and this thread calls nothing meanwhile.
    unsafe { CStr::from_ptr(afterword_last_error()) }
        .to_str()
        .unwrap()
        .to_owned()
}

/// The options, with one setting of JSON.
fn options_with(name: &CStr, json: &CStr) -> *mut AfterwordOptions {
    // SAFETY: texts that end with a NUL, options that were made.
    unsafe {
        let options = afterword_options_new(c"http://key@127.0.0.1:9/1".as_ptr());
        assert_eq!(afterword_options_set_json(options, name.as_ptr(), json.as_ptr()), OK);
        options
    }
}

/// The result of starting with these options, which are given back.
fn init(options: *mut AfterwordOptions) -> AfterwordResult {
    // SAFETY: the options were made, and are not used afterwards.
    unsafe {
        let result = afterword_init(options);
        afterword_options_free(options);
        result
    }
}

#[test]
fn null_everywhere_is_an_error_and_no_crash() {
    // SAFETY: NULL may be given everywhere.
    unsafe {
        for set in [
            afterword_options_set_store
                as unsafe extern "C" fn(*mut AfterwordOptions, *const c_char) -> AfterwordResult,
            afterword_options_set_reporter,
            afterword_options_set_app_name,
        ] {
            assert_eq!(set(null_mut(), c"text".as_ptr()), INVALID);
            let options = afterword_options_new(null());
            assert_eq!(set(options, null()), INVALID);
            afterword_options_free(options);
        }
        assert_eq!(afterword_options_set_json(null_mut(), null(), null()), INVALID);
        afterword_options_free(null_mut());
        assert_eq!(afterword_init(null()), INVALID);
        assert_eq!(last_error(), "the options are NULL");
        assert_eq!(
            CStr::from_ptr(afterword_version()).to_str().unwrap(),
            env!("CARGO_PKG_VERSION")
        );
    }
}

#[test]
fn what_cannot_be_is_named_when_it_starts() {
    for (name, json, words) in [
        (c"relaese", c"\"a@1\"", "relaese"),
        (c"sample_rate", c"7", "sample_rate"),
        (c"dsn", c"\"nowhere\"", "not a URL"),
    ] {
        assert_eq!(init(options_with(name, json)), INVALID, "{name:?}");
        assert!(last_error().contains(words), "{}", last_error());
    }
    // SAFETY: texts that end with a NUL, options that were made.
    unsafe {
        let options = afterword_options_new(c"".as_ptr());
        assert_eq!(afterword_options_set_consent(options, 3), INVALID);
        assert_eq!(
            afterword_options_set_json(options, c"debug".as_ptr(), c"{".as_ptr()),
            INVALID
        );
        let long = CString::new("x".repeat(70_000)).unwrap();
        assert_eq!(afterword_options_set_store(options, long.as_ptr()), INVALID);
        assert_eq!(init(options), OFF, "an empty DSN turns everything off");
    }
    assert!(!afterword_is_on());
}

/// One test: there is one start in a process.
#[test]
fn from_start_to_end_bad_input_is_told_and_nothing_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let store = CString::new(folder.path().to_str().unwrap()).unwrap();
    // SAFETY: texts end with a NUL or are as long as said, options were made, buffers are as large as said.
    unsafe {
        assert_eq!(afterword_set_tag(c"a".as_ptr(), c"b".as_ptr()), OFF);
        assert_eq!(afterword_watch_main_thread(0), OFF);
        assert_eq!(afterword_flush(60_000, null_mut()), OFF);
        assert_eq!((afterword_set_consent(3), afterword_set_consent(1)), (INVALID, OFF));
        assert_eq!(afterword_get_consent(), AfterwordConsent::AfterwordConsentNever);
        assert_eq!(afterword_shutdown(), OFF);
        assert_eq!(last_error(), "Afterword is off");

        let options = options_with(c"release", c"\"paintbox@1.0.0\"");
        assert_eq!(afterword_options_set_store(options, store.as_ptr()), OK);
        assert_eq!(
            afterword_options_set_reporter(options, c"/nowhere/reporter".as_ptr()),
            OK
        );
        assert_eq!(init(options), OK, "{}", last_error());
        assert!(afterword_is_on());
        assert_eq!(init(options_with(c"debug", c"false")), FAILED);
        assert!(last_error().contains("already"), "{}", last_error());

        assert_eq!(afterword_set_tag(null(), c"b".as_ptr()), INVALID);
        assert_eq!(afterword_set_tag_n(null(), 1, null(), 1), INVALID);
        assert_eq!(
            afterword_set_tag_n(c"key".as_ptr(), 3, b"a\0\xff".as_ptr().cast(), 3),
            OK
        );
        assert_eq!(afterword_remove_tag(null()), INVALID);
        assert_eq!(afterword_set_user(null(), null(), null()), OK);
        assert_eq!(afterword_set_context_json(c"c".as_ptr(), c"7".as_ptr()), INVALID);
        assert_eq!(last_error(), "a context is an object");
        assert_eq!(
            afterword_set_context_json(c"c".as_ptr(), c"{\"a\": [1, null]}".as_ptr()),
            OK
        );
        assert_eq!(afterword_set_context_json(c"c".as_ptr(), null()), OK);
        for json in [c"null", c"true", c"-1.5", c"\"text\"", c"[]", c"{}"] {
            assert_eq!(afterword_set_extra_json(c"e".as_ptr(), json.as_ptr()), OK);
        }
        assert_eq!(afterword_set_extra_json(c"e".as_ptr(), c"{".as_ptr()), INVALID);
        let deep = CString::new("[".repeat(60_000)).unwrap();
        assert_eq!(afterword_set_extra_json(c"e".as_ptr(), deep.as_ptr()), INVALID);
        assert_eq!(afterword_set_level(5), INVALID);
        assert_eq!(afterword_set_fingerprint(null(), 2), INVALID);
        assert_eq!(afterword_set_fingerprint(null(), usize::MAX), INVALID);
        assert_eq!(afterword_set_fingerprint([c"a".as_ptr(), null()].as_ptr(), 2), INVALID);
        assert_eq!(afterword_set_fingerprint([c"a".as_ptr()].as_ptr(), 1), OK);
        assert_eq!(afterword_set_fingerprint(null(), 0), OK);

        assert_eq!(afterword_add_breadcrumb(1, null(), null()), INVALID);
        assert_eq!(afterword_add_breadcrumb(1, null(), c"drew".as_ptr()), OK);
        assert_eq!(afterword_add_breadcrumb(-1, null(), c"drew".as_ptr()), INVALID);
        assert_eq!(afterword_add_breadcrumb_json(c"{\"level\": 7}".as_ptr()), INVALID);
        assert_eq!(afterword_add_breadcrumb_json(c"{\"data\": {\"x\": 1}}".as_ptr()), OK);

        let mut id = [b'?'; EVENT_ID_BYTES];
        let to = id.as_mut_ptr().cast::<c_char>();
        assert_eq!(afterword_capture_message(2, null(), to, id.len()), INVALID);
        assert_eq!(afterword_capture_message(2, c"a".as_ptr(), to, 32), INVALID);
        assert_eq!(id[..2], *b"\0?", "an id of before must not be taken for this one");
        let long = CString::new("x".repeat(10_000_000)).unwrap();
        assert_eq!(afterword_capture_message(2, long.as_ptr(), to, id.len()), OK);
        let digits = CStr::from_bytes_with_nul(&id).unwrap().to_str().unwrap();
        assert!(
            digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit()),
            "{digits}"
        );
        let broken = b"\xc3\x28\0\xf0\x9f";
        assert_eq!(
            afterword_capture_message_n(2, broken.as_ptr().cast(), broken.len(), null_mut(), 0),
            OK
        );

        // There is no reporter that could answer.
        let mut is_held = true;
        assert_eq!(afterword_flush(50, &raw mut is_held), TIMEOUT);
        assert!(!is_held && last_error().contains("later"), "{}", last_error());

        assert_eq!(afterword_get_consent(), AfterwordConsent::AfterwordConsentAsk);
        assert_eq!(afterword_set_consent(1), OK, "{}", last_error());
        assert_eq!(afterword_get_consent(), AfterwordConsent::AfterwordConsentAlways);

        assert_eq!(afterword_busy_begin(), INVALID, "nothing is watched yet");
        assert_eq!(afterword_watch_main_thread(0), OK);
        assert_eq!((afterword_woke(), afterword_busy_begin()), (OK, OK));
        std::thread::spawn(|| assert_eq!(afterword_busy_end(), INVALID))
            .join()
            .unwrap();
        assert_eq!((afterword_busy_end(), afterword_busy_end()), (OK, INVALID));
        assert_eq!((afterword_pause_end(), afterword_about_to_wait()), (INVALID, OK));

        assert_eq!(afterword_shutdown(), OK);
        assert_eq!(afterword_capture_message(2, c"a".as_ptr(), null_mut(), 0), OFF);
    }
}
