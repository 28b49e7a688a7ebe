//! Words for messages: what strangers wrote, made fit for one line and for a limit.

use super::{Alert, Kind};

/// Stands at the end of what was cut.
const CUT: char = '…';

/// The text in one line: without what controls a terminal or a header, or turns the direction of what follows.
pub(super) fn one_line(text: &str) -> String {
    let is_hidden = |char: &char| matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let spaced = |char: char| {
        if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            char
        }
    };
    let line: String = text.chars().filter(|char| !is_hidden(char)).map(spaced).collect();
    line.trim().to_owned()
}

/// At most so many units of UTF-16, which is what those who limit texts count at worst.
pub(super) fn cut(text: &str, max: usize) -> String {
    cut_mapped(text, max, |char, out| out.push(char))
}

/// The same of what `map` makes of each character; what is made of one is never cut in the middle.
pub(super) fn cut_mapped(text: &str, max: usize, map: impl Fn(char, &mut String)) -> String {
    let (mut out, mut units, mut fits) = (String::new(), 0, 0);
    let mut piece = String::new();
    for char in text.chars() {
        piece.clear();
        map(char, &mut piece);
        units += piece.encode_utf16().count();
        if units > max {
            out.truncate(fits);
            if max > 0 {
                out.push(CUT);
            }
            return out;
        }
        out.push_str(&piece);
        // There is room for the sign of a cut behind this.
        if units < max {
            fits = out.len();
        }
    }
    out
}

/// What happened, in two or three words.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::NewIssue => "New issue",
        Kind::Regression => "Regression",
        Kind::Events => "Many events",
        Kind::Users => "Many users affected",
        Kind::CrashFree => "Crash-free rate is low",
        Kind::Duration => "Slow transaction",
        Kind::Poison => "An envelope cannot be digested",
        Kind::Queue => "A queue grows",
    }
}

/// What stands above a message: `editor: new issue` and the like, in one line.
pub(super) fn heading(alert: &Alert) -> String {
    let test = if alert.is_test { "Test: " } else { "" };
    let kind = kind(alert.kind);
    let more = match alert.others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match alert.project.as_str() {
        "" => format!("{test}{kind}{more}"),
        project => format!("{test}{kind} in {}{more}", one_line(project)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one() {
        assert_eq!(one_line(" a\r\nBcc: b\u{0}\u{202e}c\u{2028}d\t"), "a  Bcc: b c d");
        assert_eq!(one_line("grün 雨 🌧"), "grün 雨 🌧");
    }

    #[test]
    fn cuts_are_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        // Two units each.
        assert_eq!(cut("🌧🌧", 4), "🌧🌧");
        assert_eq!(cut("🌧🌧🌧", 4), "🌧…");
        assert_eq!(cut("🌧🌧", 2), "…");
        assert_eq!(cut("a", 0), "");
        let escaped = |char: char, out: &mut String| match char {
            '&' => out.push_str("&amp;"),
            char => out.push(char),
        };
        assert_eq!(cut_mapped("a&b", 7, escaped), "a&amp;b");
        assert_eq!(cut_mapped("a&bc", 7, escaped), "a&amp;…");
        assert_eq!(cut_mapped("a&b", 6, escaped), "a…");
    }
}
