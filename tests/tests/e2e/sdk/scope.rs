//! Scopes: of errors, of crashes, of work with a hub of its own.

use serde_json::{Value, json};

use super::App;

/// The event of a crash that follows what is done.
fn crash_after(app: &App, acts: &[&str]) -> Value {
    let mut crash = app.command(json!({}), acts);
    assert!(!app.scene.run(&mut crash).status.success());
    let events = app.stub.wait_for("event", 1);
    events.into_iter().find(|event| event["level"] == "fatal").unwrap()
}

#[test]
fn everything_on_a_scope_reaches_errors_and_crashes() {
    let app = App::new();
    app.run(json!({}), &["scope", "message"]);
    let message = app.stub.only("event");
    let crash = App::new();
    let crash = crash_after(&crash, &["scope", "crash"]);
    for event in [message, crash] {
        assert_eq!(event["user"]["id"], "7", "{event:#}");
        assert_eq!(event["contexts"]["canvas"]["layers"], 3);
        assert_eq!(event["extra"]["zoom"], 1.5);
        assert_eq!(event["tags"]["paint"], "wet");
        assert!(event["tags"]["gone"].is_null());
        assert_eq!(event["fingerprint"], json!(["palette", "empty"]));
        assert_eq!(event["request"]["method"], "PUT");
        assert_eq!(event["request"]["url"], "http://paint.example.com/pictures/7?size=big");
        assert!(event["contexts"]["afterword.request"].is_null());
    }
}

#[test]
fn a_crash_within_a_scope_has_it() {
    let app = App::new();
    let event = crash_after(&app, &["crash-in-scope"]);
    assert_eq!(event["tags"]["inner"], "yes");
    assert_eq!(event["tags"]["paint"], "wet");
    assert_eq!(event["request"]["method"], "PUT");
}

#[test]
fn values_of_every_type_are_bounded_and_the_report_still_goes() {
    let app = App::new();
    app.run(json!({}), &["odd-scope", "message"]);
    let event = app.stub.only("event");
    assert_eq!(event["message"], "the palette is empty");
    let crash = App::new();
    let crash = crash_after(&crash, &["odd-scope", "crash"]);
    assert_eq!(
        crash["extra"]["afterword.left_out"],
        json!(["extra", "contexts", "tags"]).clone()
    );
}

#[test]
fn a_thread_that_is_older_than_the_user_reports_the_user() {
    let app = App::new();
    app.run(json!({}), &["older-thread"]);
    let event = app.stub.only("event");
    assert_eq!(event["user"]["id"], "ada");
    assert_eq!(event["tags"]["thread"], "older");
}

#[test]
fn a_thread_that_is_older_than_the_client_captures_all_the_same() {
    let app = App::new();
    let mut command = app.command(json!({ "dsn": "" }), &["late-start"]);
    app.run_command(command.env("SDK_LATE_OPTIONS", app.settings(json!({})).to_string()));
    assert_eq!(app.stub.all("event").len(), 2);
}

#[test]
fn work_with_a_hub_of_its_own_has_its_scope_and_nobody_else_does() {
    let app = App::new();
    app.run(json!({}), &["own-hubs"]);
    let events = app.stub.all("event");
    assert_eq!(events.len(), 4);
    for event in events {
        let expected = if event["message"] == "from nowhere in particular" {
            Value::Null
        } else {
            json!("export")
        };
        assert_eq!(event["tags"]["job"], expected, "{}", event["message"]);
        assert_eq!(event["tags"]["paint"], "wet");
    }
}
