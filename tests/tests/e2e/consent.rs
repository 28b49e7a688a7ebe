//! Consent that is given and taken back while the app runs, and kept for its later starts.

use afterword_store::{Answer, Decision, State};

use crate::manners::{LONG, Manner, Stub};
use crate::process::{Scene, wait_for};

#[test]
fn a_consent_to_everything_releases_what_was_held_and_what_waits() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &[]);
    app.tell("transaction painting");
    app.tell("error one");
    let flushed = app.flush(LONG);
    assert_eq!(flushed.held, "error,transaction");
    assert_eq!(stub.requests(), 0);
    assert_eq!(app.tell("consent always"), "Ok(Now)");
    assert_eq!(app.tell("consent?"), "Always");
    stub.wait_for_events(2);
    app.tell("error two");
    let flushed = app.flush(LONG);
    assert!(flushed.done && flushed.held.is_empty(), "{flushed:?}");
    assert_eq!(stub.names(), ["one", "painting", "two"]);
    app.end();
    scene.wait_for_reporter();

    // The choice counts before the options, and is kept.
    let mut app = scene.capturer(&stub, &["--consent", "ask"]);
    assert_eq!(app.tell("consent?"), "Always");
    app.tell("error three");
    assert!(app.flush(LONG).done);
    assert!(stub.names().contains(&"three".to_owned()));
    app.end();
    scene.wait_for_reporter();
    assert!(stub.events().values().all(|times| *times == 1));
}

#[test]
fn a_consent_taken_back_holds_what_was_not_sent() {
    let stub = Stub::start(Manner::Says(503));
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    assert!(!app.flush(100).done);
    assert_eq!(app.tell("consent ask"), "Ok(Now)");
    wait_for("the envelope to be held", || {
        scene.store().queued_envelopes().unwrap().is_empty().then_some(())
    });
    stub.behave(Manner::Takes);
    assert!(app.flush(LONG).done);
    app.end();
    scene.wait_for_reporter();
    assert_eq!(stub.names(), [""; 0], "nothing leaves");

    // And is sent when it is given again, by the options of a later start, say.
    std::fs::remove_file(scene.store().folder().join("state/consent.json")).unwrap();
    let app = scene.capturer(&stub, &["--consent", "always"]);
    stub.wait_for_events(1);
    app.end();
    scene.wait_for_reporter();
    assert_eq!(stub.names(), ["one"]);
}

/// What an app's own settings page does.
#[test]
fn what_was_chosen_is_shown_and_taken_back_with_what_was_agreed_to() {
    let stub = Stub::start(Manner::Says(503));
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &[]);
    assert_eq!(app.tell("choice"), "Ok(None)");
    app.tell("error agreed");
    app.flush(LONG);
    // What the dialog does with *Always do this*.
    let store = scene.store();
    let agreed = store.reports().unwrap().remove(0).id();
    store
        .put_answer(
            agreed,
            &Answer::new(Decision::Send, time::OffsetDateTime::now_utc(), 4, "fr"),
        )
        .unwrap();
    let given = afterword_store::GivenConsent {
        policy: afterword_store::ConsentPolicy::Always,
        given_at: time::OffsetDateTime::now_utc(),
        text_version: Some(4),
        locale: Some("fr".to_owned()),
    };
    store.put_consent(&given).unwrap();
    store.settle(agreed).unwrap();
    assert_eq!(app.tell("choice"), "Always Some(4) Some(\"fr\")");
    assert_eq!(app.tell("withdraw"), "Ok(())");
    assert_eq!(app.tell("choice"), "Ask None None");
    assert_eq!(store.report(agreed).unwrap().state(), State::Waiting);
    stub.behave(Manner::Takes);
    app.flush(LONG);
    app.end();
    scene.wait_for_reporter();
    assert_eq!(stub.names(), [""; 0], "nothing leaves");
}

