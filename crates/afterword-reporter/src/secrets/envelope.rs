//! Envelopes that the app has captured: events, transactions, logs, and the text files that go with them.

use afterword_protocol::envelope::kind;
use afterword_protocol::{EnvelopeView, ItemHeader, ItemView, Limits};
use serde_json::Value;

use super::event::{Cleaner, Doing, TAKEN_OUT, finish};
use super::file;
use super::tally::{NOT_LOOKED_THROUGH, Tally};

/// The envelope without what is found in it; none where nothing is. What cannot be read as one is looked through as a text:
/// no server takes it, and it would be kept.
pub(super) fn clean(bytes: &[u8], doing: Doing<'_>) -> Option<Vec<u8>> {
    let mut limits = Limits::default();
    (limits.event_bytes, limits.items) = (limits.envelope_bytes, bytes.len());
    let mut cleaner = Cleaner {
        doing,
        tally: Tally::default(),
    };
    if matches!(doing, Doing::TakeOut) {
        cleaner.tally.note(NOT_LOOKED_THROUGH);
    }
    let Ok(envelope) = EnvelopeView::parse(bytes, &limits) else {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        let before = text.clone();
        cleaner.text(&mut text);
        return (text != before).then(|| text.into_bytes());
    };
    let head = &bytes[..envelope.items.first().map_or(bytes.len(), |item| item.span.start)];
    let new_head = clean_head(head, &mut cleaner);
    let mut items: Vec<Cleaned> = envelope
        .items
        .iter()
        .map(|item| clean_item(item, &mut cleaner))
        .collect();
    // Of the events there is one at the most; it says what is missing in the whole.
    for item in &mut items {
        if let Cleaned::Event { event, changed } = item
            && (!cleaner.tally.is_empty() || *changed)
        {
            finish(event, cleaner.tally.lines());
            *changed = true;
        }
    }
    let any = new_head.is_some() || items.iter().any(Cleaned::is_changed);
    any.then(|| {
        let mut out = new_head.unwrap_or_else(|| head.to_vec());
        end_line(&mut out);
        for (item, cleaned) in envelope.items.iter().zip(items) {
            write(item, cleaned, bytes, &mut out);
        }
        out
    })
}

/// An item, and what is new of it.
enum Cleaned {
    AsItWas,
    Event {
        event: Value,
        changed: bool,
    },
    New {
        payload: Option<Vec<u8>>,
        filename: Option<String>,
    },
}

impl Cleaned {
    fn is_changed(&self) -> bool {
        !matches!(self, Cleaned::AsItWas | Cleaned::Event { changed: false, .. })
    }
}

/// The trace in the envelope's head names the transaction, and may name a user.
fn clean_head(head: &[u8], cleaner: &mut Cleaner<'_>) -> Option<Vec<u8>> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut header: Value = serde_json::from_slice(line).ok()?;
    let trace = header.get_mut("trace")?;
    let before = trace.clone();
    let key = trace.get_mut("public_key").map(Value::take);
    cleaner.json(trace);
    if let (Some(key), Some(fields)) = (key, trace.as_object_mut()) {
        fields.insert("public_key".to_owned(), key);
    }
    if *trace == before {
        return None;
    }
    serde_json::to_vec(&header).ok()
}

fn clean_item(item: &ItemView<'_>, cleaner: &mut Cleaner<'_>) -> Cleaned {
    match item.header.kind.as_str() {
        // Counts; and what people write themselves, which they have read.
        kind::SESSION | kind::SESSIONS | kind::CLIENT_REPORT | kind::USER_REPORT | "statsd" | "metric_buckets" => {
            Cleaned::AsItWas
        }
        kind::ATTACHMENT => clean_attachment(item, cleaner),
        name => match serde_json::from_slice::<Value>(item.payload) {
            Ok(mut value) => {
                let before = value.clone();
                match name {
                    kind::EVENT | kind::TRANSACTION => cleaner.event(&mut value),
                    kind::FEEDBACK => cleaner.feedback(&mut value),
                    _ => cleaner.json(&mut value),
                }
                let changed = value != before;
                match name {
                    kind::EVENT | kind::TRANSACTION => Cleaned::Event { event: value, changed },
                    _ if changed => Cleaned::New {
                        payload: serde_json::to_vec(&value).ok(),
                        filename: None,
                    },
                    _ => Cleaned::AsItWas,
                }
            }
            Err(_) => new_file(file::clean(item.payload, cleaner), None),
        },
    }
}

fn clean_attachment(item: &ItemView<'_>, cleaner: &mut Cleaner<'_>) -> Cleaned {
    let mut filename = item.header.filename.clone();
    if let Some(name) = &mut filename {
        cleaner.text(name);
    }
    let filename = filename.filter(|name| Some(name) != item.header.filename.as_ref());
    if item.header.is_crash() {
        return new_file(None, filename);
    }
    new_file(file::clean(item.payload, cleaner), filename)
}

fn new_file(payload: Option<Vec<u8>>, filename: Option<String>) -> Cleaned {
    match (&payload, &filename) {
        (None, None) => Cleaned::AsItWas,
        _ => Cleaned::New { payload, filename },
    }
}

fn write(item: &ItemView<'_>, cleaned: Cleaned, envelope: &[u8], out: &mut Vec<u8>) {
    let (payload, filename) = match cleaned {
        Cleaned::AsItWas | Cleaned::Event { changed: false, .. } => {
            out.extend_from_slice(&envelope[item.span.clone()]);
            return end_line(out);
        }
        Cleaned::Event { event, .. } => (event.to_string().into_bytes(), None),
        Cleaned::New { payload, filename } => (payload.unwrap_or_else(|| item.payload.to_vec()), filename),
    };
    let header = ItemHeader {
        length: Some(payload.len()),
        filename: filename.or_else(|| item.header.filename.clone()),
        ..item.header.clone()
    };
    // Texts, numbers and maps with keys of text go into memory: there is no way to fail.
    out.extend_from_slice(&serde_json::to_vec(&header).unwrap_or_else(|_| TAKEN_OUT.into()));
    out.push(b'\n');
    out.extend_from_slice(&payload);
    out.push(b'\n');
}

fn end_line(out: &mut Vec<u8>) {
    if out.last() != Some(&b'\n') {
        out.push(b'\n');
    }
}
