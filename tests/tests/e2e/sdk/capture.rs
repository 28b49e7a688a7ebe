//! Capturing: what of an error, a message, a file, a person's words reaches the server.

use serde_json::{Value, json};

use super::{App, exceptions};

fn captured(act: &str) -> Value {
    let app = App::new();
    app.run(json!({}), &[act]);
    app.stub.only("event")
}

fn functions(event: &Value) -> Vec<String> {
    let values = event["exception"]["values"].as_array().unwrap();
    let frames = values
        .iter()
        .filter_map(|exception| exception["stacktrace"]["frames"].as_array())
        .flatten();
    frames
        .map(|frame| frame["function"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn an_error_has_all_its_sources_and_no_stack_that_it_does_not_carry() {
    let event = captured("error");
    assert_eq!(
        exceptions(&event),
        [
            ("Custom", "the disk is full"),
            ("NotWritten", "the file cannot be written"),
            ("NotSaved", "the picture cannot be saved"),
        ]
    );
    assert!(event["level"].is_null(), "an error, which the SDK does not spell out");
    assert!(functions(&event).is_empty(), "{event}");
}

#[test]
fn an_error_that_carries_a_backtrace_has_its_stack() {
    let functions = functions(&captured("traced-error"));
    assert_eq!(functions.last().unwrap(), "sdk::errors::traced");
    assert!(
        functions.iter().any(|function| function.contains("Act::perform")),
        "{functions:?}"
    );
}

#[test]
fn reports_of_anyhow_and_eyre_have_their_backtraces_if_they_took_one() {
    for (act, outermost) in [
        ("anyhow", "cannot close the window"),
        ("eyre", "cannot close the window"),
    ] {
        let event = captured(act);
        let told = exceptions(&event);
        assert_eq!(told.len(), 4, "{act}: {told:?}");
        assert_eq!(told[3].1, outermost);
        assert_eq!(told[0].1, "the disk is full");
        assert!(
            functions(&event).is_empty(),
            "{act}: without RUST_BACKTRACE none is taken"
        );

        let app = App::new();
        let mut command = app.command(json!({}), &[act]);
        app.run_command(command.env("RUST_BACKTRACE", "1"));
        let functions = functions(&app.stub.only("event"));
        assert!(
            functions.iter().any(|function| function.contains("Act::perform")),
            "{act}: {functions:?}"
        );
    }
}

#[test]
fn an_error_without_end_is_bounded() {
    let event = captured("endless-error");
    let told = exceptions(&event);
    assert!((10..=60).contains(&told.len()), "{}", told.len());
    assert!(told.iter().all(|(_, text)| text.len() < 20_000));
}

#[test]
fn no_error_is_nothing() {
    let app = App::new();
    app.run(json!({}), &["ok-result"]);
    assert!(app.stub.items().is_empty());
}

#[test]
fn messages_have_their_level_whichever_function_they_came_through() {
    let app = App::new();
    app.run(json!({}), &["message", "sentry-message"]);
    let mut told: Vec<_> = app
        .stub
        .all("event")
        .iter()
        .map(|event| (event["message"].clone(), event["level"].clone()))
        .collect();
    told.sort_by_key(|told| told.0.to_string());
    assert_eq!(
        told,
        [
            (json!("the palette is empty"), json!("warning")),
            (json!("through the SDK"), json!("info"))
        ]
    );
}

#[test]
fn a_message_of_ten_megabytes_is_cut_and_goes() {
    let event = captured("huge-message");
    let message = event["message"].as_str().unwrap();
    assert!(
        message.starts_with("huge huge ") && message.len() < 1 << 20,
        "{}",
        message.len()
    );
}

#[test]
fn a_file_goes_with_the_error_that_it_belongs_to() {
    let app = App::new();
    app.run(json!({}), &["attachment", "message"]);
    let files = app.stub.of_kind("attachment");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].payload, b"#7ec8a9 #000000");
    assert_eq!(files[0].header["filename"], "palette.txt");
    let error = app
        .stub
        .of_kind("event")
        .into_iter()
        .find(|item| item.json()["message"].is_null());
    assert_eq!(files[0].envelope["event_id"], error.unwrap().envelope["event_id"]);
}

#[test]
fn feedback_names_the_event_that_it_is_about() {
    let app = App::new();
    app.run(json!({}), &["feedback"]);
    let feedback = &app.stub.only("feedback")["contexts"]["feedback"];
    assert_eq!(feedback["message"], "It always happens on Mondays");
    assert_eq!(
        (&feedback["name"], &feedback["contact_email"]),
        (&json!("Ada"), &json!("ada@example.com"))
    );
    let id = |id: &Value| uuid::Uuid::parse_str(id.as_str().unwrap()).unwrap();
    assert_eq!(
        id(&feedback["associated_event_id"]),
        id(&app.stub.only("event")["event_id"])
    );
}

#[test]
fn a_panic_that_is_survived_is_one_error() {
    let event = captured("panic");
    assert_eq!(exceptions(&event), [("panic", "the brush is dry")]);
    assert_eq!(
        functions(&event).last().unwrap(),
        "sdk::acts::Act::perform::{{closure}}"
    );
}

#[test]
fn a_panic_that_the_layer_recovers_is_one_error_also_on_the_thread_of_init() {
    let event = captured("layer-panic");
    assert_eq!(exceptions(&event), [("panic", "a panic in a request")]);
    assert_eq!(event["exception"]["values"][0]["mechanism"]["handled"], true);
    assert_eq!(event["request"]["method"], "GET");
    assert_eq!(event["tags"]["job"], "web", "the hub is that of the request");
    assert_eq!(
        event["contexts"]["trace"]["trace_id"],
        "771a43a4192642f0b136d5159a501700"
    );
    assert!(event["contexts"]["afterword.baggage"].is_null());
    assert_eq!(event["tags"]["paint"], "wet");
}

#[test]
fn a_capturer_that_is_given_and_a_static_one_capture_alike() {
    let app = App::new();
    app.run(json!({}), &["capturers"]);
    let events = app.stub.all("event");
    assert_eq!(events.len(), 2, "{events:#?}");
    assert!(events.iter().all(|event| event["tags"]["paint"] == "wet"));
}
