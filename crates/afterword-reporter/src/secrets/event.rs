//! The texts of an event, and of other JSON that the app hands over: keys, numbers and what finds it stay.

use serde_json::{Map, Value, json};

use super::Redactor;
use super::named::{self, Says};
use super::tally::Tally;
use super::text::{Kinds, mark};
use afterword_channel::Secret;

/// What stands for a text that could not be looked at.
pub(super) const TAKEN_OUT: &str = "[redacted]";
/// What servers take. A mark may be longer than what it stands for.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// Texts are cut to so many bytes, one bound after the other, until the event fits.
const TEXT_BYTES: [usize; 3] = [16 * 1024, 1024, 128];

/// Fields of an event that are no texts, or say what finds it.
const KEPT_FIELDS: [&str; 13] = [
    "event_id",
    "timestamp",
    "start_timestamp",
    "platform",
    "level",
    "sdk",
    "release",
    "dist",
    "environment",
    "debug_meta",
    "modules",
    "stacktrace",
    "type",
];

/// The same inside of them.
const KEPT_KEYS: [&str; 9] = [
    "event_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "timestamp",
    "level",
    "type",
    "mechanism",
    "length",
];

/// What of a frame the app's data may be in.
const OF_FRAMES: [&str; 4] = ["vars", "context_line", "pre_context", "post_context"];

/// What is done with the texts.
#[derive(Clone, Copy)]
pub(super) enum Doing<'a> {
    /// What is found is replaced.
    Clean(&'a Redactor),
    /// All are replaced.
    TakeOut,
}

/// Goes over texts and counts.
pub(super) struct Cleaner<'a> {
    pub(super) doing: Doing<'a>,
    pub(super) tally: Tally,
}

/// What is known of a text by where it is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// It is below a field that is called a secret.
    named: Option<(Secret, Says)>,
    /// It is the address of the user, which the app has said on purpose.
    users_email: bool,
}

impl Cleaner<'_> {
    /// An event or a transaction.
    pub(super) fn event(&mut self, event: &mut Value) {
        for (field, value) in event.as_object_mut().into_iter().flatten() {
            match field.as_str() {
                "threads" => self.stacks_in(value),
                "user" if value.is_object() => self.user(value),
                "fingerprint" if matches!(self.doing, Doing::TakeOut) => *value = Value::Null,
                "stacktrace" => self.frames(value),
                field if KEPT_FIELDS.contains(&field) => {}
                field => self.field(field, value, Place::default()),
            }
        }
    }

    /// What a person wrote, in an event of its own: their words are theirs to send.
    pub(super) fn feedback(&mut self, event: &mut Value) {
        let words = event
            .get_mut("contexts")
            .and_then(|contexts| contexts.get_mut("feedback"))
            .map(Value::take);
        self.event(event);
        if let Some(words) = words {
            event["contexts"]["feedback"] = words;
        }
    }

    /// Any other JSON.
    pub(super) fn json(&mut self, value: &mut Value) {
        self.value(value, Place::default());
    }

    /// A text that is no part of an event.
    pub(super) fn text(&mut self, text: &mut String) {
        self.text_at(text, Place::default());
    }

    fn user(&mut self, user: &mut Value) {
        for (field, value) in user.as_object_mut().into_iter().flatten() {
            let place = Place {
                users_email: field == "email",
                ..Place::default()
            };
            self.field(field, value, place);
        }
    }

    fn value(&mut self, value: &mut Value, place: Place) {
        match value {
            Value::String(text) => self.text_at(text, place),
            Value::Array(values) => match values.as_mut_slice() {
                // A pair, as headers and tags may be.
                [Value::String(name), value @ Value::String(_)] => {
                    let name = std::mem::take(name);
                    self.field(&name, value, place);
                    let mut name = Value::String(name);
                    self.value(&mut name, place);
                    values[0] = name;
                }
                values => values.iter_mut().for_each(|value| self.value(value, place)),
            },
            Value::Object(fields) => {
                for (key, value) in fields {
                    match key.as_str() {
                        "stacktrace" | "raw_stacktrace" => self.frames(value),
                        key if KEPT_KEYS.contains(&key) => {}
                        key => self.field(key, value, place),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn field(&mut self, name: &str, value: &mut Value, place: Place) {
        let named = named::of_name(name).or(place.named);
        self.value(value, Place { named, ..place });
    }

    fn stacks_in(&mut self, threads: &mut Value) {
        let list = match threads {
            Value::Object(fields) => fields.get_mut("values"),
            other => Some(other),
        };
        for thread in list.and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(stack) = thread.get_mut("stacktrace") {
                self.frames(stack);
            }
        }
    }

    fn frames(&mut self, stack: &mut Value) {
        let frames = stack.get_mut("frames").and_then(Value::as_array_mut);
        for frame in frames.into_iter().flatten().filter_map(Value::as_object_mut) {
            for field in OF_FRAMES {
                if let Some(value) = frame.get_mut(field) {
                    self.field(field, value, Place::default());
                }
            }
        }
    }

    fn text_at(&mut self, text: &mut String, place: Place) {
        let redactor = match self.doing {
            Doing::Clean(redactor) => redactor,
            Doing::TakeOut => return TAKEN_OUT.clone_into(text),
        };
        redactor.replace_own(text, &mut self.tally);
        if let Some((kind, says)) = place.named
            && redactor.kinds().has(kind)
            && named::is_value(text, says)
        {
            *text = mark(kind);
            return self.tally.count(kind);
        }
        let kinds = if place.users_email {
            redactor.kinds().without(Secret::Email)
        } else {
            redactor.kinds()
        };
        self.replace(text, kinds);
    }

    fn replace(&mut self, text: &mut String, kinds: Kinds) {
        super::text::replace(text, kinds, &mut self.tally);
    }
}

/// Says in an event what was taken out of it and of what goes with it, and makes it fit for servers.
pub(super) fn finish(event: &mut Value, mut removed: Vec<String>) {
    for most in TEXT_BYTES {
        if event.to_string().len() <= MAX_EVENT_BYTES {
            break;
        }
        cut_texts(event, most);
        removed.retain(|line| !line.starts_with("what is longer"));
        removed.push(format!("what is longer than {most} bytes in a text"));
    }
    if removed.is_empty() {
        return;
    }
    let Some(fields) = event.as_object_mut() else { return };
    let contexts = object(fields, "contexts");
    object(contexts, "afterword").insert("removed".to_owned(), json!(removed));
}

/// The object in a field; made, where there is none.
fn object<'a>(fields: &'a mut Map<String, Value>, field: &str) -> &'a mut Map<String, Value> {
    let value = fields.entry(field).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("it was made one"),
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
