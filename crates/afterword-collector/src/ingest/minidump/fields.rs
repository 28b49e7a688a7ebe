//! What the fields of a form say about a crash, as one event.
//!
//! | field | becomes |
//! | --- | --- |
//! | `sentry` | JSON, merged into the event |
//! | `sentry[a][b]` | `{"a": {"b": …}}`, a text, merged likewise |
//! | `sentry__1` … `sentry__n` | pieces of one JSON, put together by their numbers |
//! | `__sentry-event` | the event itself, in MessagePack; all others are merged into it |
//! | `__sentry-breadcrumb1`, `…2` | breadcrumbs one after the other, in MessagePack |
//! | any other | a text in `extra` |
//!
//! What cannot be read as what its name says stays what it is, in `extra`.

use serde_json::{Map, Value, json};

use super::messagepack;
use crate::lenient;

/// How many names `sentry[a][b]` may have.
const MAX_NAMES: usize = 32;

/// The fields of a form, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Fields {
    texts: Vec<(String, String)>,
    event: Option<Map<String, Value>>,
    breadcrumbs: [Vec<Value>; 2],
    size_bytes: usize,
}

/// A part in MessagePack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    Event,
    /// The first or the second file of breadcrumbs: one is written while the other is full.
    Breadcrumbs(usize),
}

impl Packed {
    /// What a part of this name is, if it is one.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "__sentry-event" => Some(Self::Event),
            "__sentry-breadcrumb1" => Some(Self::Breadcrumbs(0)),
            "__sentry-breadcrumb2" => Some(Self::Breadcrumbs(1)),
            _ => None,
        }
    }
}

impl Fields {
    /// Adds a field that is a text.
    pub(super) fn add(&mut self, name: String, value: String) {
        self.size_bytes += name.len() + value.len();
        self.texts.push((name, value));
    }

    /// Adds a part in MessagePack. `false` if it is none, or was there already.
    pub(super) fn add_packed(&mut self, which: Packed, bytes: &[u8]) -> bool {
        match which {
            Packed::Event => match messagepack::one(bytes) {
                Some(Value::Object(event)) if self.event.is_none() => self.event = Some(event),
                _ => return false,
            },
            Packed::Breadcrumbs(file) => {
                let breadcrumbs = messagepack::several(bytes);
                let of_objects = breadcrumbs.iter().all(Value::is_object);
                if !self.breadcrumbs[file].is_empty() || !of_objects || (breadcrumbs.is_empty() && !bytes.is_empty()) {
                    return false;
                }
                self.breadcrumbs[file] = breadcrumbs;
            }
        }
        self.size_bytes += bytes.len();
        true
    }

    /// How many bytes of the request this holds.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The event. Empty if the form says nothing of it.
    pub(super) fn into_event(self) -> Map<String, Value> {
        let mut event = self.event.unwrap_or_default();
        let (mut pieces, mut extra) = (Vec::new(), Vec::new());
        for (name, value) in self.texts {
            if name == "sentry" {
                match parse(&value) {
                    Some(object) => merge(&mut event, object),
                    None => extra.push((name, value)),
                }
            } else if let Some(number) = name
                .strip_prefix("sentry__")
                .and_then(|number| number.parse::<u32>().ok())
            {
                pieces.push((number, value));
            } else if let Some(names) = names(&name) {
                let nested = names
                    .iter()
                    .rev()
                    .fold(Value::String(value), |value, name| json!({ *name: value }));
                if let Value::Object(object) = nested {
                    merge(&mut event, object);
                }
            } else {
                extra.push((name, value));
            }
        }
        if !pieces.is_empty() {
            pieces.sort_by_key(|(number, _)| *number);
            let whole: String = pieces.into_iter().map(|(_, piece)| piece).collect();
            match parse(&whole) {
                Some(object) => merge(&mut event, object),
                None => extra.push(("sentry__".to_owned(), whole)),
            }
        }
        add_extra(&mut event, extra);
        add_breadcrumbs(&mut event, self.breadcrumbs);
        event
    }
}

/// The event of a crash that the form says something of: with what every crash is, where it does not say that itself.
/// What happened is told by the dump; until it was looked at, there is something to be shown.
pub(super) fn completed(mut event: Map<String, Value>) -> Value {
    let mut default = |name: &str, value: Value| {
        let field = event.entry(name).or_insert(Value::Null);
        if field.is_null() {
            *field = value;
        }
    };
    default("platform", "native".into());
    default("level", "fatal".into());
    let mechanism = json!({"type": "minidump", "handled": false, "synthetic": true});
    let placeholder = json!({"type": "Minidump", "value": "A crash without a description", "mechanism": mechanism});
    default("exception", json!({ "values": [placeholder] }));
    Value::Object(event)
}

/// The names in `sentry[a][b]`.
fn names(field: &str) -> Option<Vec<&str>> {
    let inner = field.strip_prefix("sentry[")?.strip_suffix(']')?;
    let names: Vec<&str> = inner.split("][").collect();
    let good = names.len() <= MAX_NAMES && names.iter().all(|name| !name.is_empty() && !name.contains(['[', ']']));
    good.then_some(names)
}

fn parse(text: &str) -> Option<Map<String, Value>> {
    match lenient::parse(text.as_bytes()) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// Adds to an object, name by name; what is there and is no object gives way.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (_, value) => _ = into.insert(name, value),
        }
    }
}

/// Adds to `extra`; of fields with the same name, all.
fn add_extra(event: &mut Map<String, Value>, fields: Vec<(String, String)>) {
    if fields.is_empty() {
        return;
    }
    let extra = event.entry("extra").or_insert_with(|| Value::Object(Map::new()));
    if !extra.is_object() {
        *extra = json!({ "extra": extra.take() });
    }
    let Value::Object(extra) = extra else { return };
    for (name, value) in fields {
        match extra.get_mut(&name) {
            None => _ = extra.insert(name, value.into()),
            Some(Value::Array(values)) => values.push(value.into()),
            Some(other) => *other = json!([other.take(), value]),
        }
    }
}

/// Adds the breadcrumbs of both files, those of the file that was written last at the end.
fn add_breadcrumbs(event: &mut Map<String, Value>, [first, second]: [Vec<Value>; 2]) {
    let last = |file: &[Value]| {
        file.last()
            .and_then(|breadcrumb| breadcrumb.get("timestamp"))
            .and_then(moment)
    };
    let (mut all, newer) = if last(&first) <= last(&second) {
        (first, second)
    } else {
        (second, first)
    };
    all.extend(newer);
    if all.is_empty() {
        return;
    }
    if let Some(Value::Array(values)) = event.get_mut("breadcrumbs").and_then(|value| value.get_mut("values")) {
        values.extend(all);
    } else {
        event.insert("breadcrumbs".to_owned(), json!({ "values": all }));
    }
}

/// A time in milliseconds since 1970.
fn moment(value: &Value) -> Option<i64> {
    crate::event::parse_time(value)
}

#[cfg(test)]
mod tests;
