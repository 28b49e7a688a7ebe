//! What an app hands over has secrets in it, and nothing of them is kept or sent.

use std::path::PathBuf;
use std::process::Command;

use afterword_store::{Report, ReportFile, ReportKind, State};
use serde_json::Value;

use crate::privacy::{assert_nowhere, found};
use crate::process::Scene;
use crate::stub::Stub;

/// Each kind of secret.
const TOLD: &str = "mail zoe-wkq@example.org; postgres://app:hunter2-wkq@db/x; AKIAWKQFODNN7EXAMPLE; \
    ghp_wkqA7bC2dE5fG3hJ6kL4mN9pQ8rS2tU4vW6x; eyJhbGciOiJIUzI1NiJ9.eyJ3a3EiOiIxMjMifQ.c2lnbmF0dXJlLXdrcQ; \
    password=geheim-wkq; customer K-7001; -----BEGIN PRIVATE KEY-----\\nTUlJRXZRSUJBd2txRE5n\\n-----END PRIVATE KEY-----; \
    Authorization: Basic YXBwOndrcS1odW50ZXIy";

/// What must be nowhere of it.
const WORDS: [&str; 9] = [
    "zoe-wkq",
    "hunter2-wkq",
    "AKIAWKQ",
    "ghp_wkq",
    "eyJ3a3Ei",
    "geheim-wkq",
    "K-7001",
    "TUlJRXZR",
    "YXBwOndr",
];

const MARKS: [&str; 8] = [
    "[removed: e-mail address]",
    "[removed: password]",
    "[removed: cloud key]",
    "[removed: access token]",
    "[removed: web token]",
    "[removed: private key]",
    "[removed: authorization]",
    "customer [redacted]",
];

const REMOVED: [&str; 8] = [
    "passwords in texts (",
    "e-mail addresses in texts (",
    "cloud keys in texts (",
    "access tokens in texts (",
    "web tokens in texts (",
    "private keys in texts (",
    "authorizations in texts (",
    "what this program wants taken out of texts (",
];

fn told(scene: &Scene) -> PathBuf {
    let path = scene.folder.path().join("told.txt");
    std::fs::write(&path, TOLD).unwrap();
    path
}

fn telling(scene: &Scene, kind: &str) -> Command {
    let mut crasher = scene.crasher(kind);
    crasher.arg("--hand-over").arg(told(scene));
    crasher.args(["--redact", "K-[0-9]+"]);
    crasher
}

fn assert_marked(text: &str) {
    for mark in MARKS {
        assert!(text.contains(mark), "no {mark} in {text}");
    }
}

fn assert_told(report: &Report) {
    let removed = &report.info().unwrap().removed;
    for words in REMOVED {
        assert!(
            removed.iter().any(|line| line.starts_with(words)),
            "{words}: {removed:?}"
        );
    }
}

fn event(report: &Report) -> Value {
    serde_json::from_slice(&report.read(ReportFile::Event).unwrap().unwrap()).unwrap()
}

/// Every place of the event into which the app has put it has marks.
fn assert_cleaned(event: &Value) {
    for place in [
        "/tags/told",
        "/extra/told",
        "/contexts/told/told",
        "/user/username",
        "/request/data",
        "/request/query_string",
        "/fingerprint/1",
    ] {
        let text = event.pointer(place).and_then(Value::as_str);
        let text = text.unwrap_or_else(|| panic!("no {place}: {event}"));
        assert_marked(text);
    }
    let breadcrumbs = event.pointer("/breadcrumbs/values").unwrap_or(&event["breadcrumbs"]);
    let crumb = breadcrumbs
        .as_array()
        .unwrap()
        .iter()
        .find(|crumb| crumb["data"]["told"].is_string());
    let crumb = crumb.unwrap();
    assert_marked(crumb["message"].as_str().unwrap());
    assert_marked(crumb["data"]["told"].as_str().unwrap());
}

#[test]
fn no_secret_is_kept_or_sent_and_each_leaves_a_mark() {
    let server = Stub::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.dsn.clone());
    scene.run(&mut telling(&scene, "tell"));
    let reports = scene.store().reports().unwrap();
    let [panic, error] = [ReportKind::Panic, ReportKind::Error].map(|kind| {
        let report = reports
            .iter()
            .find(|report| report.info().unwrap().kind == kind)
            .unwrap();
        assert_eq!(report.state(), State::Waiting);
        assert_told(report);
        // What the dialog and the terminal show of it.
        assert_marked(report.info().unwrap().message.as_ref().unwrap());
        assert_cleaned(&event(report));
        report
    });
    assert_marked(event(panic)["exception"]["values"][0]["value"].as_str().unwrap());
    let envelope = error.read(ReportFile::Envelope).unwrap().unwrap();
    let envelope = String::from_utf8(envelope).unwrap();
    let file = envelope
        .split("begin\n")
        .nth(1)
        .unwrap()
        .split("\nend\n")
        .next()
        .unwrap();
    assert_marked(file);
    assert_nowhere(&scene.store_root(), &WORDS);

    for _ in 0..2 {
        scene.run(scene.crasher("clean-exit").env("CRASHER_ANSWER", "send"));
    }
    let states: Vec<State> = scene.store().reports().unwrap().iter().map(Report::state).collect();
    assert_eq!(states, [State::Sent, State::Sent]);
    let items = server.items();
    for item in &items {
        for bytes in [
            &item.payload,
            item.header.to_string().as_bytes(),
            item.envelope.to_string().as_bytes(),
        ] {
            let found = found(bytes, &WORDS);
            assert!(found.is_empty(), "{}: {found:?}", item.kind);
        }
    }
    let events = server.all("event");
    assert_eq!(events.len(), 2);
    events.iter().for_each(assert_cleaned);
    let log = items.iter().find(|item| item.header["filename"] == "app.log").unwrap();
    assert_marked(str::from_utf8(&log.payload).unwrap());
    assert_nowhere(&scene.store_root(), &WORDS);
}

#[test]
fn a_report_that_the_next_start_makes_has_none_either() {
    let scene = Scene::new();
    let mut crasher = telling(&scene, "null-write");
    crasher.args(["--fault", "kill-reporter", "--fault", "deny-exec"]);
    crasher.output().unwrap();
    assert!(scene.store().reports().unwrap().is_empty());
    // Of the same rules as the run that crashed, whatever those of this one are.
    scene.run(scene.crasher("clean-exit").arg("--keep-secrets"));
    let report = scene.report_in(State::Waiting);
    assert_told(&report);
    scene.wait_for_stack(&report);
    assert_cleaned(&event(&report));
    assert_nowhere(&scene.store_root(), &WORDS);
}

/// The same words are there where the app wants it: the tests above can fail.
#[test]
fn an_app_can_keep_them_all() {
    let scene = Scene::new();
    let mut crasher = scene.crasher("tell");
    crasher.arg("--keep-secrets").arg("--hand-over").arg(told(&scene));
    scene.run(&mut crasher);
    for report in scene.store().reports().unwrap() {
        let info = report.info().unwrap().clone();
        assert!(
            !info.removed.iter().any(|line| line.contains("in texts")),
            "{:?}",
            info.removed
        );
        let event = event(&report).to_string();
        assert_eq!(found(event.as_bytes(), &WORDS).len(), WORDS.len(), "{event}");
    }
}
