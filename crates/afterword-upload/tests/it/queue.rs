//! Envelopes that are no reports.

use afterword_store::{ConsentPolicy, EnvelopeClass};
use afterword_upload::{Options, Uploader};

use crate::server::Reply;
use crate::{Fixture, uploader};

impl Fixture {
    fn queue(&self, item: &str) {
        let dsn = self.server.dsn();
        let bytes = format!("{{\"dsn\":\"{dsn}\"}}\n{{\"type\":\"{item}\"}}\n{{}}\n");
        self.store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, bytes.as_bytes())
            .unwrap();
    }
}

#[test]
fn the_queue_is_sent_in_order_and_held_ones_are_not() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    fixture
        .store
        .put_envelope(ConsentPolicy::Ask, EnvelopeClass::Session, b"{}\n")
        .unwrap();
    fixture.queue("session");
    fixture.queue("transaction");
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.left, outcome.later), (2, 0, None));
    let kinds: Vec<String> = fixture
        .server
        .received()
        .iter()
        .map(|one| one.envelope().items[0].header.kind.clone())
        .collect();
    assert_eq!(kinds, ["session", "transaction"]);
    assert!(fixture.store.queued_envelopes().unwrap().is_empty());
}

#[test]
fn a_server_that_fails_keeps_the_rest_and_refusals_do_not() {
    let fixture = Fixture::new([
        Reply::json(400, r#"{"detail":"no"}"#),
        Reply::json(500, ""),
        Reply::ok(),
        Reply::ok(),
    ]);
    for _ in 0..3 {
        fixture.queue("session");
    }
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.refused, outcome.left), (0, 1, 2));
    assert!(outcome.later.is_some());
    assert_eq!(uploader().send_queued(&fixture.store).unwrap().sent, 2);
}

#[test]
fn over_a_limit_one_is_discarded_its_kind_waits_and_others_go() {
    let limited = Reply::json(429, "{}").with_header("X-Sentry-Rate-Limits", "100:session:key");
    let fixture = Fixture::new([limited, Reply::ok()]);
    fixture.queue("session");
    fixture.queue("session");
    fixture.queue("transaction");
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.discarded, outcome.left), (1, 1, 1));
    assert_eq!(fixture.server.count(), 2);
}

#[test]
fn what_names_no_server_goes_to_the_one_of_the_options_or_nowhere() {
    let fixture = Fixture::new([Reply::ok()]);
    let put = |bytes: &[u8]| {
        fixture
            .store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, bytes)
            .unwrap()
    };
    put(b"{}\n{\"type\":\"session\"}\n{}\n");
    put(b"this is no envelope");
    let known = Options {
        dsn: Some(fixture.server.dsn().parse().unwrap()),
        ..Options::default()
    };
    let outcome = Uploader::new(known).send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.refused), (1, 1));
    put(b"{}\n{\"type\":\"session\"}\n{}\n");
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.refused, outcome.left), (0, 1, 0));
    assert_eq!(fixture.server.count(), 1);
}

#[test]
fn another_sender_has_the_queue() {
    let fixture = Fixture::new([Reply::ok()]);
    fixture.queue("session");
    let _lock = fixture.store.try_lock_sender().unwrap().unwrap();
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.left), (0, 1));
    assert_eq!(fixture.server.count(), 0);
}
