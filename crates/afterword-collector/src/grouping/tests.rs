//! Which events are one issue and which are not, as tables.

use serde_json::{Value, json};

use super::*;

mod frames;
mod native;

fn of(raw: Value) -> Grouping {
    Grouping::of(&Event::read(&raw))
}

fn with_rules(raw: &Value, rules: &[&str]) -> Grouping {
    let mut event = Event::read(raw);
    InApp::parse(rules).unwrap().apply(&mut event);
    Grouping::of(&event)
}

fn why(grouping: &Grouping) -> Value {
    serde_json::from_str(&grouping.why).unwrap()
}

fn event(platform: &str, kind: &str, functions: &[&str]) -> Value {
    let frames: Vec<Value> = functions
        .iter()
        .map(|name| json!({"function": name, "in_app": true}))
        .collect();
    json!({"platform": platform, "exception": {"values": [{
        "type": kind, "value": "some words", "stacktrace": {"frames": frames},
    }]}})
}

/// An error with these frames, innermost last.
fn error(platform: &str, frames: Value) -> Value {
    json!({"platform": platform, "exception": {"values": [
        {"type": "Error", "value": "some words", "stacktrace": {"frames": frames}},
    ]}})
}

#[test]
fn a_fingerprint_wins() {
    let with = |fingerprint: Value, function: &str| {
        let mut raw = event("native", "SIGSEGV", &["main", function]);
        raw["fingerprint"] = fingerprint;
        of(raw)
    };
    let mine = with(json!(["mine"]), "a");
    assert_eq!(mine.by, "fingerprint");
    assert_eq!(mine.key, with(json!(["mine"]), "b").key);
    assert_ne!(mine.key, with(json!(["other"]), "a").key);
    assert_ne!(with(json!(["ab", "c"]), "a").key, with(json!(["a", "bc"]), "a").key);
    assert_eq!(
        why(&mine)["parts"],
        json!([{"kind": "fingerprint", "value": "mine"}]),
        "{}",
        mine.why
    );

    assert_eq!(with(json!(["{{ default }}"]), "a").by, "signature");
    assert_eq!(with(json!([]), "a").by, "signature");
    let widened = json!(["{{default}}", "tenant 5"]);
    assert_eq!(with(widened.clone(), "a"), with(widened.clone(), "a"));
    assert_ne!(with(widened.clone(), "a").key, with(widened.clone(), "b").key);
    let parts = why(&with(widened, "a"))["parts"].clone();
    assert_eq!(
        parts,
        json!([
            {"kind": "fingerprint", "value": "{{ default }}: signature"},
            {"kind": "signature", "value": "a"},
            {"kind": "fingerprint", "value": "tenant 5"},
        ])
    );
}

#[test]
fn variables_of_a_fingerprint_are_filled_in() {
    let raw = json!({
        "platform": "python", "level": "warning", "logger": "db", "transaction": "/login", "release": "app@1.0",
        "environment": "production", "message": "no 17", "tags": {"tenant": "acme"},
        "exception": {"type": "KeyError", "value": "'id'", "stacktrace": {"frames": [
            {"function": "load", "module": "app.db", "abs_path": "/srv/app/db.py", "in_app": true},
        ]}},
    });
    let table = [
        ("{{ error.type }}", "KeyError"),
        ("{{type}}", "KeyError"),
        ("{{ error.value }}", "'id'"),
        ("{{ message }}", "no 17"),
        ("{{ transaction }}", "/login"),
        ("{{ level }}", "warning"),
        ("{{ logger }}", "db"),
        ("{{ platform }}", "python"),
        ("{{ release }}", "app@1.0"),
        ("{{ environment }}", "production"),
        ("{{ stack.function }}", "load"),
        ("{{ module }}", "app.db"),
        ("{{ stack.abs_path }}", "/srv/app/db.py"),
        ("{{ stack.package }}", "<no stack.package>"),
        ("{{ tags.tenant }}", "acme"),
        ("{{ tags.color }}", "<no tags.color>"),
        ("at {{transaction}} of {{ tags.tenant }}!", "at /login of acme!"),
        ("{{ nonsense }}", "{{ nonsense }}"),
        ("{{ broken", "{{ broken"),
        ("}}{{", "}}{{"),
        ("{{}}", "{{}}"),
    ];
    for (text, expected) in table {
        let mut raw = raw.clone();
        raw["fingerprint"] = json!([text]);
        assert_eq!(why(&of(raw))["parts"][0]["value"], expected, "{text}");
    }
}

