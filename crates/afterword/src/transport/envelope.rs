//! An envelope as bytes, with its destination in its header.

use afterword_store::EnvelopeClass;
use afterword_store::outbox::HEAD_BYTES;
use sentry::Envelope;
use sentry::protocol::EnvelopeItem;
use sentry::types::{Dsn, Uuid};
use serde_json::Value;

/// What a header begins with.
pub(super) fn head_of(dsn: &Dsn) -> Vec<u8> {
    let dsn = serde_json::Value::String(dsn.to_string());
    format!("{{\"dsn\":{dsn}").into_bytes()
}

/// Writes an envelope behind the room for what stands before it in the outbox. Whoever finds it in the queue sends it: where to
/// is in its header.
pub(super) fn write(head: &[u8], envelope: &Envelope, record: &mut Vec<u8>) {
    record.clear();
    record.resize(HEAD_BYTES, 0);
    record.extend_from_slice(head);
    let at = record.len();
    if let Err(error) = envelope.to_writer(&mut *record) {
        // Memory takes everything; what cannot be JSON is cut off here, and the server says so.
        log::error!("an envelope is written in part: {error}");
    }
    let line = &record[at..];
    let line = &line[..line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len())];
    let names_one = line.windows(6).any(|window| window == b"\"dsn\":");
    if line.first() != Some(&b'{') || names_one {
        // Made by hand: it says itself where it goes.
        record.drain(HEAD_BYTES..at);
    } else if line == b"{}" {
        // Sessions of requests and client reports: counts. A server that knows the id adds them once, also if a sender was
        // killed before it could note the answer.
        let id = format!(",\"event_id\":\"{}\"", Uuid::new_v4());
        record.splice(at..=at, id.into_bytes());
    } else {
        record[at] = b',';
    }
}

/// Puts an item first into an envelope that is written.
pub(super) fn insert(kind: &str, item: &Value, record: &mut Vec<u8>) {
    let item = item.to_string();
    let header = record.iter().skip(HEAD_BYTES).position(|byte| *byte == b'\n');
    let at = header.map_or(record.len(), |length| HEAD_BYTES + length + 1);
    let written = format!("{{\"type\":\"{kind}\",\"length\":{}}}\n{item}\n", item.len());
    record.splice(at..at, written.into_bytes());
}

/// What an envelope is about.
pub(super) fn class_of(envelope: &Envelope) -> EnvelopeClass {
    let mut class = None;
    for item in envelope.items() {
        class = Some(match item {
            EnvelopeItem::Event(_) => return EnvelopeClass::Error,
            EnvelopeItem::Transaction(_) => return EnvelopeClass::Transaction,
            EnvelopeItem::SessionUpdate(_) | EnvelopeItem::SessionAggregates(_) => return EnvelopeClass::Session,
            EnvelopeItem::ClientReport(_) => class.unwrap_or(EnvelopeClass::ClientReport),
            _ => EnvelopeClass::Other,
        });
    }
    // One that is made of bytes shows no items.
    class.unwrap_or(EnvelopeClass::Other)
}

#[cfg(test)]
mod tests {
    use sentry::protocol::{Attachment, Event, SessionAggregates, Transaction};

    use super::*;

    fn dsn() -> Dsn {
        "http://key@localhost:9/1".parse().unwrap()
    }

    fn written(envelope: &Envelope) -> String {
        let mut record = vec![7; 3];
        write(&head_of(&dsn()), envelope, &mut record);
        String::from_utf8(record[HEAD_BYTES..].to_vec()).unwrap()
    }

    #[test]
    fn an_item_is_put_behind_the_header() {
        let event = Event::new();
        let id = event.event_id;
        let mut rest = Envelope::new().with_headers(Envelope::from(event.clone()).headers().clone());
        rest.add_item(Attachment::default());
        let mut record = Vec::new();
        write(&head_of(&dsn()), &rest, &mut record);
        insert("event", &serde_json::to_value(event).unwrap(), &mut record);
        let read = Envelope::from_slice(&record[HEAD_BYTES..]).unwrap();
        assert_eq!(read.items().count(), 2);
        assert_eq!(read.event().unwrap().event_id, id);
    }

    #[test]
    fn the_header_names_the_destination_whatever_else_it_says() {
        let header = |envelope: &Envelope| -> serde_json::Value {
            serde_json::from_str(written(envelope).lines().next().unwrap()).unwrap()
        };
        let event = Event::new();
        let id = event.event_id;
        let named = header(&event.into());
        assert_eq!(named["dsn"], dsn().to_string());
        assert_eq!(named["event_id"], id.to_string());
        let counts = [header(&Envelope::new()), header(&Envelope::new())];
        assert_eq!(counts[0]["dsn"], dsn().to_string());
        let ids = counts.map(|header| header["event_id"].as_str().unwrap().parse::<Uuid>().unwrap());
        assert_ne!(ids[0], ids[1]);
        let raw = b"{\"dsn\":\"http://other@h/2\"}\n{\"type\":\"x\",\"length\":0}\n\n".to_vec();
        let raw = Envelope::from_bytes_raw(raw).unwrap();
        assert_eq!(header(&raw)["dsn"], "http://other@h/2");
        assert_eq!(written(&raw).lines().count(), 3);
    }

    #[test]
    fn what_is_written_is_an_envelope() {
        let mut envelope: Envelope = Event::new().into();
        envelope.add_item(Attachment {
            buffer: b"one\ntwo".to_vec(),
            filename: "note.txt".to_owned(),
            ..Attachment::default()
        });
        let read = Envelope::from_slice(written(&envelope).as_bytes()).unwrap();
        assert_eq!(read.items().count(), 2);
    }

    #[test]
    fn an_envelope_is_about_its_main_item() {
        let report = || sentry::protocol::ClientReport::new(Vec::<sentry::protocol::client_report::Item>::new());
        let mut event: Envelope = Event::new().into();
        event.add_item(report());
        assert_eq!(class_of(&event), EnvelopeClass::Error);
        let transaction: Envelope = Transaction::new().into();
        assert_eq!(class_of(&transaction), EnvelopeClass::Transaction);
        let mut counts = Envelope::new();
        counts.add_item(report());
        assert_eq!(class_of(&counts), EnvelopeClass::ClientReport);
        let mut sessions = Envelope::new();
        sessions.add_item(report());
        sessions.add_item(EnvelopeItem::SessionAggregates(SessionAggregates {
            aggregates: Vec::new(),
            attributes: sentry::protocol::SessionAttributes {
                release: "a@1".into(),
                environment: None,
                ip_address: None,
                user_agent: None,
            },
        }));
        assert_eq!(class_of(&sessions), EnvelopeClass::Session);
    }
}
