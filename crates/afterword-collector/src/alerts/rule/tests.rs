use serde_json::{Value, json};

use super::*;

fn with(when: Value, conditions: Value) -> Value {
    json!({
        "when": when, "if": conditions,
        "then": [
            { "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/secret" },
            { "kind": "email", "to": ["Anna@example.com"] },
            { "kind": "webhook", "url": "http://example.com/hook", "secret": "0123456789abcdef" },
        ],
        "howOften": { "cooldownSeconds": 1800, "summarySeconds": 300 },
    })
}

fn whens() -> Vec<Value> {
    vec![
        json!({ "kind": "new-issue" }),
        json!({ "kind": "regression" }),
        json!({ "kind": "events", "moreThan": 100, "windowSeconds": 3600, "per": "issue" }),
        json!({ "kind": "users", "moreThan": 0, "windowSeconds": 60, "per": "all" }),
        json!({ "kind": "crash-free", "of": "users", "belowPercent": 99.5, "atLeast": 10, "windowSeconds": 86400 }),
        json!({ "kind": "duration", "transaction": "GET *", "p95AboveMs": 500, "atLeast": 5, "windowSeconds": 7200 }),
        json!({ "kind": "poison" }),
        json!({ "kind": "queue", "olderThanSeconds": 60, "moreThan": 1000 }),
    ]
}

fn told(value: &Value) -> String {
    Rule::read(value).unwrap_err().to_string()
}

