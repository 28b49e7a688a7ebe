//! Senders that were killed, two senders at once, and consent that is withdrawn or was never given.

use std::cell::RefCell;
use std::fs;

use afterword_store::{ConsentPolicy, Decision, Delivery, ReportFile, ReportId, ReportKind, State};
use afterword_upload::{Error, NoProgress, Outcome, is_due};
use time::OffsetDateTime;

use crate::server::Reply;
use crate::{DUMP, Fixture, NOON, Once, uploader};

#[test]
fn killed_between_event_and_comment_only_the_comment_is_sent() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    let accepted = Delivery {
        attempts: 1,
        report_accepted_at: Some(NOON),
        bytes_sent: 77,
        ..Delivery::default()
    };
    fixture.store.release(id).unwrap().record(&accepted).unwrap();
    // Here the sender was killed.
    let Outcome::Sent(delivery) = fixture.send(id) else {
        panic!()
    };
    let received = fixture.server.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].envelope().items[0].header.kind, "feedback");
    assert_eq!(delivery.report_accepted_at, Some(NOON));
    assert_eq!(delivery.bytes_sent, 77 + received[0].body.len() as u64);
    assert_eq!(fixture.state(id), State::Sent);
}

#[test]
fn killed_before_it_was_finished_nothing_is_sent_again() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    let accepted = Delivery {
        report_accepted_at: Some(NOON),
        feedback_accepted_at: Some(NOON),
        ..Delivery::default()
    };
    fixture.store.release(id).unwrap().record(&accepted).unwrap();
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
    assert_eq!(fixture.server.count(), 0);
    assert_eq!(fixture.state(id), State::Sent);
    assert!(!fixture.has_dump(id));
}

#[test]
fn the_2xx_is_recorded_before_the_comment_is_sent() {
    let fixture = Fixture::new([Reply::ok(), Reply::HangUp, Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    assert!(matches!(fixture.send(id), Outcome::Later { .. }));
    assert_eq!(fixture.state(id), State::Sending);
    assert!(fixture.has_dump(id), "deleted only when all is done");
    assert!(fixture.delivery(id).report_accepted_at.is_some());
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
    let kinds: Vec<String> = fixture
        .server
        .received()
        .iter()
        .map(|request| request.envelope().items[0].header.kind.clone())
        .collect();
    assert_eq!(kinds, ["event", "feedback", "feedback"]);
    let ids: Vec<_> = fixture
        .server
        .received()
        .iter()
        .map(|request| request.envelope().header.event_id)
        .collect();
    assert_eq!(ids[1], ids[2], "a server can tell that it got it twice");
}

#[test]
fn a_comment_cancelled_midway_finds_the_2xx_on_the_disk() {
    struct CancelTheComment<'a>(&'a Fixture);
    impl afterword_upload::Progress for CancelTheComment<'_> {
        fn sent(&self, _: u64, _: u64) {}
        fn cancelled(&self) -> bool {
            self.0.server.count() == 2
        }
    }
    let fixture = Fixture::new([Reply::ok(), Reply::Hang, Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    let outcome = uploader()
        .send_report(&fixture.store, id, &CancelTheComment(&fixture))
        .unwrap();
    let Outcome::Later { why, .. } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        why, "the report has arrived, the comment not yet: sending was stopped",
        "cancelled would read as if nothing had been sent"
    );
    assert!(fixture.delivery(id).report_accepted_at.is_some());
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
    assert_eq!(fixture.server.received()[2].envelope().items[0].header.kind, "feedback");
}

#[test]
fn an_attempt_is_on_the_disk_before_it_is_made() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(None);
    let seen = RefCell::new(None);
    let look = Once::new(|| {
        let delivery = fixture.delivery(id);
        *seen.borrow_mut() = Some((delivery.attempts, is_due(&delivery, OffsetDateTime::now_utc())));
    });
    uploader().send_report(&fixture.store, id, &look).unwrap();
    assert_eq!(
        seen.take(),
        Some((1, false)),
        "killed now, it does not come back at once"
    );
}

#[test]
fn where_nothing_can_be_recorded_nothing_is_sent() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report(None);
    // A record as large as one may be can be read; with the time of the next attempt it would be larger.
    let largest = 256 * 1024;
    let mut delivery = Delivery::default();
    let length = |delivery: &Delivery| serde_json::to_vec_pretty(delivery).unwrap().len() + 1;
    delivery.last_error = Some(String::new());
    delivery.last_error = Some("x".repeat(largest - length(&delivery)));
    fixture.store.release(id).unwrap().record(&delivery).unwrap();
    let failed = uploader().send_report(&fixture.store, id, &NoProgress);
    assert!(matches!(failed, Err(Error::Store { .. })), "{failed:?}");
    assert_eq!(fixture.server.count(), 0);
    assert_eq!((fixture.delivery(id), fixture.has_dump(id)), (delivery, true));
}

#[test]
fn a_2xx_that_cannot_be_recorded_is_neither_lost_nor_told_as_a_failure() {
    for comment in [None, Some("I drew a circle")] {
        let fixture = Fixture::new([Reply::ok(), Reply::ok(), Reply::ok()]);
        let id = fixture.report(comment);
        let path = fixture.delivery_json(id);
        let spoil = Once::new(|| {
            fs::remove_file(&path).unwrap();
            fs::create_dir_all(path.join("in-the-way")).unwrap();
        });
        let Outcome::Sent(delivery) = uploader().send_report(&fixture.store, id, &spoil).unwrap() else {
            panic!()
        };
        assert!(delivery.report_accepted_at.is_some());
        assert!(delivery.last_error.unwrap().contains("delivery.json"), "it is told");
        assert_eq!(fixture.state(id), State::Sent, "the move is a record too");
        assert!(uploader().send_report(&fixture.store, id, &NoProgress).is_err());
        assert_eq!(fixture.server.count(), 1, "sent once");
    }
}

