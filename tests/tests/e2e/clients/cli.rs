//! `sentry-cli`: an event from the command line.

use std::process::Command;

use serde_json::json;

use super::{Work, installed, tags};

fn sentry_cli() -> Command {
    Command::new(installed("python/bin/sentry-cli"))
}

#[test]
fn an_event_of_the_command_line_is_shown_as_it_was_sent() {
    let work = Work::begin();
    let mut command = sentry_cli();
    command.args([
        "send-event",
        "--no-environ",
        "--message",
        "it rains: 雨 %s",
        "--message-arg",
        "hard",
    ]);
    command.args([
        "--release",
        "cli@1.0.0",
        "--env",
        "test",
        "--level",
        "warning",
        "--platform",
        "other",
    ]);
    command.args([
        "--tag",
        "brush:flat",
        "--extra",
        "strokes:17",
        "--user",
        "id:u-7",
        "--user",
        "email:mia@example.com",
    ]);
    command.args(["--fingerprint", "rain", "--timestamp", "1795333716"]);
    let output = work.run_well(&mut command);
    let said = String::from_utf8(output.stdout).unwrap();
    let event_id = said.split_whitespace().find(|word| word.len() == 36).expect(&said);
    let shown = work.program.event(event_id);
    assert_eq!(shown["message"], "it rains: 雨 hard");
    assert_eq!(shown["release"]["version"], "cli@1.0.0");
    assert_eq!(shown["environment"], "test");
    assert_eq!(shown["level"], "warning");
    assert_eq!(shown["user"]["email"], "mia@example.com");
    assert_eq!(shown["raw"]["extra"], json!({ "strokes": "17" }));
    assert_eq!(shown["dateCreated"], "2026-11-22T07:48:36Z");
    assert_eq!(tags(&shown)["brush"], "flat");
    let issue = work.program.issues().remove(0);
    assert!(issue["title"].as_str().unwrap().starts_with("it rains"), "{issue}");
}
