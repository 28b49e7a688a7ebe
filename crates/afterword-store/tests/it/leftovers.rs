//! What a kill between any two steps leaves, and who finishes it.

use std::fs;
use std::time::Duration;

use afterword_store::{
    ConsentPolicy, Decision, Delivery, EnvelopeClass, Error, ReportFile, ReportId, Retention, Settled, State,
};
use time::OffsetDateTime;

use crate::{Fixture, NOON, accepted, answer};

#[test]
fn a_dialog_killed_after_its_answer_is_settled_by_the_next_process() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
    // Here the dialog and the reporter were killed; another process looks at the store.
    let found = fixture.store.reports().unwrap().remove(0);
    assert_eq!(found.state(), State::Waiting);
    assert!(found.answer().unwrap().is_some());
    assert!(matches!(fixture.store.settle(found.id()).unwrap(), Settled::Sending(_)));
    assert!(fixture.store.release(id).is_ok());
}

#[test]
fn a_recorded_acceptance_survives_the_sender() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
    fixture.store.settle(id).unwrap();
    let mut released = fixture.store.release(id).unwrap();
    released.record(&accepted()).unwrap();
    // Killed before the move: the next sender sees that it was accepted, and finishes.
    drop(released);
    let released = fixture.store.release(id).unwrap();
    assert!(released.delivery().report_accepted_at.is_some());
    let delivery = released.delivery().clone();
    released.finish_sent(&delivery).unwrap();
    assert_eq!(fixture.store.report(id).unwrap().state(), State::Sent);
}

#[test]
fn a_sender_killed_between_the_move_and_the_deletion_of_the_payload() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    fixture.store.put_answer(id, &answer(Decision::Send)).unwrap();
    fixture.store.settle(id).unwrap();
    fixture.store.release(id).unwrap().record(&accepted()).unwrap();
    fs::rename(fixture.folder("sending", id), fixture.folder("sent", id)).unwrap();
    fixture.store.retain(&Retention::default(), crate::NOON).unwrap();
    assert_eq!(
        fixture.files("sent", id),
        ["answer.json", "delivery.json", "report.json"]
    );
    assert!(fixture.store.report(id).unwrap().info().unwrap().event.is_null());
}

#[test]
fn a_deletion_cut_short_is_finished() {
    let fixture = Fixture::new();
    let id = fixture.report().id();
    let doomed = fixture.root().join("demo/reports/deleted/half");
    fs::rename(fixture.folder("waiting", id), &doomed).unwrap();
    assert!(matches!(fixture.store.report(id), Err(Error::NoSuchReport { .. })));
    fixture.store.retain(&Retention::default(), crate::NOON).unwrap();
    assert!(!doomed.exists());
}

#[test]
fn a_report_never_committed_is_removed_after_an_hour_and_not_before() {
    let fixture = Fixture::new();
    let id = ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    new.write(ReportFile::Minidump, b"MDMP").unwrap();
    // As a kill does: nobody runs the destructor.
    std::mem::forget(new);
    let now = OffsetDateTime::now_utc();
    fixture
        .store
        .retain(&Retention::default(), now + Duration::from_secs(59 * 60))
        .unwrap();
    assert!(fixture.folder("new", id).exists());
    fixture
        .store
        .retain(&Retention::default(), now + Duration::from_secs(61 * 60))
        .unwrap();
    assert!(!fixture.folder("new", id).exists());
}

#[test]
fn a_file_cut_short_while_it_was_written_is_not_shown() {
    let fixture = Fixture::new();
    let report = fixture.report();
    let folder = fixture.folder("waiting", report.id());
    fs::write(folder.join(".writing-0123"), b"{\"decision\":\"se").unwrap();
    assert!(report.answer().unwrap().is_none());
    assert!(report.files().unwrap().iter().all(|file| !file.name.starts_with('.')));
    assert_eq!(fixture.store.settle(report.id()).unwrap(), Settled::Unanswered);
}

#[test]
fn a_store_emptied_while_the_app_runs_takes_the_next_report() {
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.root().join("demo")).unwrap();
    let report = fixture.store.begin_report(ReportId::random()).unwrap();
    let id = report.id();
    let committed = report
        .commit(&crate::info(id, afterword_store::ConsentPolicy::Ask, crate::NOON))
        .unwrap();
    assert_eq!(committed.state(), State::Waiting);
}

