//! What a report is on the wire: one list of parts. The sender makes the bodies of its requests from it, and the dialog shows
//! it, saves it and adds up its sizes, so that what a person looks at is what goes.
//!
//! ```text
//! body of the report     the envelope's first line
//!                        event.json     item `event`; cannot be left out
//!                        minidump.dmp   attachment `event.minidump`
//!                        stack.json     attachment
//! body of the comment    an envelope of its own: an event and a feedback exclude each other in one
//! ```
//!
//! A part is its item's header line, its payload and the newline after it. An event that is not there yet is made of what was
//! mirrored before the crash. Of an error, the stored envelope goes exactly as it was captured, but for the attachments that
//! the person left out. Of a hang the minidump is an attachment like any other: as a minidump it would be a crash, whose stack
//! a server makes of it by itself.
//!
//! Files stay where they are until somebody wants their bytes.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use afterword_protocol::envelope::{ATTACHMENT_MINIDUMP, EnvelopeHeader, EnvelopeView, ItemHeader, kind};
use afterword_protocol::{Envelope, Item, Limits};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::{Answer, Error, ReportFile, ReportId, ReportInfo, ReportKind, Store, disk};

/// The longest message of a feedback, in characters.
const MESSAGE_MAX_CHARS: usize = 4096;
/// So much is copied at a time, in bytes.
const CHUNK_BYTES: u64 = 1 << 20;

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartKind {
    /// The first line of the envelope: the event's id.
    Header,
    /// The report's text.
    Event,
    /// Registers, stacks and modules.
    Minidump,
    /// The stacks as they were worked out.
    Stack,
    /// Another attachment.
    Attachment,
    /// What the person wrote.
    Comment,
    /// What else an error's envelope holds.
    Other,
}

/// One part of what would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    name: String,
    kind: PartKind,
    goes: bool,
    pieces: Vec<Piece>,
    payload: Piece,
}

/// Bytes, or where they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    /// A range of a file that had `of_bytes` when it was laid out.
    File {
        file: ReportFile,
        range: Range<u64>,
        of_bytes: u64,
    },
}

/// What the person may choose about what goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Names of the parts that do not go. What cannot be left out goes all the same.
    pub left_out: Vec<String>,
    /// What the person wrote.
    pub comment: Option<String>,
    /// How to reach them.
    pub email: Option<String>,
    /// The comment's time on the wire.
    pub commented_at: Option<OffsetDateTime>,
}

impl From<&Answer> for Choices {
    fn from(answer: &Answer) -> Choices {
        Choices {
            left_out: answer.left_out.clone(),
            comment: answer.comment.clone(),
            email: answer.email.clone(),
            commented_at: Some(answer.asked_at.unwrap_or(answer.answered_at)),
        }
    }
}

/// What would be sent of a report.
#[derive(Clone, Debug)]
pub struct Outgoing {
    store: Store,
    id: ReportId,
    event_id: Uuid,
    release: Option<String>,
    environment: Option<String>,
    parts: Vec<Part>,
    comment: Option<Part>,
}

impl Part {
    /// Its name, by which it is left out. No two parts of a report have the same.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> PartKind {
        self.kind
    }

    /// Whether it goes, as chosen.
    #[must_use]
    pub fn goes(&self) -> bool {
        self.goes
    }

    /// Whether it may be left out.
    #[must_use]
    pub fn can_be_left_out(&self) -> bool {
        matches!(self.kind, PartKind::Minidump | PartKind::Stack | PartKind::Attachment)
    }

    /// All of it on the wire before compression, in bytes: with its header line.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.pieces.iter().map(Piece::size_bytes).sum()
    }

    /// What is in it, in bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> u64 {
        self.payload.size_bytes()
    }
}

impl Piece {
    fn size_bytes(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::File { range, .. } => range.end - range.start,
        }
    }
}

