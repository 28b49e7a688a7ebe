//! Private keys in PEM, on one line or several, also where the end is missing.

use std::ops::Range;

use afterword_channel::Secret;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
/// Longest label (`RSA PRIVATE KEY`, `PGP PRIVATE KEY BLOCK`), in bytes.
const LABEL_BYTES: usize = 64;
/// A row of base64 has 64 or 76, but for the last.
const ROW_BYTES: usize = 16;

pub(super) fn find(text: &str, add: &mut impl FnMut(Range<usize>, Secret)) {
    let mut from = 0;
    // Looked for once, and again only behind it: many beginnings without an end must not cost a look at the rest each.
    let mut next_end = text.find(END);
    while let Some(at) = text[from..].find(BEGIN) {
        let start = from + at;
        let label_at = start + BEGIN.len();
        from = label_at;
        let Some(body) = behind_label(text, label_at) else {
            continue;
        };
        if !text[label_at..body].contains("PRIVATE KEY") {
            continue;
        }
        while next_end.is_some_and(|end| end < body) {
            next_end = text[body..].find(END).map(|end| body + end);
        }
        from = match next_end.filter(|end| is_body(&text[body..*end])) {
            Some(end) => behind_label(text, end + END.len()).unwrap_or(end + END.len()),
            None => body + cut_body_bytes(&text[body..]),
        };
        add(start..from, Secret::PrivateKey);
    }
}

/// Behind `RSA PRIVATE KEY-----`.
fn behind_label(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..text.floor_char_boundary(text.len().min(at + LABEL_BYTES))];
    let label = rest.find("-----")?;
    rest[..label]
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ')
        .then_some(at + label + 5)
}

/// Base64, lines, the headers of an encrypted key, `\n` as logs write it; no other one begins in it.
fn is_body(body: &str) -> bool {
    !body.contains("-----")
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n\t \\:,-_.()|>#*\"".contains(&byte))
}

/// How far one goes whose end is missing: as far as there are rows of base64.
fn cut_body_bytes(rest: &str) -> usize {
    let mut end = 0;
    let mut at = 0;
    let rest = &rest[..rest.find("-----").unwrap_or(rest.len())];
    for row in rest.split_inclusive(|char: char| char.is_whitespace() || char == '\\') {
        let base64 = row
            .trim_end_matches(|char: char| char.is_whitespace() || char == '\\')
            .trim_start_matches(['n', 'r']);
        if !base64.is_empty() {
            let is_row = base64
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
            // The last row is short.
            if !is_row || (base64.len() < ROW_BYTES && end == 0) {
                break;
            }
            end = at + row.trim_end().len();
            if base64.len() < ROW_BYTES {
                break;
            }
        }
        at += row.len();
    }
    end
}
