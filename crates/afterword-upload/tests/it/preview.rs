//! That what a person is shown, what they save and what the server receives are the same bytes.

use std::path::Path;

use afterword_protocol::{Envelope, Limits};
use afterword_store::{Answer, Choices, Decision, Part, PartKind, ReportFile, ReportId, ReportKind};

use crate::server::Reply;
use crate::{DUMP, EVENT, EVENT_ID, Fixture, NOON, STACK, noise, uploader};

/// What the person has done in the dialog.
#[derive(Clone, Copy)]
struct Chosen {
    kind: ReportKind,
    left_out: &'static [&'static str],
    comment: Option<&'static str>,
}

/// An error as the SDK captures it, with two attachments of one name, a blank line, and without a last newline.
fn error_envelope() -> Vec<u8> {
    let mut bytes = b"{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"event\"}\n{\"a\": 1}\n".to_vec();
    for (name, payload) in [
        ("app.log", &b"one\ntwo\n"[..]),
        ("app.log", b"three"),
        ("shot.png", &noise(70_000)),
    ] {
        bytes.extend_from_slice(
            format!(
                "{{\"type\": \"attachment\",\"length\":{},\"filename\":\"{name}\"}}\n",
                payload.len()
            )
            .as_bytes(),
        );
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(if name == "shot.png" { b"" } else { b"\n\n" });
    }
    bytes
}

fn report(fixture: &Fixture, kind: ReportKind) -> ReportId {
    let id = ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    if kind == ReportKind::Error {
        new.write(ReportFile::Envelope, &error_envelope()).unwrap();
    } else {
        // More than one chunk of a copy.
        new.write(ReportFile::Minidump, &[DUMP, &noise((1 << 20) + 100)].concat())
            .unwrap();
        new.write(ReportFile::Event, EVENT).unwrap();
        new.write(ReportFile::Stack, STACK).unwrap();
    }
    new.commit(&fixture.info(id, kind)).unwrap();
    id
}

/// Looks at what would be sent, saves it, answers, sends, and compares. Returns the names of what arrived.
fn compare(chosen: Chosen) -> Vec<String> {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = report(&fixture, chosen.kind);
    let choices = Choices {
        left_out: chosen.left_out.iter().map(|name| (*name).to_owned()).collect(),
        comment: chosen.comment.map(str::to_owned),
        email: None,
        commented_at: Some(NOON),
    };
    let mut outgoing = fixture.store.report(id).unwrap().outgoing().unwrap();
    outgoing.choose(&choices);
    let mut copy = Vec::new();
    let copied = outgoing.write_to(&mut copy, Path::new("copy")).unwrap();
    assert_eq!(copied, copy.len() as u64);
    assert_eq!(outgoing.size_bytes(), copied, "the size that is shown");
    let shown: Vec<Vec<u8>> = outgoing
        .parts()
        .filter(|part| part.goes())
        .map(|part| outgoing.read(part, 0, usize::MAX).unwrap())
        .collect();

    let answer = Answer {
        comment: choices.comment,
        left_out: choices.left_out,
        asked_at: Some(NOON),
        ..Answer::new(Decision::Send, NOON + time::Duration::hours(3), 1, "en")
    };
    fixture.store.put_answer(id, &answer).unwrap();
    fixture.store.settle(id).unwrap();
    fixture.send(id);

    let received = fixture.server.received();
    assert_eq!(received.len(), 1 + usize::from(chosen.comment.is_some()));
    let wire: Vec<u8> = received.iter().flat_map(|request| request.unzipped()).collect();
    assert!(wire == copy, "{} bytes came, {} were shown", wire.len(), copy.len());
    let envelopes = received.iter().map(|request| request.envelope());
    let items: Vec<_> = envelopes.flat_map(|envelope| envelope.items).collect();
    let payloads: Vec<Vec<u8>> = items.iter().map(|item| item.payload.clone()).collect();
    assert!(
        payloads == shown[1..],
        "what each part shows is the payload that came, behind the first line"
    );
    items
        .into_iter()
        .map(|item| item.header.filename.unwrap_or(item.header.kind))
        .collect()
}

