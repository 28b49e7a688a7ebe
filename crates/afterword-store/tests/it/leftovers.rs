//! What a kill between any two steps leaves, and who finishes it.

use std::fs;
use std::time::Duration;

use afterword_store::{Decision, Error, ReportFile, ReportId, Retention, Settled, State};
use time::OffsetDateTime;

use crate::{Fixture, accepted, answer};

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
