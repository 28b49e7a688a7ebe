//! What an envelope holds, sorted: pure, so that every shape can be tested without a database.

use std::collections::BTreeMap;

use afterword_protocol::envelope::kind;
use afterword_protocol::{Envelope, Item};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Failure;
use crate::blobs::sha256_hex;
use crate::event::Event;
use crate::grouping::Grouping;
use crate::inbox::Claimed;

/// A clock is off if what it says was sent differs from what arrived by more than this.
const DRIFT_MS: i64 = 60_000;
/// Nothing happened before 2000; a clock that says so was never set.
const EARLIEST_MS: i64 = 946_684_800_000;
/// The longest text a person may send.
const MAX_FEEDBACK_CHARS: usize = 4096;

/// Everything that is made of one envelope.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(super) event: Option<NewEvent>,
    pub(super) attachments: Vec<NewAttachment>,
    pub(super) feedback: Vec<NewFeedback>,
    /// Items of which nothing is made: how many and how many bytes, by kind.
    pub(super) undigested: BTreeMap<String, (i64, i64)>,
}

/// An event and what the index knows of it.
#[derive(Debug)]
pub(super) struct NewEvent {
    pub(super) event_id: String,
    pub(super) event: Event,
    pub(super) grouping: Grouping,
    pub(super) occurred_at: i64,
    pub(super) raw: Vec<u8>,
}

/// A file.
#[derive(Debug)]
pub(super) struct NewAttachment {
    pub(super) meta: AttachmentMeta,
    pub(super) bytes: Vec<u8>,
}

/// What is known of a file.
#[derive(Debug)]
pub(super) struct AttachmentMeta {
    pub(super) event_id: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) content_type: Option<String>,
    pub(super) size_bytes: i64,
}

/// What a person wrote.
#[derive(Debug)]
pub(super) struct NewFeedback {
    pub(super) feedback_id: String,
    pub(super) event_id: Option<String>,
    pub(super) message: String,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
}

impl Contents {
    /// Sorts the items of an envelope.
    pub(super) fn of(envelope: Envelope, claimed: &Claimed) -> Result<Self, Failure> {
        let mut contents = Self::default();
        let sent_at = envelope
            .header
            .sent_at
            .as_deref()
            .and_then(|sent_at| crate::event::parse_time(&json!(sent_at)));
        let has_event = envelope.item(kind::EVENT).is_some();
        for item in envelope.items {
            match item.header.kind.as_str() {
                kind::EVENT => contents.event = Some(NewEvent::of(item, claimed, sent_at)?),
                kind::ATTACHMENT => contents.add_attachment(item, claimed, has_event),
                kind::FEEDBACK => contents.feedback.extend(feedback(&item, claimed)?),
                kind::USER_REPORT => contents.feedback.extend(user_report(&item)?),
                _ => contents.count(&item),
            }
        }
        Ok(contents)
    }

    fn add_attachment(&mut self, item: Item, claimed: &Claimed, has_event: bool) {
        let Some(event_id) = claimed.event_id.clone() else {
            // It belongs to nothing.
            return self.count(&item);
        };
        if item.is_minidump() && !has_event && self.event.is_none() {
            self.event = Some(NewEvent::of_minidump(&event_id, claimed));
        }
        let size_bytes = i64::try_from(item.payload.len()).unwrap_or(i64::MAX);
        let name = item
            .header
            .filename
            .as_deref()
            .map_or_else(|| "attachment".to_owned(), |name| cut(name, 255));
        let kind = item.header.attachment_type.as_deref().unwrap_or("event.attachment");
        let content_type = item.header.content_type.as_deref().map(|text| cut(text, 100));
        let meta = AttachmentMeta {
            event_id,
            name,
            kind: cut(kind, 100),
            content_type,
            size_bytes,
        };
        self.attachments.push(NewAttachment {
            meta,
            bytes: item.payload,
        });
    }

    fn count(&mut self, item: &Item) {
        let (items, bytes) = self.undigested.entry(cut(&item.header.kind, 100)).or_default();
        *items += 1;
        *bytes += i64::try_from(item.payload.len()).unwrap_or(i64::MAX);
    }
}

impl NewEvent {
    fn of(item: Item, claimed: &Claimed, sent_at: Option<i64>) -> Result<Self, Failure> {
        let raw = parse(&item)?;
        let event_id = claimed.event_id.clone().unwrap_or_else(new_id);
        Ok(Self::from_value(
            event_id,
            &raw,
            item.payload,
            claimed.received_at,
            sent_at,
        ))
    }

    /// A minidump that comes without an event is one.
    fn of_minidump(event_id: &str, claimed: &Claimed) -> Self {
        let raw = json!({
            "event_id": event_id, "platform": "native", "level": "fatal",
            "exception": {"values": [{
                "type": "Minidump", "value": "A crash without a description",
                "mechanism": {"type": "minidump", "handled": false, "synthetic": true},
            }]},
        });
        let payload = raw.to_string().into_bytes();
        Self::from_value(event_id.to_owned(), &raw, payload, claimed.received_at, None)
    }

    fn from_value(event_id: String, value: &Value, raw: Vec<u8>, received_at: i64, sent_at: Option<i64>) -> Self {
        let event = Event::read(value);
        let grouping = Grouping::of(&event);
        let occurred_at = occurred_at(event.occurred_at, sent_at, received_at);
        Self {
            event_id,
            event,
            grouping,
            occurred_at,
            raw,
        }
    }
}

