//! What waits to be sent, when its rule is not to send it any more.

use reqwest::Method;
use serde_json::{Value, json};

use super::{RULES, Rules, rule};
use crate::server::database;

fn mail(to: &str) -> Value {
    json!({ "kind": "email", "to": [to] })
}

/// A rule that tells these two, and a message for each that waits.
async fn with_waiting(rules: &Rules) -> String {
    let mut body = rule("mails", json!({ "kind": "new-issue" }), json!([]));
    body["then"] = json!([mail("old@example.com"), mail("new@example.com")]);
    let id = rules.make_of(body).await;
    let pool = database(rules.server.data()).await;
    for to in ["old@example.com", "new@example.com"] {
        sqlx::query(
            "INSERT INTO alert_deliveries (firing_id, rule_id, action, alert, state, tries, next_at, created_at)
             VALUES (0, $1, $2, '{}', 'waiting', 1, 99999999999999, 0)",
        )
        .bind(id.parse::<i64>().unwrap())
        .bind(mail(to).to_string())
        .execute(&pool)
        .await
        .unwrap();
    }
    pool.close().await;
    id
}

/// State and answer of each.
async fn states(rules: &Rules, id: &str) -> Vec<(String, String)> {
    let pool = database(rules.server.data()).await;
    let states =
        sqlx::query_as("SELECT state, COALESCE(answer, '') FROM alert_deliveries WHERE rule_id = $1 ORDER BY id")
            .bind(id.parse::<i64>().unwrap())
            .fetch_all(&pool)
            .await
            .unwrap();
    pool.close().await;
    states
}

fn states_are(states: &[(String, String)], expected: [(&str, &str); 2]) {
    for ((state, answer), (wanted, words)) in states.iter().zip(expected) {
        assert!(state == wanted && answer.contains(words), "{states:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_turned_off_or_muted_sends_nothing_more() {
    let rules = Rules::start().await;
    for (path, body, words) in [
        ("", json!({ "enabled": false }), "turned off"),
        ("mute/", json!({ "until": "forever" }), "muted"),
    ] {
        let id = with_waiting(&rules).await;
        let other = with_waiting(&rules).await;
        let (status, _) = rules.send(Method::PUT, &format!("{RULES}{id}/{path}"), body).await;
        assert_eq!(status, 200);
        states_are(&states(&rules, &id).await, [("failed", words); 2]);
        states_are(&states(&rules, &other).await, [("waiting", ""); 2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_where_a_rule_tells_no_more_is_not_sent() {
    let rules = Rules::start().await;
    let id = with_waiting(&rules).await;
    let path = format!("{RULES}{id}/");
    let change = json!({ "then": [mail("new@example.com"), mail("third@example.com")] });
    assert_eq!(rules.send(Method::PUT, &path, change).await.0, 200);
    states_are(&states(&rules, &id).await, [("failed", "changed"), ("waiting", "")]);
    let change = json!({ "name": "off", "enabled": false });
    assert_eq!(rules.send(Method::PUT, &path, change).await.0, 200);
    states_are(
        &states(&rules, &id).await,
        [("failed", "changed"), ("failed", "turned off")],
    );
    // Turned on again it does not take up what was given up.
    assert_eq!(rules.send(Method::PUT, &path, json!({ "enabled": true })).await.0, 200);
    states_are(&states(&rules, &id).await, [("failed", ""), ("failed", "")]);
}
