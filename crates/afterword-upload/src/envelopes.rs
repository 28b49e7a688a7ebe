//! What is sent, as bytes: the preview and the wire use the same functions.

use afterword_protocol::envelope::{ATTACHMENT_MINIDUMP, kind};
use afterword_protocol::{Envelope, Item, Limits};
use afterword_store::{Answer, ReleasedReport, ReportFile, ReportInfo, ReportKind};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::Error;

/// The longest message of a feedback, in characters.
const MESSAGE_MAX_CHARS: usize = 4096;

/// The envelope of a report.
///
/// A crash or panic: `event.json` as item `event`, `minidump.dmp` as attachment `event.minidump`, `stack.json` as
/// attachment; what is not there is left out, and without an assembled event one is made of what was mirrored before the
/// crash. A hang: the same, its minidump an attachment like any other. An error: the stored envelope.
///
/// # Errors
/// [`Error::NoEnvelope`] and [`Error::Envelope`] for errors; [`Error::Store`] when a file cannot be read.
pub fn report_envelope(released: &ReleasedReport) -> Result<Envelope, Error> {
    let id = released.id();
    if released.info().kind == ReportKind::Error {
        let bytes = stored_envelope(released)?;
        return Envelope::parse(&bytes, &Limits::default()).map_err(|source| Error::Envelope { id, source });
    }
    let read = |file| released.read(file).map_err(Error::store(id));
    let event = read(ReportFile::Event)?.unwrap_or_else(|| mirrored_event(released.info()));
    let mut envelope = Envelope::new(released.info().event_id);
    envelope.push(Item::new(kind::EVENT, event).with_content_type("application/json"));
    if let Some(dump) = read(ReportFile::Minidump)? {
        // As a minidump it would be a crash, whose stack a server makes of it by itself; of a hang the event's counts.
        let attachment_type = (released.info().kind != ReportKind::Hang).then_some(ATTACHMENT_MINIDUMP);
        let dump = Item::attachment(ReportFile::Minidump.name(), attachment_type, dump);
        envelope.push(dump.with_content_type("application/x-dmp"));
    }
    if let Some(stack) = read(ReportFile::Stack)? {
        let stack = Item::attachment(ReportFile::Stack.name(), None, stack);
        envelope.push(stack.with_content_type("application/json"));
    }
    Ok(envelope)
}

/// The bytes of a report's envelope before compression: those of [`report_envelope`], or for an error exactly those that
/// were stored.
///
/// # Errors
/// As [`report_envelope`].
pub fn report_bytes(released: &ReleasedReport) -> Result<Vec<u8>, Error> {
    match released.info().kind {
        ReportKind::Error => stored_envelope(released),
        ReportKind::Crash | ReportKind::Panic | ReportKind::Hang => Ok(report_envelope(released)?.to_bytes()),
    }
}

/// The comment of an answer as an envelope of its own, if there is one. Its event id follows from the report's, so that
/// a server can tell a comment that it got twice.
#[must_use]
pub fn feedback_envelope(info: &ReportInfo, answer: &Answer) -> Option<Envelope> {
    let message = answer
        .comment
        .as_deref()
        .map(str::trim)
        .filter(|comment| !comment.is_empty())?;
    let event_id = feedback_id(info.event_id);
    let mut feedback = Map::new();
    feedback.insert(
        "message".into(),
        message.chars().take(MESSAGE_MAX_CHARS).collect::<String>().into(),
    );
    if let Some(email) = answer.email.as_deref().map(str::trim).filter(|email| !email.is_empty()) {
        feedback.insert("contact_email".into(), email.into());
    }
    feedback.insert("associated_event_id".into(), info.event_id.simple().to_string().into());
    let mut event = json!({
        "event_id": event_id.simple().to_string(),
        "timestamp": rfc3339(answer.answered_at),
        "platform": "native",
        "level": "info",
    });
    event["contexts"] = json!({ "feedback": feedback });
    add_release(&mut event, info);
    let mut envelope = Envelope::new(event_id);
    envelope.push(Item::new(kind::FEEDBACK, event.to_string().into_bytes()).with_content_type("application/json"));
    Some(envelope)
}

fn stored_envelope(released: &ReleasedReport) -> Result<Vec<u8>, Error> {
    let id = released.id();
    released
        .read(ReportFile::Envelope)
        .map_err(Error::store(id))?
        .ok_or(Error::NoEnvelope { id })
}

/// An event of what was mirrored before the crash, for a report whose event was never assembled.
fn mirrored_event(info: &ReportInfo) -> Vec<u8> {
    let mut event = if info.event.is_object() {
        info.event.clone()
    } else {
        json!({})
    };
    event["event_id"] = info.event_id.simple().to_string().into();
    event["timestamp"] = rfc3339(info.captured_at).into();
    event["platform"] = "native".into();
    event["level"] = "fatal".into();
    add_release(&mut event, info);
    event.to_string().into_bytes()
}

fn add_release(event: &mut Value, info: &ReportInfo) {
    for (key, value) in [("release", &info.release), ("environment", &info.environment)] {
        if let Some(value) = value {
            event[key] = value.as_str().into();
        }
    }
}

/// The same for the same report, another than its own, and a UUID of version 4 like all event ids.
fn feedback_id(event_id: Uuid) -> Uuid {
    const OTHER: u128 = 0x6166_7465_7277_6f72_645f_636f_6d6d_656e;
    uuid::Builder::from_random_bytes((event_id.as_u128() ^ OTHER).to_be_bytes()).into_uuid()
}

fn rfc3339(at: OffsetDateTime) -> String {
    // Fails only for years beyond 9999, which no clock here shows.
    at.format(&Rfc3339).unwrap_or_default()
}
