//! A home folder as something to compare paths with, in bytes or in UTF-16.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// What a path is made of: bytes, or units of UTF-16.
pub(super) trait Unit: Copy + Eq + From<u8> {
    /// Whether it is this ASCII character, of either case.
    fn is_letter(self, ascii: u8) -> bool {
        self == Self::from(ascii.to_ascii_lowercase()) || self == Self::from(ascii.to_ascii_uppercase())
    }

    /// Whether both are the same ASCII letter but for its case, or just the same.
    fn is_like(self, other: Self) -> bool {
        self == other || (b'a'..=b'z').any(|letter| self.is_letter(letter) && other.is_letter(letter))
    }
}

impl Unit for u8 {}
impl Unit for u16 {}

/// An absolute path, in its components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern<T> {
    /// The letter of a Windows path; those are compared without regard to case (of ASCII letters), with both separators.
    drive: Option<T>,
    components: Vec<Vec<T>>,
}

impl<T: Unit> Pattern<T> {
    /// `None` for what is not absolute, has no component, or has one that only the file system could resolve (`..`).
    pub(super) fn new(path: &[T]) -> Option<Pattern<T>> {
        let path = &path[verbatim(path)..];
        let drive = match path {
            [drive, colon, ..] if *colon == T::from(b':') && is_drive(*drive) => Some(*drive),
            [first, ..] if *first == T::from(b'/') => None,
            _ => return None,
        };
        let is_separator = |unit: &T| is_separator(*unit, drive.is_some());
        let components: Vec<Vec<T>> = path[if drive.is_some() { 2 } else { 0 }..]
            .split(is_separator)
            .filter(|component| !component.is_empty() && *component != [T::from(b'.')])
            .map(<[T]>::to_vec)
            .collect();
        let is_plain = |component: &Vec<T>| *component != [T::from(b'.'); 2];
        (!components.is_empty() && components.iter().all(is_plain)).then_some(Pattern { drive, components })
    }

    /// Where the last component of this folder stands in a path that lies in it, or is it.
    pub(super) fn name_in(&self, path: &[T]) -> Option<Range<usize>> {
        let start = if self.drive.is_some() { verbatim(path) } else { 0 };
        let name = self.name_at(path, start)?;
        let ends = path
            .get(name.end)
            .is_none_or(|next| is_separator(*next, self.drive.is_some()));
        ends.then_some(name)
    }

    /// As [`Pattern::name_in`] for a path that begins at `start`; what follows the name is for the caller to look at.
    /// Separators may be repeated, and components may be `.`.
    pub(super) fn name_at(&self, text: &[T], start: usize) -> Option<Range<usize>> {
        let windows = self.drive.is_some();
        let mut at = start;
        if let Some(drive) = self.drive {
            let [first, colon] = *text.get(at..at + 2)? else {
                return None;
            };
            if !first.is_like(drive) || colon != T::from(b':') {
                return None;
            }
            at += 2;
        }
        let mut name = at..at;
        for component in &self.components {
            at = after_separators(text, at, windows)?;
            let end = at + component.len();
            let same = |(one, other): (&T, &T)| one == other || (windows && one.is_like(*other));
            if !text.get(at..end)?.iter().zip(component).all(same) {
                return None;
            }
            name = at..end;
            at = end;
        }
        Some(name)
    }

    /// Whether a path of this kind may begin here.
    pub(super) fn begins_at(&self, text: &[T], at: usize) -> bool {
        match self.drive {
            Some(drive) => text[at].is_like(drive),
            None => text[at] == T::from(b'/'),
        }
    }

    pub(super) fn is_separator(&self, unit: T) -> bool {
        is_separator(unit, self.drive.is_some())
    }
}

/// Behind one separator or more, and behind components that are `.`; `None` where there is no separator.
fn after_separators<T: Unit>(text: &[T], mut at: usize, windows: bool) -> Option<usize> {
    let is_one = |at: usize| text.get(at).is_some_and(|unit| is_separator(*unit, windows));
    if !is_one(at) {
        return None;
    }
    loop {
        if is_one(at) {
            at += 1;
        } else if text.get(at) == Some(&T::from(b'.')) && is_one(at + 1) {
            at += 2;
        } else {
            return Some(at);
        }
    }
}

fn is_separator<T: Unit>(unit: T, windows: bool) -> bool {
    unit == T::from(b'/') || (windows && unit == T::from(b'\\'))
}

fn is_drive<T: Unit>(unit: T) -> bool {
    (b'a'..=b'z').any(|letter| unit.is_letter(letter))
}

/// The length of the prefix `\\?\`, `\\.\` or `\??\` of a Windows path; 0 without one.
fn verbatim<T: Unit>(path: &[T]) -> usize {
    let is = |prefix: &[u8; 4]| path.len() >= 4 && path.iter().zip(prefix).all(|(unit, byte)| *unit == T::from(*byte));
    if is(br"\\?\") || is(br"\\.\") || is(br"\??\") {
        4
    } else {
        0
    }
}

/// A path without that prefix, which a canonical path has on Windows, and without repeated separators.
pub(super) fn plain(path: &Path) -> PathBuf {
    let path = match path.to_str() {
        Some(text) => Path::new(&text[verbatim(text.as_bytes())..]),
        None => path,
    };
    path.components().collect()
}