#[test]
fn every_kind_of_rule_is_read_and_written_the_same() {
    for when in whens() {
        let value = with(when.clone(), json!([]));
        let rule = Rule::read(&value).unwrap();
        assert_eq!(rule.to_json()["when"], when);
        assert_eq!(Rule::read(&rule.to_json()).unwrap(), rule);
        assert_eq!((rule.cooldown_s, rule.summary_s, rule.actions.len()), (1800, 300, 3));
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_would_be_right() {
    let events = |key: &str, value: Value| {
        let mut when = json!({ "kind": "events", "moreThan": 1, "windowSeconds": 60, "per": "issue" });
        when[key] = value;
        with(when, json!([]))
    };
    for (value, expected) in [
        (json!([]), ": it is []: use an object with when, if, then, howOften"),
        (
            json!({ "then": [] }),
            "when: it is missing: use an object with kind: new-issue",
        ),
        (json!({ "wen": {} }), "wen: it is not known here: use when, if"),
        (
            with(json!({ "kind": "sometimes" }), json!([])),
            "when.kind: it is \"sometimes\": use new-issue, regression,",
        ),
        (
            with(json!({ "kind": "poison", "moreThan": 3 }), json!([])),
            "when.moreThan: it is not known here: use kind",
        ),
        (
            events("moreThan", json!("many")),
            "when.moreThan: it is \"many\": use a whole number from 0 to 100000",
        ),
        (events("moreThan", json!(-1)), "when.moreThan: it is -1"),
        (
            with(
                json!({ "kind": "users", "moreThan": 50_001, "windowSeconds": 3600, "per": "issue" }),
                json!([]),
            ),
            "when.moreThan: it is 50001: use a whole number from 0 to 50000",
        ),
        (
            events("windowSeconds", json!(59)),
            "when.windowSeconds: it is 59: use a whole number from 60 to 2592000",
        ),
        (
            events("windowSeconds", json!(2_592_001)),
            "when.windowSeconds: it is 2592001",
        ),
        (events("per", Value::Null), "when.per: it is missing: use issue or all"),
        (
            with(
                json!({ "kind": "crash-free", "of": "users", "belowPercent": 101, "windowSeconds": 60 }),
                json!([]),
            ),
            "when.belowPercent: it is 101: use a number above 0",
        ),
        (
            with(
                json!({ "kind": "duration", "p95AboveMs": 5, "windowSeconds": 5400 }),
                json!([]),
            ),
            "when.windowSeconds: it is 5400: use whole hours",
        ),
        (
            with(json!({ "kind": "queue" }), json!([])),
            "when: it says nothing of the queue: use olderThanSeconds",
        ),
        (
            with(json!({ "kind": "new-issue" }), json!([{ "of": "colour" }])),
            "if[0].of: it is \"colour\": use exception, signature,",
        ),
        (
            with(
                json!({ "kind": "new-issue" }),
                json!([{ "of": "level", "how": "like", "value": "x" }]),
            ),
            "if[0].how: it is \"like\": use is, is-not, contains, starts-with or matches",
        ),
        (
            with(
                json!({ "kind": "new-issue" }),
                json!([{ "of": "tag", "how": "is", "value": "x" }]),
            ),
            "if[0].key: it is missing",
        ),
        (
            with(
                json!({ "kind": "new-issue" }),
                json!([{ "of": "level", "how": "is", "value": "" }]),
            ),
            "if[0].value: it is \"\": use a text of 1 to 200 characters",
        ),
        (
            with(json!({ "kind": "poison" }), json!([{ "of": "latest-release" }])),
            "if[0]: this kind of rule has no conditions",
        ),
        (
            with(
                whens()[4].clone(),
                json!([{ "of": "level", "how": "is", "value": "x" }]),
            ),
            "if[0].of: it is \"level\": use release, environment or latest-release",
        ),
        (
            with(
                json!({ "kind": "new-issue" }),
                json!(vec![json!({ "of": "latest-release" }); 21]),
            ),
            "if: it has 21: use a list of at most 20",
        ),
    ] {
        let said = told(&value);
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
}

#[test]
fn actions_are_checked() {
    let with = |action: Value| json!({ "when": { "kind": "new-issue" }, "then": [action] });
    for (action, expected) in [
        (
            json!({ "kind": "pigeon" }),
            "then[0].kind: it is \"pigeon\": use slack, email or webhook",
        ),
        (
            json!({ "kind": "slack", "url": "ftp://example.com/" }),
            "then[0].url: it is \"ftp://example.com/\": use an address",
        ),
        (
            json!({ "kind": "slack", "url": "https://user:pass@example.com/" }),
            "then[0].url: it is",
        ),
        (
            json!({ "kind": "slack", "url": "hooks" }),
            "then[0].url: it is no address",
        ),
        (
            json!({ "kind": "slack", "url": "https://a.example", "to": [] }),
            "then[0].to: it is not known here",
        ),
        (
            json!({ "kind": "email", "to": ["anna"] }),
            "then[0].to[0]: it is \"anna\": use an address such as",
        ),
        (json!({ "kind": "email", "to": [] }), "then[0].to: nobody is in it"),
        (
            json!({ "kind": "email", "to": vec!["anna@example.com"; 21] }),
            "then[0].to: it has 21 addresses: use at most 20, an address that writes to several",
        ),
        (
            json!({ "kind": "email", "to": "a@b.example" }),
            "then[0].to: it is \"a@b.example\": use a list",
        ),
        (
            json!({ "kind": "webhook", "url": "https://a.example", "secret": "short" }),
            "then[0].secret: it is \"short\": use a text of 16",
        ),
    ] {
        let said = told(&with(action));
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
    let nobody = told(&json!({ "when": { "kind": "new-issue" }, "then": [] }));
    assert!(nobody.starts_with("then: it tells nobody"), "{nobody}");
}

#[test]
fn a_mask_that_comes_back_keeps_the_secret() {
    let rule = Rule::read(&with(json!({ "kind": "new-issue" }), json!([]))).unwrap();
    let shown: Vec<Action> = rule.actions.iter().map(masked).collect();
    let text = serde_json::to_string(&shown).unwrap();
    assert!(
        !text.contains("/T0/B0/") && !text.contains("0123456789abcdef"),
        "{text}"
    );
    assert!(text.contains("https://hooks.slack.com/") && text.contains("anna@example.com"));

    let mut value = rule.to_json();
    value["then"] = json!(shown);
    assert_eq!(Rule::read_changed(&value, &rule.actions).unwrap().actions, rule.actions);
    let said = Rule::read_changed(&value, &[]).unwrap_err().to_string();
    assert!(said.starts_with("then[0].url: it stands for a secret that"), "{said}");

    // A secret is kept for the server that has it, whatever the path.
    value["then"][2]["url"] = json!("http://example.com/another");
    Rule::read_changed(&value, &rule.actions).unwrap();
    value["then"][2]["url"] = json!("http://example.org/hook");
    let said = Rule::read_changed(&value, &rule.actions).unwrap_err().to_string();
    assert!(
        said.starts_with("then[2].secret: it stands for a secret that"),
        "{said}"
    );
}

#[test]
fn how_texts_compare() {
    for (how, said, value, expected) in [
        (How::Is, Some("a"), "a", true),
        (How::Is, Some("A"), "a", false),
        (How::Is, None, "a", false),
        (How::IsNot, None, "a", true),
        (How::IsNot, Some("a"), "a", false),
        (How::Contains, Some("xay"), "a", true),
        (How::StartsWith, Some("xay"), "a", false),
        (How::StartsWith, Some("ax"), "a", true),
        (How::Matches, Some("a-b-c"), "a*c", true),
        (How::Matches, Some("a-b-c"), "*b*", true),
        (How::Matches, Some("a-b-c"), "a*b", false),
        (How::Matches, Some("ab"), "ab*b", false),
        (How::Matches, Some("abc"), "abc", true),
        (How::Matches, Some("abcd"), "abc", false),
        (How::Matches, Some(""), "*", true),
        (How::Matches, Some("a*b"), "a**b", true),
        (How::Matches, None, "*", false),
    ] {
        assert_eq!(how.holds(said, value), expected, "{how:?} {said:?} {value}");
    }
}
