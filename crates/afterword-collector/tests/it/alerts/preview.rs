//! What a rule would have sent, as it would be if it had been there.

use reqwest::Method;
use serde_json::{Value, json};

use super::{RULES, Rules, events, rule};

async fn preview(rules: &Rules, when: Value, conditions: Value, how_often: Value) -> Value {
    let mut body = rule("preview", when, conditions);
    body["howOften"] = how_often;
    let (status, preview) = rules.send(Method::POST, &format!("{RULES}preview/"), body).await;
    assert_eq!(status, 200, "{preview}");
    preview
}

#[tokio::test(flavor = "multi_thread")]
async fn of_issues() {
    let rules = Rules::start().await;
    for (function, environment) in [("draw", "production"), ("save", "production"), ("load", "test")] {
        rules.event(function, "u1", json!({ "environment": environment })).await;
    }
    let all = preview(&rules, json!({ "kind": "new-issue" }), json!([]), json!({})).await;
    assert_eq!((&all["messages"], &all["firings"]), (&json!(3), &json!(3)), "{all:#}");
    assert_eq!(all["notes"], json!([]));
    let test = json!([{ "of": "environment", "how": "is", "value": "test" }]);
    let of_test = preview(&rules, json!({ "kind": "new-issue" }), test, json!({})).await;
    assert_eq!(of_test["messages"], 1);
    assert_eq!(
        of_test["latest"][0]["headline"],
        "A new issue in editor: SIGSEGV in load"
    );
    let together = preview(
        &rules,
        json!({ "kind": "new-issue" }),
        json!([]),
        json!({ "summarySeconds": 3600 }),
    )
    .await;
    assert_eq!(
        (&together["messages"], &together["latest"][0]["others"]),
        (&json!(1), &json!(2))
    );
    let back = preview(&rules, json!({ "kind": "regression" }), json!([]), json!({})).await;
    assert_eq!(back["messages"], 0);
    // Those that were long ago are not told.
    rules
        .sql("UPDATE issues SET first_seen = first_seen - 15 * 86400000")
        .await;
    let none = preview(&rules, json!({ "kind": "new-issue" }), json!([]), json!({})).await;
    assert_eq!(none["messages"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_counted() {
    let rules = Rules::start().await;
    for round in 0..2 {
        for user in ["u1", "u2", "u3", "u3"] {
            rules.event("draw", user, json!({})).await;
        }
        rules.event("save", "u1", json!({})).await;
        if round == 0 {
            rules.age().await;
        }
    }
    let messages =
        async |when: Value, how_often: Value| preview(&rules, when, json!([]), how_often).await["messages"].clone();
    let users = |more_than: i64| json!({ "kind": "users", "moreThan": more_than, "windowSeconds": 60, "per": "issue" });
    assert_eq!(messages(events(3, "issue"), json!({})).await, 2, "in each round");
    assert_eq!(messages(events(4, "issue"), json!({})).await, 0);
    assert_eq!(messages(events(4, "all"), json!({})).await, 2);
    assert_eq!(messages(users(2), json!({})).await, 2);
    assert_eq!(messages(users(3), json!({})).await, 0);
    assert_eq!(
        messages(events(3, "issue"), json!({ "cooldownSeconds": 3600 })).await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_time_tells() {
    let rules = Rules::start().await;
    let sent = (1..=4).map(|number| super::time::session(number, "crashed", "editor@1.0"));
    super::time::digested(&rules.server, sent.collect()).await;
    let health = |below: i64| json!({ "kind": "crash-free", "of": "sessions", "belowPercent": below, "atLeast": 4, "windowSeconds": 3600 });
    let told = preview(&rules, health(50), json!([]), json!({})).await;
    assert_eq!(told["messages"], 1, "{told:#}");
    assert!(
        told["notes"][0].as_str().unwrap().contains("every three hours"),
        "{told:#}"
    );
    let queue = preview(&rules, json!({ "kind": "queue", "moreThan": 1 }), json!([]), json!({})).await;
    assert!(queue["notes"][0].as_str().unwrap().contains("is not kept"), "{queue:#}");
}
