//! Envelopes: what they hold and how they are written.
//!
//! ```text
//! {"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","dsn":"https://key@host/42"}\n
//! {"type":"event","length":2}\n
//! {}\n
//! {"type":"attachment","length":5,"filename":"hello.txt"}\n
//! hello\n
//! ```
//!
//! Reading is in `parse`: with `length`, a payload is that many bytes and is followed by a newline or the end;
//! without, it ends before the next newline. A carriage return belongs to the payload. The last newline is optional.
//!
//! Source: <https://develop.sentry.dev/sdk/data-model/envelopes/>.

mod names;
mod parse;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use names::clean_file_name;

/// The kinds of item this project reads or writes, as the `type` of an item header spells them.
///
/// Any other kind may arrive and is kept as it is: a kind is a string, not an enumeration.
pub mod kind {
    /// An error, a message or a crash: JSON, at most one an envelope.
    pub const EVENT: &str = "event";
    /// A transaction with its spans: JSON, at most one an envelope.
    pub const TRANSACTION: &str = "transaction";
    /// What a person wrote: an event with `contexts.feedback`, at most one an envelope.
    pub const FEEDBACK: &str = "feedback";
    /// The older form of feedback: `{event_id, name, email, comments}`.
    pub const USER_REPORT: &str = "user_report";
    /// A file that belongs to the event.
    pub const ATTACHMENT: &str = "attachment";
    /// One update of one release health session.
    pub const SESSION: &str = "session";
    /// Release health, already summed up by the client.
    pub const SESSIONS: &str = "sessions";
    /// Spans that come alone, in a container.
    pub const SPAN: &str = "span";
    /// What the client discarded, and why.
    pub const CLIENT_REPORT: &str = "client_report";
    /// What a browser reports of a page's own rules (content security policy and the like).
    pub const SECURITY: &str = "security";
}

/// The `attachment_type` of a minidump. A minidump attachment alone makes an event.
pub const ATTACHMENT_MINIDUMP: &str = "event.minidump";

/// The `attachment_type` of a crash report as macOS writes it. It makes an event as a minidump does.
pub const ATTACHMENT_APPLE_CRASH_REPORT: &str = "event.applecrashreport";

/// How much one envelope may hold. What is over a limit is refused, never cut.
///
/// All sizes are of the decompressed envelope; bounding what a compressed body grows to is the reader's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The whole envelope, in bytes.
    pub envelope_bytes: usize,
    /// How many items, of any kind.
    pub items: usize,
    /// One header line, of the envelope or of an item, in bytes without its newline.
    pub header_bytes: usize,
    /// The header lines of all items together, in bytes. What is made of a header takes many times its bytes.
    pub item_headers_bytes: usize,
    /// Lists and objects inside each other in one header, itself included.
    pub header_depth: usize,
    /// The payload of an `event`, `transaction`, `feedback` or `user_report` item, in bytes.
    pub event_bytes: usize,
    /// The payload of a `client_report` item, in bytes.
    pub client_report_bytes: usize,
    /// How many `session` items.
    pub sessions: usize,
}

impl Default for Limits {
    /// What Sentry's servers take: 200 MiB an envelope, 1 MiB an event, 4 KiB a client report, 100 sessions; and, our
    /// own, 1000 items, 64 KiB a header line, 256 KiB all items' header lines together (clients write 40 to 200 bytes each)
    /// and a depth of 16 in each (clients need four).
    fn default() -> Self {
        Self {
            envelope_bytes: 200 << 20,
            items: 1000,
            header_bytes: 64 << 10,
            item_headers_bytes: 256 << 10,
            header_depth: 16,
            event_bytes: 1 << 20,
            client_report_bytes: 4 << 10,
            sessions: 100,
        }
    }
}

/// A header and the items under it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Envelope {
    /// What holds for all items.
    pub header: EnvelopeHeader,
    /// In the order of the wire, unknown kinds included.
    pub items: Vec<Item>,
}

/// An envelope whose payloads stay where they are, for looking at one without holding it twice.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnvelopeView<'a> {
    /// What holds for all items.
    pub header: EnvelopeHeader,
    /// In the order of the wire, unknown kinds included.
    pub items: Vec<ItemView<'a>>,
}

/// One part of an [`EnvelopeView`].
#[derive(Debug, Clone, PartialEq)]
pub struct ItemView<'a> {
    /// What the payload is.
    pub header: ItemHeader,
    /// The bytes as they came, without the newline that ends them.
    pub payload: &'a [u8],
    /// Where the item is in the envelope: its header line, its payload and the newline that ends it, if one does. An
    /// envelope without these bytes is one without this item.
    pub span: Range<usize>,
}

/// The first line of an envelope.
///
/// A known field of an unexpected type (a number as `sent_at`) is kept in `other`, except `event_id`, which must be a
/// UUID with or without dashes if it is there at all: it names what the items belong to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct EnvelopeHeader {
    /// The event's id; it beats the one in the event's payload. Written without dashes.
    #[serde(serialize_with = "without_dashes", skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// Where the envelope was meant to go; also a way to authenticate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsn: Option<String>,
    /// When it was sent by the client's clock, as RFC 3339: gives the clock's drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<String>,
    /// The trace the items belong to, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Value>,
    /// All other fields, in their order.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// One part of an envelope: a header line and a payload of any bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What the payload is.
    pub header: ItemHeader,
    /// The bytes as they came, without the newline that ends them.
    pub payload: Vec<u8>,
}

