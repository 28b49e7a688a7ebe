//! Reading JSON of which nothing is certain.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Longer texts are cut for show and for the index.
const MAX_TEXT_CHARS: usize = 8192;
/// More of a list are not read.
pub(super) const MAX_LIST: usize = 2000;
/// More fields of an object are not read.
pub(super) const MAX_ENTRIES: usize = 500;

/// A value as text: texts as they are, numbers and truths written out, texts in a list with commas, other lists and
/// objects as JSON; null and the empty text are none.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(cut(text)),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let words: Vec<&str> = items.iter().take(MAX_LIST).filter_map(Value::as_str).collect();
            Some(cut(&words.join(", "))).filter(|text| !text.is_empty())
        }
        other => Some(cut(&other.to_string())),
    }
}

/// The first of these fields that is there and a scalar.
pub(super) fn first_text(object: &Value, names: &[&str]) -> Option<String> {
    let scalars = names
        .iter()
        .filter_map(|name| object.get(*name))
        .filter(|value| !value.is_object() && !value.is_array());
    scalars.filter_map(text).next()
}

/// A truth, also one written as a text or a number.
pub(super) fn truth(object: &Value, name: &str) -> Option<bool> {
    match object.get(name)? {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        _ => None,
    }
}

/// A list: an array, `{"values": […]}`, or a single object in its place. Nulls are left out.
pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    items(value).iter().filter(|item| !item.is_null()).take(MAX_LIST)
}

/// The same, of which the last are kept if there are too many: frames and breadcrumbs come oldest first.
pub(super) fn newest(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let items = items(value);
    let from = items.len().saturating_sub(MAX_LIST);
    items.iter().skip(from).filter(|item| !item.is_null())
}

pub(super) fn items(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(items)) => items,
        Some(Value::Object(object)) => match object.get("values") {
            Some(Value::Array(items)) => items,
            Some(_) => &[],
            None => value.map(std::slice::from_ref).unwrap_or_default(),
        },
        _ => &[],
    }
}

/// The fields of an object with their values as text; nulls are left out.
pub(super) fn entries(value: Option<&Value>) -> Vec<(String, String)> {
    let Some(Value::Object(object)) = value else {
        return Vec::new();
    };
    let entries = object.iter().filter_map(|(key, value)| Some((cut(key), text(value)?)));
    entries.take(MAX_ENTRIES).collect()
}

/// Not longer than what is shown, without the control characters that would make it unreadable.
pub(super) fn cut(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|char| !char.is_control() || *char == '\n' || *char == '\t');
    kept.take(MAX_TEXT_CHARS).collect()
}

/// A moment: seconds since 1970 as a number or text, or RFC 3339, without a zone taken as UTC. In milliseconds.
pub(crate) fn parse_time(value: &Value) -> Option<i64> {
    // Rounded, as a float that means a whole millisecond may be a little less.
    parse_time_us(value).map(|us| us.saturating_add(500).div_euclid(1000))
}

/// The same in microseconds.
pub(crate) fn parse_time_us(value: &Value) -> Option<i64> {
    let seconds = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    if let Some(seconds) = seconds {
        // Years 1970 to 9999; a float is exact to the microsecond in our century.
        let in_range = (0.0..253_402_300_800.0).contains(&seconds);
        #[expect(clippy::cast_possible_truncation, reason = "in range")]
        return in_range.then_some((seconds * 1e6).round() as i64);
    }
    let text = value.as_str()?.trim();
    let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let moment = parse(text).or_else(|| parse(&format!("{text}Z")))?;
    i64::try_from(moment.unix_timestamp_nanos() / 1000).ok()
}