#[test]
fn never_deletes_what_there_is_and_captures_nothing_more() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &[]);
    for line in ["transaction painting", "error one", "error agreed"] {
        app.tell(line);
    }
    assert!(app.flush(LONG).done);
    let reports = scene.store().reports().unwrap();
    let agreed = reports
        .iter()
        .find(|report| report.info().unwrap().message.as_deref() == Some("agreed"))
        .unwrap();
    let answer = Answer::new(Decision::Send, time::OffsetDateTime::now_utc(), 1, "en");
    scene.store().put_answer(agreed.id(), &answer).unwrap();
    assert_eq!(app.tell("consent never"), "Ok(Now)");
    app.tell("error two");
    app.tell_only("crash");
    assert!(!app.end().success());
    scene.wait_for_reporter();
    let left = scene.store().reports().unwrap();
    assert_eq!(left.len(), 1, "the person agreed to that one");
    assert!(!stub.names().contains(&"two".to_owned()) && !stub.names().contains(&"one".to_owned()));
    for folder in ["held", "queued"] {
        let folder = scene.store().folder().join("envelopes").join(folder);
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
    }

    // A later start is as one with *never*: there is no reporter.
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    scene.forget_reporter();
    assert_eq!(app.tell("consent?"), "Never");
    app.tell("error three");
    assert!(app.flush(LONG).done);
    assert_eq!(app.tell("consent always"), "Ok(AtNextStart)");
    app.end();
    assert!(!stub.names().contains(&"three".to_owned()));
    let mut app = scene.capturer(&stub, &[]);
    assert_eq!(app.tell("consent?"), "Always");
    app.tell("error four");
    assert!(app.flush(LONG).done);
    assert!(stub.names().contains(&"four".to_owned()));
    app.end();
    scene.wait_for_reporter();
    assert!(
        scene
            .store()
            .reports()
            .unwrap()
            .iter()
            .all(|report| report.state() == State::Sent)
    );
}

#[test]
fn less_than_before_counts_in_the_reporter_even_where_it_cannot_be_kept() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    assert!(app.flush(LONG).done);
    // No file can take the place of a folder with something in it.
    std::fs::create_dir_all(scene.store().folder().join("state/consent.json/full")).unwrap();
    let refused = app.tell("consent never");
    assert!(refused.starts_with("Err("), "{refused}");
    assert_eq!(app.tell("consent?"), "Never");
    let refused = app.tell("consent always");
    assert!(refused.starts_with("Err("), "{refused}");
    assert_eq!(app.tell("consent?"), "Never", "more than before does not count");
    app.tell_only("crash");
    assert!(!app.end().success());
    scene.wait_for_reporter();
    assert_eq!(scene.store().reports().unwrap().len(), 0);
    assert_eq!(stub.names(), ["one"]);
}

#[test]
fn a_choice_that_another_process_has_made_counts() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    app.tell("error one");
    assert!(app.flush(LONG).done);
    let given = afterword_store::GivenConsent {
        policy: afterword_store::ConsentPolicy::Ask,
        given_at: time::OffsetDateTime::now_utc(),
        text_version: None,
        locale: None,
    };
    scene.store().put_consent(&given).unwrap();
    app.tell("error two");
    let flushed = app.flush(LONG);
    assert!(flushed.done && flushed.held == "error", "{flushed:?}");
    app.end();
    scene.wait_for_reporter();
    assert_eq!(stub.names(), ["one"]);
}

#[test]
fn a_flush_after_a_consent_sends_the_reports_that_it_releases() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let mut app = scene.capturer(&stub, &[]);
    app.tell("error one");
    assert_eq!(app.flush(LONG).held, "error");
    assert_eq!(app.tell("consent always"), "Ok(Now)");
    let flushed = app.flush(LONG);
    assert!(flushed.done && flushed.held.is_empty(), "{flushed:?}");
    assert_eq!(stub.names(), ["one"]);
    app.end();
    scene.wait_for_reporter();
}

#[test]
fn a_choice_that_cannot_be_read_is_no_consent() {
    let stub = Stub::start(Manner::Takes);
    let scene = Scene::new();
    let state = scene.store().folder().join("state");
    std::fs::write(state.join("consent.json"), "{").unwrap();
    let mut app = scene.capturer(&stub, &["--consent", "always"]);
    assert_eq!(app.tell("consent?"), "Ask");
    app.tell("error one");
    assert_eq!(app.flush(LONG).held, "error");
    app.end();
    scene.wait_for_reporter();
    assert_eq!(stub.requests(), 0);
}
