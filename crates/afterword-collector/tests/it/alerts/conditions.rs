//! Each condition, true and not true, of new issues and of what is counted.

use serde_json::{Value, json};

use super::{Rules, events};

/// A condition, and what an event must be like for it.
fn pairs() -> Vec<(Value, Value, Value)> {
    let says = |of: &str, how: &str, value: &str| json!({ "of": of, "how": how, "value": value });
    let tag = |how: &str, value: &str| json!({ "of": "tag", "key": "color", "how": how, "value": value });
    let exception = |kind: &str| {
        json!({ "exception": { "values": [{ "type": kind, "value": "x",
            "stacktrace": { "frames": [{ "function": "f", "in_app": true }] } }] } })
    };
    vec![
        (
            says("exception", "is", "TypeError"),
            exception("TypeError"),
            exception("ValueError"),
        ),
        (
            says("signature", "contains", "draw_two"),
            json!({}),
            json!({ "fingerprint": ["other"] }),
        ),
        (
            says("server", "starts-with", "web-"),
            json!({ "server_name": "web-1" }),
            json!({ "server_name": "db-web-1" }),
        ),
        (
            says("release", "matches", "editor@2.*"),
            json!({ "release": "editor@2.1.0" }),
            json!({ "release": "editor@1.2.0" }),
        ),
        (
            says("environment", "is-not", "test"),
            json!({ "environment": "production" }),
            json!({ "environment": "test" }),
        ),
        (
            says("level", "is", "error"),
            json!({ "level": "error" }),
            json!({ "level": "fatal" }),
        ),
        (
            says("platform", "is", "python"),
            json!({ "platform": "python" }),
            json!({ "platform": "native" }),
        ),
        (
            tag("is", "red"),
            json!({ "tags": { "color": "red" } }),
            json!({ "tags": { "color": "Red" } }),
        ),
        (
            tag("is-not", "red"),
            json!({ "tags": { "shape": "red" } }),
            json!({ "tags": { "color": "red" } }),
        ),
        (
            tag("contains", "re"),
            json!({ "tags": { "color": "green" } }),
            json!({ "tags": { "color": "blue" } }),
        ),
        (
            tag("matches", "*e*n"),
            json!({ "tags": { "color": "green" } }),
            json!({ "tags": { "color": "greens" } }),
        ),
        // What means something to a database means nothing here, and upper and lower case are different.
        (
            tag("matches", "[a-z]?_%*"),
            json!({ "tags": { "color": "[a-z]?_%\\" } }),
            json!({ "tags": { "color": "ab_%" } }),
        ),
        (
            tag("contains", "e_%\\"),
            json!({ "tags": { "color": "re_%\\d" } }),
            json!({ "tags": { "color": "green" } }),
        ),
        (
            says("environment", "contains", "rod_"),
            json!({ "environment": "prod_1" }),
            json!({ "environment": "PROD_1" }),
        ),
        (
            says("release", "starts-with", "editor@2_"),
            json!({ "release": "editor@2_1" }),
            json!({ "release": "Editor@2_1" }),
        ),
        (
            says("environment", "matches", "p*[d]"),
            json!({ "environment": "pro[d]" }),
            json!({ "environment": "prod" }),
        ),
        (
            says("server", "is-not", "web-1"),
            json!({ "server_name": "web-2" }),
            json!({ "server_name": "web-1" }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_new_issues() {
    let rules = Rules::start().await;
    for (number, (condition, yes, no)) in pairs().into_iter().enumerate() {
        // Only of what this turn sends.
        let turn = format!("turn{number}");
        let own = json!({ "of": "tag", "key": "turn", "how": "is", "value": turn });
        let rule = rules
            .make(json!({ "kind": "new-issue" }), json!([own, condition]))
            .await;
        for (function, mut fields) in [("draw_two", yes), ("draw_one", no)] {
            fields["tags"]["turn"] = json!(turn);
            let kind = if fields.get("exception").is_some() {
                ""
            } else {
                function
            };
            if fields.get("fingerprint").is_none() && !(condition["of"] == "signature") {
                fields["fingerprint"] = json!([format!("{turn} {kind} {fields}")]);
            }
            rules.event(function, "u1", fields).await;
        }
        assert_eq!(
            rules.count(&rule).await,
            1,
            "{condition}: {:#?}",
            rules.history(&rule).await
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_counted() {
    let rules = Rules::start().await;
    for (number, (condition, yes, no)) in pairs().into_iter().enumerate() {
        let turn = format!("turn{number}");
        let own = json!({ "of": "tag", "key": "turn", "how": "is", "value": turn });
        let rule = rules.make(events(1, "all"), json!([own, condition])).await;
        let fields = |fields: &Value| {
            let mut fields = fields.clone();
            fields["tags"]["turn"] = json!(turn);
            fields
        };
        rules.event("draw_two", "u1", fields(&yes)).await;
        rules.event("draw_one", "u1", fields(&no)).await;
        rules.event("draw_one", "u1", fields(&no)).await;
        assert_eq!(rules.count(&rule).await, 0, "{condition}: only one is counted");
        rules.event("draw_two", "u1", fields(&yes)).await;
        rules.fired(&rule, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_in_the_latest_release() {
    let rules = Rules::start().await;
    let latest = json!([{ "of": "latest-release" }]);
    let new = rules.make(json!({ "kind": "new-issue" }), latest.clone()).await;
    let of_issue = rules.make(events(1, "issue"), latest.clone()).await;
    let of_all = rules.make(events(2, "all"), latest).await;
    let in_release = |version: &str| json!({ "release": format!("editor@{version}") });
    rules.event("a", "u1", in_release("1.5.0")).await;
    rules.fired(&new, 1).await;
    rules.event("b", "u1", in_release("1.4.9")).await;
    rules.event("b", "u1", in_release("1.5.0")).await;
    // What settling sends has a release that is older.
    rules.settle().await;
    for (rule, times) in [(&new, 1), (&of_issue, 0), (&of_all, 0)] {
        assert_eq!(
            rules.history(rule).await.len(),
            times,
            "the second was seen in an older one first"
        );
    }
    rules.event("a", "u1", in_release("1.5.0")).await;
    rules.fired(&of_issue, 1).await;
    rules.event("a", "u1", in_release("1.5.0")).await;
    rules.fired(&of_all, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_events_than_can_be_read_one_by_one() {
    let rules = Rules::start().await;
    rules
        .event(
            "draw",
            "u1",
            json!({ "server_name": "web-1", "environment": "production" }),
        )
        .await;
    rules
        .event("draw", "u1", json!({ "server_name": "db-1", "environment": "test" }))
        .await;
    // Of each as many as 2 to the 15th.
    let pool = crate::server::database(rules.server.data()).await;
    for turn in 0..15 {
        sqlx::query(
            "INSERT INTO events (project_id, event_id, issue_id, group_id, title, level, platform, release, environment, user_key,
                tags, occurred_at, received_at)
             SELECT project_id, event_id || $1, issue_id, group_id, title, level, platform, release, environment, user_key,
                tags, occurred_at, received_at FROM events",
        )
        .bind(char::from(b'a' + turn).to_string())
        .execute(&pool)
        .await
        .unwrap();
    }
    pool.close().await;
    let when =
        |more_than: i64| json!({ "kind": "events", "moreThan": more_than, "windowSeconds": 86_400, "per": "all" });
    for (of, how, value) in [
        ("server", "contains", "web"),
        ("environment", "starts-with", "prod"),
        ("environment", "is-not", "test"),
        ("server", "matches", "w*1"),
    ] {
        // Of those that say nothing there is what settling sends.
        let condition =
            json!([{ "of": of, "how": how, "value": value }, { "of": "level", "how": "is", "value": "fatal" }]);
        let rule = rules.make(when(32_700), condition.clone()).await;
        let not = rules.make(when(32_900), condition).await;
        rules
            .event(
                "draw",
                "u1",
                json!({ "server_name": "web-1", "environment": "production" }),
            )
            .await;
        rules.fired(&rule, 1).await;
        assert_eq!(rules.history(&not).await.len(), 0);
    }
}
