//! The rules, one by one.

use std::path::Path;

use afterword_channel::{CrashRules, DropRule, RedactRule};
use afterword_store::{AppId, Category, LossReason, ReportFile, ReportId, Store};
use afterword_symbols::{Frame, ProcessedCrash, Thread};
use serde_json::{Value, json};

use super::{MAX_RULES, drop_report, drops_crash, redact};
use crate::assemble::info_for_tests;

fn crash() -> ProcessedCrash {
    let thread = |modules: &[&str]| Thread {
        frames: modules
            .iter()
            .map(|module| Frame {
                module: Some((*module).to_owned()),
                ..Frame::default()
            })
            .collect(),
        ..Thread::default()
    };
    ProcessedCrash {
        signature: "paint::fill | paint::stroke".to_owned(),
        crashing_thread: Some(1),
        threads: vec![thread(&["libidle.so"]), thread(&["libGL.so.1", "paint"])],
        ..ProcessedCrash::default()
    }
}

fn drops(signature: Option<&str>, module: Option<&str>) -> bool {
    let rules = CrashRules {
        drop: vec![
            DropRule {
                signature: Some("never::seen".to_owned()),
                module: None,
            },
            DropRule {
                signature: signature.map(str::to_owned),
                module: module.map(str::to_owned),
            },
        ],
        redact: Vec::new(),
    };
    drops_crash(&rules, &crash())
}

fn redacted(pairs: &[(&str, &str)], mut event: Value) -> Value {
    let rules = CrashRules {
        drop: Vec::new(),
        redact: pairs
            .iter()
            .map(|(pattern, with)| RedactRule {
                pattern: (*pattern).to_owned(),
                with: (*with).to_owned(),
            })
            .collect(),
    };
    redact(&rules, &mut event, &mut None);
    event
}

#[test]
fn a_rule_holds_when_all_that_it_says_does() {
    assert!(drops(Some("paint::fill*"), None));
    assert!(drops(None, Some("libgl*")), "of any frame of the crashed thread");
    assert!(drops(None, Some("PAINT")));
    assert!(drops(Some("*stroke"), Some("libGL.so.*")));
    assert!(!drops(Some("*stroke"), Some("libidle.so")), "another thread's");
    assert!(!drops(Some("*erase*"), Some("paint")));
    assert!(!drops(Some("paint::fill"), None), "the whole signature");
    assert!(!drops(None, None), "nothing said");
    assert!(!drops(Some(""), Some("")));
    assert!(!drops(Some(""), Some("paint")), "an empty pattern holds for nothing");
    assert!(!drops(Some(&"*".repeat(4097)), None));
}

#[test]
fn texts_are_redacted_wherever_they_are_and_nothing_else() {
    let event = json!({
        "event_id": "secret", "release": "secret", "environment": "secret", "fingerprint": ["secret"],
        "message": "a secret here", "logentry": { "formatted": "secret", "params": ["secret", 7] },
        "transaction": "secret", "server_name": "secret",
        "tags": { "secret": "secret", "count": 7 },
        "user": { "id": "secret", "email": "secret" },
        "extra": { "deep": [{ "deeper": ["a secret"] }] },
        "request": { "url": "http://h/?k=secret", "headers": { "cookie": "secret" } },
        "contexts": { "trace": { "trace_id": "secret", "op": "secret", "type": "secret" } },
        "breadcrumbs": { "values": [{ "message": "secret", "type": "secret", "timestamp": "secret", "data": { "x": "secret" } }] },
        "exception": { "values": [{ "type": "secret", "value": "secret", "stacktrace": { "frames": [{ "function": "secret" }] } }] },
        "threads": { "values": [{ "name": "secret" }] },
        "debug_meta": { "images": [{ "code_file": "secret" }] },
    });
    let expected = json!({
        "event_id": "secret", "release": "secret", "environment": "secret", "fingerprint": ["secret"],
        "message": "a # here", "logentry": { "formatted": "#", "params": ["#", 7] },
        "transaction": "#", "server_name": "#",
        "tags": { "secret": "#", "count": 7 },
        "user": { "id": "#", "email": "#" },
        "extra": { "deep": [{ "deeper": ["a #"] }] },
        "request": { "url": "http://h/?k=#", "headers": { "cookie": "#" } },
        "contexts": { "trace": { "trace_id": "secret", "op": "#", "type": "secret" } },
        "breadcrumbs": { "values": [{ "message": "#", "type": "secret", "timestamp": "secret", "data": { "x": "#" } }] },
        "exception": { "values": [{ "type": "secret", "value": "#", "stacktrace": { "frames": [{ "function": "secret" }] } }] },
        "threads": { "values": [{ "name": "secret" }] },
        "debug_meta": { "images": [{ "code_file": "secret" }] },
    });
    assert_eq!(redacted(&[("secret", "#")], event), expected);
}

