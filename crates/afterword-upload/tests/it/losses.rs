//! Telling the server what it did not get.

use std::sync::{Arc, OnceLock};

use afterword_protocol::Category;
use afterword_store::{ConsentPolicy, EnvelopeClass, Loss, LossReason, Store};
use afterword_upload::{NoProgress, Options, Uploader};
use serde_json::{Value, json};

use crate::server::{Keeping, Received, Reply};
use crate::{Fixture, uploader};

/// A server that can look into the store of the test while it is asked.
fn server(reply: impl Fn(usize, &Store) -> Reply + Send + Sync + 'static) -> (Keeping, Fixture) {
    let store: Arc<OnceLock<Store>> = Arc::default();
    let seen = Arc::clone(&store);
    let server = Keeping::start(move |number| reply(number, seen.get().unwrap()));
    let fixture = Fixture::new([]);
    store.set(fixture.store.clone()).unwrap();
    (server, fixture)
}

fn queue(fixture: &Fixture, server: &Keeping, count: usize) {
    let bytes = format!("{{\"dsn\":\"{}\"}}\n{{\"type\":\"session\"}}\n{{}}\n", server.dsn());
    for _ in 0..count {
        fixture
            .store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, bytes.as_bytes())
            .unwrap();
    }
}

fn loss(reason: LossReason, category: Category, quantity: u64) -> Loss {
    Loss {
        reason,
        category,
        quantity,
    }
}

/// What a client report tells; none for another envelope.
fn told(received: &Received) -> Option<Value> {
    let envelope = received.envelope();
    let report: Value = serde_json::from_slice(&envelope.item("client_report")?.payload).unwrap();
    assert!(report["timestamp"].is_u64());
    assert_eq!(envelope.items.len(), 1);
    Some(report["discarded_events"].clone())
}

#[test]
fn what_was_counted_is_told_once_after_something_was_sent() {
    let (server, fixture) = server(|_, _| Reply::ok());
    let store = &fixture.store;
    store.count_loss(LossReason::BeforeSend, Category::Error, 3).unwrap();
    store
        .count_loss(LossReason::QueueOverflow, Category::Transaction, 1)
        .unwrap();
    // Nothing to send: nobody is bothered with counts.
    uploader().send_queued(store).unwrap();
    assert_eq!(server.received().len(), 0);
    queue(&fixture, &server, 2);
    assert_eq!(uploader().send_queued(store).unwrap().sent, 2);
    let received = server.received();
    assert_eq!(received.len(), 3);
    assert_eq!(
        told(&received[2]).unwrap(),
        json!([
            {"reason": "before_send", "category": "error", "quantity": 3},
            {"reason": "queue_overflow", "category": "transaction", "quantity": 1},
        ])
    );
    assert_eq!(store.losses().unwrap(), []);
    queue(&fixture, &server, 1);
    uploader().send_queued(store).unwrap();
    assert_eq!(server.received().len(), 4, "told once");
}

#[test]
fn what_is_counted_while_it_is_told_stays_counted() {
    let (server, fixture) = server(|number, store| {
        if number == 1 {
            store.count_loss(LossReason::BeforeSend, Category::Error, 5).unwrap();
        }
        Reply::ok()
    });
    fixture
        .store
        .count_loss(LossReason::BeforeSend, Category::Error, 2)
        .unwrap();
    queue(&fixture, &server, 1);
    uploader().send_queued(&fixture.store).unwrap();
    assert_eq!(server.received().len(), 2);
    let left = [loss(LossReason::BeforeSend, Category::Error, 5)];
    assert_eq!(fixture.store.losses().unwrap(), left);
}

#[test]
fn counts_whose_answer_was_lost_are_told_again_under_the_same_id() {
    let (server, fixture) = server(|number, _| if number == 1 { Reply::HangUp } else { Reply::ok() });
    let counted = [loss(LossReason::CacheOverflow, Category::Session, 7)];
    fixture.store.count_losses(&counted).unwrap();
    queue(&fixture, &server, 1);
    let retrying = Uploader::new(Options::default().retries(1));
    retrying.send_queued(&fixture.store).unwrap();
    let ids: Vec<_> = server
        .received()
        .iter()
        .map(|request| request.envelope().header.event_id)
        .collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[1].is_some() && ids[1] == ids[2], "{ids:?}");
    assert_eq!(fixture.store.losses().unwrap(), []);
}

#[test]
fn counts_that_a_server_did_not_take_stay() {
    for answer in [
        Reply::json(500, "{}"),
        Reply::json(400, "{}"),
        Reply::json(429, "{}"),
        Reply::json(200, "a hotel"),
        Reply::HangUp,
    ] {
        let kept = answer.clone();
        let (server, fixture) = server(move |number, _| if number == 0 { Reply::ok() } else { answer.clone() });
        let counted = [loss(LossReason::CacheOverflow, Category::Session, 7)];
        fixture.store.count_losses(&counted).unwrap();
        queue(&fixture, &server, 1);
        let outcome = uploader().send_queued(&fixture.store).unwrap();
        assert_eq!((outcome.sent, outcome.left, outcome.later), (1, 0, None), "{kept:?}");
        assert_eq!(server.received().len(), 2);
        assert_eq!(fixture.store.losses().unwrap(), counted, "{kept:?}");
    }
}

#[test]
fn refused_ones_are_counted_and_those_over_a_limit_are_not() {
    let (server, fixture) = server(|number, _| match number {
        0 => Reply::json(413, "{}"),
        1 => Reply::json(429, "{}").with_header("X-Sentry-Rate-Limits", "60:error:key"),
        _ => Reply::ok(),
    });
    queue(&fixture, &server, 3);
    let outcome = uploader().send_queued(&fixture.store).unwrap();
    assert_eq!((outcome.refused, outcome.discarded, outcome.sent), (1, 1, 1));
    let counted = json!([{"reason": "send_error", "category": "session", "quantity": 1}]);
    assert_eq!(told(&server.received()[3]), Some(counted));
}

#[test]
fn under_ask_counts_stay_here() {
    // The consent goes with the last of the queue.
    let (server, fixture) = server(|_, _| Reply::ok());
    queue(&fixture, &server, 1);
    let counted = [loss(LossReason::BeforeSend, Category::Error, 1)];
    fixture.store.count_losses(&counted).unwrap();
    let uploader = uploader();
    let policy = || match server.received().len() {
        0 => ConsentPolicy::Always,
        _ => ConsentPolicy::Ask,
    };
    let outcome = uploader.send_queued_while(&fixture.store, &policy, &NoProgress);
    assert_eq!(outcome.unwrap().sent, 1);
    assert_eq!(server.received().len(), 1);
    assert_eq!(fixture.store.losses().unwrap(), counted);
}

#[test]
fn each_is_out_of_the_queue_before_the_next_one_goes() {
    // So that a sender that is killed at any point sends none again that was answered.
    let (server, fixture) = server(|number, store| {
        assert_eq!(store.queued_envelopes().unwrap().len(), 5 - number);
        Reply::ok()
    });
    queue(&fixture, &server, 5);
    assert_eq!(uploader().send_queued(&fixture.store).unwrap().sent, 5);
}
