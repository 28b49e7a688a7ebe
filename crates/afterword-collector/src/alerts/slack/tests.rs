use super::*;
use crate::alerts::samples;

#[test]
fn blocks() {
    insta::assert_json_snapshot!("usual", message(&samples::usual()));
    insta::assert_json_snapshot!("summary", message(&samples::summary()));
}

/// All texts of a message, with the limit of each.
fn texts<'a>(value: &'a Value, limit: usize, all: &mut Vec<(&'a str, usize)>) {
    match value {
        Value::Object(object) => {
            let limit = match object.get("type").and_then(Value::as_str) {
                Some("header") => MAX_HEADER,
                Some("section") => MAX_SECTION,
                Some("button") => 75,
                _ => limit,
            };
            for (name, value) in object {
                let limit = if name == "fields" { MAX_FIELD } else { limit };
                match value {
                    Value::String(text) if name == "text" => all.push((text, limit)),
                    value => texts(value, limit, all),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| texts(value, limit, all)),
        _ => {}
    }
}

#[test]
fn what_means_ill_is_text_within_the_limits() {
    let message = message(&samples::hostile());
    let mut all = Vec::new();
    texts(&message, MAX_SECTION, &mut all);
    assert!(all.len() > 20, "{all:?}");
    for (text, limit) in all {
        assert!((1..=limit).contains(&text.encode_utf16().count()), "{limit}: {text}");
        assert!(!text.contains("<!") && !text.contains("<script"), "{text}");
        // What is marked as a link is ours.
        for link in text.split('<').skip(1) {
            assert!(link.starts_with("https://errors.example/"), "{text}");
        }
        for part in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;"].iter().any(|end| part.starts_with(end)), "{text}");
        }
    }
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    let button = &blocks.last().unwrap()["elements"][0];
    assert!(
        !button["url"].as_str().unwrap().contains(['|', '>', '<', '"']),
        "{button}"
    );
}

#[test]
fn what_cannot_be_opened_has_no_button() {
    for url in ["", "javascript:alert(1)", "/issues/7/"] {
        let alert = Alert {
            url: url.to_owned(),
            ..samples::usual()
        };
        let message = message(&alert).to_string();
        assert!(
            !message.contains("\"actions\"") && !message.contains("javascript"),
            "{message}"
        );
    }
}
