//! Rules over HTTP: what is wrong is said, secrets are kept, and who may not, may not.

use reqwest::Method;
use serde_json::{Value, json};

use super::{RULES, Rules, events, rule};

fn three() -> Value {
    let mut body = rule("three", json!({ "kind": "new-issue" }), json!([]));
    body["then"] = json!([
        { "kind": "slack", "url": "https://hooks.slack.com/services/T0/B0/secret" },
        { "kind": "email", "to": ["anna@example.com"] },
        { "kind": "webhook", "url": "http://127.0.0.1:9/hook", "secret": "0123456789abcdef" },
    ]);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_made_changed_and_removed() {
    let rules = Rules::start().await;
    let id = rules.make_of(three()).await;
    let path = format!("{RULES}{id}/");
    let shown = rules.server.json(&path).await;
    let text = shown.to_string();
    assert!(!text.contains("B0") && !text.contains("0123456789abcdef"), "{text}");
    assert_eq!(
        (&shown["project"], &shown["enabled"], &shown["lastFired"]),
        (&json!("editor"), &json!(true), &Value::Null)
    );

    let change = json!({ "name": "other", "then": shown["then"], "when": events(3, "issue"), "project": null });
    let (status, changed) = rules.send(Method::PUT, &path, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["then"], &changed["project"]), (&shown["then"], &Value::Null));
    let kept: (String,) = {
        let pool = crate::server::database(rules.server.data()).await;
        sqlx::query_as("SELECT rule FROM alert_rules WHERE name = 'other'")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    assert!(
        kept.0.contains("/T0/B0/secret") && kept.0.contains("0123456789abcdef"),
        "{}",
        kept.0
    );

    let list = rules.server.json(RULES).await;
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(rules.send(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(rules.send(Method::GET, &path, Value::Null).await.0, 404);
    assert_eq!(rules.send(Method::GET, &format!("{RULES}x/"), Value::Null).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_about_a_rule_is_said() {
    let rules = Rules::start().await;
    let with = |name: &str, value: Value| {
        let mut body = three();
        body[name] = value;
        body
    };
    for (body, expected) in [
        (
            with(
                "when",
                json!({ "kind": "events", "moreThan": 1, "windowSeconds": 5, "per": "issue" }),
            ),
            "Invalid rule: when.windowSeconds: it is 5: use a whole number from 60 to 2592000",
        ),
        (with("then", json!([])), "Invalid rule: then: it tells nobody"),
        (
            with(
                "then",
                json!([{ "kind": "slack", "url": "https://hooks.slack.com/••••abcd" }]),
            ),
            "Invalid rule: then[0].url: it stands for a secret that this rule does not have",
        ),
        (with("name", json!(" ")), "Invalid rule: name: it is missing"),
        (with("project", json!("nothing")), "Invalid project"),
        (with("whn", json!({})), "unknown field `whn`, expected"),
        (json!({ "name": "x" }), "Invalid rule: when: it is missing"),
    ] {
        let (status, answer) = rules.send(Method::POST, RULES, body).await;
        let detail = answer["detail"].as_str().unwrap();
        assert_eq!(status, 400, "{detail}");
        assert!(detail.contains(expected), "{detail}\n{expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_be_read_is_shown_as_such_and_does_not_stop_others() {
    let rules = Rules::start().await;
    let id = rules.make_of(three()).await;
    let good = rules.make(json!({ "kind": "new-issue" }), json!([])).await;
    rules
        .sql("UPDATE alert_rules SET rule = '{\"when\":{\"kind\":\"full-moon\"}}' WHERE name = 'three'")
        .await;
    rules.sql("UPDATE alert_changes SET changes = changes + 1").await;
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&good, 1).await;
    let shown = rules.server.json(&format!("{RULES}{id}/")).await;
    let error = shown["error"].as_str().unwrap();
    assert!(
        error.contains("when.kind: it is \"full-moon\": use new-issue"),
        "{error}"
    );
    let (status, _) = rules.send(Method::POST, &format!("{RULES}{id}/test/"), json!({})).await;
    assert_eq!(status, 400);
    let (status, mended) = rules.send(Method::PUT, &format!("{RULES}{id}/"), three()).await;
    assert_eq!((status.as_u16(), &mended["error"]), (200, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_button_sends_to_each() {
    let rules = Rules::start().await;
    let id = rules.make_of(three()).await;
    let (status, test) = rules.send(Method::POST, &format!("{RULES}{id}/test/"), json!({})).await;
    assert_eq!(status, 202);
    assert_eq!(test["deliveries"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&test["told"], &test["alert"]["is_test"]),
        (&json!("test"), &json!(true))
    );
    assert!(!test.to_string().contains("0123456789abcdef"));
    rules.fired(&id, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_paged() {
    let rules = Rules::start().await;
    let id = rules.make_of(three()).await;
    for _ in 0..3 {
        rules.send(Method::POST, &format!("{RULES}{id}/test/"), json!({})).await;
    }
    let first = rules.server.api(&format!("{RULES}{id}/history/?limit=2")).await;
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    assert_eq!(first.json::<Vec<Value>>().await.unwrap().len(), 2);
    let next = link.split(", ").find(|link| link.contains("rel=\"next\"")).unwrap();
    assert!(next.contains("results=\"true\""), "{next}");
    let url = next.split_once('>').unwrap().0.trim_start_matches('<');
    let path = url.strip_prefix(&rules.server.access.url).unwrap();
    assert_eq!(rules.server.json(path).await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_what() {
    let rules = Rules::start().await;
    let of_project = rules.make_of(three()).await;
    let mut body = three();
    body["project"] = Value::Null;
    let of_all = rules.make_of(body.clone()).await;
    let token = async |scopes: &[&str]| {
        let body = json!({ "scopes": scopes, "organization": "acme" });
        let (_, made) = rules.send(Method::POST, "/api/0/api-tokens/", body).await;
        made["token"].as_str().unwrap().to_owned()
    };
    let status = async |token: &str, method: Method, path: &str, body: Value| {
        let request = rules
            .server
            .client
            .request(method, rules.server.url(path))
            .bearer_auth(token);
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    let (reads, writes, nothing) = (
        token(&["project:read"]).await,
        token(&["project:write"]).await,
        token(&["event:admin"]).await,
    );
    let events = token(&["project:write", "event:read"]).await;
    let (one, all) = (format!("{RULES}{of_project}/"), format!("{RULES}{of_all}/"));
    let (found, would, new) = (
        format!("{one}history/"),
        format!("{one}preview/"),
        format!("{RULES}preview/"),
    );
    for (who, method, path, body, expected) in [
        (&nothing, Method::GET, RULES, json!({}), 403),
        (&nothing, Method::GET, &one, json!({}), 403),
        (&reads, Method::GET, RULES, json!({}), 200),
        (&reads, Method::GET, &one, json!({}), 200),
        (&reads, Method::GET, &all, json!({}), 403),
        // What it found is what events say.
        (&reads, Method::GET, &found, json!({}), 403),
        (&reads, Method::GET, &would, json!({}), 403),
        (&writes, Method::POST, &new, three(), 403),
        (&events, Method::GET, &found, json!({}), 200),
        (&events, Method::GET, &would, json!({}), 200),
        (&events, Method::POST, &new, three(), 200),
        (&reads, Method::PUT, &one, json!({ "enabled": false }), 403),
        (&reads, Method::POST, RULES, three(), 403),
        (&writes, Method::POST, RULES, three(), 201),
        (&writes, Method::POST, RULES, body, 403),
        (&writes, Method::PUT, &one, json!({ "enabled": false }), 200),
        (&writes, Method::PUT, &one, json!({ "project": null }), 403),
        (&writes, Method::PUT, &all, json!({ "enabled": false }), 403),
        (&writes, Method::DELETE, &all, json!({}), 403),
    ] {
        assert_eq!(
            status(who, method.clone(), path, body).await,
            expected,
            "{method} {path}"
        );
    }
    let list: Vec<Value> = {
        let request = rules.server.client.get(rules.server.url(RULES)).bearer_auth(&reads);
        request.send().await.unwrap().json().await.unwrap()
    };
    assert!(list.iter().all(|rule| rule["project"] == "editor"), "{list:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_of_a_rule_is_never_given_again() {
    let rules = Rules::start().await;
    let id = rules.make_of(three()).await;
    assert_eq!(
        rules
            .send(Method::DELETE, &format!("{RULES}{id}/"), Value::Null)
            .await
            .0,
        204
    );
    assert_ne!(rules.make_of(three()).await, id);
}
