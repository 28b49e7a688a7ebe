//! The demo's main job, as a script uses it.

use std::process::Command;

use serde_json::Value;

use crate::collector::Server;
use crate::process::{program, quiet};

const KEYS: [&str; 11] = [
    "event_id",
    "report_id",
    "issue_title",
    "signature",
    "signal",
    "top_frame",
    "release",
    "comment",
    "dump_bytes",
    "bytes_sent",
    "dashboard_url",
];

fn demo(arguments: &[&str]) -> Value {
    let mut command = Command::new(program("afterword-demo"));
    let output = quiet(command.args(arguments).args(["--headless", "--json"]))
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let outcome: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<&str> = outcome.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, KEYS);
    outcome
}

#[test]
fn every_kind_reaches_the_collector() {
    for (kind, signal, function) in [
        (
            "null-write",
            Some("SIGSEGV"),
            "afterword_demo::canvas::effects::blend_pixel",
        ),
        ("abort", Some("SIGABRT"), "afterword_demo::canvas::effects::give_up"),
        (
            "stack-overflow-thread",
            Some("SIGSEGV"),
            "afterword_demo::canvas::effects::spread",
        ),
        ("divide", Some("SIGFPE"), "afterword_demo::canvas::effects::spacing"),
        ("panic", None, "afterword_demo::canvas::effects::name_of_ink"),
        ("panic-thread", None, "afterword_demo::canvas::effects::shrink"),
        ("hang", None, "afterword_demo::canvas::effects::wait_for_printer"),
    ] {
        let outcome = demo(&["--crash", kind, "--answer", "send", "--comment", "I pressed Save"]);
        assert_eq!(outcome["signal"].as_str(), signal, "{outcome}");
        assert_eq!(outcome["top_frame"]["function"], function, "{outcome}");
        let file = outcome["top_frame"]["file"].as_str().unwrap();
        assert!(file.ends_with("src/canvas/effects.rs"), "{outcome}");
        assert!(outcome["top_frame"]["line"].as_u64().unwrap() > 0, "{outcome}");
        assert_eq!(outcome["comment"], "I pressed Save");
        assert_eq!(
            outcome["release"],
            concat!("afterword-demo@", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(
            outcome["dump_bytes"].as_u64().unwrap() > 0,
            kind != "panic-thread",
            "{outcome}"
        );
        assert!(outcome["bytes_sent"].as_u64().unwrap() > 0, "{outcome}");
        assert!(
            outcome["dashboard_url"]
                .as_str()
                .unwrap()
                .starts_with("http://127.0.0.1:"),
            "{outcome}"
        );
    }
}

#[test]
fn a_clean_exit_and_a_no_reach_nobody() {
    for arguments in [["--crash", "clean-exit"], ["--answer", "dont-send"]] {
        let outcome = demo(&arguments);
        assert_eq!(
            (&outcome["event_id"], &outcome["dashboard_url"]),
            (&Value::Null, &Value::Null),
            "{outcome}"
        );
        assert_eq!(outcome["bytes_sent"], 0);
    }
}

#[test]
fn another_server_can_be_named() {
    let server = Server::start();
    let outcome = demo(&["--dsn", &server.access.dsn, "--comment", "elsewhere"]);
    assert_eq!(outcome["dashboard_url"], Value::Null);
    let event = server.event(outcome["event_id"].as_str().unwrap());
    assert_eq!(event["feedback"][0]["message"], "elsewhere");
}

#[test]
fn a_server_that_is_away_is_a_failure() {
    let mut command = Command::new(program("afterword-demo"));
    let output = quiet(command.args(["--headless", "--dsn", "http://key@127.0.0.1:9/1"]))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("could not be sent"),
        "{output:?}"
    );
}
