//! Where in a report: the event and what is beside it. And what an app says besides.

use afterword_channel::{RedactRule, Secret, Secrets};
use serde_json::{Value, json};

use super::super::MAX_RULES;
use super::{Redactor, TAKEN_OUT, ours, own, rule};

fn redacted(pairs: &[(&str, &str)], mut event: Value) -> Value {
    own(pairs).report(&mut event, &mut []);
    event
}

#[test]
fn texts_are_redacted_wherever_they_are_and_nothing_else() {
    let event = json!({
        "event_id": "secret", "release": "secret", "environment": "secret", "fingerprint": ["secret"],
        "message": "a secret here", "logentry": { "formatted": "secret", "params": ["secret", 7] },
        "transaction": "secret", "server_name": "secret",
        "tags": { "secret": "secret", "count": 7 },
        "user": { "id": "secret", "email": "secret" },
        "extra": { "deep": [{ "deeper": ["a secret"] }] },
        "request": { "url": "http://h/?k=secret", "headers": { "cookie": "secret" } },
        "contexts": { "trace": { "trace_id": "secret", "op": "secret", "type": "secret" } },
        "breadcrumbs": { "values": [{ "message": "secret", "type": "secret", "timestamp": "secret", "data": { "x": "secret" } }] },
        "exception": { "values": [{ "type": "secret", "value": "secret", "stacktrace": { "frames": [{ "function": "secret" }] } }] },
        "threads": { "values": [{ "name": "secret" }] },
        "debug_meta": { "images": [{ "code_file": "secret" }] },
    });
    let expected = json!({
        "event_id": "secret", "release": "secret", "environment": "secret", "fingerprint": ["#"],
        "message": "a # here", "logentry": { "formatted": "#", "params": ["#", 7] },
        "transaction": "#", "server_name": "#",
        "tags": { "secret": "#", "count": 7 },
        "user": { "id": "#", "email": "#" },
        "extra": { "deep": [{ "deeper": ["a #"] }] },
        "request": { "url": "http://h/?k=#", "headers": { "cookie": "#" } },
        "contexts": { "trace": { "trace_id": "secret", "op": "#", "type": "secret" } },
        "breadcrumbs": { "values": [{ "message": "#", "type": "secret", "timestamp": "secret", "data": { "x": "#" } }] },
        "exception": { "values": [{ "type": "secret", "value": "#", "stacktrace": { "frames": [{ "function": "secret" }] } }] },
        "threads": { "values": [{ "name": "secret" }] },
        "debug_meta": { "images": [{ "code_file": "secret" }] },
    });
    assert_eq!(redacted(&[("secret", "#")], event), expected);
}

#[test]
fn secrets_are_taken_out_of_every_part_and_the_rest_stays() {
    let mut event = json!({
        "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "timestamp": 1_700_000_000.123_456_7, "release": "paint@2.3.1",
        "message": "no answer from https://app:hunter2@db/x",
        "fingerprint": ["{{ default }}", "zoe@example.org"],
        "tags": { "mail": "zoe@example.org", "password": "hunter2", "count": 7, "token": "Semicolon" },
        "user": { "id": "zoe@example.org", "email": "zoe@example.org", "data": { "second": "z@example.org" } },
        "extra": { "secrets": { "api_key": ["abc"] }, "password": 12345, "credentials": { "name": "zoe" } },
        "request": {
            "headers": [["Authorization", "Basic YXBwOmg="], ["Host", "h"]], "cookies": "a=b", "query_string": "a=1&token=x1",
        },
        "contexts": { "app": { "note": "zoe@example.org" }, "trace": { "trace_id": "zoe@example.org" } },
        "breadcrumbs": { "values": [{ "message": "GET /?token=abc", "data": { "Authorization": "Bearer x" } }] },
        "exception": { "values": [{
            "type": "panic", "value": "zoe@example.org",
            "stacktrace": { "frames": [{ "function": "zoe@example.org", "vars": { "password": "hunter2" }, "context_line": "let a = \"zoe@example.org\";" }] },
        }] },
        "threads": { "values": [{ "name": "zoe@example.org", "stacktrace": { "frames": [{ "vars": { "a": "zoe@example.org" } }] } }] },
        "spans": [{ "description": "SELECT 'zoe@example.org'", "span_id": "00", "data": { "db.password": "hunter2" } }],
    });
    let mut texts = [
        Some("panicked: zoe@example.org".to_owned()),
        None,
        Some("worker".to_owned()),
    ];
    let removed = ours().report(&mut event, &mut texts);
    let (mail, password, token) = (
        "[removed: e-mail address]",
        "[removed: password]",
        "[removed: access token]",
    );
    let authorization = "[removed: authorization]";
    let expected = json!({
        "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "timestamp": 1_700_000_000.123_456_7, "release": "paint@2.3.1",
        "message": format!("no answer from https://app:{password}@db/x"),
        "fingerprint": ["{{ default }}", mail],
        "tags": { "mail": mail, "password": password, "count": 7, "token": "Semicolon" },
        "user": { "id": mail, "email": "zoe@example.org", "data": { "second": mail } },
        "extra": { "secrets": { "api_key": [token] }, "password": 12345, "credentials": { "name": "zoe" } },
        "request": {
            "headers": [["Authorization", authorization], ["Host", "h"]], "cookies": authorization, "query_string": format!("a=1&token={token}"),
        },
        "contexts": { "app": { "note": mail }, "trace": { "trace_id": "zoe@example.org" } },
        "breadcrumbs": { "values": [{ "message": format!("GET /?token={token}"), "data": { "Authorization": authorization } }] },
        "exception": { "values": [{
            "type": "panic", "value": mail,
            "stacktrace": { "frames": [{ "function": "zoe@example.org", "vars": { "password": password }, "context_line": format!("let a = \"{mail}\";") }] },
        }] },
        "threads": { "values": [{ "name": "zoe@example.org", "stacktrace": { "frames": [{ "vars": { "a": mail } }] } }] },
        "spans": [{ "description": format!("SELECT '{mail}'"), "span_id": "00", "data": { "db.password": password } }],
    });
    assert_eq!(event, expected);
    assert_eq!(
        texts,
        [Some(format!("panicked: {mail}")), None, Some("worker".to_owned())]
    );
    assert_eq!(
        removed,
        [
            "passwords in texts (4)",
            "e-mail addresses in texts (10)",
            "access tokens in texts (3)",
            "authorizations in texts (3)",
        ]
    );
}

