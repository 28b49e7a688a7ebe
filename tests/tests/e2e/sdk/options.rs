//! Each option has an effect that a server sees.

use serde_json::{Value, json};

use super::App;

fn message_with(more: Value) -> Value {
    let app = App::new();
    app.run(more, &["message"]);
    app.stub.only("event")
}

#[test]
fn tags_of_release_environment_and_server_are_those_of_the_settings() {
    let event = message_with(json!({ "server_name": "easel" }));
    assert_eq!(event["release"], "sdk@1.0.0");
    assert_eq!(event["environment"], "test");
    assert_eq!(event["server_name"], "easel");
    assert_eq!(event["tags"]["paint"], "wet");
    let event = message_with(json!({}));
    assert!(event["server_name"].is_null(), "{event}");
}

#[test]
fn what_the_settings_do_not_say_the_environment_does() {
    let app = App::new();
    let mut command = app.command(
        json!({ "dsn": null, "release": null, "environment": null }),
        &["message"],
    );
    command
        .env("SENTRY_DSN", &app.stub.dsn)
        .env("SENTRY_RELEASE", "variable@3")
        .env("SENTRY_ENVIRONMENT", "ward");
    app.run_command(&mut command);
    let event = app.stub.only("event");
    assert_eq!(
        (&event["release"], &event["environment"]),
        (&json!("variable@3"), &json!("ward"))
    );
}

#[test]
fn an_empty_dsn_is_off_whatever_the_environment_says() {
    let app = App::new();
    let mut command = app.command(json!({ "dsn": "" }), &["error", "message"]);
    let output = command.env("SENTRY_DSN", &app.stub.dsn).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!app.scene.store_root().exists(), "nothing is written");
    assert!(app.stub.items().is_empty());
    let mut attached = app.command(json!({ "dsn": "" }), &["--attach", "error", "message"]);
    let output = attached.env("SENTRY_DSN", &app.stub.dsn).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(app.stub.items().is_empty());
}

#[test]
fn settings_that_cannot_be_are_errors_and_no_panics() {
    let app = App::new();
    for (more, variable, words) in [
        (json!({ "dsn": "127.0.0.1/1" }), None, "not a URL"),
        (json!({ "sample_rate": 7 }), None, "not between 0 and 1"),
        (
            json!({}),
            Some(("SENTRY_TRACES_SAMPLE_RATE", "all")),
            "SENTRY_TRACES_SAMPLE_RATE",
        ),
        (json!({ "colour": "red" }), None, "unknown field `colour`"),
    ] {
        let mut command = app.command(more, &["message"]);
        command.envs(variable);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_is_not_in_the_sample_is_counted_before_before_send_sees_it() {
    let app = App::new();
    let mut command = app.command(
        json!({ "sample_rate": 0.0, "traces_sample_rate": 1.0 }),
        &[
            "--hook",
            "before-send",
            "error",
            "message",
            "secret-message",
            "transactions",
        ],
    );
    app.run_command(&mut command);
    assert!(app.stub.all("event").is_empty());
    assert_eq!(
        discarded(&app),
        [json!({ "reason": "sample_rate", "category": "error", "quantity": 3 })]
    );
}

#[test]
fn before_send_changes_and_drops() {
    let app = App::new();
    let acts = ["--hook", "before-send", "secret-message", "message", "error"];
    app.run(json!({}), &acts);
    let events = app.stub.all("event");
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event["tags"]["hook"] == "seen"));
    assert_eq!(
        discarded(&app),
        [json!({ "reason": "before_send", "category": "error", "quantity": 1 })]
    );
}

#[test]
fn a_before_send_that_panics_loses_no_event() {
    let app = App::new();
    app.run(json!({}), &["--hook", "before-send-panics", "message"]);
    let events = app.stub.all("event");
    let titles: Vec<&Value> = events.iter().map(|event| &event["message"]).collect();
    assert!(titles.contains(&&json!("the palette is empty")), "{titles:?}");
}

