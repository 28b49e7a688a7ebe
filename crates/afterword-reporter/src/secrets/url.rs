//! Passwords before the host of a URL: `postgres://app:hunter2@db/orders`.

use std::ops::Range;

use afterword_channel::Secret;

use super::text::is_nothing;

/// Longest part between `://` and the path that is looked at, in bytes.
const AUTHORITY_BYTES: usize = 1024;
/// How far a password with a `/` in it may reach.
const ODD_BYTES: usize = 128;

pub(super) fn find(text: &str, add: &mut impl FnMut(Range<usize>, Secret)) {
    let mut from = 0;
    while let Some(at) = text[from..].find("://") {
        let start = from + at + 3;
        let authority = piece(text, start, AUTHORITY_BYTES, "/?#\\");
        from = start + authority.len();
        let odd = is_begun(authority).then(|| piece(text, start, ODD_BYTES, ""));
        for piece in [Some(authority), odd].into_iter().flatten() {
            let Some((user, _)) = piece.rsplit_once('@') else {
                continue;
            };
            if let Some((name, password)) = user.split_once(':')
                && !is_nothing(password)
            {
                let password_at = start + name.len() + 1;
                add(password_at..start + user.len(), Secret::Password);
            }
            break;
        }
    }
}

/// A name and a part of a password, and neither an `@` nor a port: whoever made this URL has not encoded a `/` in it.
fn is_begun(authority: &str) -> bool {
    let Some((name, rest)) = authority.split_once(':') else {
        return false;
    };
    let is_port = rest.bytes().all(|byte| byte.is_ascii_digit());
    !name.is_empty() && !is_port && !authority.contains(['@', '[', ']'])
}

fn piece<'a>(text: &'a str, start: usize, most: usize, ends: &str) -> &'a str {
    let rest = &text[start..text.floor_char_boundary(text.len().min(start + most))];
    let end = rest
        .find(|char: char| char.is_whitespace() || char.is_control() || "\"'`<>".contains(char) || ends.contains(char));
    &rest[..end.unwrap_or(rest.len())]
}
