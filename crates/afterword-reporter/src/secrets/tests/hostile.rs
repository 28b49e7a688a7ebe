//! Texts that are made to take long, or to break something. What is quadratic would not come to an end here.

use serde_json::json;

use super::{all, cleaned, ours};

const MEGABYTE: usize = 1 << 20;

#[test]
fn a_megabyte_of_signs_is_looked_through() {
    for sign in ["@", "=", "\""] {
        let text = sign.repeat(MEGABYTE);
        assert_eq!(cleaned(&text, all()), (text, String::new()));
    }
}

#[test]
fn beginnings_without_an_end_are_looked_through() {
    let parts = [
        "@",
        "a@",
        "a@b.",
        "@@a.b",
        "://",
        "a://b:c",
        "://a:b@",
        ":",
        "=",
        "token=",
        "token='",
        "password:",
        "cookie:",
        "cookie: a",
        "Authorization: ",
        "\"password\":\\\"",
        "eyJ",
        "eyJaaaaaaaa.",
        "-eyJ-AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\\n",
        "-----END ",
        "%40",
        "a%40b.c",
        "Bearer ",
        "bearer  a",
        "AKIA",
        "ghp_",
        "xoxb-",
        "\\",
        "\"",
        "ä",
        "\u{202e}",
        "🎨",
        "?key=",
        "&sig=",
        "https://a/?u=",
        "Some(",
        "password=Some(",
    ];
    for part in parts {
        let text = part.repeat(MEGABYTE / 16 / part.len());
        let (clean, _) = cleaned(&text, all());
        assert!(clean.len() <= MEGABYTE, "{part}");
        let behind = format!("{text} zoe@example.org");
        assert!(!cleaned(&behind, all()).0.contains("zoe@"), "{part}");
    }
}

#[test]
fn a_value_of_any_length_goes_whole() {
    for (before, unit, after) in [
        ("password=", "x1", " b"),
        ("api_key: ", "a1", ", b"),
        ("?token=", "%20", "&b"),
        ("ghp_", "Ab1", " b"),
    ] {
        let text = format!("{before}{}{after}", unit.repeat(100_000));
        let (clean, _) = cleaned(&text, all());
        assert!(clean.len() < 100 && clean.ends_with(after), "{clean:.200}");
    }
}

#[test]
fn no_letter_is_cut_in_two() {
    for wide in ["ä", "€", "🎨"] {
        for pad in 0..300 {
            let pad = "x".repeat(pad);
            let text = format!(
                "{wide}{pad}@{wide}{pad}.org password={wide}{pad} ://{wide}{pad}:{wide}@ token: {wide}{pad}{wide}"
            );
            // Bounds lie anywhere.
            cleaned(&text, all());
        }
    }
}

#[test]
fn huge_arrays_and_deep_objects_are_gone_through() {
    let mut deep = json!("zoe@example.org");
    for _ in 0..100 {
        deep = json!({ "deeper": [deep] });
    }
    let mut event =
        json!({ "extra": { "many": vec!["zoe@example.org"; 20_000], "deep": deep, "numbers": vec![7; 20_000] } });
    let removed = ours().report(&mut event, &mut []);
    assert_eq!(removed, ["e-mail addresses in texts (20001)"]);
    assert!(!event.to_string().contains("zoe"));
    assert_eq!(event["extra"]["numbers"].as_array().unwrap().len(), 20_000);
}

#[test]
fn odd_shapes_of_events_are_no_trouble() {
    let odd = [
        json!(null),
        json!([]),
        json!("zoe@example.org"),
        json!({ "user": "zoe@example.org", "contexts": [], "threads": 7, "exception": null, "fingerprint": 3 }),
        json!({ "user": [], "threads": [{ "stacktrace": [] }], "breadcrumbs": "password=x1", "stacktrace": { "frames": 7 } }),
        json!({ "tags": [["password", "x1"], ["a"], [], ["b", 7]], "contexts": null }),
    ];
    for mut event in odd {
        ours().report(&mut event, &mut []);
        let said = event.to_string();
        assert!(
            event == "zoe@example.org" || !(said.contains("zoe@") || said.contains("x1")),
            "{said}"
        );
    }
}
