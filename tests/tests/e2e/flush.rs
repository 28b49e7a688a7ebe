//! Flushing, with servers that take, hang, refuse, limit, are gone and come back.

use afterword_store::State;

use crate::manners::{LONG, Manner, Stub};
use crate::process::{Scene, wait_for};

#[test]
fn a_flush_ends_when_the_server_has_everything() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    assert!(app.flush(LONG).done, "there is nothing");
    app.tell("error one");
    app.tell("own two");
    app.tell("transaction three");
    let flushed = app.flush(LONG);
    assert!(flushed.done && !flushed.refused && flushed.sdk, "{flushed:?}");
    assert_eq!(flushed.held, "");
    assert_eq!(stub.names(), ["one", "three", "two"]);
    assert!(app.end().success());
    scene.wait_for_reporter();
    assert!(stub.events().values().all(|times| *times == 1));
    assert!(scene.store().reports().unwrap().is_empty(), "nobody was asked");
}

#[test]
fn a_flush_of_a_server_that_hangs_ends_in_time_and_what_was_captured_arrives_later() {
    let stub = Stub::start(Manner::Hangs);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    let flushed = app.flush(300);
    assert!(!flushed.done && !flushed.sdk, "{flushed:?}");
    assert!(flushed.ms >= 300, "{flushed:?}");
    stub.behave(Manner::Takes);
    assert!(app.flush(LONG).done);
    assert_eq!(stub.names(), ["one"]);
    app.end();
}

#[test]
fn a_server_that_is_not_well_and_comes_back_is_tried_again_while_a_flush_waits() {
    let stub = Stub::start(Manner::Says(503));
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    assert!(!app.flush(200).done);
    app.tell_only(&format!("flush {LONG}"));
    let before = stub.requests();
    stub.wait_for_requests(before + 1);
    stub.behave(Manner::Takes);
    let answer = app.answer();
    assert!(answer.contains("done=true"), "{answer}");
    assert_eq!(stub.names(), ["one"]);
    assert!(
        scene.store().queue_failures() <= 2,
        "a flush does not make the others wait for hours"
    );
    app.end();
}

#[test]
fn what_a_server_refuses_is_told_once() {
    let stub = Stub::start(Manner::Says(403));
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    let flushed = app.flush(LONG);
    assert!(flushed.done && flushed.refused, "{flushed:?}");
    stub.behave(Manner::Takes);
    app.tell("error two");
    let flushed = app.flush(LONG);
    assert!(flushed.done && !flushed.refused, "{flushed:?}");
    assert_eq!(stub.names(), ["two"]);
    app.end();
}

#[test]
fn what_a_rate_limit_holds_is_not_tried_by_a_flush() {
    let stub = Stub::start(Manner::Limits(3600));
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    // The server has counted it, and nothing is left.
    assert!(app.flush(LONG).done);
    app.tell("error two");
    assert!(!app.flush(300).done);
    assert_eq!(stub.requests(), 1, "it is not even asked");
    assert_eq!(scene.store().queued_envelopes().unwrap().len(), 1);
    app.end();
}

#[test]
fn what_is_limited_does_not_hold_up_other_kinds() {
    let stub = Stub::start(Manner::LimitsErrors);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    assert!(app.flush(LONG).done);
    stub.behave(Manner::Takes);
    app.tell("error two");
    app.tell("transaction three");
    stub.wait_for_events(1);
    assert_eq!(stub.names(), ["three"]);
    app.end();
}

#[test]
fn a_flush_under_ask_says_which_kinds_are_held() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &[]);
    app.tell("transaction painting");
    let flushed = app.flush(LONG);
    assert_eq!((flushed.done, flushed.held.as_str()), (true, "transaction"));
    app.tell("error one");
    let flushed = app.flush(LONG);
    assert_eq!((flushed.done, flushed.held.as_str()), (true, "error,transaction"));
    assert_eq!(stub.requests(), 0, "nothing leaves before consent");
    let report = scene.report_in(State::Waiting);
    assert_eq!(report.info().unwrap().message.as_deref(), Some("one"));
    app.end();
}

