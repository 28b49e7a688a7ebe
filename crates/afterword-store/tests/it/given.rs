//! A choice that is kept, and what it does with what there is.

use std::fs;

use afterword_store::{AppId, ConsentPolicy, Decision, EnvelopeClass, Error, GivenConsent, State, Store};

use crate::{Fixture, NOON, accepted, answer};

fn envelopes(fixture: &Fixture, folder: &str) -> usize {
    fs::read_dir(fixture.root().join("demo/envelopes").join(folder))
        .unwrap()
        .count()
}

/// One of everything.
fn full() -> Fixture {
    let fixture = Fixture::new();
    for policy in [ConsentPolicy::Ask, ConsentPolicy::Always] {
        fixture
            .store
            .put_envelope(policy, EnvelopeClass::Session, b"{}\n")
            .unwrap();
        fixture.report_with(policy, NOON);
    }
    assert_eq!((envelopes(&fixture, "held"), envelopes(&fixture, "queued")), (1, 1));
    fixture
}

fn states(fixture: &Fixture) -> Vec<State> {
    let mut states: Vec<State> = fixture.store.reports().unwrap().iter().map(|one| one.state()).collect();
    states.sort_by_key(|state| state.to_string());
    states
}

#[test]
fn a_choice_is_kept_and_found_without_opening_the_store() {
    let fixture = Fixture::new();
    let (root, app) = (fixture.root(), AppId::new("demo").unwrap());
    assert_eq!(Store::consent_in(root, &app).unwrap(), None);
    let given = GivenConsent {
        policy: ConsentPolicy::Never,
        given_at: NOON,
        text_version: Some(3),
        locale: Some("de".to_owned()),
    };
    fixture.store.put_consent(&given).unwrap();
    assert_eq!(Store::consent_in(root, &app).unwrap(), Some(given.clone()));
    assert_eq!(fixture.store.consent().unwrap(), Some(given));
    let other = AppId::new("other").unwrap();
    assert_eq!(Store::consent_in(root, &other).unwrap(), None);
    assert!(!root.join("other").exists());
    fs::write(root.join("demo/state/consent.json"), r#"{"policy":"perhaps"}"#).unwrap();
    assert!(matches!(fixture.store.consent(), Err(Error::Parse { .. })));
}

#[test]
fn always_releases_what_was_held_and_what_waits() {
    let fixture = full();
    let applied = fixture.store.apply_consent(ConsentPolicy::Always, None).unwrap();
    assert_eq!((applied.released, applied.deleted), (2, 0));
    assert_eq!((envelopes(&fixture, "held"), envelopes(&fixture, "queued")), (0, 2));
    assert_eq!(states(&fixture), [State::Sending, State::Sending]);
    for report in fixture.store.reports().unwrap() {
        fixture.store.release(report.id()).unwrap();
    }
    assert_eq!(
        fixture
            .store
            .apply_consent(ConsentPolicy::Always, None)
            .unwrap()
            .released,
        0
    );
}

#[test]
fn ask_holds_what_was_released_and_asks_again() {
    let fixture = full();
    let without = fixture.store.apply_consent(ConsentPolicy::Ask, None).unwrap();
    assert_eq!(without.held, 1, "of the queue nothing is moved that may be on its way");
    assert_eq!(envelopes(&fixture, "queued"), 1);
    let lock = fixture.store.try_lock_sender().unwrap();
    let applied = fixture.store.apply_consent(ConsentPolicy::Ask, lock.as_ref()).unwrap();
    assert_eq!((applied.held, applied.deleted), (1, 0));
    assert_eq!((envelopes(&fixture, "held"), envelopes(&fixture, "queued")), (2, 0));
    assert_eq!(states(&fixture), [State::Waiting, State::Waiting]);
}

#[test]
fn never_deletes_all_but_what_was_answered_or_is_with_a_server() {
    let fixture = full();
    let agreed = fixture.report();
    fixture.store.put_answer(agreed.id(), &answer(Decision::Send)).unwrap();
    let accepted_one = fixture.report_with(ConsentPolicy::Always, NOON);
    let mut released = fixture.store.release(accepted_one.id()).unwrap();
    released.record(&accepted()).unwrap();
    let applied = fixture.store.apply_consent(ConsentPolicy::Never, None).unwrap();
    assert_eq!(applied.deleted, 4);
    assert_eq!((envelopes(&fixture, "held"), envelopes(&fixture, "queued")), (0, 0));
    let left: Vec<_> = fixture.store.reports().unwrap().iter().map(|one| one.id()).collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&agreed.id()) && left.contains(&accepted_one.id()));
}

#[test]
fn a_report_that_was_answered_is_as_it_was_answered() {
    for decision in [Decision::Send, Decision::DontSend] {
        for policy in [ConsentPolicy::Ask, ConsentPolicy::Always, ConsentPolicy::Never] {
            let fixture = Fixture::new();
            let report = fixture.report();
            fixture.store.put_answer(report.id(), &answer(decision)).unwrap();
            let lock = fixture.store.try_lock_sender().unwrap();
            fixture.store.apply_consent(policy, lock.as_ref()).unwrap();
            let after = fixture.store.report(report.id()).unwrap();
            assert_eq!(after.state(), State::Waiting, "{decision:?} {policy:?}");
            assert_eq!(after.answer().unwrap().unwrap().decision, decision);
        }
    }
}
