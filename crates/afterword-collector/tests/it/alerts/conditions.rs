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
