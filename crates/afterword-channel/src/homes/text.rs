//! Where in a text a home folder is named.

use std::ops::Range;

use super::pattern::Pattern;

/// The places of the home's last component, in bytes, from left to right.
pub(super) fn places<'t>(text: &'t str, home: &'t Pattern<u8>) -> impl Iterator<Item = Range<usize>> + 't {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(move |at| home.begins_at(bytes, *at) && begins_path(text, *at, home))
        .filter_map(move |at| home.name_at(bytes, at))
        .filter(move |name| ends_component(text, name.end, home))
}

/// Whether what stands before is no part of the same path.
fn begins_path(text: &str, at: usize, home: &Pattern<u8>) -> bool {
    match text[..at].chars().next_back() {
        None => true,
        // The separators of one run are taken together, from the first.
        Some(before) if before.is_ascii() && home.is_separator(before as u8) => !home.is_separator(text.as_bytes()[at]),
        Some(before) => !is_in_names(before),
    }
}

/// Whether the component that was compared ends here.
fn ends_component(text: &str, at: usize, home: &Pattern<u8>) -> bool {
    let mut after = text[at..].chars();
    match after.next() {
        None => true,
        Some(next) if next.is_ascii() && home.is_separator(next as u8) => true,
        // The full stop of a sentence, but not of `ann.old`.
        Some('.') => after.next().is_none_or(|next| next.is_whitespace()),
        Some(next) => !is_in_names(next),
    }
}

/// Whether a character is usual in the names of files. Others may be in them too, but more often end them.
fn is_in_names(character: char) -> bool {
    character.is_alphanumeric() || "_-.~+%@#$*".contains(character)
}
