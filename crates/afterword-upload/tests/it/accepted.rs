//! The server takes it: record first, then delete; progress; limits that come with a 200.

use afterword_store::{ReportFile, ReportKind, State};
use afterword_upload::{NoProgress, Outcome};

use crate::server::Reply;
use crate::{DUMP, Fixture, Watcher, noise, uploader};

#[test]
fn an_accepted_report_leaves_a_record() {
    let fixture = Fixture::new([Reply::json(200, r#"{"id":"9EC79C33-EC99-42AB-8353-589FCB2E04DC"}"#)]);
    let id = fixture.report(None);
    let Outcome::Sent(delivery) = fixture.send(id) else {
        panic!()
    };
    assert_eq!(fixture.state(id), State::Sent);
    assert!(!fixture.has_dump(id));
    assert_eq!(delivery, fixture.delivery(id));
    assert_eq!(delivery.event_id.as_deref(), Some("9ec79c33ec9942ab8353589fcb2e04dc"));
    assert_eq!((delivery.attempts, delivery.status), (1, Some(200)));
    assert_eq!(delivery.bytes_sent, fixture.server.received()[0].body.len() as u64);
    assert!(delivery.report_accepted_at.is_some() && delivery.feedback_accepted_at.is_none());
    assert!(
        uploader().send_report(&fixture.store, id, &NoProgress).is_err(),
        "sent once"
    );
    assert_eq!(fixture.server.count(), 1);
}

#[test]
fn with_a_comment_both_are_recorded() {
    let fixture = Fixture::new([Reply::Echo, Reply::Echo]);
    let id = fixture.report(Some("I drew a circle"));
    let Outcome::Sent(delivery) = fixture.send(id) else {
        panic!()
    };
    assert!(delivery.report_accepted_at.is_some() && delivery.feedback_accepted_at.is_some());
    assert_eq!((delivery.attempts, delivery.next_attempt_at), (2, None));
    let bodies: usize = fixture.server.received().iter().map(|request| request.body.len()).sum();
    assert_eq!(delivery.bytes_sent, bodies as u64);
    assert_eq!(
        delivery.event_id.as_deref(),
        Some("9ec79c33ec9942ab8353589fcb2e04dc"),
        "the event's, not the comment's"
    );
}

#[test]
fn a_server_that_takes_no_comments_has_the_report_all_the_same() {
    let fixture = Fixture::new([Reply::ok(), Reply::json(400, r#"{"detail":"unknown item"}"#)]);
    let id = fixture.report(Some("I drew a circle"));
    let Outcome::Sent(delivery) = fixture.send(id) else {
        panic!()
    };
    assert_eq!(fixture.state(id), State::Sent);
    assert_eq!(delivery.server_words.as_deref(), Some("unknown item"));
    assert!(delivery.feedback_accepted_at.is_none());
}

#[test]
fn a_comment_counts_as_taken_when_it_or_its_event_is_named() {
    let named = |id: &str| Reply::json(200, &format!("{{\"id\":\"{id}\"}}"));
    for (reply, taken) in [
        (Reply::Echo, true),
        (Reply::ok(), true),
        (Reply::json(200, "{}"), false),
        (named("00000000000000000000000000000001"), false),
    ] {
        let fixture = Fixture::new([Reply::ok(), reply.clone()]);
        let id = fixture.report(Some("I drew a circle"));
        match fixture.send(id) {
            Outcome::Sent(delivery) => assert!(taken && delivery.feedback_accepted_at.is_some(), "{reply:?}"),
            Outcome::Later { why, .. } => {
                assert!(!taken, "{reply:?}");
                assert!(
                    why.starts_with("the report has arrived, the comment not yet: "),
                    "{why}"
                );
                assert_eq!(fixture.state(id), State::Sending);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn progress_goes_forward_to_the_end() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, &noise(400_000))]);
    let watcher = Watcher::default();
    uploader().send_report(&fixture.store, id, &watcher).unwrap();
    let body = fixture.server.received()[0].body.len() as u64;
    assert_eq!((watcher.sent_bytes.get(), watcher.total_bytes.get()), (body, body));
    assert!(watcher.calls.get() >= 1);
}

#[test]
fn a_limit_that_comes_with_a_200_holds_for_the_next() {
    let fixture = Fixture::new([Reply::ok().with_header("X-Sentry-Rate-Limits", "60:error:organization")]);
    let (first, second) = (fixture.report(None), fixture.report(None));
    assert!(matches!(fixture.send(first), Outcome::Sent(_)));
    let outcome = fixture.send(second);
    fixture.assert_later(second, outcome);
    assert_eq!(fixture.server.count(), 1, "the second was not even tried");
    assert_eq!(fixture.delivery(second).attempts, 0);
}

#[test]
fn the_environments_proxy_is_not_asked_for_this_machine() {
    // Read by reqwest when a client is made; nextest gives each test a process of its own, and a proxy that is not
    // there would fail the others as well.
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, DUMP)]);
    let program = std::env::current_exe().unwrap();
    if std::env::var_os("AFTERWORD_TEST_PROXY").is_none() {
        let status = std::process::Command::new(program)
            .args([
                "--exact",
                "accepted::the_environments_proxy_is_not_asked_for_this_machine",
            ])
            .env("AFTERWORD_TEST_PROXY", "1")
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .env("http_proxy", "http://127.0.0.1:1")
            .env("ALL_PROXY", "http://127.0.0.1:1")
            // These would make it pass whatever we do.
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
    }
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
}
