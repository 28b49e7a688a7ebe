//! Kinds of rules that events make fire, at their edges.

use reqwest::Method;
use serde_json::json;

use super::{RULES, Rules, events, headline};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_issue_is_told_once() {
    let rules = Rules::start().await;
    let rule = rules.make(json!({ "kind": "new-issue" }), json!([])).await;
    let issue = rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u2", json!({})).await;
    let fired = rules.fired(&rule, 1).await;
    assert_eq!(headline(&fired[0]), "A new issue in editor: SIGSEGV in draw");
    let alert = &fired[0]["alert"];
    assert_eq!(
        (&alert["kind"], &alert["issue_id"]),
        (&json!("new-issue"), &json!(issue.parse::<i64>().unwrap()))
    );
    assert_eq!(alert["url"], rules.server.url(&format!("/issues/{issue}/")));
    assert!(
        alert["facts"]
            .as_array()
            .unwrap()
            .contains(&json!(["Release", "editor@1.4.0"])),
        "{alert:#}"
    );
    assert_eq!(fired[0]["told"], "sent");
    assert_eq!(fired[0]["deliveries"].as_array().unwrap().len(), 1);
    // What settling sends is new, too.
    assert_eq!(rules.count(&rule).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_comes_back_is_told_each_time() {
    let rules = Rules::start().await;
    let rule = rules.make(json!({ "kind": "regression" }), json!([])).await;
    let only_elsewhere = json!([{ "of": "environment", "how": "is", "value": "elsewhere" }]);
    let elsewhere = rules.make(json!({ "kind": "regression" }), only_elsewhere).await;
    let issue = rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 0, "it was never resolved");
    for times in 1..=2 {
        let path = format!("/api/0/issues/{issue}/");
        let (status, _) = rules.send(Method::PUT, &path, json!({ "status": "resolved" })).await;
        assert_eq!(status, 200);
        // What happens in the same millisecond is not after that.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        rules.event("draw", "u1", json!({})).await;
        rules.event("draw", "u1", json!({})).await;
        let fired = rules.fired(&rule, times).await;
        assert!(
            headline(&fired[0]).starts_with("An issue came back in editor: SIGSEGV"),
            "{fired:#?}"
        );
    }
    assert_eq!(rules.count(&elsewhere).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_so_many_events_of_an_issue() {
    let rules = Rules::start().await;
    let rule = rules.make(events(2, "issue"), json!([])).await;
    for user in ["u1", "u2"] {
        rules.event("draw", user, json!({})).await;
        rules.event("save", user, json!({})).await;
    }
    assert_eq!(rules.count(&rule).await, 0, "two are not more than two");
    let issue = rules.event("draw", "u1", json!({})).await;
    let fired = rules.fired(&rule, 1).await;
    assert!(
        headline(&fired[0]).starts_with("More than 2 events in 1 minute in editor: SIGSEGV"),
        "{fired:#?}"
    );
    assert_eq!(fired[0]["alert"]["issue_id"], json!(issue.parse::<i64>().unwrap()));
    rules.event("draw", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 1, "it was told that there are more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_the_window_is_not_counted() {
    let rules = Rules::start().await;
    let rule = rules.make(events(2, "issue"), json!([])).await;
    rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u1", json!({})).await;
    rules.settle().await;
    rules.age().await;
    rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 0);
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&rule, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_so_many_users() {
    let rules = Rules::start().await;
    let users = |more_than: i64, per: &str| json!({ "kind": "users", "moreThan": more_than, "windowSeconds": 3600, "per": per });
    let of_issue = rules.make(users(2, "issue"), json!([])).await;
    let not_watch = json!([{ "of": "tag", "key": "watch", "how": "is-not", "value": "yes" }]);
    let of_all = rules.make(users(3, "all"), not_watch).await;
    for function in ["draw", "draw", "save"] {
        rules.event(function, "u1", json!({})).await;
        rules.event(function, "u2", json!({})).await;
    }
    rules.event("save", "u3", json!({})).await;
    rules.settle().await;
    assert_eq!(rules.history(&of_all).await.len(), 0, "three are not more than three");
    let fired = rules.fired(&of_issue, 1).await;
    assert!(
        headline(&fired[0]).starts_with("More than 2 users in 1 hour in editor: "),
        "{fired:#?}"
    );
    rules.event("draw", "u4", json!({})).await;
    let fired = rules.fired(&of_all, 1).await;
    assert_eq!(headline(&fired[0]), "More than 3 users in 1 hour in editor");
    // The other issue passes it only now.
    rules.fired(&of_issue, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_all_projects_are_counted_together() {
    let rules = Rules::start().await;
    let access = rules.server.collector().bootstrap("acme", "viewer").await.unwrap();
    let body = {
        let mut body = super::rule(
            "all",
            events(2, "all"),
            json!([{ "of": "server", "how": "starts-with", "value": "web-" }]),
        );
        body["project"] = json!(null);
        body
    };
    let rule = rules.make_of(body).await;
    let fields = |server: &str| json!({ "server_name": server });
    rules.event("draw", "u1", fields("web-1")).await;
    rules.event("save", "u1", fields("web-2")).await;
    rules.event("save", "u1", fields("db-1")).await;
    assert_eq!(rules.count(&rule).await, 0);
    let (key, project) = crate::server::key_and_project(&access.dsn);
    let url = rules.server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let event = super::event("load", "u1", fields("web-3"));
    let body = crate::server::envelope(&crate::server::id(0x9999), &event);
    let sent = rules.server.client.post(url).body(body).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let fired = rules.fired(&rule, 1).await;
    assert_eq!(headline(&fired[0]), "More than 2 events in 1 minute in acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_two_kinds_are_never_the_same() {
    let rules = Rules::start().await;
    let rule = rules.make(json!({ "kind": "regression" }), json!([])).await;
    let issue = rules.event("draw", "u1", json!({})).await;
    let path = format!("/api/0/issues/{issue}/");
    rules.send(Method::PUT, &path, json!({ "status": "resolved" })).await;
    // What happens in the same millisecond is not after that.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&rule, 1).await;
    let change = json!({ "when": events(0, "issue") });
    rules.send(Method::PUT, &format!("{RULES}{rule}/"), change).await;
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&rule, 2).await;
    let pool = crate::server::database(rules.server.data()).await;
    let marks: Vec<String> = sqlx::query_scalar("SELECT mark FROM alert_firings WHERE rule_id <> 1 ORDER BY id")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert!(marks[0].starts_with("regression:"), "{marks:?}");
    assert_eq!(marks[1], "passed:1");
}
