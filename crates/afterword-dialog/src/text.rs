//! Text from outside made fit to be shown: bounded, and without characters that act instead of being read.
//!
//! Everything in a report came from a program that had just broken, so a tag or a message may hold terminal escapes, a
//! right-to-left override, or a megabyte of nothing. Both shells show only what passed through here.

/// One line of at most `max_chars` characters; line breaks and tabs become spaces, a cut is marked with `…`.
pub(crate) fn line(text: &str, max_chars: usize) -> String {
    bounded(
        text,
        max_chars,
        |c| if c.is_whitespace() { Some(' ') } else { readable(c) },
    )
}

/// Several lines of at most `max_chars` characters in all; line breaks stay, tabs become spaces.
pub(crate) fn block(text: &str, max_chars: usize) -> String {
    bounded(text, max_chars, |c| match c {
        '\n' => Some('\n'),
        '\t' => Some(' '),
        c => readable(c),
    })
}

/// A number of bytes as people read it: `812 bytes`, `24.5 KB`, `1.2 MB` (decimal multiples).
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
        Some((unit, name)) => {
            // In tenths, rounded down: a transfer is never said to be further than it is.
            let tenths = bytes / (unit / 10);
            if tenths >= 1_000 || tenths.is_multiple_of(10) {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            }
        }
    }
}

fn bounded(text: &str, max_chars: usize, keep: impl Fn(char) -> Option<char>) -> String {
    let mut kept = text.trim().chars().filter_map(keep);
    let mut out: String = kept.by_ref().take(max_chars).collect();
    if kept.next().is_some() {
        out.push('…');
    }
    out
}

/// Nothing for control characters and for the invisible ones that reorder or hide their neighbours (Unicode UAX #9, and
/// "Trojan Source", CVE-2021-42574).
fn readable(c: char) -> Option<char> {
    let acts = c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    (!acts).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_overrides_are_removed() {
        assert_eq!(line("a\u{1b}[31mred\u{7}\u{9b}b\u{202e}c", 100), "a[31mredbc");
        assert_eq!(line("one\r\ntwo\tthree", 100), "one  two three");
        assert_eq!(block("one\r\ntwo\tthree\u{1b}", 100), "one\ntwo three");
    }

    #[test]
    fn long_text_is_cut_by_characters_and_says_so() {
        assert_eq!(line("äöüß", 4), "äöüß");
        assert_eq!(line("äöüßx", 4), "äöüß…");
        assert_eq!(line(&"x".repeat(1_000_000), 10).chars().count(), 11);
    }

    #[test]
    fn sizes_are_short_and_never_overstated() {
        let said = |bytes| size(bytes);
        assert_eq!(said(0), "0 bytes");
        assert_eq!(said(1), "1 byte");
        assert_eq!(said(999), "999 bytes");
        assert_eq!(said(1_000), "1 KB");
        assert_eq!(said(24_560), "24.5 KB");
        assert_eq!(said(999_999), "999 KB");
        assert_eq!(said(1_250_000), "1.2 MB");
        assert_eq!(said(u64::MAX), "18446744073 GB");
    }
}
