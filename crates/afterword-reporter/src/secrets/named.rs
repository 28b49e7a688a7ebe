//! Values that are said to be secrets: `password=hunter2`, `"api_key": "…"`, `?token=…`, `Authorization: Basic …`; in a text,
//! and as fields of an event.
//!
//! Some names say enough by themselves; after others (`token`, `secret`) a value counts only if it looks like one, since a
//! parser has tokens, too. In prose (`password: required`) the value must look like one in any case.

use std::ops::Range;

use afterword_channel::Secret;

use super::text::is_nothing;

/// Longest name that is looked at, and how much of a value decides, in bytes.
const NAME_BYTES: usize = 64;
const DECIDING_BYTES: usize = 96;
/// What is shorter is no token.
const TOKEN_BYTES: usize = 16;
/// Longest value in quotes, in bytes.
const QUOTED_BYTES: usize = 8192;

/// How much a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// What comes is one.
    Enough,
    /// What comes may be one.
    Little,
}

/// Ends of names, in small letters and without what stands between words.
const ENOUGH: [(&str, Secret); 32] = [
    ("password", Secret::Password),
    ("passwd", Secret::Password),
    ("passphrase", Secret::Password),
    ("passwort", Secret::Password),
    ("kennwort", Secret::Password),
    ("accountkey", Secret::CloudKey),
    ("storagekey", Secret::CloudKey),
    ("sharedaccesskey", Secret::CloudKey),
    ("secretaccesskey", Secret::CloudKey),
    ("accesskeysecret", Secret::CloudKey),
    ("accesstoken", Secret::AccessToken),
    ("refreshtoken", Secret::AccessToken),
    ("authtoken", Secret::AccessToken),
    ("sessiontoken", Secret::AccessToken),
    ("securitytoken", Secret::AccessToken),
    ("bearertoken", Secret::AccessToken),
    ("apitoken", Secret::AccessToken),
    ("csrftoken", Secret::AccessToken),
    ("apikey", Secret::AccessToken),
    ("secretkey", Secret::AccessToken),
    ("signingkey", Secret::AccessToken),
    ("encryptionkey", Secret::AccessToken),
    ("clientsecret", Secret::AccessToken),
    ("apisecret", Secret::AccessToken),
    ("appsecret", Secret::AccessToken),
    ("sharedsecret", Secret::AccessToken),
    ("webhooksecret", Secret::AccessToken),
    ("consumersecret", Secret::AccessToken),
    ("privatekey", Secret::PrivateKey),
    ("authorization", Secret::Authorization),
    ("cookie", Secret::Authorization),
    ("cookies", Secret::Authorization),
];
const LITTLE: [(&str, Secret); 7] = [
    ("pwd", Secret::Password),
    ("token", Secret::AccessToken),
    ("secret", Secret::AccessToken),
    ("credential", Secret::AccessToken),
    ("credentials", Secret::AccessToken),
    ("sessionid", Secret::AccessToken),
    ("accesskey", Secret::AccessToken),
];
/// Names of parameters of URLs that say enough there, and those that say a little.
const ENOUGH_IN_URLS: [(&str, Secret); 9] = [
    ("token", Secret::AccessToken),
    ("secret", Secret::AccessToken),
    ("signature", Secret::AccessToken),
    ("sig", Secret::AccessToken),
    ("credential", Secret::AccessToken),
    ("jwt", Secret::AccessToken),
    ("pass", Secret::Password),
    ("pwd", Secret::Password),
    ("sessionid", Secret::AccessToken),
];
const LITTLE_IN_URLS: [(&str, Secret); 5] = [
    ("key", Secret::AccessToken),
    ("auth", Secret::AccessToken),
    ("session", Secret::AccessToken),
    ("sid", Secret::AccessToken),
    ("code", Secret::AccessToken),
];
const SCHEMES: [&str; 12] = [
    "basic",
    "bearer",
    "digest",
    "token",
    "apikey",
    "negotiate",
    "ntlm",
    "hawk",
    "dpop",
    "sharedkey",
    "sharedaccesssignature",
    "aws4-hmac-sha256",
];

/// Whether the value of a field is a secret, by what the field's name says.
pub(super) fn is_value(value: &str, says: Says) -> bool {
    !is_nothing(value) && (says == Says::Enough || is_token(value.trim()))
}

/// What a name says.
pub(super) fn of_name(name: &str) -> Option<(Secret, Says)> {
    let word = Word::of(name)?;
    let enough = word.known(&ENOUGH).map(|kind| (kind, Says::Enough));
    enough.or_else(|| word.known(&LITTLE).map(|kind| (kind, Says::Little)))
}

