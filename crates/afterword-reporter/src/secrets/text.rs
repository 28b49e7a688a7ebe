//! What is found in one text, and the text without it.

use std::ops::Range;

use afterword_channel::Secret;

use super::tally::{Tally, words};
use super::{address, named, pem, shapes, url};

/// Which kinds are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NONE: Kinds = Kinds(0);

    pub(super) fn with(self, kind: Secret) -> Kinds {
        Kinds(self.0 | (1 << kind as u8))
    }

    pub(super) fn without(self, kind: Secret) -> Kinds {
        Kinds(self.0 & !(1 << kind as u8))
    }

    pub(super) fn has(self, kind: Secret) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// Part of a text that is not to be told, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    pub(super) kind: Secret,
}

/// What each kind leaves in its place. Nothing of it is found again, and none of its letters has to be escaped in JSON.
pub(super) fn mark(kind: Secret) -> String {
    format!("[removed: {}]", words(kind).0)
}

/// Whether what stands here has been replaced before, or was never a secret: a place for one, a word for its absence.
pub(super) fn is_nothing(value: &str) -> bool {
    const WORDS: [&str; 11] = [
        "none",
        "null",
        "nil",
        "true",
        "false",
        "empty",
        "undefined",
        "unset",
        "redacted",
        "removed",
        "filtered",
    ];
    let value = value.trim();
    let is_format = value.starts_with('%') && value.len() <= 3;
    value.is_empty()
        || is_format
        || value.starts_with(['[', '<', '{', '$', '…'])
        || value.chars().all(|char| "*.-_•?".contains(char))
        || (value.len() >= 3 && value.bytes().all(|byte| byte == b'x' || byte == b'X'))
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Replaces what is found of these kinds, and counts it.
pub(super) fn replace(text: &mut String, kinds: Kinds, tally: &mut Tally) {
    let found = find(text, kinds);
    if found.is_empty() {
        return;
    }
    let mut clean = String::with_capacity(text.len());
    let mut done = 0;
    for Found { range, kind } in found {
        clean.push_str(&text[done..range.start]);
        clean.push_str(&mark(kind));
        tally.count(kind);
        done = range.end;
    }
    clean.push_str(&text[done..]);
    *text = clean;
}

/// What is found, in its order, each part once. Takes time in proportion to the text, whatever it is: each finder goes over it
/// once, and looks no further back or ahead than a bound of its own.
pub(super) fn find(text: &str, kinds: Kinds) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    if kinds == Kinds::NONE {
        return found;
    }
    let mut add = |range: Range<usize>, kind: Secret| {
        if kinds.has(kind) {
            found.push(Found { range, kind });
        }
    };
    pem::find(text, &mut add);
    url::find(text, &mut add);
    named::find(text, &mut add);
    shapes::find(text, &mut add);
    shapes::find_web_tokens(text, &mut add);
    address::find(text, &mut add);
    found.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
    found.dedup_by(|later, before| {
        let overlaps = later.range.start < before.range.end;
        if overlaps {
            before.range.end = before.range.end.max(later.range.end);
        }
        overlaps
    });
    found
}