#[test]
fn an_app_keeps_kinds_or_all() {
    let text = || json!({ "message": "zoe@example.org password=hunter2" });
    let with = |off, keep: &[Secret]| {
        let mut event = text();
        let secrets = Secrets {
            off,
            keep: keep.to_vec(),
        };
        let removed = Redactor::new(&[], &secrets).report(&mut event, &mut []);
        (event["message"].as_str().unwrap().to_owned(), removed.len())
    };
    assert_eq!(with(true, &[]), ("zoe@example.org password=hunter2".to_owned(), 0));
    assert_eq!(
        with(false, &[Secret::Email]),
        ("zoe@example.org password=[removed: password]".to_owned(), 1)
    );
    let (both, _) = with(false, &[]);
    assert_eq!(both, "[removed: e-mail address] password=[removed: password]");
}

#[test]
fn a_rule_with_a_name_says_it_and_comes_first() {
    let named = RedactRule {
        name: Some("customer number".to_owned()),
        pattern: "K-[0-9]+(@example.org)?".to_owned(),
        with: None,
    };
    let rules = [named, rule("brush", "a tool")];
    let mut event = json!({ "message": "K-17@example.org has a brush, K-18 another brush; zoe@example.org" });
    let removed = Redactor::new(&rules, &Secrets::default()).report(&mut event, &mut []);
    assert_eq!(
        event["message"],
        "[removed: customer number] has a a tool, [removed: customer number] another a tool; [removed: e-mail address]"
    );
    assert_eq!(
        removed,
        [
            "e-mail addresses in texts (1)",
            "what this program wants taken out of texts (2)",
            "customer number in texts (2)",
        ]
    );
}

#[test]
fn rules_follow_one_another_and_a_replacement_is_taken_as_it_is() {
    let event = json!({ "message": "token=abc123 mail=Anna@Example.org" });
    let rules = [
        (r"token=\w+", "token=$1"),
        (r"(?i)[a-z]+@[a-z.]+", "[mail]"),
        ("mail=", "to "),
    ];
    assert_eq!(redacted(&rules, event)["message"], "token=$1 to [mail]");
}

#[test]
fn rules_that_are_none_are_left_out_and_the_others_count() {
    let long = "a".repeat(4097);
    let rules = [
        ("(", "#"),
        ("", "#"),
        (long.as_str(), "#"),
        (r"(\w{100}){100}", "#"),
        ("b+", "#"),
    ];
    assert_eq!(redacted(&rules, json!({ "message": "abbc" }))["message"], "a#c");
    let many = vec![("x", "y"); MAX_RULES];
    let many: Vec<(&str, &str)> = many.into_iter().chain([("a", "b")]).collect();
    assert_eq!(redacted(&many, json!({ "message": "ax" }))["message"], "ay");
}

#[test]
fn what_would_grow_without_end_is_taken_out() {
    let event = json!({ "message": "a".repeat(60_000) });
    assert_eq!(redacted(&[("a", "0123456789")], event)["message"], TAKEN_OUT);
}

/// Of all texts the slowest is one that nearly fits everywhere. It must end in no letter that could be looked for first: the
/// tests of the whole workspace are built with a `regex` that does.
const SLOW: (&str, &str) = ("[a-p]{1,5000}[^a-p]", "#");

#[test]
fn what_takes_too_long_is_taken_out_whole() {
    let mut event = json!({
        "release": "paint@1", "tags": { "brush": "round", "count": 7 }, "message": "abcdefghijklmnop".repeat(65_536),
        "fingerprint": ["round"],
    });
    let mut texts = [Some("it was wet".to_owned())];
    let removed = own(&[SLOW]).report(&mut event, &mut texts);
    let gone = TAKEN_OUT;
    let expected =
        json!({ "release": "paint@1", "tags": { "brush": gone, "count": 7 }, "message": gone, "fingerprint": null });
    assert_eq!((event, texts), (expected, [Some(gone.to_owned())]));
    assert_eq!(removed, ["all texts, which took too long to look through"]);
    let long = json!({ "message": "abcdefghijklmnop".repeat(65_536) }).to_string();
    let envelope = super::captured::envelope(&[("event", long.as_bytes())]);
    let clean = own(&[SLOW]).envelope(afterword_store::EnvelopeClass::Error, envelope);
    let clean = String::from_utf8(clean).unwrap();
    assert!(
        clean.len() < 1000 && clean.contains(gone) && clean.contains("took too long"),
        "{clean:.300}"
    );
}
