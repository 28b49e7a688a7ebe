//! JSON as clients write it: also with what JSON does not allow, so that one odd value does not cost an event.
//!
//! - Bytes that are no UTF-8, and halves of surrogate pairs (`"\ud800"`, which JavaScript and Python write when a text was cut
//!   in the middle of a character): shown as `U+FFFD`.
//! - Numbers beyond what a float holds (an integer of Python of 400 digits), `NaN` and `Infinity`: texts.

use std::borrow::Cow;

use serde_json::{Error, Value};

/// Reads it.
///
/// # Errors
/// When it is no JSON in other respects, or more than 128 levels deep.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let text = String::from_utf8_lossy(bytes);
    // Hardly any needs mending: only those that cannot be read are looked through.
    serde_json::from_str(&text).or_else(|error| match mend(&text) {
        Cow::Owned(mended) => serde_json::from_str(&mended),
        Cow::Borrowed(_) => Err(error),
    })
}

/// The same JSON, of values that can be read. Borrowed if there is nothing to mend.
fn mend(text: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut kept = 0;
    let mut at = 0;
    let mut in_text = false;
    while let Some(byte) = text.as_bytes().get(at) {
        let (length, instead) = match byte {
            b'"' => {
                in_text = !in_text;
                (1, None)
            }
            b'\\' if in_text => escape(&text.as_bytes()[at..]),
            byte if !in_text && is_word(*byte) => word(&text[at..]),
            _ => (1, None),
        };
        if let Some(instead) = instead {
            mended.push_str(&text[kept..at]);
            mended.push_str(&instead);
            kept = at + length;
        }
        at += length;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[kept..]);
    Cow::Owned(mended)
}

/// How long the escape is that these bytes begin with, and what stands in its place.
fn escape(bytes: &[u8]) -> (usize, Option<String>) {
    match (unit(bytes), bytes.get(6..).and_then(unit)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
        (Some(0xd800..=0xdfff), _) => (6, Some("\\ufffd".to_owned())),
        (Some(_), _) => (6, None),
        (None, _) => (2, None),
    }
}

/// The number in `\uXXXX`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

/// How long the number or word is that this text begins with, and the text in its place if JSON has no such value.
fn word(text: &str) -> (usize, Option<String>) {
    let length = text.bytes().position(|byte| !is_word(byte)).unwrap_or(text.len());
    let word = &text[..length];
    let unreadable = match word {
        "NaN" | "Infinity" | "-Infinity" => true,
        number => number.ends_with(|char: char| char.is_ascii_digit()) && number.parse().is_ok_and(f64::is_infinite),
    };
    (length, unreadable.then(|| format!("\"{word}\"")))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn half_of_a_surrogate_pair_costs_a_character_and_not_the_event() {
        let text = br#"{"a\ud800": "x\udc00y\ud83d\ude00 \\ud800 \"\ud83d", "b": 1}"#;
        let read = parse(text).unwrap();
        assert_eq!(
            read,
            json!({"a\u{fffd}": "x\u{fffd}y\u{1f600} \\ud800 \"\u{fffd}", "b": 1})
        );
        assert_eq!(parse(b"\"a\xff\\ud800\"").unwrap(), json!("a\u{fffd}\u{fffd}"));
    }

    #[test]
    fn what_is_no_number_of_json_is_a_text() {
        let many = "9".repeat(400);
        let text =
            format!(r#"{{"many": {many}, "float": -1e999, "no": [NaN, -Infinity], "text": "NaN 1e999", "one": 1.5}}"#);
        let wanted =
            json!({"many": many, "float": "-1e999", "no": ["NaN", "-Infinity"], "text": "NaN 1e999", "one": 1.5});
        assert_eq!(parse(text.as_bytes()).unwrap(), wanted);
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for text in [
            "",
            "{",
            "{\"a\": nan}",
            "\"\\ud8",
            "\"\\u12\"",
            "{\"a\" NaN}",
            "infinity",
            "[\"\\ud800\"",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse("[".repeat(200).as_bytes()).is_err());
    }
}