#[test]
fn a_sent_envelope_that_cannot_be_deleted_is_not_released_again() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    for _ in 0..2 {
        store
            .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, b"{}\n")
            .unwrap();
    }
    let queue = fixture.root().join("demo/envelopes/queued");
    let mut queued = store.queued_envelopes().unwrap().into_iter();
    let (first, second) = (queued.next().unwrap(), queued.next().unwrap());
    // Killed between the rename and the deletion.
    let name = format!("{}.envelope", first.id());
    fs::rename(queue.join(&name), queue.join(format!("sent-{name}"))).unwrap();
    assert_eq!(store.queued_envelopes().unwrap().len(), 1);
    first.remove_sent().unwrap();

    // What stands in the place of the file cannot be deleted as one.
    let name = format!("{}.envelope", second.id());
    fs::remove_file(queue.join(&name)).unwrap();
    fs::create_dir(queue.join(&name)).unwrap();
    assert!(second.remove_sent().is_err());
    assert!(!queue.join(&name).exists(), "renamed first");
    store.retain(&Retention::default(), OffsetDateTime::now_utc()).unwrap();
    assert_eq!(fs::read_dir(&queue).unwrap().count(), 0);
}

#[test]
fn a_sent_envelope_that_cannot_be_renamed_is_deleted() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    store
        .put_envelope(ConsentPolicy::Always, EnvelopeClass::Session, b"{}\n")
        .unwrap();
    let envelope = store.queued_envelopes().unwrap().pop().unwrap();
    // A folder with something in it is replaced by no file.
    let taken = format!("demo/envelopes/queued/sent-{}.envelope/full", envelope.id());
    fs::create_dir_all(fixture.root().join(taken)).unwrap();
    envelope.remove_sent().unwrap();
    assert_eq!(store.queued_envelopes().unwrap().len(), 0);
}

#[test]
fn an_acceptance_is_kept_when_the_consent_goes_while_it_comes() {
    let fixture = Fixture::new();
    for withdrawn in [true, false] {
        let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
        let mut released = fixture.store.release(id).unwrap();
        // While the request is under way.
        if withdrawn {
            fixture.store.withdraw(id).unwrap();
            assert!(
                released.record(&Delivery::default()).is_err(),
                "there is nothing to record"
            );
        }
        released.record(&accepted()).unwrap();
        assert!(
            fixture
                .store
                .report(id)
                .unwrap()
                .delivery()
                .unwrap()
                .report_accepted_at
                .is_some()
        );
        released.finish_sent(&accepted()).unwrap();
        assert_eq!(fixture.store.report(id).unwrap().state(), State::Sent);
        assert!(!fixture.files("sent", id).contains(&"minidump.dmp".to_owned()));
    }
}

#[test]
fn dont_send_after_the_server_has_it_keeps_the_record_without_the_payload() {
    let fixture = Fixture::new();
    for state in ["sending", "waiting"] {
        let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
        let mut released = fixture.store.release(id).unwrap();
        released.record(&accepted()).unwrap();
        if state == "waiting" {
            fs::rename(fixture.folder("sending", id), fixture.folder("waiting", id)).unwrap();
        }
        fixture.store.put_answer(id, &answer(Decision::DontSend)).unwrap();
        assert!(matches!(fixture.store.settle(id).unwrap(), Settled::Deleted(_)));
        assert_eq!(
            fixture.files("sent", id),
            ["answer.json", "delivery.json", "report.json"]
        );
        let record = fixture.store.report(id).unwrap();
        assert_eq!(record.delivery().unwrap(), accepted());
        assert!(record.info().unwrap().event.is_null());
        // The sender, which knows nothing of it, finishes.
        let mut delivery = accepted();
        delivery.bytes_sent += 1;
        released.finish_sent(&delivery).unwrap();
        assert_eq!(fixture.store.report(id).unwrap().delivery().unwrap(), delivery);
    }
}

#[test]
fn a_sent_report_whose_record_cannot_be_written_is_sent_all_the_same() {
    let fixture = Fixture::new();
    let id = fixture.report_with(ConsentPolicy::Always, NOON).id();
    let released = fixture.store.release(id).unwrap();
    fs::create_dir_all(fixture.folder("sending", id).join("delivery.json/in-the-way")).unwrap();
    assert!(released.finish_sent(&accepted()).is_err(), "it is told");
    assert_eq!(fixture.store.report(id).unwrap().state(), State::Sent);
    assert!(!fixture.files("sent", id).contains(&"minidump.dmp".to_owned()));
}
