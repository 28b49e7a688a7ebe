//! What an event is found by: its tags, what else is searched like one, and the words of its title and message.
//!
//! Names are those of Sentry's search: `release`, `environment`, `level`, `platform`, `user.id`, `user.email`,
//! `user.username`, `server_name`, `transaction`, `os.name`, `os`, `sdk`, `error.type`, `signature`, and any tag. A tag of
//! the client's own with one of these names does not count twice. Words are under the key ''.

use std::collections::BTreeSet;

use crate::event::Event;

/// The most tags of an event that are indexed; the others are in its payload only.
const MAX_TAGS: usize = 50;
const MAX_KEY_CHARS: usize = 64;
/// The most of a value that is indexed.
pub(crate) const MAX_VALUE_CHARS: usize = 200;

/// The most words.
const MAX_WORDS: usize = 24;
const MAX_WORD_CHARS: usize = 32;

/// The key of words.
pub(crate) const WORDS: &str = "";

/// Key and value of everything an event is found by, sorted, each once.
pub(crate) fn of(event: &Event, signature: Option<&str>) -> Vec<(String, String)> {
    let mut index = BTreeSet::new();
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) {
            index.insert((key.to_owned(), cut(value, MAX_VALUE_CHARS)));
        }
    };
    add("level", Some(&event.level));
    add("platform", Some(&event.platform));
    add("release", event.release.as_deref());
    add("environment", event.environment.as_deref());
    add("server_name", event.server_name.as_deref());
    add("transaction", event.transaction.as_deref());
    add("signature", signature);
    add("os.name", event.context("os", "name"));
    add("sdk", event.sdk.as_deref());
    let exception = event.exception();
    add("error.type", exception.and_then(|exception| exception.kind.as_deref()));
    for (key, value) in &event.user {
        if ["id", "email", "username"].contains(&key.as_str()) {
            add(&format!("user.{key}"), Some(value));
        }
    }
    let own: BTreeSet<String> = index.iter().map(|(key, _)| key.clone()).collect();
    for (key, value) in event.tags.iter().take(MAX_TAGS) {
        let key = cut(key.trim(), MAX_KEY_CHARS);
        if !key.is_empty() && !own.contains(&key) && !value.trim().is_empty() {
            index.insert((key, cut(value.trim(), MAX_VALUE_CHARS)));
        }
    }
    let title = event.title();
    let texts = [Some(title.as_str()), event.message.as_deref()];
    for word in words(texts.into_iter().flatten()).into_iter().take(MAX_WORDS) {
        index.insert((WORDS.to_owned(), word));
    }
    index.into_iter().collect()
}

/// The words of texts, in their order, in lower case. Numbers and what is mostly digits find nothing that is the same twice.
pub(crate) fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for text in texts {
        for word in text.split(|char: char| !char.is_alphanumeric()).take(4 * MAX_WORDS) {
            let chars = word.chars().count();
            let digits = word.chars().filter(char::is_ascii_digit).count();
            if (2..=MAX_WORD_CHARS).contains(&chars) && digits * 2 <= chars {
                let word = word.to_lowercase();
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
    }
    words
}

/// The start of a text without what cannot be shown.
pub(crate) fn cut(text: &str, chars: usize) -> String {
    text.chars().filter(|char| !char.is_control()).take(chars).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_found_by_what_people_know_of_it() {
        let event = Event::read(&json!({
            "level": "fatal", "release": "app@1.0", "user": {"id": 17, "ip_address": "1.2.3.4"},
            "tags": {"level": "odd", "color": " red ", "": "x", "empty": " "},
            "message": "Could not open 0x7f12 file_name 12345 abc123 Überlauf",
        }));
        let index = of(&event, Some("a | b"));
        let has = |key: &str, value: &str| index.contains(&(key.to_owned(), value.to_owned()));
        assert!(has("level", "fatal") && !has("level", "odd"), "{index:?}");
        assert!(has("release", "app@1.0") && has("user.id", "17") && has("color", "red") && has("signature", "a | b"));
        assert!(
            has("", "überlauf") && has("", "open") && has("", "abc123") && has("", "name"),
            "{index:?}"
        );
        assert!(!has("", "12345") && !has("", "0x7f12"));
        assert!(!index.iter().any(|(key, _)| key == "user.ip_address" || key == "empty"));
    }

    #[test]
    fn what_is_indexed_is_bounded() {
        let tags: serde_json::Map<_, _> = (0..500).map(|n| (format!("tag{n}"), json!("x".repeat(5000)))).collect();
        let words: String = (0..500)
            .map(|n: u32| format!("{} ", "abcdefghij".repeat(1 + n as usize % 3)))
            .collect();
        let event = Event::read(&json!({"tags": tags, "message": format!("{words} {}", "y".repeat(100_000))}));
        let index = of(&event, None);
        assert!(index.len() <= MAX_TAGS + MAX_WORDS + 12);
        assert!(index.iter().all(|(key, value)| key.len() <= 64 && value.len() <= 200));
    }
}
