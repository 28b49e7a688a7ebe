use super::*;

fn event(fields: &[(&str, &str)]) -> Value {
    let mut all = Fields::default();
    for (name, value) in fields {
        all.add((*name).to_owned(), (*value).to_owned());
    }
    Value::Object(all.into_event())
}

#[test]
fn fields_become_the_event() {
    let cases: [(&[(&str, &str)], Value); 12] = [
        (&[], json!({})),
        (
            &[("sentry", r#"{"release":"a@1","tags":{"x":"1"}}"#)],
            json!({"release": "a@1", "tags": {"x": "1"}}),
        ),
        (
            &[
                ("sentry[release]", "a@1"),
                ("sentry[tags][x]", "1"),
                ("sentry[tags][y]", "2"),
            ],
            json!({"release": "a@1", "tags": {"x": "1", "y": "2"}}),
        ),
        // A later one beats an earlier one, name by name.
        (
            &[("sentry", r#"{"tags":{"x":"1","y":"1"}}"#), ("sentry[tags][y]", "2")],
            json!({"tags": {"x": "1", "y": "2"}}),
        ),
        (&[("sentry[a]", "1"), ("sentry[a][b]", "2")], json!({"a": {"b": "2"}})),
        // Pieces in any order, more than nine of them.
        (
            &[
                ("sentry__10", "1\"}"),
                ("sentry__2", "\"a@"),
                ("sentry__1", r#"{"release":"#),
            ],
            json!({"release": "a@1"}),
        ),
        (
            &[("sentry__1", "{"), ("sentry__x", "y")],
            json!({"extra": {"sentry__x": "y", "sentry__": "{"}}),
        ),
        (&[("sentry", "no JSON")], json!({"extra": {"sentry": "no JSON"}})),
        (&[("sentry", "[1]")], json!({"extra": {"sentry": "[1]"}})),
        (
            &[
                ("prod", "Editor"),
                ("ver", "1.0"),
                ("ver", "2.0"),
                ("ver", "3.0"),
                ("", "x"),
            ],
            json!({"extra": {"prod": "Editor", "ver": ["1.0", "2.0", "3.0"], "": "x"}}),
        ),
        (
            &[
                ("sentry[]", "1"),
                ("sentry[a", "2"),
                ("sentry[a][]", "3"),
                ("sentry[a]b]", "4"),
            ],
            json!({"extra": {"sentry[]": "1", "sentry[a": "2", "sentry[a][]": "3", "sentry[a]b]": "4"}}),
        ),
        (
            &[("sentry[extra]", "text"), ("ver", "1")],
            json!({"extra": {"extra": "text", "ver": "1"}}),
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(event(fields), expected, "{fields:?}");
    }
}

#[test]
fn names_inside_each_other_are_bounded() {
    for (count, nested) in [(31, true), (32, true), (33, false)] {
        let name = format!("sentry{}", "[a]".repeat(count));
        assert_eq!(event(&[(&name, "x")]).get("a").is_some(), nested, "{count}");
    }
    let bomb = format!("{}{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    assert_eq!(event(&[("sentry", &bomb)])["extra"]["sentry"], bomb);
}

/// A breadcrumb in MessagePack: `{"timestamp": …, "message": …}`.
fn breadcrumb(timestamp: &str, message: &str) -> Vec<u8> {
    let value = rmpv::Value::Map(vec![
        ("timestamp".into(), timestamp.into()),
        ("message".into(), message.into()),
    ]);
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &value).unwrap();
    bytes
}

#[test]
fn breadcrumbs_are_in_the_order_of_time() {
    let older = [
        breadcrumb("2026-01-01T00:00:01Z", "a"),
        breadcrumb("2026-01-01T00:00:02Z", "b"),
    ]
    .concat();
    let newer = breadcrumb("2026-01-01T00:00:03Z", "c");
    let messages = |first: &[u8], second: &[u8]| {
        let mut fields = Fields::default();
        assert!(fields.add_packed(Packed::Breadcrumbs(0), first));
        assert!(fields.add_packed(Packed::Breadcrumbs(1), second));
        let event = Value::Object(fields.into_event());
        let values = event["breadcrumbs"]["values"].as_array().cloned().unwrap_or_default();
        let messages: Vec<String> = values
            .iter()
            .map(|value| value["message"].as_str().unwrap().to_owned())
            .collect();
        messages.concat()
    };
    assert_eq!(messages(&older, &newer), "abc");
    assert_eq!(messages(&newer, &older), "abc");
    assert_eq!(messages(&older, b""), "ab");
    assert_eq!(messages(b"", &newer), "c");
    assert_eq!(messages(b"", b""), "");
    // The process died while it wrote the second.
    assert_eq!(messages(&older[..older.len() - 5], &newer), "ac");
}

#[test]
fn the_event_in_messagepack_is_what_others_are_merged_into() {
    let mut bytes = Vec::new();
    let value = rmpv::Value::Map(vec![
        ("release".into(), "a@1".into()),
        (
            "breadcrumbs".into(),
            rmpv::Value::Map(vec![("values".into(), rmpv::Value::Array(vec![]))]),
        ),
    ]);
    rmpv::encode::write_value(&mut bytes, &value).unwrap();
    let mut fields = Fields::default();
    assert!(fields.add_packed(Packed::Event, &bytes));
    assert!(
        !fields.add_packed(Packed::Event, &bytes),
        "a second one is a file like any other"
    );
    assert!(!fields.add_packed(Packed::Breadcrumbs(0), b"\xc1 nonsense"));
    assert!(
        !fields.add_packed(Packed::Breadcrumbs(0), b"\x01"),
        "a number is no breadcrumb"
    );
    assert!(fields.add_packed(Packed::Breadcrumbs(1), &breadcrumb("2026-01-01T00:00:01Z", "a")));
    fields.add("sentry[environment]".to_owned(), "beta".to_owned());
    let event = Value::Object(fields.into_event());
    assert_eq!(event["release"], "a@1");
    assert_eq!(event["environment"], "beta");
    assert_eq!(event["breadcrumbs"]["values"][0]["message"], "a");
}

#[test]
fn a_crash_is_complete_without_saying_so() {
    let event = completed(Map::from_iter([
        ("level".to_owned(), json!("error")),
        ("platform".to_owned(), Value::Null),
    ]));
    assert_eq!(
        (&event["level"], &event["platform"]),
        (&json!("error"), &json!("native"))
    );
    assert_eq!(event["exception"]["values"][0]["mechanism"]["type"], "minidump");
}
