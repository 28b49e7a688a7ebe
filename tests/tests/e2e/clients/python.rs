//! `sentry-sdk` for Python: gzip, the trace in the header, locals in the frames.

use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{Work, assert_attachments, installed, source, tags};

const RELEASE: &str = "python-client@2.0.0";

fn begin(act: &str) -> (Work, Output) {
    let work = Work::begin();
    let output = work.run(
        Command::new(installed("python/bin/python"))
            .arg(source("python/send.py"))
            .arg(act),
    );
    (work, output)
}

fn run(act: &str) -> Work {
    let (work, output) = begin(act);
    assert!(output.status.success(), "{output:?}");
    work
}

/// Types and texts of the exceptions, the cause first.
fn exceptions(shown: &Value) -> Vec<(&str, &str)> {
    let exceptions = shown["exception"]["values"].as_array().unwrap().iter();
    exceptions
        .map(|exception| {
            (
                exception["type"].as_str().unwrap(),
                exception["value"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_message_of_the_python_sdk_is_shown_as_it_was_sent() {
    let work = run("message");
    let shown = work.shown(&work.only("event"));
    // NUL, and half of a surrogate pair.
    assert_eq!(shown["raw"]["message"], "it rains: 雨 \u{1f327} \0 \u{fffd}");
    assert_eq!(shown["level"], "warning");
    assert_eq!(shown["user"]["plan"], json!({ "seats": 3 }));
    assert_eq!(shown["contexts"]["canvas"]["layers"], json!([1, 2, { "deep": null }]));
    assert_eq!(shown["breadcrumbs"]["values"][1]["data"]["status_code"], 404);
    assert_eq!(shown["raw"]["extra"]["strokes"], json!([17, "\0", "\u{1f58c}"]));
    assert_eq!(tags(&shown)["long"], "x".repeat(200));
}

#[test]
fn an_exception_of_the_python_sdk_has_its_cause_its_locals_and_its_files() {
    let work = run("exception");
    let shown = work.shown(&work.only("event"));
    assert_eq!(
        exceptions(&shown),
        [("KeyError", "'grün'"), ("ValueError", "no colour 'grün' for 雨")]
    );
    let frames = shown["exception"]["values"][1]["stacktrace"]["frames"]
        .as_array()
        .unwrap();
    let last = frames.last().unwrap();
    assert_eq!(last["function"], "paint");
    assert_eq!(last["vars"]["brush"]["hair"], "'雨'");
    assert!(last["context_line"].as_str().unwrap().contains("raise ValueError"));
    assert_attachments(&shown, &work.sent_of("attachment"));

    let issue = work.program.issues().remove(0);
    assert!(issue["title"].as_str().unwrap().starts_with("ValueError"), "{issue}");
    assert_eq!(issue["platform"], "python");
    assert_eq!(issue["userCount"], 1);
}

#[test]
fn an_exception_that_nobody_handles_is_known_as_such() {
    let (work, output) = begin("unhandled");
    assert!(!output.status.success());
    let shown = work.shown(&work.only("event"));
    assert_eq!(shown["exception"]["values"][1]["mechanism"]["handled"], false);
}

#[test]
fn a_large_event_of_the_python_sdk_is_whole() {
    let work = run("big");
    let event = work.only("event");
    assert!(event.payload.len() > 1_000_000, "{}", event.payload.len());
    let shown = work.shown(&event);
    assert_eq!(shown["raw"]["message"].as_str().unwrap().len(), 500_004);
    assert_attachments(&shown, &work.sent_of("attachment"));
}

#[test]
fn a_transaction_of_the_python_sdk_has_its_spans_and_its_error() {
    let work = run("transaction");
    let transaction = work.only("transaction");
    let shown = work.shown(&transaction);
    assert_eq!(shown["title"], "draw");
    assert_eq!(
        shown["measurements"],
        json!({ "strokes": { "value": 17, "unit": "none" } })
    );
    let sent = transaction.json();
    let trace_id = sent["contexts"]["trace"]["trace_id"].as_str().unwrap();
    let trace = work
        .program
        .until(&format!("organizations/studio/events-trace/{trace_id}/"), |_| true);
    assert_eq!(trace[0]["event_id"], sent["event_id"]);
    let spans = trace[0]["spans"].as_array().unwrap();
    let span = spans.iter().find(|span| span["op"] == "db.query").unwrap();
    assert_eq!(span["span_id"], sent["spans"][0]["span_id"]);
    assert_eq!(span["status"], "not_found");
    let error = work.shown(&work.only("event"));
    assert_eq!(error["contexts"]["trace"]["trace_id"], trace_id);
}

#[test]
fn sessions_of_the_python_sdk_are_counted_by_their_states() {
    let work = run("sessions");
    // Of programs: one well, one with an error, one crashed. Of requests, aggregated: four well, one with an error.
    assert_eq!(work.sent_of("session").len(), 3);
    assert_eq!(work.sent_of("sessions").len(), 1);
    assert_eq!(work.sessions(RELEASE, 8), [5, 2, 0, 1]);
}

#[test]
fn feedback_of_both_kinds_is_with_the_event_it_is_about() {
    let work = run("feedback");
    let event_id = work.only("event").event_id();
    let path = format!("projects/studio/paint/events/{event_id}/");
    let shown = work
        .program
        .until(&path, |event| event["feedback"].as_array().unwrap().len() == 2);
    let mut said: Vec<_> = shown["feedback"].as_array().unwrap().iter().collect();
    said.sort_by_key(|feedback| feedback["message"].to_string());
    assert_eq!(said[0]["message"], "and again");
    assert_eq!(said[1]["message"], "the brush 雨 broke");
    for feedback in said {
        assert_eq!(
            (&feedback["name"], &feedback["email"]),
            (&json!("Mia"), &json!("mia@example.com"))
        );
    }
}

#[test]
fn what_nothing_is_made_of_is_taken_and_what_the_client_dropped_is_known() {
    let work = run("others");
    assert_eq!(work.sent_of("check_in").len() + work.sent_of("log").len(), 2);
    work.shown(&work.only("event"));
    let discarded = work.program.until(
        "organizations/studio/stats_v2/?field=sum(quantity)&groupBy=reason&groupBy=category&outcome=client_discard&statsPeriod=1d",
        |answer| !answer["groups"].as_array().unwrap().is_empty(),
    );
    let group = &discarded["groups"][0];
    assert_eq!(
        (&group["by"]["reason"], &group["by"]["category"]),
        (&json!("before_send"), &json!("error"))
    );
    assert_eq!(group["totals"]["sum(quantity)"], 1);
    assert_eq!(work.program.issues().len(), 1);
}
