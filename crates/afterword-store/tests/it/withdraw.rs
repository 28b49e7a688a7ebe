//! Consent taken back: at any moment before the server has the report, and whatever is killed meanwhile.

use std::fs;

use afterword_store::{ConsentPolicy, Decision, Error, ReportId, Retention, Settled, State};

use crate::{Fixture, NOON, accepted, answer, info};

fn assert_asks_again(fixture: &Fixture, id: ReportId) {
    let report = fixture.store.report(id).unwrap();
    assert_eq!(report.state(), State::Waiting);
    assert_eq!(report.info().unwrap().policy, ConsentPolicy::Ask);
    assert!(report.answer().unwrap().is_none());
    assert_eq!(fixture.store.settle(id).unwrap(), Settled::Unanswered);
    // Not even by hand.
    fs::rename(fixture.folder("waiting", id), fixture.folder("sending", id)).unwrap();
    assert!(matches!(fixture.store.release(id), Err(Error::NoConsent { .. })));
    fs::rename(fixture.folder("sending", id), fixture.folder("waiting", id)).unwrap();
}

#[test]
fn a_consent_is_withdrawn_whoever_gave_it_and_can_be_given_again() {
    let fixture = Fixture::new();
    for policy in [ConsentPolicy::Ask, ConsentPolicy::Always] {
        for (answered, settled) in [(false, false), (true, false), (true, true)] {
            let id = fixture.report_with(policy, NOON).id();
            if answered {
                fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
            }
            if settled {
                fixture.store.settle(id).unwrap();
            }
            let released = fixture.store.release(id).ok();
            fixture.store.withdraw(id).unwrap();
            fixture.store.withdraw(id).unwrap();
            if let Some(released) = released {
                assert!(released.check().is_err(), "a sender that is about to send does not");
            }
            assert_asks_again(&fixture, id);
            assert_eq!(
                fixture.store.report(id).unwrap().info().unwrap().event["tags"]["brush"],
                "round"
            );

            fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
            assert!(matches!(fixture.store.settle(id).unwrap(), Settled::Sending(_)));
            assert!(fixture.store.release(id).is_ok());
        }
    }
}

#[test]
fn what_the_server_has_cannot_be_taken_back() {
    let fixture = Fixture::new();
    let always = || fixture.report_with(ConsentPolicy::Always, NOON).id();
    let wrong = |id| match fixture.store.withdraw(id) {
        Err(Error::WrongState { state, .. }) => state,
        other => panic!("{other:?}"),
    };
    let recorded = always();
    fixture.store.release(recorded).unwrap().record(&accepted()).unwrap();
    assert_eq!(wrong(recorded), State::Sent, "it is, whatever the folder is called");
    assert!(fixture.store.release(recorded).is_ok(), "to be finished");

    let sent = always();
    fixture.store.release(sent).unwrap().finish_sent(&accepted()).unwrap();
    assert_eq!(wrong(sent), State::Sent);
    let refused = always();
    fixture
        .store
        .release(refused)
        .unwrap()
        .finish_refused(&accepted())
        .unwrap();
    assert_eq!(wrong(refused), State::Refused);
    assert!(matches!(
        fixture.store.withdraw(ReportId::random()),
        Err(Error::NoSuchReport { .. })
    ));
}

#[test]
fn a_withdrawal_leaves_a_no_a_no_and_removes_an_answer_that_makes_no_sense() {
    let fixture = Fixture::new();
    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    fixture.store.put_answer(id, &answer(Decision::DontSend)).unwrap();
    fixture.store.withdraw(id).unwrap();
    assert!(matches!(fixture.store.settle(id).unwrap(), Settled::Deleted(_)));

    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    for file in ["answer.json", "delivery.json"] {
        fs::write(fixture.folder("sending", id).join(file), "garbage").unwrap();
    }
    fixture.store.withdraw(id).unwrap();
    assert_asks_again(&fixture, id);
}

/// The steps are policy, answer, move. After each, by hand, what a kill leaves.
#[test]
fn a_withdrawal_cut_short_never_leaves_a_consent_in_waiting() {
    let fixture = Fixture::new();
    let finish: [&dyn Fn(ReportId); 3] = [
        &|id| fixture.store.withdraw(id).unwrap(),
        &|id| assert_eq!(fixture.store.settle(id).unwrap(), Settled::Unanswered),
        &|_| drop(fixture.store.retain(&Retention::default(), NOON).unwrap()),
    ];
    for policy in [ConsentPolicy::Ask, ConsentPolicy::Always] {
        for finish in finish {
            let id = fixture.report_with(policy, NOON).id();
            fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
            fixture.store.settle(id).unwrap();
            let folder = fixture.folder("sending", id);
            let asking = serde_json::to_vec(&info(id, ConsentPolicy::Ask, NOON)).unwrap();
            fs::write(folder.join("report.json"), asking).unwrap();
            assert!(fixture.store.release(id).is_ok(), "not withdrawn yet");
            fs::remove_file(folder.join("answer.json")).unwrap();
            assert!(matches!(fixture.store.release(id), Err(Error::NoConsent { .. })));
            finish(id);
            assert_asks_again(&fixture, id);
        }
    }
}

/// Holds the order of the steps: where the answer cannot be deleted, the report has not moved.
#[test]
fn a_withdrawal_that_fails_is_told_and_moves_nothing() {
    let fixture = Fixture::new();
    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    // A folder cannot be deleted as a file.
    fs::create_dir(fixture.folder("sending", id).join("answer.json")).unwrap();
    assert!(matches!(fixture.store.withdraw(id), Err(Error::Delete { .. })));
    assert_eq!(fixture.store.report(id).unwrap().state(), State::Sending);
    assert!(fixture.store.release(id).is_err());
}