#[test]
fn other_platforms_go_by_type_and_the_frames_of_the_application() {
    let first = of(event("python", "KeyError", &["main", "load"]));
    assert_eq!(first.by, "stack");
    assert_eq!(first.key, of(event("python", "KeyError", &["main", "load"])).key);
    assert_ne!(first.key, of(event("python", "ValueError", &["main", "load"])).key);
    assert_ne!(first.key, of(event("python", "KeyError", &["main", "save"])).key);
    assert_eq!(
        first.key,
        of(event("python", "KeyError", &["main", "load", "load", "load"])).key,
        "direct recursion"
    );

    let mut with_library = event("python", "KeyError", &["main", "load"]);
    let frames = with_library["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array_mut()
        .unwrap();
    frames.push(json!({"function": "json.loads", "in_app": false}));
    assert_eq!(first.key, of(with_library).key);

    // Nothing of it is the application's: then all of it counts.
    let foreign = |name: &str| of(error("python", json!([{"function": name, "in_app": false}])));
    assert_eq!(foreign("a").by, "stack");
    assert_ne!(foreign("a").key, foreign("b").key);
    // The stack may be that of a thread.
    let thread = json!({"platform": "python", "exception": {"type": "E"}, "threads": [
        {"current": true, "stacktrace": {"frames": [{"function": "load", "in_app": true}]}},
    ]});
    assert_eq!(of(thread).by, "stack");
}

#[test]
fn all_exceptions_of_a_chain_count() {
    let chain = |cause: &str, place: &str| {
        of(json!({"platform": "python", "exception": {"values": [
            {"type": cause, "stacktrace": {"frames": [{"function": place, "module": "db", "in_app": true}]}},
            {"type": "AppError", "stacktrace": {"frames": [{"function": "main", "module": "app", "in_app": true}]}},
        ]}}))
    };
    let first = chain("KeyError", "read");
    assert_eq!(first.key, chain("KeyError", "read").key);
    assert_ne!(first.key, chain("OSError", "read").key);
    assert_ne!(first.key, chain("KeyError", "write").key);
    assert_eq!(
        why(&first)["parts"],
        json!([
            {"kind": "type", "value": "KeyError"}, {"kind": "frame", "value": "db:read"},
            {"kind": "type", "value": "AppError"}, {"kind": "frame", "value": "app:main"},
        ])
    );
    let words = why(&first)["words"].as_str().unwrap().to_owned();
    assert!(words.contains("functions of the application"), "{words}");
}

#[test]
fn a_made_up_type_does_not_count() {
    let synthetic = |kind: &str| {
        let mut raw = event("javascript", kind, &["start", "load"]);
        raw["exception"]["values"][0]["mechanism"] = json!({"type": "generic", "handled": true, "synthetic": true});
        of(raw)
    };
    assert_eq!(synthetic("Error").by, "stack");
    assert_eq!(synthetic("Error").key, synthetic("UnhandledRejection").key);
}

#[test]
fn without_a_stack_the_words_count_and_numbers_do_not() {
    let message = |text: &str| of(json!({"message": text}));
    assert_eq!(message("lost 17 of 0x7f").by, "message");
    assert_eq!(message("lost 17 of 0x7f").key, message("lost 3 of 0x10").key);
    assert_ne!(message("lost it").key, message("found it").key);
    let kinds = ["A", "B"].map(|kind| of(json!({"exception": {"type": kind, "value": "v"}})).key);
    assert_ne!(kinds[0], kinds[1]);
    assert_eq!(of(json!({})).by, "message");

    let logged = |name: &str| {
        of(
            json!({"logentry": {"message": "no such user: %s", "params": [name], "formatted": format!("no such user: {name}")}}),
        )
    };
    assert_eq!(logged("anna").key, logged("bert").key);
    assert_eq!(why(&logged("anna"))["parts"][0]["value"], "no such user: %s");
}

#[test]
fn a_stack_without_names_goes_by_offsets() {
    let raw = |offset: &str| {
        json!({"platform": "native", "exception": {"values": [{"type": "SIGSEGV", "stacktrace": {"frames": [
            {"package": "/opt/app/app", "image_addr": "0x1000", "instruction_addr": offset},
        ]}}]}})
    };
    assert_eq!(of(raw("0x1010")).signature.as_deref(), Some("app@0x10"));
    assert_ne!(of(raw("0x1010")).key, of(raw("0x1020")).key);
    assert_eq!(of(raw("0x1010")).by, "signature");
}

#[test]
fn what_counts_and_what_is_told_is_bounded() {
    let names: Vec<String> = (0..5000)
        .map(|number| format!("f{}", "x".repeat(1 + number % 500)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let deep = of(event("python", "RecursionError", &names));
    assert_eq!(why(&deep)["parts"].as_array().unwrap().len(), MAX_TOLD);
    assert!(deep.why.len() < 20_000);
    let mut raw = event("python", "E", &["a"]);
    raw["fingerprint"] = json!(vec!["x".repeat(5000); 3000]);
    assert!(of(raw).why.len() < 20_000);
}
