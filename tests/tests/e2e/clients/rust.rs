//! The `sentry` crate with its default transport: no compression, dashed ids, a session between an event and its attachment.

use std::process::Command;

use serde_json::json;

use super::{Work, assert_attachments, installed, tags};

const RELEASE: &str = "rust-client@1.2.3";

fn run(act: &str) -> Work {
    let work = Work::begin();
    work.run_well(Command::new(installed("rust/debug/sentry-client")).arg(act));
    work
}

#[test]
fn a_message_of_the_rust_sdk_is_shown_as_it_was_sent() {
    let work = run("message");
    let shown = work.shown(&work.only("event"));
    assert_eq!(shown["title"], "it rains: 雨 \u{1f327}");
    assert_eq!(shown["level"], "warning");
    assert_eq!(shown["user"]["email"], "mia@example.com");
    assert_eq!(shown["contexts"]["canvas"]["name"], "Grün");
    assert_eq!(shown["breadcrumbs"]["values"][0]["message"], "pressed the button");
    assert_eq!(shown["raw"]["extra"], json!({ "strokes": 17 }));
    assert_eq!(tags(&shown)["brush"], "flat");
    assert!(shown["threads"]["values"][0]["stacktrace"]["frames"].is_array());
    assert_attachments(&shown, &work.sent_of("attachment"));
}

#[test]
fn an_error_of_the_rust_sdk_has_its_cause_and_its_stack() {
    let work = run("error");
    let shown = work.shown(&work.only("event"));
    let exceptions = shown["exception"]["values"].as_array().unwrap();
    let texts: Vec<_> = exceptions.iter().map(|exception| &exception["value"]).collect();
    assert_eq!(texts, ["the brush is dry", "could not paint"]);
    let issue = work.program.issues().remove(0);
    assert!(issue["title"].as_str().unwrap().contains("could not paint"), "{issue}");
    assert_eq!(issue["count"], "1");
}

#[test]
fn a_transaction_of_the_rust_sdk_has_its_spans_and_its_error() {
    let work = run("transaction");
    let transaction = work.only("transaction");
    let shown = work.shown(&transaction);
    assert_eq!(
        (&shown["type"], &shown["title"]),
        (&json!("transaction"), &json!("draw"))
    );
    let sent = transaction.json();
    let trace_id = sent["contexts"]["trace"]["trace_id"].as_str().unwrap();
    let trace = work
        .program
        .until(&format!("organizations/studio/events-trace/{trace_id}/"), |_| true);
    assert_eq!(trace[0]["transaction"], "draw");
    assert_eq!(trace[0]["transaction.op"], "ui.action");
    assert_eq!(trace[0]["span_id"], sent["contexts"]["trace"]["span_id"]);
    let spans = trace[0]["spans"].as_array().unwrap();
    let span = spans.iter().find(|span| span["op"] == "db.query").unwrap();
    assert_eq!(span["description"], "SELECT colour");
    assert_eq!(span["span_id"], sent["spans"][0]["span_id"]);
    // The error that was captured in it.
    let error = work.shown(&work.only("event"));
    assert_eq!(error["contexts"]["trace"]["trace_id"], trace_id);
}

#[test]
fn sessions_of_the_rust_sdk_count_once() {
    let work = run("session");
    work.shown(&work.only("event"));
    assert_eq!(
        work.sessions(RELEASE, 1),
        [0, 1, 0, 0],
        "with an error, and told of twice"
    );
    assert_attachments(
        &work.program.event(&work.only("event").event_id()),
        &work.sent_of("attachment"),
    );
}

#[test]
fn a_panic_of_a_program_with_the_rust_sdk_is_fatal_and_crashes_its_session() {
    let work = run("panic");
    let shown = work.shown(&work.only("event"));
    assert_eq!(shown["level"], "fatal");
    assert_eq!(shown["exception"]["values"][0]["value"], "the colour ran out");
    assert_eq!(shown["exception"]["values"][0]["mechanism"]["handled"], false);
    assert_eq!(work.sessions(RELEASE, 1), [0, 0, 0, 1]);
}
