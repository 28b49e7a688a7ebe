//! What an envelope holds, sorted: pure, so that every shape can be tested without a database.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use afterword_protocol::envelope::{clean_file_name, kind};
use afterword_protocol::{Envelope, Item};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Failure;
use super::clock::Clock;
use super::discards::{self, Discard};
use super::row::EventRow;
use super::sessions::{self, Aggregate, Session};
use super::traces::{self, Span, Transaction};
use crate::blobs::sha256_hex;
use crate::grouping::InApp;
use crate::inbox::Claimed;
use crate::lenient;
use crate::pepper::Pepper;
use crate::symbols::missing::Lacking;

/// The most items `sessions` of one envelope; the rest is counted as undigested.
const MAX_SESSIONS_ITEMS: usize = 20;
/// The longest text a person may send.
const MAX_FEEDBACK_CHARS: usize = 4096;

/// Everything that is made of one envelope.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(super) event: Option<EventRow>,
    pub(super) attachments: Vec<NewAttachment>,
    pub(super) feedback: Vec<NewFeedback>,
    pub(super) transaction: Option<Transaction>,
    pub(super) spans: Vec<Span>,
    pub(super) sessions: Vec<Session>,
    pub(super) counts: Vec<Counts>,
    /// Items of which nothing is made, by kind.
    pub(super) undigested: BTreeMap<String, Undigested>,
    /// Modules of the event's minidump without symbols.
    pub(super) lacking: Vec<Lacking>,
}

/// What an item adds to counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// What tells the item from all others, if its envelope has an id: then it counts once, however often it comes.
    pub(super) key: Option<String>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) discards: Vec<Discard>,
}

/// Items of one kind of which nothing is made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Undigested {
    pub(super) items: i64,
    pub(super) bytes: i64,
    /// Why, of the last, where something should have been made of it.
    pub(super) reason: Option<String>,
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
    /// Sorts the items of an envelope. An item that only adds to figures and is malformed is counted as such; the rest
    /// of its envelope stays what it is.
    pub(super) fn of(envelope: Envelope, claimed: &Claimed, pepper: &Pepper, rules: &InApp) -> Result<Self, Failure> {
        let mut contents = Self::default();
        let sent_at = envelope.header.sent_at.as_deref();
        let clock = Clock {
            sent_at: sent_at.and_then(|sent_at| crate::event::parse_time(&json!(sent_at))),
            received_at: claimed.received_at,
        };
        let envelope_id = envelope.header.event_id;
        let has_event = envelope.item(kind::EVENT).is_some();
        for (index, item) in envelope.items.into_iter().enumerate() {
            match item.header.kind.as_str() {
                kind::EVENT => contents.event = Some(event(item, claimed, clock, rules)?),
                kind::TRANSACTION => {
                    let event_id = claimed.event_id.clone().unwrap_or_else(new_id);
                    contents.transaction = Some(Transaction::of(item, event_id, clock)?);
                }
                kind::ATTACHMENT => contents.add_attachment(item, claimed, has_event, rules)?,
                kind::FEEDBACK => contents.feedback.extend(feedback(&item, claimed)?),
                kind::USER_REPORT => contents.feedback.extend(user_report(&item)?),
                kind::SESSION | kind::SESSIONS | kind::CLIENT_REPORT | kind::SPAN => {
                    let key = envelope_id.map(|id| item_key(id, index, &item));
                    match contents.add_figures(&item, key, clock, pepper) {
                        Ok(None) => {}
                        Ok(Some(reason)) | Err(reason) => contents.count(&item, Some(reason)),
                    }
                }
                _ => contents.count(&item, None),
            }
        }
        Ok(contents)
    }

    /// Reads what only adds to figures. What of it was left out is told in words, and so is why all of it was.
    fn add_figures(
        &mut self,
        item: &Item,
        key: Option<String>,
        clock: Clock,
        pepper: &Pepper,
    ) -> Result<Option<String>, String> {
        let raw = parse(item).map_err(|failure| crate::error::chain(&failure))?;
        let mut counts = Counts {
            key,
            ..Counts::default()
        };
        let words = match item.header.kind.as_str() {
            kind::SESSION => {
                self.sessions.push(Session::read(&raw, clock, pepper)?);
                return Ok(None);
            }
            kind::SPAN => {
                let (spans, words) = traces::container(&raw, clock)?;
                self.spans.extend(spans);
                return Ok(words);
            }
            kind::SESSIONS => {
                if self.counts.len() >= MAX_SESSIONS_ITEMS {
                    return Err(format!("an envelope has at most {MAX_SESSIONS_ITEMS} of them"));
                }
                let (aggregates, words) = sessions::aggregates(&raw, clock, pepper)?;
                counts.aggregates = aggregates;
                words
            }
            _ => {
                counts.discards = discards::read(&raw, clock)?;
                None
            }
        };
        self.counts.push(counts);
        Ok(words)
    }

    fn add_attachment(&mut self, item: Item, claimed: &Claimed, has_event: bool, rules: &InApp) -> Result<(), Failure> {
        let Some(event_id) = claimed.event_id.clone() else {
            // It belongs to nothing.
            self.count(&item, None);
            return Ok(());
        };
        if item.is_minidump() && !has_event && self.event.is_none() {
            self.event = Some(of_minidump(&event_id, claimed, rules)?);
        }
        let size_bytes = i64::try_from(item.payload.len()).unwrap_or(i64::MAX);
        let name = item
            .header
            .filename
            .as_deref()
            .and_then(clean_file_name)
            .unwrap_or_else(|| "attachment".to_owned());
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
        Ok(())
    }

    fn count(&mut self, item: &Item, reason: Option<String>) {
        let of_kind = self.undigested.entry(cut(&item.header.kind, 100)).or_default();
        of_kind.items += 1;
        of_kind.bytes += i64::try_from(item.payload.len()).unwrap_or(i64::MAX);
        of_kind.reason = reason.or(of_kind.reason.take());
    }
}

fn event(item: Item, claimed: &Claimed, clock: Clock, rules: &InApp) -> Result<EventRow, Failure> {
    let raw = parse(&item)?;
    let event_id = claimed.event_id.clone().unwrap_or_else(new_id);
    EventRow::new(event_id, &raw, &item.payload, clock, rules)
}

/// A minidump that comes without an event is one.
fn of_minidump(event_id: &str, claimed: &Claimed, rules: &InApp) -> Result<EventRow, Failure> {
    let raw = json!({
        "event_id": event_id, "platform": "native", "level": "fatal",
        "exception": {"values": [{
            "type": "Minidump", "value": "A crash without a description",
            "mechanism": {"type": "minidump", "handled": false, "synthetic": true},
        }]},
    });
    let clock = Clock {
        sent_at: None,
        received_at: claimed.received_at,
    };
    EventRow::new(event_id.to_owned(), &raw, raw.to_string().as_bytes(), clock, rules)
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

pub(super) fn parse(item: &Item) -> Result<Value, Failure> {
    lenient::parse(&item.payload).map_err(|source| Failure::Payload {
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

/// The same for the same item of the same envelope, also when it is sent again.
fn item_key(envelope: Uuid, index: usize, item: &Item) -> String {
    let mut bytes = format!("{}:{index}:", envelope.simple()).into_bytes();
    bytes.extend_from_slice(&item.payload);
    sha256_hex(&bytes)
}

fn new_id() -> String {
    Uuid::new_v4().simple().to_string()
}

/// Not longer than this, and without control characters.
pub(super) fn cut(text: &str, chars: usize) -> String {
    text.chars()
        .filter(|char| !char.is_control() || *char == '\n')
        .take(chars)
        .collect()
}
