//! E-mail addresses: `zoe@example.org`, and `zoe%40example.org` as URLs have it.
//!
//! What has an `@` and is none stays: `memcpy@GLIBC_2.14`, `editor@1.4.2`, `icon@2x.png`, `user@1000.service`, `zoe@laptop`,
//! `git@github.com:a/b`, the part of a URL before its host.

use std::ops::Range;

use afterword_channel::Secret;

/// Bytes of the part before the `@`, and of the domain: the limits of RFC 5321.
const LOCAL_BYTES: usize = 64;
const DOMAIN_BYTES: usize = 255;
/// How far back the beginning of a URL is looked for.
const URL_BYTES: usize = 256;

/// Ends of names of files and units, which are no domains of the highest level.
const FILES: [&str; 35] = [
    "png", "jpg", "jpeg", "gif", "webp", "svg", "ico", "bmp", "tiff", "ttf", "otf", "woff", "dll", "dylib", "exe",
    "pdb", "dmp", "lib", "obj", "html", "css", "js", "ts", "json", "toml", "yaml", "log", "txt", "service", "socket",
    "timer", "mount", "device", "scope", "target",
];

pub(super) fn find(text: &str, add: &mut impl FnMut(Range<usize>, Secret)) {
    let mut done = 0;
    for at in text.bytes().enumerate().filter_map(|(at, byte)| match byte {
        b'@' => Some(at),
        b'%' if text.as_bytes()[at..].starts_with(b"%40") => Some(at),
        _ => None,
    }) {
        if at < done {
            continue;
        }
        let sign = if text.as_bytes()[at] == b'@' { 1 } else { 3 };
        let Some(start) = local(text, at) else { continue };
        let Some(end) = domain(text, at + sign) else { continue };
        if start >= done && !is_in_url(text, start) {
            add(start..end, Secret::Email);
            done = end;
        }
    }
}

/// Where what stands before the sign begins.
fn local(text: &str, at: usize) -> Option<usize> {
    let earliest = text.floor_char_boundary(at.saturating_sub(LOCAL_BYTES + 4));
    let start = text[earliest..at]
        .char_indices()
        .rev()
        .take_while(|(_, char)| char.is_alphanumeric() || "._+-".contains(*char))
        .last()
        .map(|(index, _)| earliest + index)?;
    let local = text[start..at].trim_start_matches(['.', '_', '+', '-']);
    (!local.is_empty() && local.len() <= LOCAL_BYTES && local != "git" && !local.ends_with('.'))
        .then(|| at - local.len())
}

/// Where the domain behind the sign ends.
fn domain(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..text.floor_char_boundary(text.len().min(at + DOMAIN_BYTES + 4))];
    let length = rest
        .char_indices()
        .find(|(_, char)| !(char.is_alphanumeric() || ".-".contains(*char)))
        .map_or(rest.len(), |(index, _)| index);
    let mut domain = rest[..length].trim_end_matches(['.', '-']);
    if domain.len() > DOMAIN_BYTES || text[at + domain.len()..].starts_with(['_', '(', '@']) {
        return None;
    }
    // A file that is called after somebody: zoe@example.org.log.
    if let Some((before, top)) = domain.rsplit_once('.')
        && is_file(top)
    {
        domain = before;
    }
    is_domain(domain).then_some(at + domain.len())
}

fn is_domain(domain: &str) -> bool {
    let mut labels = domain.split('.');
    if labels
        .clone()
        .any(|label| label.is_empty() || label.starts_with('-') || label.ends_with('-'))
    {
        return false;
    }
    // A version: editor@1.4.2-beta.two.
    let is_number = |label: &str| label.starts_with(|char: char| char.is_ascii_digit());
    let mut numbers = labels.clone().map(is_number);
    let is_version = numbers.next() == Some(true) && numbers.next() == Some(true);
    let top = labels.next_back().unwrap_or_default();
    let is_library = domain.starts_with("lib") && top == "so";
    labels.next().is_some() && is_top(top) && !is_version && !is_library
}

fn is_file(label: &str) -> bool {
    FILES.iter().any(|end| label.eq_ignore_ascii_case(end))
}

fn is_top(label: &str) -> bool {
    let of_one_case = !(label.contains(char::is_lowercase) && label.contains(char::is_uppercase));
    let letters = label.chars().all(char::is_alphabetic) && (2..=24).contains(&label.chars().count());
    let encoded = label.to_ascii_lowercase().starts_with("xn--");
    (letters || encoded) && of_one_case && !is_file(label)
}

/// `https://zoe@example.org/`: who signs in there, and where.
fn is_in_url(text: &str, start: usize) -> bool {
    let before = &text[text.floor_char_boundary(start.saturating_sub(URL_BYTES))..start];
    let place = before.rfind(|char: char| char.is_whitespace() || "/?#&=,;\"'<>()[]".contains(char));
    place.is_some_and(|place| before[..=place].ends_with("://"))
}