/// The line before a payload.
///
/// A known field of an unexpected type is kept in `other`, except `type`, which must be there, and `length`, which must
/// be a size if it is there: without them the framing is lost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct ItemHeader {
    /// What kind of item it is, see [`kind`]; any string.
    #[serde(rename = "type")]
    pub kind: String,
    /// The payload's size in bytes as the sender stated it; when written, always the true one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// The payload's media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// An attachment's file name as the client gave it: show it, never use it as a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// What an attachment is, for example [`ATTACHMENT_MINIDUMP`]; `event.attachment` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_type: Option<String>,
    /// All other fields, in their order.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Envelope {
    /// An envelope without items, for the event with this id.
    pub fn new(event_id: Uuid) -> Self {
        let header = EnvelopeHeader {
            event_id: Some(event_id),
            ..EnvelopeHeader::default()
        };
        Self {
            header,
            items: Vec::new(),
        }
    }

    /// Adds an item after the others.
    pub fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    /// The first item of this kind.
    pub fn item(&self, kind: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.header.kind == kind)
    }

    /// The envelope as it goes over the wire: every item with its true `length`, a newline after each line and payload.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload_bytes: usize = self.items.iter().map(|item| item.payload.len() + 256).sum();
        let mut out = Vec::with_capacity(payload_bytes + 512);
        write_line(&mut out, &self.header);
        for item in &self.items {
            out.extend_from_slice(&item.header.to_line(item.payload.len()));
            out.extend_from_slice(&item.payload);
            out.push(b'\n');
        }
        out
    }
}

impl Item {
    /// An item of this kind (see [`kind`]).
    pub fn new(kind: &str, payload: Vec<u8>) -> Self {
        Self {
            header: ItemHeader {
                kind: kind.to_owned(),
                ..ItemHeader::default()
            },
            payload,
        }
    }

    /// The same with its media type stated.
    #[must_use]
    pub fn with_content_type(mut self, content_type: &str) -> Self {
        self.header.content_type = Some(content_type.to_owned());
        self
    }

    /// An attachment: its file name, what it is (for example [`ATTACHMENT_MINIDUMP`]) and its bytes.
    pub fn attachment(filename: &str, attachment_type: Option<&str>, payload: Vec<u8>) -> Self {
        let mut item = Self::new(kind::ATTACHMENT, payload);
        item.header.filename = Some(filename.to_owned());
        item.header.attachment_type = attachment_type.map(str::to_owned);
        item
    }

    /// Whether this is a minidump, which makes an event by itself.
    pub fn is_minidump(&self) -> bool {
        self.header.is_minidump()
    }
}

impl EnvelopeHeader {
    /// The header as its line on the wire, with the newline.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = Vec::new();
        write_line(&mut line, self);
        line
    }
}

impl ItemHeader {
    /// The header as its line on the wire, with the newline, for a payload of so many bytes.
    pub fn to_line(&self, payload_bytes: usize) -> Vec<u8> {
        let mut line = Vec::new();
        let header = ItemHeader {
            length: Some(payload_bytes),
            ..self.clone()
        };
        write_line(&mut line, &header);
        line
    }

    /// Whether the payload is a minidump, which makes an event by itself.
    pub fn is_minidump(&self) -> bool {
        self.kind == kind::ATTACHMENT && self.attachment_type.as_deref() == Some(ATTACHMENT_MINIDUMP)
    }

    /// Whether the payload is a crash that makes an event by itself: a minidump or a crash report of macOS.
    pub fn is_crash(&self) -> bool {
        let kind = self.attachment_type.as_deref();
        self.kind == kind::ATTACHMENT
            && [ATTACHMENT_MINIDUMP, ATTACHMENT_APPLE_CRASH_REPORT]
                .map(Some)
                .contains(&kind)
    }
}

/// Appends a header as one line of JSON.
fn write_line(out: &mut Vec<u8>, header: &impl Serialize) {
    // Strings, numbers and maps with string keys go into memory: there is no way to fail.
    serde_json::to_writer(&mut *out, header).expect("a header serialises into memory");
    out.push(b'\n');
}

/// Sentry's form of an id: 32 digits.
fn without_dashes<S: serde::Serializer>(id: &Option<Uuid>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(&id.simple()),
        None => serializer.serialize_none(),
    }
}

/// What is wrong with an envelope. [`EnvelopeError::is_over_limit`] tells a 413 from a 400.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// No first line.
    #[error("envelope is empty")]
    Empty,
    /// The first line is no JSON object or has a bad `event_id`.
    #[error("envelope header is malformed")]
    Header {
        /// What the JSON parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The line before an item is no JSON object, has no `type` or a `length` that is no size.
    #[error("header of item {index} is malformed")]
    ItemHeader {
        /// Which item, counted from 0.
        index: usize,
        /// What the JSON parser says.
        #[source]
        source: serde_json::Error,
    },
    /// The payload is shorter than its `length`.
    #[error("item {index} states {length} bytes, but only {left} are left")]
    PayloadCut {
        /// Which item, counted from 0.
        index: usize,
        /// The size its header states.
        length: usize,
        /// How many bytes the envelope still has.
        left: usize,
    },
    /// The payload is longer than its `length`.
    #[error("item {index} has no newline after its {length} bytes")]
    PayloadOverrun {
        /// Which item, counted from 0.
        index: usize,
        /// The size its header states.
        length: usize,
    },
    /// `event`, `transaction` and `feedback` exclude each other, and themselves.
    #[error("more than one of event, transaction and feedback in an envelope")]
    TooManyEvents,
    /// More than one of the [`Limits`] allows.
    #[error("{what} is over the limit of {limit}")]
    OverLimit {
        /// What was too much, in words.
        what: &'static str,
        /// How much would have been taken.
        limit: usize,
    },
}

impl EnvelopeError {
    /// Whether the envelope is too big (413) rather than malformed (400).
    pub fn is_over_limit(&self) -> bool {
        matches!(self, Self::OverLimit { .. })
    }
}