/// When it happened by our clock: corrected by the drift between when it was sent and when it came; never in the future,
/// never before there were clocks.
fn occurred_at(stated: Option<i64>, sent_at: Option<i64>, received_at: i64) -> i64 {
    let Some(stated) = stated else { return received_at };
    let drift = sent_at.map_or(0, |sent_at| received_at.saturating_sub(sent_at));
    let corrected = if drift.saturating_abs() > DRIFT_MS {
        stated.saturating_add(drift)
    } else {
        stated
    };
    if corrected < EARLIEST_MS {
        received_at
    } else {
        corrected.min(received_at)
    }
}

/// Feedback is an event with what was written in a context.
fn feedback(item: &Item, claimed: &Claimed) -> Result<Option<NewFeedback>, Failure> {
    let raw = parse(item)?;
    let context = raw.pointer("/contexts/feedback").unwrap_or(&Value::Null);
    let Some(message) = field(context, "message") else {
        return Ok(None);
    };
    Ok(Some(NewFeedback {
        feedback_id: claimed.event_id.clone().unwrap_or_else(new_id),
        event_id: context.get("associated_event_id").and_then(Value::as_str).and_then(id),
        message: cut(&message, MAX_FEEDBACK_CHARS),
        email: field(context, "contact_email"),
        name: field(context, "name"),
    }))
}

/// The older form has no id of its own: the same words about the same event are the same report.
fn user_report(item: &Item) -> Result<Option<NewFeedback>, Failure> {
    let raw = parse(item)?;
    let Some(message) = field(&raw, "comments") else {
        return Ok(None);
    };
    Ok(Some(NewFeedback {
        feedback_id: sha256_hex(&item.payload),
        event_id: raw.get("event_id").and_then(Value::as_str).and_then(id),
        message: cut(&message, MAX_FEEDBACK_CHARS),
        email: field(&raw, "email"),
        name: field(&raw, "name"),
    }))
}

/// JSON, also where a client put bytes into it that are no UTF-8.
fn parse(item: &Item) -> Result<Value, Failure> {
    let parsed = match std::str::from_utf8(&item.payload) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(&item.payload)),
    };
    parsed.map_err(|source| Failure::Payload {
        kind: item.header.kind.clone(),
        source,
    })
}

fn field(object: &Value, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| cut(text, MAX_FEEDBACK_CHARS))
}

fn id(text: &str) -> Option<String> {
    Uuid::parse_str(text.trim()).ok().map(|id| id.simple().to_string())
}

fn new_id() -> String {
    Uuid::new_v4().simple().to_string()
}

fn cut(text: &str, chars: usize) -> String {
    text.chars()
        .filter(|char| !char.is_control() || *char == '\n')
        .take(chars)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED_AT: i64 = 1_700_000_000_000;

    fn claimed() -> Claimed {
        let event_id = Some("9ec79c33ec9942ab8353589fcb2e04dc".to_owned());
        Claimed {
            id: 1,
            project_id: 1,
            event_id,
            blob: String::new(),
            received_at: RECEIVED_AT,
            tries: 1,
        }
    }

    fn contents(items: Vec<Item>) -> Contents {
        Contents::of(
            Envelope {
                items,
                ..Envelope::default()
            },
            &claimed(),
        )
        .unwrap()
    }

    fn item(kind: &str, payload: &[u8]) -> Item {
        Item::new(kind, payload.to_vec())
    }

    #[test]
    fn a_clock_that_is_off_is_corrected() {
        let minute = 60_000;
        let cases = [
            (None, None, RECEIVED_AT),
            (Some(RECEIVED_AT - 5 * minute), None, RECEIVED_AT - 5 * minute),
            (
                Some(RECEIVED_AT - 5 * minute),
                Some(RECEIVED_AT - minute),
                RECEIVED_AT - 5 * minute,
            ),
            // Two years ahead, and two hours behind.
            (
                Some(RECEIVED_AT + 730 * 1440 * minute),
                Some(RECEIVED_AT + 730 * 1440 * minute),
                RECEIVED_AT,
            ),
            (
                Some(RECEIVED_AT - 130 * minute),
                Some(RECEIVED_AT - 120 * minute),
                RECEIVED_AT - 10 * minute,
            ),
            (Some(RECEIVED_AT + minute), None, RECEIVED_AT),
            (Some(0), None, RECEIVED_AT),
            (Some(i64::MAX), Some(i64::MIN), RECEIVED_AT),
        ];
        for (stated, sent_at, expected) in cases {
            assert_eq!(
                occurred_at(stated, sent_at, RECEIVED_AT),
                expected,
                "{stated:?} {sent_at:?}"
            );
        }
    }

    #[test]
    fn a_minidump_alone_makes_an_event_and_beside_one_does_not() {
        let dump = || Item::attachment("a.dmp", Some("event.minidump"), b"MDMP".to_vec());
        let alone = contents(vec![dump()]);
        assert_eq!(alone.event.unwrap().event.level, "fatal");
        assert_eq!(alone.attachments.len(), 1);

        for items in [
            vec![dump(), item("event", b"{\"level\":\"info\"}")],
            vec![item("event", b"{\"level\":\"info\"}"), dump()],
        ] {
            assert_eq!(contents(items).event.unwrap().event.level, "info");
        }
    }

    #[test]
    fn what_is_not_digested_is_counted_by_kind() {
        let contents = contents(vec![
            item("session", b"{}"),
            item("session", b"{}"),
            item("from_the_future", b""),
        ]);
        assert_eq!(contents.undigested["session"], (2, 4));
        assert_eq!(contents.undigested["from_the_future"], (1, 0));
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
        assert_eq!(event.event.title(), "a\u{fffd}b");
        assert_eq!(event.raw, b"{\"message\":\"a\xffb\"}");
        let broken = Envelope {
            items: vec![item("event", b"{")],
            ..Envelope::default()
        };
        assert!(Contents::of(broken, &claimed()).unwrap_err().is_final());
    }
}