#[test]
fn a_flush_outlives_its_reporter() {
    let stub = Stub::start(Manner::Hangs);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    scene.wait_until_watched();
    app.tell("error one");
    app.tell_only(&format!("flush {LONG}"));
    stub.wait_for_requests(1);
    let reporter = scene.reporter_of(app.id());
    rustix::process::kill_process(reporter, rustix::process::Signal::KILL).unwrap();
    stub.behave(Manner::Takes);
    let answer = app.answer();
    assert!(answer.contains("done=true"), "{answer}");
    assert_eq!(stub.names(), ["one"]);
    app.end();
}

#[test]
fn a_synchronous_capture_returns_with_the_servers_answer() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always", "--synchronous"]);
    for name in ["one", "two", "three"] {
        app.tell(&format!("error {name}"));
        assert!(stub.names().contains(&name.to_owned()), "{name}");
    }
    let flushed = app.flush(LONG);
    assert!(flushed.done && flushed.sdk);
    app.end();
    scene.wait_for_reporter();

    // And at the timeout, where there is none.
    let scene = Scene::new();
    stub.behave(Manner::Hangs);
    let mut app = scene.capturer(&stub, &["--consent", "always", "--synchronous", "--timeout", "200"]);
    app.tell("error four");
    assert!(app.flush(LONG).done, "at once, and whatever became of it");
    assert!(!stub.names().contains(&"four".to_owned()));
    stub.behave(Manner::Takes);
    app.end();
    wait_for("what was kept", || {
        stub.names().contains(&"four".to_owned()).then_some(())
    });
}

#[test]
fn exit_waits_for_no_network_and_loses_nothing() {
    let stub = Stub::start(Manner::Hangs);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell_only("error-and-exit one");
    assert!(app.end().success(), "it has ended while the server hangs");
    stub.behave(Manner::Takes);
    scene.wait_for_reporter();
    assert_eq!(stub.names(), ["one"]);
}

#[test]
fn what_was_captured_right_before_a_kill_or_a_crash_arrives() {
    for way in ["error-and-die", "error-and-crash"] {
        let stub = Stub::start(Manner::Takes);
        let scene = Scene::new();
        let mut app = scene.capturer(&stub, &["--consent", "always"]);
        app.tell_only(&format!("{way} one"));
        assert!(!app.end().success());
        scene.wait_for_reporter();
        assert_eq!(stub.events().get("one"), Some(&1), "{way}");
    }
}

#[test]
fn what_no_reporter_took_is_taken_at_the_next_start() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    scene.wait_until_watched();
    let reporter = scene.reporter_of(app.id());
    rustix::process::kill_process(reporter, rustix::process::Signal::STOP).unwrap();
    app.tell("error one");
    app.kill();
    app.end();
    rustix::process::kill_process(reporter, rustix::process::Signal::KILL).unwrap();
    scene.forget_reporter();
    assert!(stub.names().is_empty());
    let app = scene.capturer(&stub, &["--consent", "always"]);
    app.end();
    scene.wait_for_reporter();
    assert_eq!(stub.names(), ["one"]);
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn an_app_that_attaches_to_the_sdk_is_the_same() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always", "--attach"]);
    app.tell("error one");
    app.tell("transaction two");
    let flushed = app.flush(LONG);
    assert!(flushed.done && flushed.sdk, "{flushed:?}");
    assert_eq!(stub.names(), ["one", "two"]);
    app.end();
}

#[test]
fn a_message_of_ten_megabytes_arrives_shorter() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("large 10485760");
    assert!(app.flush(LONG).done);
    let event = &stub.items("event")[0];
    assert!(event["message"].as_str().unwrap().len() < 1 << 20);
    assert!(event["extra"]["afterword.left_out"].is_array(), "{}", event["extra"]);
    app.end();
}
