//! Values of terms: texts with wildcards, numbers and moments.

use crate::event::parse_time;

const DAY_MS: i64 = 86_400_000;

/// A text in which `*` may stand for anything: what is between the stars. One piece is the text itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<String>,
}

/// Numbers from here to there, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Pattern {
    /// A text without wildcards.
    pub(crate) fn exactly(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![text.into()],
        }
    }

    pub(super) fn new(pieces: Vec<String>) -> Self {
        Self { pieces }
    }

    /// The text, if there is no wildcard.
    pub(crate) fn exact(&self) -> Option<&str> {
        match &self.pieces[..] {
            [text] => Some(text),
            _ => None,
        }
    }

    /// What it begins with, if the rest is anything.
    pub(crate) fn prefix(&self) -> Option<&str> {
        match &self.pieces[..] {
            [prefix, rest] if rest.is_empty() => Some(prefix),
            _ => None,
        }
    }

    /// For `LOWER(…) LIKE … ESCAPE '\'`.
    pub(crate) fn like(&self) -> String {
        let pieces: Vec<String> = self.pieces.iter().map(|piece| escaped(&piece.to_lowercase())).collect();
        pieces.join("%")
    }

    /// For a text that holds it somewhere.
    pub(crate) fn like_within(&self) -> String {
        format!("%{}%", self.like())
    }

    /// Whether a text is like this, upper for lower case.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let pieces: Vec<String> = self.pieces.iter().map(|piece| piece.to_lowercase()).collect();
        let [first, between @ .., last] = &pieces[..] else {
            return pieces.first() == Some(&text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for piece in between {
            let Some((_, after)) = rest.split_once(piece.as_str()) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }

    /// As it was written, more or less.
    pub(crate) fn text(&self) -> String {
        self.pieces.join("*")
    }

    /// The same with its texts changed.
    pub(super) fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self::new(self.pieces.iter().map(|piece| change(piece)).collect())
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.iter().all(String::is_empty)
    }
}

/// With what `LIKE` would not take as it is behind a backslash.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

impl Range {
    /// Whether a number is in it.
    #[cfg(test)]
    pub(crate) fn contains(self, number: i64) -> bool {
        self.from.is_none_or(|from| number >= from) && self.to.is_none_or(|to| number <= to)
    }

    /// What is in both.
    pub(crate) fn and(self, other: Self) -> Self {
        let later = |one: Option<i64>, other: Option<i64>| one.into_iter().chain(other);
        Self {
            from: later(self.from, other.from).max(),
            to: later(self.to, other.to).min(),
        }
    }

    /// `>10`, `>=10`, `<10`, `<=10`, `10`.
    pub(super) fn of_numbers(text: &str) -> Option<Self> {
        let (sign, rest) = sign(text);
        let number: i64 = rest.trim().parse().ok()?;
        Some(Self::of_sign(sign, number, number))
    }

    /// A moment after or before which it is (`>2026-01-01`), a day, a second, or an age: `-24h` is since then, `+24h`
    /// longer ago.
    pub(super) fn of_times(text: &str, now: i64) -> Option<Self> {
        if let Some(age) = text.strip_prefix('-') {
            let from = now.checked_sub(period_ms(age)?)?;
            return Some(Self {
                from: Some(from),
                to: None,
            });
        }
        if let Some(age) = text.strip_prefix('+') {
            let to = now.checked_sub(period_ms(age)?)?;
            return Some(Self {
                from: None,
                to: Some(to),
            });
        }
        let (sign, rest) = sign(text);
        let rest = rest.trim();
        let (start, end) = moment(rest)?;
        Some(Self::of_sign(sign, start, end))
    }

    fn of_sign(sign: &str, start: i64, end: i64) -> Self {
        let (from, to) = match sign {
            ">" => (Some(end.saturating_add(1)), None),
            ">=" => (Some(start), None),
            "<" => (None, Some(start.saturating_sub(1))),
            "<=" => (None, Some(end)),
            _ => (Some(start), Some(end)),
        };
        Self { from, to }
    }
}

fn sign(text: &str) -> (&'static str, &str) {
    let found = [">=", "<=", ">", "<"]
        .into_iter()
        .find_map(|sign| text.strip_prefix(sign).map(|rest| (sign, rest)));
    found.unwrap_or(("", text))
}

/// The first and the last millisecond of a day or a second.
fn moment(text: &str) -> Option<(i64, i64)> {
    if text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2 {
        let start = parse_time(&format!("{text}T00:00:00Z").into())?;
        return Some((start, start + DAY_MS - 1));
    }
    let start = parse_time(&text.into())?;
    Some((start, start.saturating_add(999)))
}

/// `30s`, `90m`, `24h`, `14d`, `2w` in milliseconds; of at most a hundred years.
pub(crate) fn period_ms(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => DAY_MS,
        "w" => 7 * DAY_MS,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    let ms = i64::from(number) * unit_ms;
    (ms > 0 && ms <= 36_525 * DAY_MS).then_some(ms)
}