#[test]
fn what_is_shown_and_saved_is_what_arrives() {
    let comment = Some("I drew a circle");
    for kind in [ReportKind::Crash, ReportKind::Panic, ReportKind::Hang] {
        let arrived = |left_out, comment| {
            compare(Chosen {
                kind,
                left_out,
                comment,
            })
        };
        assert_eq!(arrived(&[], None), ["event", "minidump.dmp", "stack.json"]);
        assert_eq!(arrived(&["minidump.dmp"], comment), ["event", "stack.json", "feedback"]);
        assert_eq!(arrived(&["stack.json", "minidump.dmp"], None), ["event"]);
        // What is no part changes nothing, and an event goes in any case.
        assert_eq!(
            arrived(&["event", "envelope header", "other"], comment),
            ["event", "minidump.dmp", "stack.json", "feedback"]
        );
    }
    let arrived = |left_out, comment| {
        compare(Chosen {
            kind: ReportKind::Error,
            left_out,
            comment,
        })
    };
    assert_eq!(arrived(&[], None), ["event", "app.log", "app.log", "shot.png"]);
    assert_eq!(
        arrived(&["app.log"], comment),
        ["event", "app.log", "shot.png", "feedback"]
    );
    assert_eq!(arrived(&["app.log (2)", "shot.png"], None), ["event", "app.log"]);
    assert_eq!(arrived(&["app.log", "app.log (2)", "shot.png"], None), ["event"]);
}

#[test]
fn of_two_attachments_of_one_name_the_right_one_stays() {
    let fixture = Fixture::new([]);
    let mut outgoing = fixture
        .store
        .report(report(&fixture, ReportKind::Error))
        .unwrap()
        .outgoing()
        .unwrap();
    outgoing.choose(&Choices {
        left_out: vec!["app.log".to_owned()],
        ..Choices::default()
    });
    let envelope = Envelope::parse(&outgoing.report_body().unwrap(), &Limits::default()).unwrap();
    assert_eq!(envelope.header.event_id, Some(EVENT_ID));
    assert_eq!(envelope.items[1].payload, b"three");
    let names: Vec<&str> = outgoing.parts().map(Part::name).collect();
    assert_eq!(
        names,
        ["envelope header", "event", "app.log", "app.log (2)", "shot.png"]
    );
    let log = outgoing.parts().nth(2).unwrap();
    assert!(!log.goes());
    // What does not go can be looked at all the same, a piece at a time.
    assert_eq!(outgoing.read(log, 4, 3).unwrap(), b"two");
    assert_eq!(outgoing.read(log, 4, 300).unwrap(), b"two\n");
    assert_eq!(outgoing.read(log, 400, 3).unwrap(), b"");
}

/// As the next start of the app would: nothing of the first process is left but what is on the disk.
#[test]
fn what_was_left_out_stays_so_when_it_is_sent_later() {
    let fixture = Fixture::new([Reply::json(503, ""), Reply::ok()]);
    let id = report(&fixture, ReportKind::Crash);
    let answer = Answer {
        left_out: vec!["minidump.dmp".to_owned()],
        ..Answer::new(Decision::Send, NOON, 1, "en")
    };
    fixture.store.put_answer(id, &answer).unwrap();
    fixture.store.settle(id).unwrap();
    let outcome = fixture.send(id);
    fixture.assert_later(id, outcome);

    let app = fixture.store.app().clone();
    let store = afterword_store::Store::open(fixture.root.path(), &app).unwrap();
    uploader()
        .send_report(&store, id, &afterword_upload::NoProgress)
        .unwrap();
    for request in fixture.server.received() {
        let kinds: Vec<bool> = request.envelope().items.iter().map(|item| item.is_minidump()).collect();
        assert_eq!(kinds, [false, false]);
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_sent_in_halves() {
    let fixture = Fixture::new([]);
    let id = report(&fixture, ReportKind::Crash);
    let report = fixture.store.report(id).unwrap();
    let outgoing = report.outgoing().unwrap();
    assert!(outgoing.has(PartKind::Minidump));
    report.put(ReportFile::Event, b"{}").unwrap();
    let read = outgoing.report_body();
    assert!(matches!(read, Err(afterword_store::Error::Changed { .. })), "{read:?}");
}

#[test]
fn what_is_no_envelope_is_one_part_and_goes_as_it_is() {
    let fixture = Fixture::new([]);
    let id = ReportId::random();
    let new = fixture.store.begin_report(id).unwrap();
    new.write(ReportFile::Envelope, b"no envelope at all").unwrap();
    new.commit(&fixture.info(id, ReportKind::Error)).unwrap();
    let outgoing = fixture.store.report(id).unwrap().outgoing().unwrap();
    assert_eq!(outgoing.report_body().unwrap(), b"no envelope at all");
    assert_eq!(outgoing.parts().map(Part::can_be_left_out).collect::<Vec<_>>(), [false]);
}
