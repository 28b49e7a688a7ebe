//! Patterns in which `*` stands for any text.

/// Whether a text fits a pattern as a whole. Takes at most the product of their lengths in steps.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at_pattern, mut at_text) = (0, 0);
    // Behind the last `*`, and where its text is taken to end.
    let mut star: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                at_pattern += 1;
                star = Some((at_pattern, at_text));
            }
            Some(byte) if *byte == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((behind, end)) = star else { return false };
                star = Some((behind, end + 1));
                (at_pattern, at_text) = (behind, end + 1);
            }
        }
    }
    pattern[at_pattern..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_is_any_text_and_the_rest_itself() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("a", "a"),
            ("lib*.so", "libpaint.so"),
            ("lib*.so", "lib.so.so"),
            ("*paint*", "my::paint::fill | main"),
            ("*a*b*c", "xxaxxbxxabc"),
            ("a.b[c]?", "a.b[c]?"),
            ("*für*", "Farben für alle"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a", "ab"),
            ("b", "ab"),
            ("lib*.so", "libpaint.so.1"),
            ("*a*b*c", "xxaxxbxxab"),
            ("a.c", "abc"),
            ("A", "a"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        let nearly = format!("{}b", "*a".repeat(300));
        assert!(!fits(&nearly, &"a".repeat(10_000)));
    }
}
