//! Text from outside made fit to be shown: bounded, and without characters that act instead of being read.
//!
//! Everything in a report came from a program that had just broken, so a tag or a message may hold terminal escapes, a
//! right-to-left override, or a megabyte of nothing. Both shells show only what passed through here, and so does the
//! command line.

/// Most bytes of the report's text that are shown; the rest is counted.
pub const MAX_RAW_BYTES: usize = 512 * 1024;

/// One line of at most `max_chars` characters; line breaks and tabs become spaces, a cut is marked with `…`.
pub fn line(text: &str, max_chars: usize) -> String {
    bounded(
        text,
        max_chars,
        |c| if c.is_whitespace() { Some(' ') } else { readable(c) },
    )
}

/// Several lines of at most `max_chars` characters in all; line breaks stay, tabs become spaces.
pub fn block(text: &str, max_chars: usize) -> String {
    bounded(text, max_chars, |c| match c {
        '\n' => Some('\n'),
        '\t' => Some(' '),
        c => readable(c),
    })
}

/// An event as text to be shown whole: JSON with line breaks and indentation, or what else it is, up to
/// [`MAX_RAW_BYTES`]; and how many bytes of it are left out.
#[must_use]
pub fn whole_report(event: &[u8]) -> (String, u64) {
    let pretty =
        serde_json::from_slice::<serde_json::Value>(event).and_then(|event| serde_json::to_string_pretty(&event));
    match pretty {
        Ok(pretty) => cut_raw(&pretty, MAX_RAW_BYTES),
        Err(_) => cut_raw(&String::from_utf8_lossy(event), MAX_RAW_BYTES),
    }
}

/// A longer text as it is, but for characters that act: its lines and their indentation stay. What is past `max_bytes` is
/// left out, and counted.
pub(crate) fn cut_raw(text: &str, max_bytes: usize) -> (String, u64) {
    let end = text.floor_char_boundary(max_bytes);
    let keep = |c| match c {
        '\n' => Some('\n'),
        '\t' => Some(' '),
        c => readable(c),
    };
    let kept = text[..end].chars().filter_map(keep).collect();
    (kept, (text.len() - end) as u64)
}

fn bounded(text: &str, max_chars: usize, keep: impl Fn(char) -> Option<char>) -> String {
    let mut kept = text.trim().chars().filter_map(keep);
    let mut out: String = kept.by_ref().take(max_chars).collect();
    if kept.next().is_some() {
        out.push('…');
    }
    out
}

fn readable(c: char) -> Option<char> {
    (!acts(c)).then_some(c)
}

/// Whether a character acts instead of being read: control characters, and the invisible ones that reorder, join or hide
/// their neighbours (Unicode UAX #9, and "Trojan Source", CVE-2021-42574). All are in the basic plane.
#[must_use]
pub fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
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

    /// Those of the Arabic letter mark and of the zero-width joiners once came through.
    #[test]
    fn nothing_that_reorders_or_hides_its_neighbours_is_left() {
        let marks = ['\u{61c}', '\u{200e}', '\u{200f}'];
        let hidden = ['\u{180e}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];
        let overrides = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        for c in marks.into_iter().chain(hidden).chain(overrides) {
            let text = format!("a{c}b");
            assert_eq!(
                (line(&text, 9), block(&text, 9), cut_raw(&text, 9).0),
                ("ab".to_owned(), "ab".to_owned(), "ab".to_owned()),
                "{c:?}"
            );
        }
    }

    #[test]
    fn a_whole_report_keeps_its_shape_and_says_what_it_leaves_out() {
        assert_eq!(
            whole_report(b"{\"a\":\"\xc3\xa4\"}"),
            ("{\n  \"a\": \"ä\"\n}".to_owned(), 0)
        );
        assert_eq!(whole_report(b"not\tJSON\x1b\n"), ("not JSON\n".to_owned(), 0));
        let (text, left_out_bytes) = whole_report("ä".repeat(MAX_RAW_BYTES).as_bytes());
        assert_eq!((text.len(), left_out_bytes), (MAX_RAW_BYTES, MAX_RAW_BYTES as u64));
    }

    #[test]
    fn long_text_is_cut_by_characters_and_says_so() {
        assert_eq!(line("äöüß", 4), "äöüß");
        assert_eq!(line("äöüßx", 4), "äöüß…");
        assert_eq!(line(&"x".repeat(1_000_000), 10).chars().count(), 11);
    }
}
