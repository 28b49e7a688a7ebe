//! The names of files, as strangers give them.

/// The longest name that is kept, in bytes: what file systems take.
const MAX_NAME_BYTES: usize = 255;

/// The file's own name out of what a sender called it: no folders (of either kind of slash), no control characters, not
/// longer than 255 bytes. `None` if nothing is left that names a file.
///
/// The result is for showing. It is still a stranger's: nothing is ever opened by it.
pub fn clean_file_name(given: &str) -> Option<String> {
    let last = given.rsplit(['/', '\\']).next()?;
    let mut name: String = last.chars().filter(|char| !is_hidden(*char)).collect();
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    let name = name.trim();
    (!name.is_empty() && name.chars().any(|char| char != '.')).then(|| name.to_owned())
}

/// Control characters, and those that turn the direction of what follows: a name must look like what it is.
fn is_hidden(char: char) -> bool {
    char.is_control() || matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders_and_what_cannot_be_seen() {
        let cases = [
            ("a.dmp", Some("a.dmp")),
            ("/etc/passwd", Some("passwd")),
            ("../../x", Some("x")),
            (r"C:\Users\anna\x.dmp", Some("x.dmp")),
            (r"..\../mixed/y", Some("y")),
            ("a\0b\r\n.txt", Some("ab.txt")),
            ("  spaced name.txt ", Some("spaced name.txt")),
            ("\u{202e}gpj.exe", Some("gpj.exe")),
            ("Grüße.txt", Some("Grüße.txt")),
            (".config", Some(".config")),
            ("", None),
            ("folder/", None),
            (".", None),
            ("..", None),
            ("\0", None),
        ];
        for (given, expected) in cases {
            assert_eq!(clean_file_name(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn names_have_a_longest_length() {
        for (length, kept) in [(254, 254), (255, 255), (256, 255)] {
            assert_eq!(clean_file_name(&"x".repeat(length)).unwrap().len(), kept);
        }
        // Cut between letters, not within one.
        assert_eq!(clean_file_name(&"ü".repeat(200)).unwrap(), "ü".repeat(127));
    }
}