fn of_parameter(name: &str) -> Option<(Secret, Says)> {
    let word = Word::of(name)?;
    let enough = word.known(&ENOUGH).or_else(|| word.known(&ENOUGH_IN_URLS));
    let little = || word.known(&LITTLE_IN_URLS).map(|kind| (kind, Says::Little));
    enough.map(|kind| (kind, Says::Enough)).or_else(little)
}

/// A name in small letters, without what stands between its words.
struct Word {
    bytes: [u8; NAME_BYTES],
    length: usize,
}

impl Word {
    /// None where it is too long.
    fn of(name: &str) -> Option<Word> {
        let mut word = Word {
            bytes: [0; NAME_BYTES],
            length: 0,
        };
        for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
            *word.bytes.get_mut(word.length)? = byte.to_ascii_lowercase();
            word.length += 1;
        }
        Some(word)
    }

    /// What is short counts as the whole only: `key`, and neither `monkey` nor `sort_key`.
    fn known(&self, names: &[(&str, Secret)]) -> Option<Secret> {
        let word = &self.bytes[..self.length];
        let is_known =
            |end: &&(&str, Secret)| word.ends_with(end.0.as_bytes()) && (end.0.len() > 4 || word.len() == end.0.len());
        names.iter().find(is_known).map(|(_, kind)| *kind)
    }
}

/// Whether something looks like a token: long, of letters and digits, and nothing that has words or places in it.
fn is_token(value: &str) -> bool {
    let bytes = value.as_bytes();
    let of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"._~+/=-%".contains(byte);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    bytes.len() >= TOKEN_BYTES
        && bytes.iter().all(of_token)
        && digits >= 2
        && bytes.iter().any(u8::is_ascii_alphabetic)
        && !is_place(value)
}

/// A path. Not all that begins as one is: base64 may, too.
fn is_place(value: &str) -> bool {
    let of_path = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"/_-*".contains(&byte);
    let drive = value.as_bytes().get(1) == Some(&b':');
    let absolute = value.starts_with(['/', '~']) && (value.contains('.') || value.bytes().skip(1).all(of_path));
    drive || absolute || value.starts_with("./") || value.starts_with("../")
}

/// What a value in prose must have at least: a digit or a sign within it.
fn is_like_password(value: &str) -> bool {
    let value = value.trim_end_matches(['.', '!', '?', ')']);
    value.len() >= 6
        && (value.len() >= 24
            || value
                .bytes()
                .any(|byte| byte.is_ascii_digit() || b"!@#$%^&*_+=~".contains(&byte)))
        && !is_place(value)
}

pub(super) fn find(text: &str, add: &mut impl FnMut(Range<usize>, Secret)) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (at, sign) in bytes.iter().enumerate().filter(|(_, byte)| b"=:".contains(byte)) {
        if at < done {
            continue;
        }
        let Some(name) = name_before(text, at) else { continue };
        let is_parameter = *sign == b'=' && name.start > 0 && b"?&#;".contains(&bytes[name.start - 1]);
        let said = if is_parameter {
            of_parameter(&text[name.clone()])
        } else {
            of_name(&text[name.clone()]).or_else(|| of_name(&text[with_word_before(text, &name)]))
        };
        let Some((kind, says)) = said else { continue };
        let is_quoted = bytes[name.end..at].iter().any(|byte| b"\"'`".contains(byte));
        let value = match kind {
            Secret::Authorization => authorization(text, at + 1),
            _ => Value::behind(text, at, is_parameter, is_quoted).and_then(|value| value.if_secret(text, *sign, says)),
        };
        if let Some(value) = value {
            done = value.end;
            add(value, kind);
        }
    }
}

/// The name before a sign: `password`, `"password"`, `\"password\"`, `db.password`, `X-Api-Key`.
fn name_before(text: &str, at: usize) -> Option<Range<usize>> {
    let earliest = text.floor_char_boundary(at.saturating_sub(NAME_BYTES + 8));
    let before = text[earliest..at].trim_end_matches(' ');
    let before = before.strip_suffix(['"', '\'', '`']).unwrap_or(before);
    let before = before.strip_suffix('\\').unwrap_or(before);
    let name = before
        .bytes()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte))
        .count();
    let end = earliest + before.len();
    (name >= 3).then(|| end - name..end)
}

/// The same with the word before it: `API key`.
fn with_word_before(text: &str, name: &Range<usize>) -> Range<usize> {
    let earliest = text.floor_char_boundary(name.start.saturating_sub(NAME_BYTES));
    let Some(before) = text[earliest..name.start].strip_suffix(' ') else {
        return name.clone();
    };
    let word = before.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
    name.start - 1 - word..name.end
}

