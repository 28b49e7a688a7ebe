//! Every state and every way from one to another, as it should be.

use std::fs;

use afterword_protocol::{Category, RateLimits};
use afterword_store::{
    AppId, ConsentPolicy, Decision, EnvelopeClass, Error, Placed, ReportFile, ReportId, Settled, State, Store,
};
use uuid::Uuid;

use crate::{Fixture, NOON, accepted, answer, info};

#[test]
fn send_leads_from_new_over_waiting_and_sending_to_a_record_in_sent() {
    let fixture = Fixture::new();
    let report = fixture.report();
    let id = report.id();
    assert_eq!(report.state(), State::Waiting);
    let mut names = ["event.json", "minidump.dmp", "report.json", "stack.json"]
        .map(String::from)
        .to_vec();
    assert_eq!(fixture.files("waiting", id), names);

    assert_eq!(fixture.store.settle(id).unwrap(), Settled::Unanswered);
    fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
    names.insert(0, "answer.json".into());
    assert_eq!(fixture.files("waiting", id), names, "an answer moves nothing by itself");
    assert_eq!(
        fixture.store.settle(id).unwrap(),
        Settled::Sending(answer(Decision::Send))
    );
    assert_eq!(fixture.files("sending", id), names);

    let released = fixture.store.release(id).unwrap();
    assert_eq!(released.read(ReportFile::Minidump).unwrap().unwrap(), b"MDMP\0\0");
    assert_eq!(released.read(ReportFile::Envelope).unwrap(), None);
    assert_eq!(released.answer(), Some(&answer(Decision::Send)));
    released.finish_sent(&accepted()).unwrap();

    assert_eq!(
        fixture.files("sent", id),
        ["answer.json", "delivery.json", "report.json"]
    );
    let sent = fixture.store.report(id).unwrap();
    assert_eq!(sent.state(), State::Sent);
    assert_eq!(sent.delivery().unwrap(), accepted());
    assert!(sent.info().unwrap().event.is_null(), "what was mirrored is payload too");
    assert!(matches!(
        sent.put(ReportFile::Stack, b"{}"),
        Err(Error::WrongState { state: State::Sent, .. })
    ));
}

#[test]
fn dont_send_leaves_nothing() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    fixture.store.put_answer(id, &answer(Decision::DontSend)).unwrap();
    assert_eq!(
        fixture.store.settle(id).unwrap(),
        Settled::Deleted(answer(Decision::DontSend))
    );
    for state in ["new", "waiting", "sending", "sent", "refused", "deleted"] {
        let folder = fixture.root().join("demo/reports").join(state);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{state}");
    }
    assert!(matches!(fixture.store.report(id), Err(Error::NoSuchReport { .. })));
    assert!(matches!(fixture.store.settle(id), Err(Error::NoSuchReport { .. })));
}

#[test]
fn always_goes_straight_to_sending_and_never_is_not_kept() {
    let fixture = Fixture::new();
    let always = fixture.report_with(ConsentPolicy::Always, NOON);
    assert_eq!(always.state(), State::Sending);
    assert!(fixture.store.release(always.id()).is_ok());

    let id = ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    new.write(ReportFile::Minidump, b"MDMP").unwrap();
    let refused = new.commit(&info(id, ConsentPolicy::Never, NOON));
    assert!(matches!(refused, Err(Error::PolicyNever)));
    assert!(!fixture.folder("new", id).exists());
    assert!(matches!(fixture.store.report(id), Err(Error::NoSuchReport { .. })));
}

#[test]
fn a_refused_report_keeps_everything_and_can_be_tried_again() {
    let fixture = Fixture::new();
    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    let mut delivery = accepted();
    delivery.report_accepted_at = None;
    delivery.status = Some(403);
    delivery.server_words = Some("unknown key".into());
    fixture.store.release(id).unwrap().finish_refused(&delivery).unwrap();
    let refused = fixture.store.report(id).unwrap();
    assert_eq!(refused.state(), State::Refused);
    assert_eq!(refused.delivery().unwrap().server_words.as_deref(), Some("unknown key"));
    assert!(fixture.files("refused", id).contains(&"minidump.dmp".to_owned()));

    fixture.store.retry_refused(id).unwrap();
    let released = fixture.store.release(id).unwrap();
    assert_eq!(released.delivery().attempts, 0);
    assert!(matches!(
        fixture.store.retry_refused(id),
        Err(Error::WrongState {
            state: State::Sending,
            ..
        })
    ));
}

#[test]
fn an_answer_can_be_changed_until_it_is_sent() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
    fixture.store.settle(id).unwrap();
    let released = fixture.store.release(id).unwrap();
    released.check().unwrap();
    fixture.store.put_answer(id, &answer(Decision::DontSend)).unwrap();
    assert!(matches!(released.check(), Err(Error::NoConsent { .. })));
    assert!(matches!(fixture.store.settle(id).unwrap(), Settled::Deleted(_)));
    assert!(matches!(released.check(), Err(Error::NoSuchReport { .. })));

    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    fixture.store.release(id).unwrap().finish_sent(&accepted()).unwrap();
    let late = fixture.store.put_answer(id, &answer(Decision::DontSend));
    assert!(matches!(late, Err(Error::WrongState { state: State::Sent, .. })));
    assert!(matches!(fixture.store.settle(id), Err(Error::WrongState { .. })));
}