impl Outgoing {
    /// Lays out what would be sent of a report, all of it.
    pub(crate) fn lay_out(store: &Store, folder: &Path, info: &ReportInfo) -> Result<Outgoing, Error> {
        let parts = match info.kind {
            ReportKind::Error => parts_of_error(folder, info)?,
            ReportKind::Crash | ReportKind::Panic | ReportKind::Hang => parts_of_crash(folder, info)?,
        };
        Ok(Outgoing {
            store: store.clone(),
            id: info.report_id,
            event_id: info.event_id,
            release: info.release.clone(),
            environment: info.environment.clone(),
            parts,
            comment: None,
        })
    }

    /// Applies what was chosen, in the place of what was chosen before.
    pub fn choose(&mut self, choices: &Choices) {
        for part in &mut self.parts {
            part.goes = !(part.can_be_left_out() && choices.left_out.contains(&part.name));
        }
        self.comment = self.feedback(choices);
    }

    /// The parts in the order of the wire, those that do not go included.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().chain(&self.comment)
    }

    /// Whether a part of this kind goes.
    #[must_use]
    pub fn has(&self, kind: PartKind) -> bool {
        self.parts().any(|part| part.kind == kind && part.goes)
    }

    /// All that goes, before compression, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.parts().filter(|part| part.goes).map(Part::size_bytes).sum()
    }

    /// The body of the report's request before compression.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLarge`]; [`Error::Changed`] when a file was written anew meanwhile;
    /// [`Error::NoSuchReport`].
    pub fn report_body(&self) -> Result<Vec<u8>, Error> {
        self.body(&self.parts)
    }

    /// The body of the comment's request, if there is a comment.
    ///
    /// # Errors
    /// As [`Outgoing::report_body`].
    pub fn comment_body(&self) -> Result<Option<Vec<u8>>, Error> {
        self.comment
            .as_ref()
            .map(|comment| self.body(std::slice::from_ref(comment)))
            .transpose()
    }

    /// The id of the comment's own envelope: the same for the same report, so that a server can tell a comment that it got
    /// twice.
    #[must_use]
    pub fn comment_id(&self) -> Uuid {
        feedback_id(self.event_id)
    }

    /// Writes all that goes: the bodies, one after the other. Returns how many bytes that were.
    ///
    /// # Errors
    /// As [`Outgoing::report_body`]; [`Error::Write`] with `to`, which only names what is written to.
    pub fn write_to(&self, mut out: impl Write, to: &Path) -> Result<u64, Error> {
        let mut written = 0;
        let parts = self.parts().filter(|part| part.goes);
        for piece in parts.flat_map(|part| &part.pieces) {
            self.copy(piece, &mut |bytes| {
                written += bytes.len() as u64;
                out.write_all(bytes).map_err(|source| Error::Write {
                    path: to.to_owned(),
                    source,
                })
            })?;
        }
        Ok(written)
    }

    /// At most `length` bytes of what is in a part, from `offset` on.
    ///
    /// # Errors
    /// As [`Outgoing::report_body`].
    pub fn read(&self, part: &Part, offset: u64, length: usize) -> Result<Vec<u8>, Error> {
        let end = part.payload_bytes().min(offset.saturating_add(length as u64));
        self.bytes_of(&part.payload, offset.min(end)..end)
    }

    fn body(&self, parts: &[Part]) -> Result<Vec<u8>, Error> {
        let going = || parts.iter().filter(|part| part.goes);
        let size: u64 = going().map(Part::size_bytes).sum();
        let mut body = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        for piece in going().flat_map(|part| &part.pieces) {
            self.copy(piece, &mut |bytes| {
                body.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        Ok(body)
    }

    fn copy(&self, piece: &Piece, take: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let size = piece.size_bytes();
        let mut at = 0;
        while at < size {
            let end = size.min(at + CHUNK_BYTES);
            take(&self.bytes_of(piece, at..end)?)?;
            at = end;
        }
        Ok(())
    }

    fn bytes_of(&self, piece: &Piece, wanted: Range<u64>) -> Result<Vec<u8>, Error> {
        match piece {
            Piece::Bytes(bytes) => Ok(bytes[wanted.start as usize..wanted.end as usize].to_vec()),
            Piece::File { file, range, of_bytes } => {
                let state = self.store.locate(self.id)?;
                let path = self.store.report_folder(state, self.id).join(file.name());
                disk::read_range(&path, range.start + wanted.start..range.start + wanted.end, *of_bytes)
            }
        }
    }

    /// The comment as an envelope of its own.
    fn feedback(&self, choices: &Choices) -> Option<Part> {
        let given = |text: &Option<String>| {
            let text = text.as_deref().map(str::trim)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let message: String = given(&choices.comment)?.chars().take(MESSAGE_MAX_CHARS).collect();
        let mut feedback = Map::new();
        feedback.insert("message".into(), message.into());
        if let Some(email) = given(&choices.email) {
            feedback.insert("contact_email".into(), email.into());
        }
        feedback.insert("associated_event_id".into(), self.event_id.simple().to_string().into());
        let id = self.comment_id();
        let mut event = json!({
            "event_id": id.simple().to_string(),
            "timestamp": rfc3339(choices.commented_at.unwrap_or(OffsetDateTime::UNIX_EPOCH)),
            "platform": "native",
            "level": "info",
        });
        event["contexts"] = json!({ "feedback": feedback });
        add_release(&mut event, self.release.as_ref(), self.environment.as_ref());
        let payload = event.to_string().into_bytes();
        let mut envelope = Envelope::new(id);
        envelope.push(Item::new(kind::FEEDBACK, payload.clone()).with_content_type("application/json"));
        Some(Part {
            name: "comment".to_owned(),
            kind: PartKind::Comment,
            goes: true,
            pieces: vec![Piece::Bytes(envelope.to_bytes())],
            payload: Piece::Bytes(payload),
        })
    }
}

fn parts_of_crash(folder: &Path, info: &ReportInfo) -> Result<Vec<Part>, Error> {
    let first_line = EnvelopeHeader {
        event_id: Some(info.event_id),
        ..EnvelopeHeader::default()
    };
    let event = match whole(folder, ReportFile::Event)? {
        Some(event) => event,
        None => Piece::Bytes(mirrored_event(info)),
    };
    let mut parts = vec![
        header(first_line.to_line()),
        item(PartKind::Event, json_item(kind::EVENT), event),
    ];
    if let Some(dump) = whole(folder, ReportFile::Minidump)? {
        let line = ItemHeader {
            content_type: Some("application/x-dmp".to_owned()),
            attachment_type: (info.kind != ReportKind::Hang).then(|| ATTACHMENT_MINIDUMP.to_owned()),
            ..attachment(ReportFile::Minidump)
        };
        parts.push(item(PartKind::Minidump, line, dump));
    }
    if let Some(stack) = whole(folder, ReportFile::Stack)? {
        let line = ItemHeader {
            content_type: Some("application/json".to_owned()),
            ..attachment(ReportFile::Stack)
        };
        parts.push(item(PartKind::Stack, line, stack));
    }
    Ok(parts)
}

/// The stored envelope, item by item, each byte of it in one part. What is no envelope is one part: what it is is for the
/// server to say.
fn parts_of_error(folder: &Path, info: &ReportInfo) -> Result<Vec<Part>, Error> {
    let file = ReportFile::Envelope;
    let bytes = disk::read_bounded(&folder.join(file.name()), file.max_bytes())?
        .ok_or(Error::NoEnvelope { id: info.report_id })?;
    let of_bytes = bytes.len() as u64;
    let piece = |range: Range<usize>| Piece::File {
        file,
        range: range.start as u64..range.end as u64,
        of_bytes,
    };
    let part = |name: &str, kind, span: Range<usize>, payload: Range<usize>| Part {
        name: name.to_owned(),
        kind,
        goes: true,
        pieces: vec![piece(span)],
        payload: piece(payload),
    };
    let Ok(envelope) = EnvelopeView::parse(&bytes, &Limits::default()) else {
        return Ok(vec![part("envelope", PartKind::Other, 0..bytes.len(), 0..bytes.len())]);
    };
    let starts: Vec<usize> = envelope.items.iter().map(|item| item.span.start).collect();
    let first = starts.first().copied().unwrap_or(bytes.len());
    let mut parts = vec![part("envelope header", PartKind::Header, 0..first, 0..first)];
    for (index, item) in envelope.items.iter().enumerate() {
        // Blank lines between two items stay with the one before.
        let end = starts.get(index + 1).copied().unwrap_or(bytes.len());
        let line = bytes[item.span.clone()].iter().position(|byte| *byte == b'\n');
        let from = line.map_or(item.span.end, |line| item.span.start + line + 1);
        let (kind, name) = match item.header.kind.as_str() {
            kind::EVENT => (PartKind::Event, "event"),
            kind::ATTACHMENT => {
                let kind = match item.header.is_minidump() {
                    true => PartKind::Minidump,
                    false => PartKind::Attachment,
                };
                (kind, item.header.filename.as_deref().unwrap_or("attachment"))
            }
            other => (PartKind::Other, other),
        };
        let name = unused(name, &parts);
        parts.push(part(&name, kind, item.span.start..end, from..from + item.payload.len()));
    }
    Ok(parts)
}

/// The name, or with a number if there is one of that name.
fn unused(name: &str, parts: &[Part]) -> String {
    let taken = |name: &str| parts.iter().any(|part| part.name == name);
    let mut free = name.to_owned();
    let mut number = 2;
    while taken(&free) {
        free = format!("{name} ({number})");
        number += 1;
    }
    free
}

fn header(line: Vec<u8>) -> Part {
    Part {
        name: "envelope header".to_owned(),
        kind: PartKind::Header,
        goes: true,
        pieces: vec![Piece::Bytes(line.clone())],
        payload: Piece::Bytes(line),
    }
}

fn item(kind: PartKind, line: ItemHeader, payload: Piece) -> Part {
    let size = usize::try_from(payload.size_bytes()).unwrap_or(usize::MAX);
    Part {
        name: line.filename.clone().unwrap_or_else(|| line.kind.clone()),
        kind,
        goes: true,
        pieces: vec![
            Piece::Bytes(line.to_line(size)),
            payload.clone(),
            Piece::Bytes(b"\n".to_vec()),
        ],
        payload,
    }
}

fn json_item(kind: &str) -> ItemHeader {
    ItemHeader {
        kind: kind.to_owned(),
        content_type: Some("application/json".to_owned()),
        ..ItemHeader::default()
    }
}

fn attachment(file: ReportFile) -> ItemHeader {
    ItemHeader {
        kind: kind::ATTACHMENT.to_owned(),
        filename: Some(file.name().to_owned()),
        ..ItemHeader::default()
    }
}

/// A whole file, if it is there.
fn whole(folder: &Path, file: ReportFile) -> Result<Option<Piece>, Error> {
    let path: PathBuf = folder.join(file.name());
    let size = disk::size_of_file(&path)?;
    size.map(|of_bytes| {
        disk::check_size(&path, of_bytes, file.max_bytes())?;
        Ok(Piece::File {
            file,
            range: 0..of_bytes,
            of_bytes,
        })
    })
    .transpose()
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
    add_release(&mut event, info.release.as_ref(), info.environment.as_ref());
    event.to_string().into_bytes()
}

fn add_release(event: &mut Value, release: Option<&String>, environment: Option<&String>) {
    for (key, value) in [("release", release), ("environment", environment)] {
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
