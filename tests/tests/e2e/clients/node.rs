//! `@sentry/node`: the key in the query, no Content-Type, chunked, items without a length, spans in a container.

use std::process::{Command, Output};

use serde_json::json;

use super::{Item, Work, assert_attachments, installed, source, tags};

const RELEASE: &str = "node-client@3.0.0";

fn begin(act: &str) -> (Work, Output) {
    let work = Work::begin();
    let mut paths = vec![installed("python/bin")];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let mut node = Command::new("node");
    node.arg(source("node/send.cjs"))
        .arg(act)
        .env("NODE_PATH", installed("node/node_modules"))
        .env("PATH", std::env::join_paths(paths).unwrap());
    let output = work.run(&mut node);
    (work, output)
}

fn run(act: &str) -> Work {
    let (work, output) = begin(act);
    assert!(output.status.success(), "{output:?}");
    work
}

#[test]
fn a_message_of_the_node_sdk_is_shown_as_it_was_sent() {
    let work = run("message");
    let shown = work.shown(&work.only("event"));
    let exception = &shown["exception"]["values"][0];
    assert_eq!(exception["value"], "it rains: 雨 \u{1f327} \0 \u{fffd}");
    assert_eq!(shown["level"], "warning");
    assert_eq!(shown["user"]["ip_address"], "192.0.2.7");
    assert_eq!(shown["contexts"]["canvas"]["name"], "Grün");
    assert_eq!(shown["breadcrumbs"][0]["message"], "pressed the button");
    assert_eq!(shown["raw"]["extra"]["strokes"], json!([17, "\0", "\u{1f58c}"]));
    assert_eq!(tags(&shown)["brush"], "flat");
}

#[test]
fn an_exception_of_the_node_sdk_has_its_cause_and_its_file() {
    let work = run("exception");
    let shown = work.shown(&work.only("event"));
    let exceptions = shown["exception"]["values"].as_array().unwrap();
    let kinds: Vec<_> = exceptions.iter().map(|exception| &exception["type"]).collect();
    assert_eq!(kinds, ["TypeError", "RangeError"]);
    let frames = exceptions[1]["stacktrace"]["frames"].as_array().unwrap();
    assert_eq!(frames.last().unwrap()["function"], "paint");
    assert_attachments(&shown, &work.sent_of("attachment"));
    let issue = work.program.issues().remove(0);
    assert_eq!(issue["title"], "RangeError: no colour grün for 雨");
    assert_eq!(issue["platform"], "node");
}

#[test]
fn an_exception_that_ends_the_process_crashes_its_session() {
    let (work, output) = begin("unhandled");
    assert!(!output.status.success());
    let shown = work.shown(&work.only("event"));
    let exceptions = shown["exception"]["values"].as_array().unwrap();
    assert!(
        exceptions
            .iter()
            .any(|exception| exception["mechanism"]["handled"] == false)
    );
    assert_eq!(work.sessions(RELEASE, 1), [0, 0, 0, 1]);
}

#[test]
fn a_large_event_of_the_node_sdk_is_whole() {
    let work = run("big");
    let event = work.only("event");
    assert!(event.payload.len() > 500_000, "{}", event.payload.len());
    let shown = work.shown(&event);
    assert_attachments(&shown, &work.sent_of("attachment"));
}

#[test]
fn spans_of_the_node_sdk_make_a_trace_with_its_error() {
    let work = run("transaction");
    let spans: Vec<_> = work.sent_of("span").iter().map(Item::json).collect();
    let spans = spans[0]["items"].as_array().unwrap();
    let root = spans.iter().find(|span| span["is_segment"] == true).unwrap();
    let child = spans.iter().find(|span| span["is_segment"] == false).unwrap();
    let trace_id = root["trace_id"].as_str().unwrap();
    let trace = work
        .program
        .until(&format!("organizations/studio/events-trace/{trace_id}/"), |_| true);
    assert_eq!(trace[0]["transaction"], "draw");
    assert_eq!(trace[0]["transaction.op"], "ui.action");
    assert_eq!(trace[0]["span_id"], root["span_id"]);
    assert_eq!(trace[0]["release"], RELEASE);
    let shown = trace[0]["spans"].as_array().unwrap();
    let shown = shown.iter().find(|span| span["span_id"] == child["span_id"]).unwrap();
    assert_eq!(shown["op"], "db.query");
    assert_eq!(shown["description"], "SELECT colour");
    for (name, sent) in [("start_timestamp", "start_timestamp"), ("timestamp", "end_timestamp")] {
        let (shown, sent) = (shown[name].as_f64().unwrap(), child[sent].as_f64().unwrap());
        assert!((shown - sent).abs() < 1e-5, "{name}: {shown}, sent {sent}");
    }
    let error = work.shown(&work.only("event"));
    assert_eq!(error["contexts"]["trace"]["trace_id"], trace_id);
}

#[test]
fn the_session_of_a_node_process_counts_once() {
    let work = run("session");
    assert_eq!(work.sent_of("session").len(), 2);
    work.shown(&work.only("event"));
    assert_eq!(work.sessions(RELEASE, 1), [0, 1, 0, 0]);
}

#[test]
fn sessions_of_requests_are_aggregates() {
    let work = run("requests");
    let aggregate = work.only("sessions").json();
    assert_eq!(aggregate["aggregates"][0]["exited"], 2);
    assert_eq!(work.sessions(RELEASE, 3), [2, 1, 0, 0]);
    work.shown(&work.only("event"));
}

#[test]
fn feedback_of_the_node_sdk_is_with_the_event_it_is_about() {
    let work = run("feedback");
    let event_id = work.only("event").event_id();
    let path = format!("projects/studio/paint/events/{event_id}/");
    let shown = work
        .program
        .until(&path, |event| !event["feedback"].as_array().unwrap().is_empty());
    let feedback = &shown["feedback"][0];
    assert_eq!(feedback["message"], "the brush 雨 broke");
    assert_eq!(
        (&feedback["name"], &feedback["email"]),
        (&json!("Mia"), &json!("mia@example.com"))
    );
}
