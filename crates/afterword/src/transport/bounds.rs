//! What is too large is made smaller, and says what is missing: the report still goes.

use sentry::Envelope;
use sentry::protocol::{Attachment, EnvelopeItem};
use serde::Serialize;
use serde_json::{Value, json};

/// The most that servers take of an event or a transaction, in bytes of JSON.
const EVENT_MAX_BYTES: usize = 1024 * 1024;
/// All attachments of an envelope together, in bytes.
const ATTACHMENTS_MAX_BYTES: usize = 20 * 1024 * 1024;
/// Texts are cut to so many bytes, one bound after the other, until the event fits.
const TEXT_MAX_BYTES: [usize; 4] = [64 * 1024, 8 * 1024, 1024, 128];
/// Lists are cut to so many entries after that.
const LIST_MAX_ENTRIES: [usize; 3] = [1000, 100, 10];
/// What goes at last.
const PARTS: [&str; 8] = [
    "extra",
    "breadcrumbs",
    "contexts",
    "request",
    "spans",
    "threads",
    "debug_meta",
    "tags",
];
/// Where an event says what is missing.
const LEFT_OUT: &str = "afterword.left_out";

/// An envelope within the bounds.
pub(super) struct Fitted {
    /// Its header, and its items but for the main one if that was cut.
    pub(super) rest: Envelope,
    /// The item that was cut: its type, and what is left of it. As JSON: to read it back as an event would take the code for
    /// all that events can hold into each app.
    pub(super) main: Option<(&'static str, Value)>,
}

/// The same envelope within the bounds; none where it is so already. `bytes` is its length, with what stands before it.
pub(super) fn fit(envelope: &Envelope, bytes: usize) -> Option<Fitted> {
    if bytes <= EVENT_MAX_BYTES {
        return None;
    }
    let left_out = attachments_to_leave_out(envelope);
    let mut fitted = Fitted {
        rest: Envelope::new().with_headers(envelope.headers().clone()),
        main: None,
    };
    let mut attachment = 0;
    for item in envelope.items() {
        match item {
            EnvelopeItem::Attachment(_) => {
                attachment += 1;
                if left_out.iter().any(|(index, _)| *index == attachment - 1) {
                    continue;
                }
            }
            EnvelopeItem::Event(event) => fitted.main = fit_json(event, &left_out).map(|cut| ("event", cut)),
            EnvelopeItem::Transaction(transaction) => {
                fitted.main = fit_json(transaction, &left_out).map(|cut| ("transaction", cut));
            }
            _ => {}
        }
        let is_cut = matches!(item, EnvelopeItem::Event(_) | EnvelopeItem::Transaction(_)) && fitted.main.is_some();
        if !is_cut {
            fitted.rest.add_item(item.clone());
        }
    }
    (fitted.main.is_some() || !left_out.is_empty()).then_some(fitted)
}

/// Which attachments are too many, the largest first: their places, and what to say of them.
fn attachments_to_leave_out(envelope: &Envelope) -> Vec<(usize, String)> {
    let mut attachments: Vec<(usize, &Attachment)> = envelope
        .items()
        .filter_map(|item| match item {
            EnvelopeItem::Attachment(attachment) => Some(attachment),
            _ => None,
        })
        .enumerate()
        .collect();
    attachments.sort_by_key(|(_, attachment)| attachment.buffer.len());
    let mut bytes: usize = attachments.iter().map(|(_, attachment)| attachment.buffer.len()).sum();
    let mut left_out = Vec::new();
    while bytes > ATTACHMENTS_MAX_BYTES
        && let Some((index, attachment)) = attachments.pop()
    {
        bytes -= attachment.buffer.len();
        let name: String = attachment.filename.chars().take(100).collect();
        left_out.push((index, format!("attachment {name} of {} bytes", attachment.buffer.len())));
    }
    left_out
}

/// An event within its bound, with what was left out of it and its envelope; none where nothing was.
fn fit_json<T: Serialize>(event: &T, left_out: &[(usize, String)]) -> Option<Value> {
    let mut value = serde_json::to_value(event).ok()?;
    let mut said: Vec<String> = left_out.iter().map(|(_, words)| words.clone()).collect();
    shrink(&mut value, &mut said);
    if said.is_empty() {
        return None;
    }
    if let Some(fields) = value.as_object_mut() {
        let extra = fields.entry("extra").or_insert_with(|| json!({}));
        if let Some(extra) = extra.as_object_mut() {
            extra.insert(LEFT_OUT.to_owned(), json!(said));
        }
    }
    Some(value)
}

/// Cuts until it fits, the least telling first.
fn shrink(value: &mut Value, said: &mut Vec<String>) {
    let fits = |value: &Value| value.to_string().len() + 4096 <= EVENT_MAX_BYTES;
    if fits(value) {
        return;
    }
    for most in TEXT_MAX_BYTES {
        cut_texts(value, most);
        if fits(value) {
            return said.push(format!("what is longer than {most} bytes in a text"));
        }
    }
    for most in LIST_MAX_ENTRIES {
        cut_lists(value, most);
        if fits(value) {
            return said.push(format!("texts beyond 128 bytes, lists beyond {most} entries"));
        }
    }
    said.push("texts beyond 128 bytes, lists beyond 10 entries".to_owned());
    for part in PARTS {
        if let Some(fields) = value.as_object_mut()
            && fields.remove(part).is_some()
        {
            said.push(part.to_owned());
        }
        if fits(value) {
            return;
        }
    }
}

fn cut_texts(value: &mut Value, most: usize) {
    match value {
        Value::String(text) if text.len() > most => {
            text.truncate(text.floor_char_boundary(most));
            text.push('…');
        }
        Value::Array(values) => values.iter_mut().for_each(|value| cut_texts(value, most)),
        Value::Object(fields) => fields.values_mut().for_each(|value| cut_texts(value, most)),
        _ => {}
    }
}

/// Of a list of frames or breadcrumbs the end counts: it is the newest.
fn cut_lists(value: &mut Value, most: usize) {
    match value {
        Value::Array(values) => {
            let surplus = values.len().saturating_sub(most);
            values.drain(..surplus);
            values.iter_mut().for_each(|value| cut_lists(value, most));
        }
        Value::Object(fields) => {
            // No list, and yet as long as one: a map that an app has filled.
            while fields.len() > most.max(50) {
                let last = fields.keys().next_back().cloned();
                last.map(|key| fields.remove(&key));
            }
            fields.values_mut().for_each(|value| cut_lists(value, most));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use sentry::protocol::Event;

    use super::*;

    fn bytes(envelope: &Envelope) -> usize {
        let mut bytes = Vec::new();
        envelope.to_writer(&mut bytes).unwrap();
        bytes.len()
    }

    fn fitted(envelope: &Envelope) -> (Envelope, Event<'static>) {
        let fitted = fit(envelope, bytes(envelope)).expect("it is too large");
        let (kind, event) = fitted.main.expect("it is cut");
        assert_eq!(kind, "event");
        assert!(event.to_string().len() <= EVENT_MAX_BYTES);
        (fitted.rest, serde_json::from_value(event).unwrap())
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let envelope: Envelope = Event::new().into();
        assert!(fit(&envelope, bytes(&envelope)).is_none());
        let mut envelope: Envelope = Event::new().into();
        envelope.add_item(Attachment {
            buffer: vec![0; 5 << 20],
            ..Attachment::default()
        });
        assert!(fit(&envelope, bytes(&envelope)).is_none(), "attachments may be larger");
    }

    #[test]
    fn a_message_of_ten_megabytes_is_cut_and_says_so() {
        let event = Event {
            message: Some("ä".repeat(5 << 20)),
            ..Event::new()
        };
        let id = event.event_id;
        let (_, event) = fitted(&event.into());
        assert_eq!(event.event_id, id);
        let message = event.message.unwrap();
        assert!(message.starts_with("ää") && message.ends_with('…') && message.len() <= 64 * 1024 + 3);
        assert!(event.extra[LEFT_OUT].to_string().contains("65536"), "{:?}", event.extra);
    }

    #[test]
    fn many_breadcrumbs_and_a_huge_map_are_cut() {
        let mut event = Event::new();
        for number in 0..20_000 {
            event.extra.insert(format!("key {number}"), json!("x".repeat(60)));
        }
        event.message = Some("kept".to_owned());
        let (_, event) = fitted(&event.into());
        assert_eq!(event.message.as_deref(), Some("kept"));
        assert!(event.extra.contains_key(LEFT_OUT));
    }

    #[test]
    fn the_largest_attachments_are_left_out_first() {
        let mut envelope: Envelope = Event::new().into();
        for (name, megabytes) in [("small", 1), ("large", 15), ("middle", 8)] {
            envelope.add_item(Attachment {
                buffer: vec![0; megabytes << 20],
                filename: name.to_owned(),
                ..Attachment::default()
            });
        }
        let (rest, event) = fitted(&envelope);
        assert_eq!(rest.items().count(), 2);
        let said = event.extra[LEFT_OUT].to_string();
        assert!(
            said.contains("attachment large of 15728640 bytes") && !said.contains("middle"),
            "{said}"
        );
    }
}