#[test]
fn a_hook_that_panics_under_the_hubs_lock_stops_nothing() {
    let app = App::new();
    let acts = [
        "--hook",
        "before-breadcrumb-panics",
        "breadcrumbs",
        "breadcrumbs",
        "own-hubs",
        "breadcrumbs",
        "message",
    ];
    app.run(json!({}), &acts);
    let events = app.stub.all("event");
    let message = events
        .iter()
        .find(|event| event["message"] == "the palette is empty")
        .unwrap();
    assert_eq!(message["breadcrumbs"]["values"].as_array().unwrap().len(), 9);
}

#[test]
fn hooks_of_transactions_that_panic_keep_all_or_none() {
    let app = App::new();
    let acts = ["--hook", "before-send-transaction-panics", "transactions"];
    app.run(json!({ "traces_sample_rate": 1.0 }), &acts);
    assert_eq!(app.stub.all("transaction").len(), 2);
    let app = App::new();
    app.run(json!({}), &["--hook", "traces-sampler-panics", "transactions"]);
    assert_eq!(app.stub.all("transaction").len(), 0);
}

#[test]
fn what_is_not_kept_has_no_id_and_takes_no_other_count_with_it() {
    let app = App::new();
    let settings = json!({ "sample_rate": 0.0, "traces_sample_rate": 0.0 });
    app.run(settings, &["transactions", "lost-message", "lost-message"]);
    let mut counts: Vec<String> = discarded(&app)
        .iter()
        .map(|lost| format!("{} {}", lost["category"], lost["quantity"]))
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, ["\"error\" 2", "\"span\" 4", "\"transaction\" 2"]);
}

#[test]
fn before_breadcrumb_changes_and_drops_in_errors_and_in_crashes() {
    let app = App::new();
    app.run(json!({}), &["--hook", "before-breadcrumb", "breadcrumbs", "message"]);
    let crash = app.command(json!({}), &["--hook", "before-breadcrumb", "breadcrumbs", "crash"]);
    let mut crash = crash;
    assert!(!app.scene.run(&mut crash).status.success());
    let events = app.stub.wait_for("event", 2);
    for event in &events {
        let values = event["breadcrumbs"]["values"].as_array().unwrap();
        let messages: Vec<_> = values.iter().map(|value| value["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["opened", "drew"]);
        assert!(values.iter().all(|value| value["data"]["hook"] == "seen"));
    }
}

#[test]
fn so_many_breadcrumbs_are_kept_and_no_more() {
    let app = App::new();
    app.run(json!({ "max_breadcrumbs": 2 }), &["breadcrumbs", "message"]);
    let event = app.stub.only("event");
    let values = event["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!(values.len(), 2);
    assert_eq!(values[1]["message"], "drew");
}

#[test]
fn a_message_has_a_stack_if_that_is_wanted() {
    let has_stack = |event: &Value| event.to_string().contains("sdk::acts");
    assert!(!has_stack(&message_with(json!({}))));
    assert!(has_stack(&message_with(json!({ "attach_stacktrace": true }))));
}

#[test]
fn debug_says_what_the_client_does() {
    let app = App::new();
    let said = |more| String::from_utf8(app.run(more, &["--hook", "before-send", "secret-message"]).stderr).unwrap();
    assert_eq!(said(json!({})), "");
    assert!(said(json!({ "debug": true })).contains("before_send"));
}

#[test]
fn an_app_that_sets_up_the_sdk_itself_attaches() {
    let app = App::new();
    let acts = ["--attach", "error", "sentry-message", "scope", "panic"];
    app.run(json!({}), &acts);
    let mut crash = app.command(json!({}), &["--attach", "crash"]);
    assert!(!app.scene.run(&mut crash).status.success());
    let events = app.stub.wait_for("event", 4);
    assert_eq!(events.len(), 4, "each once: {events:#?}");
    let (crashes, errors): (Vec<_>, Vec<_>) = events.iter().partition(|event| event["level"] == "fatal");
    assert_eq!((crashes.len(), errors.len()), (1, 3));
    for event in errors {
        assert_eq!(event["tags"]["hook"], "theirs");
        assert_eq!(event["release"], "attached@2.0.0");
        assert_eq!(event["environment"], "test");
    }
}

/// What client reports say was lost.
fn discarded(app: &App) -> Vec<Value> {
    let reports = app.stub.all("client_report");
    reports
        .iter()
        .flat_map(|report| report["discarded_events"].as_array().unwrap().clone())
        .collect()
}