#[test]
fn rules_follow_one_another_and_a_replacement_is_taken_as_it_is() {
    let event = json!({ "message": "token=abc123 mail=Anna@Example.org" });
    let rules = [
        (r"token=\w+", "token=$1"),
        (r"(?i)[a-z]+@[a-z.]+", "[mail]"),
        ("mail=", "to "),
    ];
    assert_eq!(redacted(&rules, event)["message"], "token=$1 to [mail]");
}

#[test]
fn rules_that_are_none_are_left_out_and_the_others_count() {
    let long = "a".repeat(4097);
    let rules = [
        ("(", "#"),
        ("", "#"),
        (long.as_str(), "#"),
        (r"(\w{100}){100}", "#"),
        ("b+", "#"),
    ];
    assert_eq!(redacted(&rules, json!({ "message": "abbc" }))["message"], "a#c");
    let many = vec![("x", "y"); MAX_RULES];
    let many: Vec<(&str, &str)> = many.into_iter().chain([("a", "b")]).collect();
    assert_eq!(redacted(&many, json!({ "message": "ax" }))["message"], "ay");
}

#[test]
fn what_would_grow_without_end_is_taken_out() {
    let event = json!({ "message": "a".repeat(60_000) });
    assert_eq!(redacted(&[("a", "0123456789")], event)["message"], "[redacted]");
}

#[test]
fn a_message_is_redacted_too() {
    let rules = CrashRules {
        drop: Vec::new(),
        redact: vec![RedactRule {
            pattern: "brush [0-9]+".to_owned(),
            with: "a brush".to_owned(),
        }],
    };
    let mut message = Some("brush 17 is broken".to_owned());
    redact(&rules, &mut Value::Null, &mut message);
    assert_eq!(message.as_deref(), Some("a brush is broken"));
}

#[test]
fn what_takes_too_long_is_taken_out_whole() {
    let rules = CrashRules {
        drop: Vec::new(),
        redact: vec![RedactRule {
            // Of all texts the slowest is one that nearly fits everywhere. It must end in no letter that could be looked for
            // first: the tests of the whole workspace are built with a `regex` that does.
            pattern: "[a-p]{1,5000}[^a-p]".to_owned(),
            with: "#".to_owned(),
        }],
    };
    let mut event = json!({
        "release": "paint@1", "tags": { "brush": "round", "count": 7 }, "message": "abcdefghijklmnop".repeat(65_536),
    });
    let mut message = Some("it was wet".to_owned());
    redact(&rules, &mut event, &mut message);
    let gone = "[redacted]";
    let expected = json!({ "release": "paint@1", "tags": { "brush": gone, "count": 7 }, "message": gone });
    assert_eq!((event, message.as_deref()), (expected, Some(gone)));
}

fn everything() -> CrashRules {
    CrashRules {
        drop: vec![DropRule {
            signature: Some("*".to_owned()),
            module: None,
        }],
        redact: Vec::new(),
    }
}

/// A report in a store; with a stack, if it was worked out before.
fn stored(root: &Path, stack: Option<&ProcessedCrash>) -> (Store, ReportId) {
    let store = Store::open(root, &AppId::new("demo").unwrap()).unwrap();
    let info = info_for_tests();
    let new = store.begin_report(info.report_id).unwrap();
    new.write(ReportFile::Minidump, b"MDMP, and nothing that is one")
        .unwrap();
    let report = new.commit(&info).unwrap();
    if let Some(stack) = stack {
        report.put(ReportFile::Event, b"{}").unwrap();
        report
            .put(ReportFile::Stack, &serde_json::to_vec(stack).unwrap())
            .unwrap();
    }
    (store, info.report_id)
}

#[test]
fn a_report_whose_stack_cannot_be_worked_out_is_not_dropped() {
    let root = tempfile::tempdir().unwrap();
    let (store, id) = stored(root.path(), None);
    assert!(!drop_report(&store, id, &everything()));
    assert!(store.report(id).is_ok());
    assert_eq!(store.losses().unwrap(), []);
}

#[test]
fn a_dropped_report_is_deleted_and_counted_once() {
    let root = tempfile::tempdir().unwrap();
    let (store, id) = stored(root.path(), Some(&crash()));
    assert!(!drop_report(&store, id, &CrashRules::default()), "without rules");
    assert!(drop_report(&store, id, &everything()));
    assert!(store.report(id).is_err());
    assert!(!drop_report(&store, id, &everything()), "another process was quicker");
    let counted = store.losses().unwrap();
    assert_eq!(counted.len(), 1);
    assert_eq!(
        (counted[0].reason, counted[0].category, counted[0].quantity),
        (LossReason::BeforeSend, Category::Error, 1)
    );
}
