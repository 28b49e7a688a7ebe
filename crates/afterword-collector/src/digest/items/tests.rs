//! Items of every shape.

use super::*;

const RECEIVED_AT: i64 = 1_700_000_000_000;

fn claimed() -> Claimed {
    Claimed::of_tests(Some("9ec79c33ec9942ab8353589fcb2e04dc"), RECEIVED_AT)
}

fn contents(items: Vec<Item>) -> Contents {
    Contents::of(
        Envelope {
            items,
            ..Envelope::default()
        },
        &claimed(),
        &Pepper::of_tests(),
        &InApp::default(),
    )
    .unwrap()
}

fn item(kind: &str, payload: &[u8]) -> Item {
    Item::new(kind, payload.to_vec())
}

#[test]
fn a_minidump_alone_makes_an_event_and_beside_one_does_not() {
    let dump = || Item::attachment("a.dmp", Some("event.minidump"), b"MDMP".to_vec());
    let alone = contents(vec![dump()]);
    assert_eq!(alone.event.unwrap().level, "fatal");
    assert_eq!(alone.attachments.len(), 1);

    for items in [
        vec![dump(), item("event", b"{\"level\":\"info\"}")],
        vec![item("event", b"{\"level\":\"info\"}"), dump()],
    ] {
        assert_eq!(contents(items).event.unwrap().level, "info");
    }
}

#[test]
fn what_is_not_digested_is_counted_by_kind() {
    let contents = contents(vec![
        item("session", b"{}"),
        item("session", b"{}"),
        item("from_the_future", b""),
    ]);
    let counted = |kind: &str| (contents.undigested[kind].items, contents.undigested[kind].bytes);
    assert_eq!((counted("session"), counted("from_the_future")), ((2, 4), (1, 0)));
    assert_eq!(
        contents.undigested["session"].reason.as_deref(),
        Some("its sid is no id")
    );
    assert_eq!(contents.undigested["from_the_future"].reason, None);
}

#[test]
fn feedback_names_its_event_in_either_form() {
    let new = br#"{"contexts":{"feedback":{"message":" it broke ","contact_email":"a@b","associated_event_id":"9EC79C33-EC99-42AB-8353-589FCB2E04DC"}}}"#;
    let old = br#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","comments":"it broke","email":"a@b","name":null}"#;
    for item in [item("feedback", new), item("user_report", old)] {
        let feedback = contents(vec![item]).feedback.remove(0);
        assert_eq!(feedback.event_id.as_deref(), Some("9ec79c33ec9942ab8353589fcb2e04dc"));
        assert_eq!(
            (feedback.message.as_str(), feedback.email.as_deref()),
            ("it broke", Some("a@b"))
        );
    }
    assert!(
        contents(vec![item("feedback", b"{}"), item("user_report", b"[1]")])
            .feedback
            .is_empty()
    );
}

#[test]
fn an_event_need_not_be_utf8_but_must_be_json() {
    let event = contents(vec![item("event", b"{\"message\":\"a\xffb\"}")])
        .event
        .unwrap();
    assert_eq!(event.title, "a\u{fffd}b");
    assert_eq!(crate::queries::unpacked(&event.raw), b"{\"message\":\"a\xffb\"}");
    let broken = Envelope {
        items: vec![item("event", b"{")],
        ..Envelope::default()
    };
    assert!(
        Contents::of(broken, &claimed(), &Pepper::of_tests(), &InApp::default())
            .unwrap_err()
            .is_final()
    );
}
