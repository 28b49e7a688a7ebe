//! Envelopes that an app has captured, and the files that go with them.

use afterword_protocol::{Envelope, Item, Limits};
use afterword_store::EnvelopeClass;
use serde_json::{Value, json};

use super::{ours, own};

const HEAD: &str = r#"{"dsn":"https://3a5f@h.example.org/7","event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#;

/// An envelope of items, without a newline at its end.
pub(super) fn envelope(items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = HEAD.as_bytes().to_vec();
    for (kind, payload) in items {
        let header = format!("\n{{\"type\":\"{kind}\",\"length\":{},\"odd\":1}}\n", payload.len());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}

fn clean(envelope: &[u8]) -> Vec<u8> {
    ours().envelope(EnvelopeClass::Error, envelope.to_vec())
}

fn read(bytes: &[u8]) -> Envelope {
    Envelope::parse(bytes, &Limits::default()).unwrap()
}

fn payload(envelope: &Envelope, kind: &str) -> Value {
    serde_json::from_slice(&envelope.item(kind).unwrap().payload).unwrap()
}

#[test]
fn what_has_no_secret_stays_as_it_is_to_the_byte() {
    let event = br#"{ "message":"all is well",  "n": 1.10, "big": 18446744073709551616 }"#;
    let whole = envelope(&[
        ("event", event),
        ("attachment", b"\x00\xffpassword=x1"),
        ("unknown", b"no json"),
    ]);
    assert_eq!(clean(&whole), whole);
    for other in [&b""[..], b"{}", b"not an envelope", b"{}\n{\"type\":\"event\"}\n{"] {
        assert_eq!(clean(other), other);
    }
}

#[test]
fn an_event_is_cleaned_with_what_goes_with_it_and_says_so() {
    let event = json!({ "message": "from zoe@example.org", "timestamp": 1_700_000_000.123_456_7, "contexts": { "afterword": { "a": 1 } } });
    let log = b"10:00 start\n10:01 password=hunter2\n10:02 end\n";
    let mut whole = read(&envelope(&[("event", event.to_string().as_bytes())]));
    whole.push(Item::attachment("zoe@example.org.log", None, log.to_vec()));
    let minidump = Item::attachment("a.dmp", Some("event.minidump"), b"password=x1".to_vec());
    whole.push(minidump.clone());
    let cleaned = read(&clean(&whole.to_bytes()));
    let event = payload(&cleaned, "event");
    assert_eq!(event["message"], "from [removed: e-mail address]");
    assert_eq!(event["timestamp"], 1_700_000_000.123_456_7);
    assert_eq!(
        event["contexts"]["afterword"],
        json!({ "a": 1, "removed": ["passwords in texts (1)", "e-mail addresses in texts (2)"] })
    );
    let [_, attached, dump] = &cleaned.items[..] else {
        panic!("{cleaned:?}")
    };
    assert_eq!(
        attached.payload,
        b"10:00 start\n10:01 password=[removed: password]\n10:02 end\n"
    );
    assert_eq!(
        attached.header.filename.as_deref(),
        Some("[removed: e-mail address].log")
    );
    assert_eq!(dump.payload, minidump.payload, "a minidump is no text");
    assert_eq!(cleaned.header, whole.header);
    // Once is enough.
    assert_eq!(clean(&cleaned.to_bytes()), cleaned.to_bytes());
}

#[test]
fn only_a_file_with_a_secret_is_told_in_the_event_too() {
    let cleaned = read(&clean(&envelope(&[
        ("event", b"{}"),
        ("attachment", b"tim@example.org"),
    ])));
    assert_eq!(
        payload(&cleaned, "event"),
        json!({ "contexts": { "afterword": { "removed": ["e-mail addresses in texts (1)"] } } })
    );
    assert_eq!(cleaned.items[1].payload, b"[removed: e-mail address]");
    assert_eq!(cleaned.items[1].header.other["odd"], 1, "the header stays");
}

#[test]
fn transactions_logs_and_check_ins_are_cleaned_and_what_a_person_writes_is_not() {
    let logs = json!({ "items": [{ "body": "zoe@example.org", "trace_id": "zoe@example.org", "attributes": {
        "password": { "value": "hunter2", "type": "string" }, "n": { "value": 7, "type": "integer" } } }] });
    let feedback = json!({ "contexts": { "feedback": { "message": "I am zoe@example.org", "contact_email": "zoe@example.org" } },
        "tags": { "mail": "zoe@example.org" } });
    let report = br#"{"email":"zoe@example.org","comments":"password=mine"}"#;
    let (logs_json, feedback_json) = (logs.to_string(), feedback.to_string());
    let transaction = envelope(&[("transaction", br#"{"transaction":"GET /?token=x1"}"#)]);
    let items: [(&str, &[u8]); 4] = [
        ("log", logs_json.as_bytes()),
        ("feedback", feedback_json.as_bytes()),
        ("user_report", report),
        ("statsd", b"paint.stroke@none:1|c|#user:zoe@example.org"),
    ];
    let cleaned = read(&clean(&envelope(&items)));
    assert_eq!(
        payload(&read(&clean(&transaction)), "transaction")["transaction"],
        "GET /?token=[removed: access token]"
    );
    let log = &payload(&cleaned, "log")["items"][0];
    assert_eq!(log["body"], "[removed: e-mail address]");
    assert_eq!(log["trace_id"], "zoe@example.org", "an id is no text");
    assert_eq!(
        log["attributes"]["password"],
        json!({ "value": "[removed: password]", "type": "string" })
    );
    assert_eq!(log["attributes"]["n"]["value"], 7);
    let words = payload(&cleaned, "feedback");
    assert_eq!(words["contexts"]["feedback"], feedback["contexts"]["feedback"]);
    assert_eq!(words["tags"]["mail"], "[removed: e-mail address]");
    assert_eq!(cleaned.item("user_report").unwrap().payload, report);
}

#[test]
fn the_trace_in_the_head_is_cleaned_and_the_place_to_send_to_is_not() {
    let head = r#"{"dsn":"https://3a5f:hunter2@h.example.org/7","trace":{"public_key":"3a5f","transaction":"/zoe@example.org"}}"#;
    let cleaned = clean(format!("{head}\n").as_bytes());
    let header: Value = serde_json::from_slice(&cleaned).unwrap();
    assert_eq!(header["trace"]["transaction"], "/[removed: e-mail address]");
    assert_eq!(header["dsn"], "https://3a5f:hunter2@h.example.org/7");
    assert_eq!(header["trace"]["public_key"], "3a5f");
}

#[test]
fn what_is_no_envelope_is_looked_through_as_a_text() {
    let cut = br#"{"dsn":"x"}
{"type":"event","length":999}
{"message":"zoe@example.org"}"#;
    let cleaned = String::from_utf8(clean(cut)).unwrap();
    assert!(
        cleaned.contains(r#""message":"[removed: e-mail address]""#),
        "{cleaned}"
    );
}

#[test]
fn sessions_and_counts_are_not_looked_at() {
    let whole = envelope(&[("session", br#"{"did":"zoe@example.org"}"#)]);
    for class in [EnvelopeClass::Session, EnvelopeClass::ClientReport] {
        assert_eq!(ours().envelope(class, whole.clone()), whole);
    }
}

#[test]
fn an_event_that_marks_make_too_long_is_cut() {
    let long = "a@b.co ".repeat(140_000);
    let event = json!({ "message": long, "tags": { "paint": "wet" } });
    assert!(event.to_string().len() < 1 << 20);
    let cleaned = read(&clean(&envelope(&[("event", event.to_string().as_bytes())])));
    let event = payload(&cleaned, "event");
    assert_eq!(event["tags"]["paint"], "wet");
    let removed = event["contexts"]["afterword"]["removed"].to_string();
    assert!(
        removed.contains("what is longer than 16384 bytes") && removed.contains("(140000)"),
        "{removed}"
    );
}

#[test]
fn files_of_text_are_cleaned_in_their_own_letters() {
    let file = |bytes: &[u8]| {
        let cleaned = read(&clean(&envelope(&[("attachment", bytes)])));
        cleaned.items[0].payload.clone()
    };
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = format!("\u{feff}{text}");
        let bytes = units
            .encode_utf16()
            .map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        bytes.flatten().collect()
    };
    for big in [false, true] {
        let before = utf16("ä zoë@example.org\r\n", big);
        assert_eq!(file(&before), utf16("ä [removed: e-mail address]\r\n", big));
    }
    assert_eq!(
        file(b"gr\xfc\xdfe: z\xf6e@example.org \xff"),
        b"gr\xfc\xdfe: [removed: e-mail address] \xff"
    );
    let json = br#"{"password":"a","n":1.10,"x":[1,2]}"#;
    assert_eq!(file(json), br#"{"password":"[removed: password]","n":1.10,"x":[1,2]}"#);
    for kept in [
        &b"\x89PNG zoe@example.org"[..],
        b"%PDF-1.7 zoe@example.org",
        b"\x1f\x8b zoe@example.org",
        b"a\x00 zoe@example.org",
        b"\x01\x02\x03 zoe@example.org",
        b"gr\xfc\xdfe",
        b"",
    ] {
        assert_eq!(file(kept), kept);
    }
}

#[test]
fn an_apps_rule_is_for_the_lines_of_a_file() {
    let redactor = own(&[("^b.*$", "#"), ("wet", "dry")]);
    let whole = envelope(&[
        ("event", br#"{"message":"wet"}"#),
        ("attachment", b"a wet\r\nb is wet\r\nc"),
    ]);
    let cleaned = read(&redactor.envelope(EnvelopeClass::Error, whole));
    assert_eq!(payload(&cleaned, "event")["message"], "dry");
    assert_eq!(cleaned.items[1].payload, b"a dry\r\n#\r\nc");
}
