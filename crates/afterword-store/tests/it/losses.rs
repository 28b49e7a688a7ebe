//! Counting what was lost.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use afterword_protocol::Category;
use afterword_store::{ConsentPolicy, Decision, EnvelopeClass, Loss, LossReason, Placed, Retention};

use crate::{Fixture, NOON, accepted, answer};

fn loss(reason: LossReason, category: Category, quantity: u64) -> Loss {
    Loss {
        reason,
        category,
        quantity,
    }
}

impl Fixture {
    fn losses_json(&self) -> PathBuf {
        self.root().join("demo/state/losses.json")
    }
}

#[test]
fn counts_add_up_and_only_what_was_told_is_taken_off() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    assert_eq!(store.losses().unwrap(), []);
    store.count_loss(LossReason::QueueOverflow, Category::Error, 0).unwrap();
    assert!(!fixture.losses_json().exists(), "nothing is nothing");
    store.count_loss(LossReason::QueueOverflow, Category::Error, 2).unwrap();
    store.count_loss(LossReason::BeforeSend, Category::Error, 1).unwrap();
    store.count_loss(LossReason::QueueOverflow, Category::Error, 3).unwrap();
    let told = store.losses().unwrap();
    assert_eq!(
        told,
        [
            loss(LossReason::QueueOverflow, Category::Error, 5),
            loss(LossReason::BeforeSend, Category::Error, 1),
        ]
    );
    let more = [
        loss(LossReason::QueueOverflow, Category::Error, 1),
        loss(LossReason::QueueOverflow, Category::Session, u64::MAX),
        loss(LossReason::QueueOverflow, Category::Session, 1),
    ];
    store.count_losses(&more).unwrap();
    store.subtract_losses(&told).unwrap();
    assert_eq!(
        store.losses().unwrap(),
        [
            loss(LossReason::QueueOverflow, Category::Error, 1),
            loss(LossReason::QueueOverflow, Category::Session, u64::MAX),
        ]
    );
    store.subtract_losses(&told).unwrap();
    assert_eq!(store.losses().unwrap().len(), 1, "never below nothing");
}

#[test]
fn a_file_that_makes_no_sense_counts_as_none_and_a_foreign_count_costs_no_other() {
    let fixture = Fixture::new();
    let many = format!("{{\"losses\":[{}0]}}", "0,".repeat(200_000));
    for broken in ["", "{", "[]", "{\"losses\":7}", "\u{0}", many.as_str()] {
        fs::write(fixture.losses_json(), broken).unwrap();
        assert_eq!(fixture.store.losses().unwrap(), [], "{broken:.20}");
        fixture
            .store
            .count_loss(LossReason::SampleRate, Category::Transaction, 1)
            .unwrap();
        assert_eq!(fixture.store.losses().unwrap().len(), 1);
    }
    let mixed = r#"{"losses":[{"reason":"of_tomorrow","category":"error","quantity":1},7,
        {"reason":"send_error","category":"error","quantity":-1},
        {"reason":"send_error","category":"error","quantity":4}]}"#;
    fs::write(fixture.losses_json(), mixed).unwrap();
    let known = [loss(LossReason::SendError, Category::Error, 4)];
    assert_eq!(fixture.store.losses().unwrap(), known);
}

#[test]
fn processes_that_count_at_once_lose_no_count() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    fixture
                        .store
                        .count_loss(LossReason::BeforeSend, Category::Error, 1)
                        .unwrap();
                }
            });
        }
    });
    let all = [loss(LossReason::BeforeSend, Category::Error, 100)];
    assert_eq!(fixture.store.losses().unwrap(), all);
}

#[test]
fn an_envelope_is_lost_with_all_its_items() {
    let of = |bytes: &[u8]| Loss::of_envelope(LossReason::SendError, bytes);
    let bytes =
        b"{}\n{\"type\":\"event\"}\n{}\n{\"type\":\"attachment\",\"length\":5}\nbytes\n{\"type\":\"session\"}\n{}\n\
        {\"type\":\"session\"}\n{}\n{\"type\":\"client_report\"}\n{}\n";
    assert_eq!(
        of(bytes),
        [
            loss(LossReason::SendError, Category::Error, 1),
            loss(LossReason::SendError, Category::Attachment, 5),
            loss(LossReason::SendError, Category::Session, 2),
        ]
    );
    assert_eq!(of(b"no envelope"), [loss(LossReason::SendError, Category::Default, 1)]);
    assert_eq!(of(b"{}\n{\"type\":\"client_report\"}\n{}\n"), []);
}

#[test]
fn what_retention_deletes_unsent_is_counted() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    let report = |policy| fixture.report_with(policy, NOON).id();
    let sent = report(ConsentPolicy::Always);
    store.release(sent).unwrap().finish_sent(&accepted()).unwrap();
    let refused = report(ConsentPolicy::Always);
    store.release(refused).unwrap().finish_refused(&accepted()).unwrap();
    let arrived = report(ConsentPolicy::Always);
    store.release(arrived).unwrap().record(&accepted()).unwrap();
    let unwanted = report(ConsentPolicy::Ask);
    store.put_answer(unwanted, &answer(Decision::DontSend)).unwrap();
    report(ConsentPolicy::Ask);
    report(ConsentPolicy::Always);
    let session: &[u8] = b"{}\n{\"type\":\"session\"}\n{}\n";
    for (policy, placed) in [
        (ConsentPolicy::Ask, Placed::Held),
        (ConsentPolicy::Always, Placed::Queued),
        (ConsentPolicy::Always, Placed::Queued),
    ] {
        assert_eq!(
            store.put_envelope(policy, EnvelopeClass::Session, session).unwrap(),
            placed
        );
    }
    let no = store.queued_envelopes().unwrap().swap_remove(0);
    no.refuse("no").unwrap();
    let none = Retention {
        max_reports: 0,
        max_envelopes: 0,
        ..Retention::default()
    };
    assert_eq!(store.retain(&none, NOON).unwrap().len(), 6);
    assert!(store.queued_envelopes().unwrap().is_empty());
    let lost = [
        loss(LossReason::CacheOverflow, Category::Error, 2),
        loss(LossReason::CacheOverflow, Category::Session, 2),
    ];
    assert_eq!(store.losses().unwrap(), lost);
    store.retain(&none, NOON).unwrap();
    assert_eq!(store.losses().unwrap(), lost, "counted once");
}

#[test]
fn what_is_too_old_is_counted_too() {
    let fixture = Fixture::new();
    let limits = Retention {
        max_age: Duration::from_secs(60),
        ..Retention::default()
    };
    fixture.report();
    fixture.store.retain(&limits, NOON + Duration::from_secs(61)).unwrap();
    let lost = [loss(LossReason::CacheOverflow, Category::Error, 1)];
    assert_eq!(fixture.store.losses().unwrap(), lost);
}