#[test]
fn a_report_dropped_before_its_commit_is_gone_and_an_id_is_used_once() {
    let fixture = Fixture::new();
    let id = ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    new.write(ReportFile::Minidump, b"MDMP").unwrap();
    assert!(fixture.folder("new", id).exists());
    assert!(
        fixture.store.reports().unwrap().is_empty(),
        "what is being written is not listed"
    );
    drop(new);
    assert!(!fixture.folder("new", id).exists());

    let other = fixture.store.begin_report(id).unwrap();
    let misplaced = other.commit(&info(ReportId::random(), ConsentPolicy::Ask, NOON));
    assert!(matches!(misplaced, Err(Error::Misplaced { .. })));
    let taken = fixture.report().id();
    assert!(matches!(fixture.store.begin_report(taken), Err(Error::Exists { .. })));
}

#[test]
fn of_two_processes_that_make_one_report_the_first_to_finish_has_made_it() {
    let fixture = Fixture::new();
    let id = ReportId::random();
    let stopped = fixture.store.begin_report(id).unwrap();
    stopped.write(ReportFile::Minidump, b"MDMP of the first").unwrap();
    let second = fixture.store.begin_report(id).unwrap();
    second.write(ReportFile::Minidump, b"MDMP of the second").unwrap();
    second.commit(&info(id, ConsentPolicy::Ask, NOON)).unwrap();
    let late = stopped.commit(&info(id, ConsentPolicy::Ask, NOON));
    assert!(matches!(late, Err(Error::Exists { .. })), "{late:?}");
    let report = fixture.store.report(id).unwrap();
    assert_eq!(
        report.read(ReportFile::Minidump).unwrap().unwrap(),
        b"MDMP of the second"
    );
    assert_eq!(
        std::fs::read_dir(fixture.root().join("demo/reports/new"))
            .unwrap()
            .count(),
        0,
        "nothing is left of the other"
    );
}

#[test]
fn reports_are_listed_newest_first_with_their_files_and_deleted_in_any_state() {
    let fixture = Fixture::new();
    let old = fixture
        .report_with(ConsentPolicy::Ask, NOON - time::Duration::days(1))
        .id();
    let new = fixture.report_with(ConsentPolicy::Always, NOON).id();
    let middle = fixture
        .report_with(ConsentPolicy::Ask, NOON - time::Duration::hours(1))
        .id();
    let listed = fixture.store.reports().unwrap();
    assert_eq!(
        listed.iter().map(|report| report.id()).collect::<Vec<_>>(),
        [new, middle, old]
    );
    let dump = listed[0]
        .files()
        .unwrap()
        .into_iter()
        .find(|file| file.name == "minidump.dmp")
        .unwrap();
    assert_eq!(dump.size_bytes, 6);
    for id in [old, new, middle] {
        fixture.store.delete(id).unwrap();
    }
    assert!(fixture.store.reports().unwrap().is_empty());
    assert!(matches!(fixture.store.delete(old), Err(Error::NoSuchReport { .. })));
}

#[test]
fn envelopes_are_held_queued_or_dropped_and_leave_in_their_order() {
    let fixture = Fixture::new();
    let put = |policy, bytes: &[u8]| {
        fixture
            .store
            .put_envelope(policy, EnvelopeClass::Session, bytes)
            .unwrap()
    };
    assert_eq!(put(ConsentPolicy::Ask, b"held"), Placed::Held);
    assert_eq!(put(ConsentPolicy::Never, b"dropped"), Placed::Dropped);
    for number in 0..20_u8 {
        assert_eq!(put(ConsentPolicy::Always, &[number]), Placed::Queued);
    }
    let queued = fixture.store.queued_envelopes().unwrap();
    let bytes: Vec<u8> = queued
        .iter()
        .flat_map(|envelope| envelope.read().unwrap().unwrap())
        .collect();
    assert_eq!(bytes, (0..20).collect::<Vec<u8>>());

    for (index, envelope) in queued.into_iter().enumerate() {
        if index == 7 {
            envelope.refuse("no").unwrap()
        } else {
            envelope.remove_sent().unwrap()
        }
    }
    assert!(fixture.store.queued_envelopes().unwrap().is_empty());
    let names = |folder: &str| {
        fs::read_dir(fixture.root().join("demo/envelopes").join(folder))
            .unwrap()
            .count()
    };
    assert_eq!(
        (names("held"), names("queued"), names("refused")),
        (1, 0, 2),
        "refused: the envelope and the words"
    );
}

#[test]
fn runs_apps_and_rate_limits_are_kept() {
    let fixture = Fixture::new();
    let run = Uuid::from_u128(7);
    let folder = fixture.store.create_run(run).unwrap();
    fs::write(folder.join("run"), b"x").unwrap();
    assert_eq!(fixture.store.runs().unwrap(), [(run, folder)]);
    fixture.store.remove_run(run).unwrap();
    fixture.store.remove_run(run).unwrap();
    assert!(fixture.store.runs().unwrap().is_empty());

    Store::open(fixture.root(), &AppId::new("another").unwrap()).unwrap();
    fs::create_dir(fixture.root().join("unrelated")).unwrap();
    let apps: Vec<String> = Store::apps(fixture.root())
        .unwrap()
        .into_iter()
        .map(String::from)
        .collect();
    assert_eq!(apps, ["another", "demo"]);
    assert!(Store::apps(&fixture.root().join("not there")).unwrap().is_empty());

    let now = std::time::SystemTime::now();
    let mut limits = RateLimits::default();
    limits.update(429, None, Some("100"), now);
    fixture.store.put_rate_limits(&limits).unwrap();
    let kept = fixture.store.rate_limits().unwrap();
    assert!(kept.limited_until(Category::Error, now).is_some());
    fs::write(fixture.root().join("demo/state/rate-limits.json"), "garbage").unwrap();
    assert_eq!(fixture.store.rate_limits().unwrap(), RateLimits::default());
}