/// Where what stands behind a sign begins, and what ends it.
struct Value {
    start: usize,
    /// In quotes: where it ends.
    quoted: Option<usize>,
    parameter: bool,
}

impl Value {
    fn behind(text: &str, sign: usize, parameter: bool, name_quoted: bool) -> Option<Value> {
        let mut at = sign + 1;
        if parameter {
            return Some(Value {
                start: at,
                quoted: None,
                parameter,
            });
        }
        // `==`, `::`, `:=`, `=>`.
        if text[at..].starts_with(['=', ':', '>', '~']) {
            return None;
        }
        at += text[at..].bytes().take(4).take_while(|byte| *byte == b' ').count();
        if text[at..].starts_with("Some(") {
            at += 5;
        }
        let escaped = text[at..].starts_with('\\');
        let quote = text[at + usize::from(escaped)..]
            .chars()
            .next()
            .filter(|char| "\"'`".contains(*char));
        let Some(quote) = quote else {
            // A number in JSON stays, and so does what else may stand there without quotes.
            return (!name_quoted).then_some(Value {
                start: at,
                quoted: None,
                parameter,
            });
        };
        let start = at + usize::from(escaped) + 1;
        Some(Value {
            start,
            quoted: Some(end_of_quoted(text, start, quote, escaped)),
            parameter,
        })
    }

    /// Its end, within so many bytes.
    fn end(&self, text: &str, most: usize) -> usize {
        let ends = if self.parameter {
            "&#;\"'<>`\\"
        } else {
            "&;,\"'<>)}]`|\\"
        };
        match self.quoted {
            Some(end) => end.min(text.floor_char_boundary(self.start.saturating_add(most).min(text.len()))),
            None => until(text, self.start, most, |char| {
                char.is_whitespace() || ends.contains(char)
            }),
        }
    }

    /// What is decided with a bounded part of it, so that a text full of signs costs no more than that each.
    fn if_secret(&self, text: &str, sign: u8, says: Says) -> Option<Range<usize>> {
        let value = &text[self.start..self.end(text, DECIDING_BYTES)];
        let is_one = !is_nothing(value)
            && match (says, self.parameter) {
                (Says::Enough, true) => true,
                (Says::Little, true) => value.len() >= 8,
                (Says::Enough, false) if self.quoted.is_some() || sign == b'=' => !is_place(value),
                (Says::Enough, false) => is_like_password(value),
                (Says::Little, false) => is_token(value),
            };
        is_one.then(|| self.start..self.end(text, usize::MAX))
    }
}

/// Where a value in quotes ends: at its quote, at the line's end where there is none.
fn end_of_quoted(text: &str, start: usize, quote: char, escaped: bool) -> usize {
    let rest = &text[start..text.floor_char_boundary(text.len().min(start + QUOTED_BYTES))];
    let mut backslash = false;
    for (at, char) in rest.char_indices() {
        match char {
            '\n' => return start + at,
            '\\' if !backslash => backslash = true,
            _ if char == quote && backslash == escaped => return start + at - usize::from(escaped),
            _ => backslash = false,
        }
    }
    start + rest.len()
}

/// What follows `Authorization:` or `Cookie:`, without the word that says of which kind it is.
fn authorization(text: &str, at: usize) -> Option<Range<usize>> {
    let is_end = |char: char| "\"'`\r\n\\".contains(char);
    let start = at
        + text[at..]
            .bytes()
            .take(4)
            .take_while(|byte| b" \"'".contains(byte))
            .count();
    let deciding = &text[start..until(text, start, DECIDING_BYTES, is_end)];
    let (scheme, rest) = deciding.split_once(' ').unwrap_or(("", deciding));
    let is_scheme = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let rest = if is_scheme { rest.trim_start() } else { deciding };
    let first = rest.split([' ', ',', ';']).next().unwrap_or_default();
    let is_pair = first
        .split_once('=')
        .is_some_and(|(name, value)| !name.is_empty() && !value.is_empty());
    let is_one = is_token(first) || is_pair || (is_scheme && first.len() >= 8);
    let from = start + deciding.len() - rest.len();
    (is_one && !is_nothing(rest)).then(|| {
        let end = until(text, start, QUOTED_BYTES, is_end);
        from..from + text[from..end].trim_end().len()
    })
}

/// Where it ends, within so many bytes.
fn until(text: &str, start: usize, most: usize, is_end: impl Fn(char) -> bool) -> usize {
    let rest = &text[start..text.floor_char_boundary(text.len().min(start.saturating_add(most)))];
    start + rest.find(is_end).unwrap_or(rest.len())
}
