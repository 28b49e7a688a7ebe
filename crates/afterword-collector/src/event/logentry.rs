//! Messages with parameters: `it rains %s` and `["hard"]`.

use serde_json::Value;

use super::read::{first_text, text};

/// The text of a `logentry`: as its client filled it in, else filled in here. `None` if it has none.
pub(super) fn message(entry: &Value) -> Option<String> {
    first_text(entry, &["formatted"]).or_else(|| {
        let template = first_text(entry, &["message"])?;
        Some(match entry.get("params") {
            Some(params) => fill(&template, params),
            None => template,
        })
    })
}

/// The parameters in the places of `%s` and its kind, `%(name)s`, `{}` and `{name}`; a place without one stays as it is.
fn fill(template: &str, params: &Value) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut next = 0;
    let mut rest = template;
    while let Some(at) = rest.find(['%', '{']) {
        let (before, place) = rest.split_at(at);
        filled.push_str(before);
        let (length, name) = read_place(place);
        let value = match name {
            Some("") => {
                next += 1;
                params.get(next - 1)
            }
            Some(name) => params.get(name).or_else(|| params.get(name.parse::<usize>().ok()?)),
            None => None,
        };
        match value.map(|value| text(value).unwrap_or_default()) {
            Some(value) => filled.push_str(&value),
            None if place.starts_with("%%") => filled.push('%'),
            None => filled.push_str(&place[..length]),
        }
        rest = &place[length..];
    }
    filled.push_str(rest);
    filled
}

/// How long the place is that this text begins with, and the name of its parameter: empty for the next in order, `None` if
/// it is no place.
fn read_place(text: &str) -> (usize, Option<&str>) {
    if text.starts_with("%%") {
        return (2, None);
    }
    if let Some(rest) = text.strip_prefix('{') {
        let end = rest.find('}').filter(|end| rest[..*end].bytes().all(is_name));
        return end.map_or((1, None), |end| (end + 2, Some(&rest[..end])));
    }
    let rest = &text[1..];
    let (name, kind) = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((name, kind)) => (name, kind),
        None => ("", rest),
    };
    // Widths and the like are passed over: `%5.2f`, `%-10s`.
    let flags = kind.bytes().take_while(|byte| b"0123456789.-+#".contains(byte)).count();
    match kind.as_bytes().get(flags) {
        Some(b's' | b'd' | b'i' | b'u' | b'f' | b'r' | b'g' | b'x') => {
            (text.len() - kind.len() + flags + 1, Some(name))
        }
        _ => (1, None),
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_come_into_their_places() {
        for (entry, wanted) in [
            (
                json!({"message": "rain: %s, %5.1f %% of %d"  , "params": ["雨", 9.5, 100]}),
                "rain: 雨, 9.5 % of 100",
            ),
            (
                json!({"message": "%(what)s falls", "params": {"what": "rain"}}),
                "rain falls",
            ),
            (
                json!({"message": "{} and {1} of {who}", "params": ["a", "b"]}),
                "a and b of {who}",
            ),
            (json!({"message": "{who} {}", "params": {"who": "we"}}), "we {}"),
            (json!({"message": "%s and %s", "params": ["one"]}), "one and %s"),
            (json!({"message": "100 %", "params": ["one"]}), "100 %"),
            (json!({"message": "a {\"json\": %s}", "params": [1]}), "a {\"json\": 1}"),
            (
                json!({"message": "%s", "formatted": "as it is", "params": ["no"]}),
                "as it is",
            ),
            (json!({"message": "{ü %ü", "params": ["no"]}), "{ü %ü"),
            (json!({"message": "%s", "params": "no list"}), "%s"),
            (json!({"message": "%s"}), "%s"),
        ] {
            assert_eq!(message(&entry).as_deref(), Some(wanted), "{entry}");
        }
        assert_eq!(message(&json!({"params": ["x"]})), None);
    }
}