#[test]
fn what_was_sent_and_cannot_be_tidied_up_is_sent() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(None);
    // The move to `sent` fails: a file is in the place of that folder.
    let sent = fixture.root.path().join("demo/reports/sent");
    fs::remove_dir(&sent).unwrap();
    fs::write(&sent, b"in the way").unwrap();
    let Outcome::Sent(delivery) = fixture.send(id) else {
        panic!()
    };
    assert!(
        delivery
            .last_error
            .unwrap()
            .starts_with("it is sent, but not tidied up: ")
    );
    assert!(fixture.delivery(id).report_accepted_at.is_some());
    fs::remove_file(&sent).unwrap();
    fs::create_dir(&sent).unwrap();
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
    assert_eq!((fixture.server.count(), fixture.state(id)), (1, State::Sent));
}

#[test]
fn deleted_while_it_was_sent_it_is_sent() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    let delete = Once::new(|| fixture.store.delete(id).unwrap());
    let outcome = uploader().send_report(&fixture.store, id, &delete).unwrap();
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
    assert_eq!(fixture.server.count(), 1, "no comment on it");
}

#[test]
fn one_sender_at_a_time() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report(None);
    let lock = fixture.store.try_lock_sender().unwrap().unwrap();
    let Outcome::Later { why, .. } = fixture.send(id) else {
        panic!()
    };
    assert_eq!(why, "another process is sending");
    assert_eq!(fixture.server.count(), 0);
    assert_eq!(fixture.delivery(id), Delivery::default(), "nothing was tried");
    let sent = uploader()
        .send_report_locked(&fixture.store, &lock, id, &NoProgress)
        .unwrap();
    assert!(matches!(sent, Outcome::Sent(_)));
}

#[test]
fn without_consent_nothing_is_connected() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    // Never answered, and moved by hand.
    let id = ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    new.write(ReportFile::Minidump, DUMP).unwrap();
    let report = new.commit(&fixture.info(id, ReportKind::Crash)).unwrap();
    assert!(uploader().send_report(&fixture.store, id, &NoProgress).is_err());
    let sending = report
        .folder()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("sending")
        .join(id.to_string());
    fs::rename(report.folder(), &sending).unwrap();
    let refused = uploader().send_report(&fixture.store, id, &NoProgress);
    let Err(Error::Store {
        source: afterword_store::Error::NoConsent { .. },
        ..
    }) = refused
    else {
        panic!()
    };

    // Answered with Send, withdrawn before it was sent.
    let id = fixture.report(None);
    let mut answer = fixture.store.report(id).unwrap().answer().unwrap().unwrap();
    answer.decision = Decision::DontSend;
    fixture.store.put_answer(id, &answer).unwrap();
    assert!(uploader().send_report(&fixture.store, id, &NoProgress).is_err());
    assert_eq!(fixture.server.count(), 0);
}

#[test]
fn consent_withdrawn_while_the_event_is_sent_keeps_the_comment_here() {
    struct Withdraw<'a>(&'a Fixture, ReportId);
    impl afterword_upload::Progress for Withdraw<'_> {
        fn sent(&self, _: u64, _: u64) {
            let mut answer = self.0.store.report(self.1).unwrap().answer().unwrap().unwrap();
            answer.decision = Decision::DontSend;
            self.0.store.put_answer(self.1, &answer).unwrap();
        }
        fn cancelled(&self) -> bool {
            false
        }
    }
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    let Outcome::Sent(delivery) = uploader()
        .send_report(&fixture.store, id, &Withdraw(&fixture, id))
        .unwrap()
    else {
        panic!()
    };
    assert_eq!(fixture.server.count(), 1);
    assert!(delivery.report_accepted_at.is_some() && delivery.feedback_accepted_at.is_none());
    assert!(delivery.last_error.unwrap().contains("nobody agreed"));
    assert_eq!(fixture.state(id), State::Sent, "what happened is recorded all the same");
    assert!(!fixture.has_dump(id));

    // Taken back entirely, so that the report has moved meanwhile.
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(Some("I drew a circle"));
    let withdraw = Once::new(|| fixture.store.withdraw(id).unwrap());
    let outcome = uploader().send_report(&fixture.store, id, &withdraw).unwrap();
    assert!(matches!(outcome, Outcome::Sent(_)), "{outcome:?}");
    assert_eq!((fixture.server.count(), fixture.state(id)), (1, State::Sent));
}

#[test]
fn under_always_it_is_sent_without_an_answer() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = ReportId::random();
    let mut info = fixture.info(id, ReportKind::Crash);
    info.policy = ConsentPolicy::Always;
    fixture.store.begin_report(id).unwrap().commit(&info).unwrap();
    assert!(matches!(fixture.send(id), Outcome::Sent(_)));
}

#[test]
fn a_caller_inside_an_async_runtime_can_send_too() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report(None);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(matches!(runtime.block_on(async { fixture.send(id) }), Outcome::Sent(_)));
}
