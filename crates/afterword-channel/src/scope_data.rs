//! Making what the app says fit into the run file.

use serde::Serialize;
use serde_json::Value;

use crate::layout::BREADCRUMB_BYTES;

/// What most breadcrumbs need.
const USUAL_BYTES: usize = 256;
const MARK: &str = " …(cut)";

/// A breadcrumb as JSON that fits into a slot of the ring: where it is too long, its `data` is left out and its message
/// cut, and both are marked. None for what JSON cannot say.
pub fn fit_breadcrumb(breadcrumb: &impl Serialize) -> Option<Vec<u8>> {
    // Written once, and only taken apart where that is needed: an app may leave thousands a second.
    let mut whole = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut whole, breadcrumb).ok()?;
    if whole.len() <= BREADCRUMB_BYTES {
        return Some(whole);
    }
    serde_json::from_slice(&whole).ok().map(shorten)
}

fn shorten(mut breadcrumb: Value) -> Vec<u8> {
    if let Some(fields) = breadcrumb.as_object_mut() {
        if let Some(data) = fields.get_mut("data") {
            *data = serde_json::json!({ "cut": true });
        }
        for field in ["category", "type", "level"] {
            if let Some(Value::String(text)) = fields.get_mut(field) {
                cut(text, 64);
            }
        }
    }
    let without_message = {
        let mut bare = breadcrumb.clone();
        if let Some(fields) = bare.as_object_mut() {
            fields.remove("message");
        }
        bare.to_string().len()
    };
    if let Some(Value::String(message)) = breadcrumb.get_mut("message") {
        // Escapes can make a character longer in JSON (a control character takes six bytes): halve until it fits.
        let mut most = BREADCRUMB_BYTES.saturating_sub(without_message + 16);
        loop {
            let mut shorter = message.clone();
            cut(&mut shorter, most);
            let size = serde_json::to_string(&shorter).map_or(usize::MAX, |json| json.len());
            if without_message + size + 16 <= BREADCRUMB_BYTES || most == 0 {
                *message = shorter;
                break;
            }
            most /= 2;
        }
    }
    let fitted = breadcrumb.to_string().into_bytes();
    if fitted.len() <= BREADCRUMB_BYTES {
        fitted
    } else {
        serde_json::json!({ "message": MARK.trim_start() })
            .to_string()
            .into_bytes()
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most.saturating_sub(MARK.len())));
        text.push_str(MARK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(value: Value) -> Value {
        let bytes = fit_breadcrumb(&value).unwrap();
        assert!(bytes.len() <= BREADCRUMB_BYTES, "{} bytes", bytes.len());
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_short_breadcrumb_stays_as_it_is() {
        let crumb = json!({ "message": "saved", "data": { "path": "a.png" } });
        assert_eq!(fits(crumb.clone()), crumb);
    }

    #[test]
    fn a_megabyte_is_cut_and_marked() {
        for message in ["x".repeat(1 << 20), "é".repeat(1 << 19), "\u{1}".repeat(1 << 20)] {
            let fitted = fits(json!({ "message": message, "category": "ui", "data": { "a": "b".repeat(5000) } }));
            let text = fitted["message"].as_str().unwrap();
            assert!(text.ends_with("(cut)"));
            assert_eq!(text.chars().next(), message.chars().next());
            assert_eq!(fitted["category"], "ui");
            assert_eq!(fitted["data"]["cut"], true);
        }
    }

    #[test]
    fn long_fields_of_every_kind_still_fit() {
        fits(json!({ "category": "c".repeat(9000), "type": "t".repeat(9000), "unknown": "u".repeat(9000) }));
    }
}
