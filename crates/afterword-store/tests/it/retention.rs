//! Retention by number, age and bytes, and what goes first.

use std::time::Duration;

use afterword_store::{ConsentPolicy, Decision, EnvelopeClass, ReportFile, ReportId, Retention, State};
use time::OffsetDateTime;

use crate::{Fixture, NOON, accepted, answer};

fn days(count: i64) -> time::Duration {
    time::Duration::days(count)
}

/// One report in each state and of several ages, in the order in which they should go.
fn one_of_each(fixture: &Fixture) -> Vec<ReportId> {
    let store = &fixture.store;
    let ask = |age| fixture.report_with(ConsentPolicy::Ask, NOON - days(age)).id();
    let always = |age| fixture.report_with(ConsentPolicy::Always, NOON - days(age)).id();
    let sent = always(1);
    store.release(sent).unwrap().finish_sent(&accepted()).unwrap();
    let refused = always(2);
    store.release(refused).unwrap().finish_refused(&accepted()).unwrap();
    let (waiting_old, waiting) = (ask(9), ask(3));
    let answered = ask(20);
    store.put_answer(answered, &answer(Decision::Send)).unwrap();
    let sending = always(10);
    vec![sent, refused, waiting_old, waiting, answered, sending]
}

#[test]
fn too_many_go_in_order_sent_refused_waiting_and_the_consented_last() {
    let fixture = Fixture::new();
    let order = one_of_each(&fixture);
    for left in (0..order.len()).rev() {
        let limits = Retention {
            max_reports: left,
            ..Retention::default()
        };
        let gone = fixture.store.retain(&limits, NOON).unwrap();
        assert_eq!(gone, [order[order.len() - left - 1]], "{left} left");
        assert_eq!(fixture.store.reports().unwrap().len(), left);
    }
    assert!(fixture.store.retain(&Retention::default(), NOON).unwrap().is_empty());
}

#[test]
fn too_old_go_whatever_their_state_and_a_clock_set_back_makes_nothing_old() {
    let fixture = Fixture::new();
    let kept = fixture.report_with(ConsentPolicy::Ask, NOON - days(89)).id();
    let ahead = fixture.report_with(ConsentPolicy::Ask, NOON + days(1000)).id();
    let old = fixture.report_with(ConsentPolicy::Always, NOON - days(91)).id();
    assert_eq!(fixture.store.retain(&Retention::default(), NOON).unwrap(), [old]);
    let left: Vec<ReportId> = fixture
        .store
        .reports()
        .unwrap()
        .iter()
        .map(|report| report.id())
        .collect();
    assert_eq!(left, [ahead, kept]);
}

#[test]
fn too_many_bytes_go_oldest_first() {
    let fixture = Fixture::new();
    let reports: Vec<_> = (0..3)
        .map(|age| fixture.report_with(ConsentPolicy::Ask, NOON - days(age)))
        .collect();
    for report in &reports {
        report.put(ReportFile::Minidump, &vec![0; 100_000]).unwrap();
    }
    let limits = Retention {
        max_bytes: 250_000,
        ..Retention::default()
    };
    assert_eq!(fixture.store.retain(&limits, NOON).unwrap(), [reports[2].id()]);
    let none = Retention {
        max_bytes: 0,
        ..Retention::default()
    };
    assert_eq!(fixture.store.retain(&none, NOON).unwrap().len(), 2);
}

#[test]
fn a_corrupt_report_counts_by_its_folder() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    std::fs::write(fixture.folder("waiting", id).join("report.json"), "garbage").unwrap();
    let now = OffsetDateTime::now_utc();
    assert!(fixture.store.retain(&Retention::default(), now).unwrap().is_empty());
    assert_eq!(fixture.store.reports().unwrap()[0].state(), State::Waiting);
    assert_eq!(
        fixture.store.retain(&Retention::default(), now + days(91)).unwrap(),
        [id]
    );
}

#[test]
fn envelopes_are_bounded_too_and_the_queued_go_last() {
    let fixture = Fixture::new();
    let put = |policy| {
        fixture
            .store
            .put_envelope(policy, EnvelopeClass::Session, b"{}\n")
            .unwrap()
    };
    for _ in 0..5 {
        put(ConsentPolicy::Always);
        put(ConsentPolicy::Ask);
    }
    let now = OffsetDateTime::now_utc();
    let count = |folder: &str| {
        std::fs::read_dir(fixture.root().join("demo/envelopes").join(folder))
            .unwrap()
            .count()
    };
    fixture
        .store
        .retain(
            &Retention {
                max_envelopes: 7,
                ..Retention::default()
            },
            now,
        )
        .unwrap();
    assert_eq!((count("held"), count("queued")), (2, 5));
    fixture
        .store
        .retain(
            &Retention {
                max_age: Duration::ZERO,
                ..Retention::default()
            },
            now + days(1),
        )
        .unwrap();
    assert_eq!((count("held"), count("queued")), (0, 0));
}
