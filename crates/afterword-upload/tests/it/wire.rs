//! What goes over the wire, byte for byte.

use afterword_store::{ReportFile, ReportKind};
use serde_json::{Value, json};

use crate::server::Reply;
use crate::{DUMP, EVENT, EVENT_ID, Fixture, STACK};

#[test]
fn a_crash_is_one_envelope_of_event_minidump_and_stack() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report(None);
    let preview = fixture
        .store
        .report(id)
        .unwrap()
        .outgoing()
        .unwrap()
        .report_body()
        .unwrap();
    fixture.send(id);

    let received = fixture.server.received();
    assert_eq!(received.len(), 1, "no comment, no feedback");
    let request = &received[0];
    assert_eq!(request.line, "POST /some/path/api/42/envelope/ HTTP/1.1");
    assert_eq!(
        request.header("x-sentry-auth"),
        Some("Sentry sentry_key=public, sentry_version=7, sentry_client=afterword-test/1.0")
    );
    assert_eq!(request.header("content-type"), Some("application/x-sentry-envelope"));
    assert_eq!(request.header("user-agent"), Some("afterword-test/1.0"));
    assert_eq!(
        request.header("content-length").unwrap(),
        request.body.len().to_string()
    );
    assert_eq!(request.header("transfer-encoding"), None);

    let mut expected = br#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#.to_vec();
    for (header, payload) in [
        (
            json!({"type": "event", "length": EVENT.len(), "content_type": "application/json"}),
            EVENT,
        ),
        (
            json!({"type": "attachment", "length": DUMP.len(), "content_type": "application/x-dmp",
                   "filename": "minidump.dmp", "attachment_type": "event.minidump"}),
            DUMP,
        ),
        (
            json!({"type": "attachment", "length": STACK.len(), "content_type": "application/json",
                   "filename": "stack.json"}),
            STACK,
        ),
    ] {
        expected.extend_from_slice(format!("\n{header}\n").as_bytes());
        expected.extend_from_slice(payload);
    }
    expected.push(b'\n');
    assert_eq!(
        String::from_utf8_lossy(&request.unzipped()),
        String::from_utf8_lossy(&expected)
    );
    assert_eq!(request.unzipped(), expected);
    assert_eq!(preview, expected, "the preview is what is sent");
}

#[test]
fn a_comment_is_an_envelope_of_its_own() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok()]);
    let id = fixture.report(Some("  I drew a circle\n"));
    fixture.send(id);
    let received = fixture.server.received();
    assert_eq!(received.len(), 2);
    let envelope = received[1].envelope();
    assert_eq!(envelope.items.len(), 1);
    assert_eq!(envelope.items[0].header.kind, "feedback");
    assert_ne!(envelope.header.event_id, Some(EVENT_ID));
    let event: Value = serde_json::from_slice(&envelope.items[0].payload).unwrap();
    assert_eq!(
        event,
        json!({
            "event_id": envelope.header.event_id.unwrap().simple().to_string(),
            "timestamp": "2026-11-21T12:00:00Z",
            "platform": "native",
            "level": "info",
            "contexts": {"feedback": {
                "message": "I drew a circle",
                "contact_email": "painter@example.org",
                "associated_event_id": "9ec79c33ec9942ab8353589fcb2e04dc",
            }},
            "release": "demo@1.0",
            "environment": "test",
        })
    );
}

#[test]
fn a_long_comment_is_cut_and_an_empty_one_is_none() {
    let fixture = Fixture::new([Reply::ok(), Reply::ok(), Reply::ok()]);
    fixture.send(fixture.report(Some(&"ä".repeat(10_000))));
    fixture.send(fixture.report(Some(" \n ")));
    let received = fixture.server.received();
    assert_eq!(received.len(), 3, "two events, one comment");
    let event: Value = serde_json::from_slice(&received[1].envelope().items[0].payload).unwrap();
    assert_eq!(
        event["contexts"]["feedback"]["message"]
            .as_str()
            .unwrap()
            .chars()
            .count(),
        4096
    );
}

#[test]
fn an_error_is_sent_exactly_as_it_was_stored() {
    let fixture = Fixture::new([Reply::ok()]);
    // Dashes, spaces and an item without length, as another client wrote them.
    let stored: &[u8] =
        b"{ \"event_id\":\"9ec79c33-ec99-42ab-8353-589fcb2e04dc\" }\n{\"type\":\"event\"}\n{\"a\": 1}\n";
    let id = fixture.report_of(ReportKind::Error, None, &[(ReportFile::Envelope, stored)]);
    fixture.send(id);
    assert_eq!(fixture.server.received()[0].unzipped(), stored);
}

#[test]
fn a_report_whose_event_was_never_assembled_goes_with_what_was_mirrored() {
    let fixture = Fixture::new([Reply::ok()]);
    let id = fixture.report_of(ReportKind::Crash, None, &[(ReportFile::Minidump, DUMP)]);
    fixture.send(id);
    let envelope = fixture.server.received()[0].envelope();
    let event: Value = serde_json::from_slice(&envelope.items[0].payload).unwrap();
    assert_eq!(event["tags"]["brush"], "round");
    assert_eq!(event["event_id"], "9ec79c33ec9942ab8353589fcb2e04dc");
    assert_eq!(event["release"], "demo@1.0");
    assert_eq!(event["timestamp"], "2026-11-21T12:00:00Z");
    assert!(envelope.items[1].is_minidump());
}
