//! Envelopes that are no reports.

use std::fs;
use std::path::PathBuf;

use afterword_store::{ConsentPolicy, EnvelopeClass};
use afterword_upload::{Options, QueueOutcome, Uploader};
use time::OffsetDateTime;

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

    /// Where the oldest but so many of the queue lies.
    fn path_of(&self, index: usize) -> PathBuf {
        let id = self.store.queued_envelopes().unwrap()[index].id();
        self.root
            .path()
            .join("demo/envelopes/queued")
            .join(format!("{id}.envelope"))
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
fn one_that_always_fails_keeps_back_no_other() {
    let bad = || Reply::json(500, "");
    let fixture = Fixture::new([bad(), Reply::ok(), Reply::ok(), bad(), Reply::ok()]);
    for item in ["session", "transaction", "transaction"] {
        fixture.queue(item);
    }
    let uploader = uploader();
    let pass = || {
        let outcome = uploader.send_queued(&fixture.store).unwrap();
        (outcome.sent, outcome.left)
    };
    assert_eq!(pass(), (0, 3));
    assert_eq!(pass(), (2, 1));
    fixture.queue("transaction");
    assert_eq!(pass().0, 1);
    let received = fixture.server.received();
    let kinds = received.iter().map(|one| one.envelope().items[0].header.kind.clone());
    let kinds: Vec<String> = kinds.collect();
    assert_eq!(
        kinds[..5],
        ["session", "transaction", "transaction", "session", "transaction"]
    );
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
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
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
    // The second one tells that something was lost.
    assert_eq!(fixture.server.count(), 2);
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

#[test]
fn under_a_policy_that_was_changed_since_nothing_of_the_queue_leaves() {
    let fixture = Fixture::new([Reply::ok()]);
    fixture.queue("session");
    for policy in [ConsentPolicy::Never, ConsentPolicy::Ask] {
        let outcome = uploader().send_queued_under(&fixture.store, policy).unwrap();
        assert_eq!((outcome.sent, outcome.later), (0, None), "{policy:?}");
    }
    assert_eq!(fixture.server.count(), 0);
    let outcome = uploader().send_queued_under(&fixture.store, ConsentPolicy::Always);
    assert_eq!(outcome.unwrap().sent, 1);
}

#[test]
fn one_that_cannot_be_read_does_not_keep_the_rest() {
    let fixture = Fixture::new([Reply::ok()]);
    fixture.queue("session");
    let first = fixture.path_of(0);
    // Larger than any envelope may be, and no room taken for it.
    fs::File::create(&first).unwrap().set_len(201 << 20).unwrap();
    fixture.queue("session");
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.sent, outcome.left, outcome.later), (1, 1, None));
    assert!(first.exists());
}

#[test]
fn failures_in_a_row_are_counted_over_processes_and_an_answer_ends_them() {
    let bad = || Reply::json(500, "");
    let fixture = Fixture::new([bad(), bad(), bad(), bad(), bad(), bad(), Reply::ok(), bad()]);
    fixture.queue("session");
    fixture.queue("session");
    let wait = || {
        let outcome = uploader().send_queued(&fixture.store).unwrap();
        (outcome.later.unwrap().1 - OffsetDateTime::now_utc()).whole_seconds()
    };
    assert!(wait() <= 30);
    for _ in 0..4 {
        wait();
    }
    // The sixth: from 480 to 960 s.
    assert!((400..=960).contains(&wait()));
    assert!(wait() <= 30, "one was taken, the other failed");
}

#[test]
fn a_sent_one_that_cannot_be_deleted_is_not_sent_again() {
    let fixture = Fixture::new([Reply::AtGate, Reply::ok()]);
    fixture.queue("session");
    let path = fixture.path_of(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let gate = &fixture.server.gate;
            gate.wait();
            // While it is under way, a folder takes its place: it can be renamed but not deleted as a file.
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
            gate.wait();
        });
        assert_eq!(uploader().send_queued(&fixture.store).unwrap().sent, 1);
    });
    assert!(!path.exists(), "renamed out of the queue");
    assert_eq!(uploader().send_queued(&fixture.store).unwrap(), QueueOutcome::default());
    assert_eq!(fixture.server.count(), 1);
}

#[test]
fn a_transaction_counts_as_sent_when_it_is_named() {
    let named = Reply::json(200, r#"{"id":"00000000000000000000000000000001"}"#);
    let fixture = Fixture::new([Reply::json(200, "{}"), named, Reply::Echo]);
    let bytes = format!(
        "{{\"dsn\":\"{}\",\"event_id\":\"{}\"}}\n{{\"type\":\"transaction\"}}\n{{}}\n",
        fixture.server.dsn(),
        crate::EVENT_ID
    );
    fixture
        .store
        .put_envelope(ConsentPolicy::Always, EnvelopeClass::Transaction, bytes.as_bytes())
        .unwrap();
    for sent in [0, 0, 1] {
        assert_eq!(uploader().send_queued(&fixture.store).unwrap().sent, sent);
    }
}
