//! What the events of an issue are tagged with, and which other events have the same.

use crate::digest::index::WORDS;
use crate::pages::room::{Room, short, weight};
use crate::queries::tags::Spread;

/// Values of a key that are shown.
const MAX_VALUES: usize = 4;

/// The keys that tell most, in this order; others follow by name.
const FIRST: [&str; 6] = [
    "release",
    "environment",
    "os.name",
    "user.id",
    "server_name",
    "transaction",
];

/// What says nothing here: it is above, or the same for all events of an issue.
const LEFT_OUT: [&str; 6] = [WORDS, "signature", "error.type", "platform", "level", "sdk"];

/// A key and its values.
#[derive(Debug)]
pub(super) struct KeyView {
    pub(super) key: String,
    pub(super) values: Vec<ValueView>,
    /// Values besides.
    pub(super) more: usize,
}

/// A value and its share of the events, in percent.
#[derive(Debug)]
pub(super) struct ValueView {
    pub(super) value: String,
    pub(super) percent: String,
    /// Of a bar of 100.
    pub(super) width: i64,
    pub(super) url: String,
    /// The event on the page has it.
    pub(super) here: bool,
}

/// How the tags of an issue are spread; `of_event` are those of the event on the page.
pub(super) fn keys(
    spread: &Spread,
    of_event: &[(String, String)],
    project: &str,
    mut room: Room,
) -> (Vec<KeyView>, usize) {
    let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut keys: Vec<_> = spread
        .keys
        .iter()
        .filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()))
        .collect();
    keys.sort_by_key(|(key, _)| rank(key));
    let views = keys.into_iter().map(|(key, values)| KeyView {
        key: short(key, 64),
        values: values
            .iter()
            .take(MAX_VALUES)
            .map(|counted| {
                let tenths = counted.events.saturating_mul(1000) / spread.events.max(1);
                let here = of_event
                    .iter()
                    .any(|(name, value)| name == key && *value == counted.value);
                ValueView {
                    value: short(&counted.value, 120),
                    percent: percent(tenths),
                    width: (tenths / 10).clamp(1, 100),
                    url: search_url(key, &counted.value, project),
                    here,
                }
            })
            .collect(),
        more: values.len().saturating_sub(MAX_VALUES),
    });
    room.fit(views, |view| {
        let values = view.values.iter();
        let values = values.map(|value| 420 + weight(&value.value) + weight(&value.url));
        120 + weight(&view.key) + values.sum::<usize>()
    })
}

fn percent(tenths: i64) -> String {
    match tenths {
        0 => "< 0.1 %".to_owned(),
        1..100 => format!("{}.{} %", tenths / 10, tenths % 10),
        _ => format!("{} %", (tenths + 5) / 10),
    }
}

/// Where the issues with a tag are listed.
pub(super) fn search_url(key: &str, value: &str, project: &str) -> String {
    let mut url = url::form_urlencoded::Serializer::for_suffix("/?".to_owned(), 2);
    url.append_pair("query", &term(key, value));
    url.append_pair("project", project);
    url.finish()
}

/// A tag as the search finds it.
fn term(key: &str, value: &str) -> String {
    /// Keys that are something else than a tag.
    const OTHERS: [&str; 35] = [
        "is",
        "assigned",
        "assigned_to",
        "has",
        "message",
        "title",
        "firstSeen",
        "first_seen",
        "age",
        "lastSeen",
        "last_seen",
        "timestamp",
        "event.timestamp",
        "date",
        "times_seen",
        "timesSeen",
        "users",
        "users_seen",
        "userCount",
        "id",
        "event.id",
        "event_id",
        "trace",
        "trace_id",
        "issue",
        "issue.id",
        "group.id",
        "project",
        "project.name",
        "project.id",
        "project_id",
        "user",
        "os",
        "sdk.name",
        "tags",
    ];
    let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
    let key = match key {
        key if OTHERS.contains(&key) => format!("tags[{key}]"),
        key if key.chars().all(plain) => key.to_owned(),
        key => format!("\"{}\"", escaped(key)),
    };
    let simple = |char: char| plain(char) || matches!(char, '@' | '/' | '+');
    if value.chars().all(simple) {
        format!("{key}:{value}")
    } else {
        format!("{key}:\"{}\"", escaped(value))
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '*' | '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Of, Search, What};

    #[test]
    fn what_is_linked_is_found() {
        let cases = [
            ("release", "editor@1.4.0"),
            ("odd key", "a \"b\" *c* \\d"),
            ("is", "x"),
            ("user", "me"),
            ("url", "https://example.com/a?b=c"),
            ("quoted\"key", "[a, b]"),
            ("empty.ish", "!x:y"),
            ("path", "/usr/bin"),
        ];
        for (key, value) in cases {
            let text = term(key, value);
            let search = Search::parse(&text, Of::Issues, None, 0).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
            let [found] = &search.terms[..] else {
                panic!("{text}: {search:?}")
            };
            let What::Tag { keys, values } = &found.what else {
                panic!("{text}: {found:?}")
            };
            assert_eq!(keys, &[key], "{text}");
            assert_eq!(values.len(), 1, "{text}");
            assert_eq!(values[0].exact(), Some(value), "{text}");
        }
        assert_eq!(search_url("a", "b", "editor"), "/?query=a%3Ab&project=editor");
    }
}
