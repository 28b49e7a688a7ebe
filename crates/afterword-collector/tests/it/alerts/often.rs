//! How often: cooldowns, bounds that are kept and passed anew, summaries, muting.

use reqwest::Method;
use serde_json::{Value, json};

use super::{RULES, Rules, events, headline, rule};

fn with(when: Value, cooldown_s: i64, summary_s: i64) -> Value {
    let mut body = rule(
        "often",
        when,
        json!([{ "of": "tag", "key": "watch", "how": "is-not", "value": "yes" }]),
    );
    body["howOften"] = json!({ "cooldownSeconds": cooldown_s, "summarySeconds": summary_s });
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_that_was_kept_and_is_passed_anew_is_told_anew() {
    let rules = Rules::start().await;
    let rule = rules.make_of(with(events(1, "issue"), 0, 0)).await;
    for times in 1..=2 {
        for _ in 0..4 {
            rules.event("draw", "u1", json!({})).await;
        }
        rules.fired(&rule, times).await;
        assert_eq!(rules.count(&rule).await, times, "it stays passed");
        rules.age().await;
        rules.event("draw", "u1", json!({})).await;
        assert_eq!(rules.count(&rule).await, times, "one alone keeps it");
        rules.age().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_that_is_kept_while_nobody_looks_counts_too() {
    let rules = Rules::start().await;
    let rule = rules.make_of(with(events(1, "issue"), 0, 0)).await;
    rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&rule, 1).await;
    rules.age().await;
    // At once, so that nothing may be asked about one alone.
    tokio::join!(
        rules.event("draw", "u1", json!({})),
        rules.event("draw", "u1", json!({}))
    );
    rules.fired(&rule, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_cooldown_nothing_is_sent() {
    let rules = Rules::start().await;
    let rule = rules.make_of(with(events(1, "issue"), 3600, 0)).await;
    let pass = async |function: &'static str| {
        rules.event(function, "u1", json!({})).await;
        rules.event(function, "u1", json!({})).await;
    };
    pass("draw").await;
    rules.fired(&rule, 1).await;
    rules.settle().await;
    rules.age().await;
    rules.event("draw", "u1", json!({})).await;
    rules.settle().await;
    rules.event("draw", "u1", json!({})).await;
    let fired = rules.fired(&rule, 2).await;
    assert_eq!(
        (&fired[0]["told"], &fired[0]["deliveries"]),
        (&json!("cooling"), &json!([]))
    );
    // Another subject is not cooling.
    pass("save").await;
    let fired = rules.fired(&rule, 3).await;
    assert_eq!(fired[0]["told"], "sent");
    // After the cooldown a bound that stays passed is told again.
    rules.sql("UPDATE alert_states SET told_at = told_at - 3600000").await;
    rules.event("draw", "u1", json!({})).await;
    let fired = rules.fired(&rule, 4).await;
    assert_eq!(fired[0]["told"], "sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_tells_several_in_one_message() {
    let rules = Rules::start().await;
    let rule = rules.make_of(with(json!({ "kind": "new-issue" }), 0, 3600)).await;
    for function in ["draw", "save", "load"] {
        rules.event(function, "u1", json!({})).await;
    }
    let fired = rules.fired(&rule, 3).await;
    for firing in &fired {
        assert_eq!(
            (&firing["told"], &firing["deliveries"]),
            (&json!("collected"), &json!([]))
        );
    }
    rules.sql("UPDATE alert_summaries SET due_at = 0").await;
    let path = format!("{RULES}{rule}/history/");
    let fired = rules
        .server
        .until(&path, |history| history[2]["deliveries"][0].is_object())
        .await;
    for firing in fired.as_array().unwrap() {
        assert_eq!(firing["told"], "sent");
    }
    let database = crate::server::database(rules.server.data()).await;
    let told: Vec<String> = sqlx::query_scalar("SELECT alert FROM alert_deliveries WHERE rule_id <> 1")
        .fetch_all(&database)
        .await
        .unwrap();
    assert_eq!(told.len(), 1, "one message");
    let told: Value = serde_json::from_str(&told[0]).unwrap();
    assert_eq!(told["others"].as_array().unwrap().len(), 2, "{told:#}");
    assert!(told["headline"].as_str().unwrap().starts_with("A new issue in editor"));
    // What comes then is collected anew.
    rules.event("print", "u1", json!({})).await;
    let fired = rules.fired(&rule, 4).await;
    assert_eq!(fired[0]["told"], "collected");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_muted_is_noted_and_not_sent() {
    let rules = Rules::start().await;
    let rule = rules.make_of(with(json!({ "kind": "new-issue" }), 0, 0)).await;
    let mute = format!("{RULES}{rule}/mute/");
    let (status, muted) = rules.send(Method::PUT, &mute, json!({ "until": "forever" })).await;
    assert_eq!((status.as_u16(), &muted["mutedUntil"]), (200, &json!("forever")));
    rules.event("draw", "u1", json!({})).await;
    let fired = rules.fired(&rule, 1).await;
    assert_eq!(
        (&fired[0]["told"], &fired[0]["deliveries"]),
        (&json!("muted"), &json!([]))
    );

    let (status, muted) = rules
        .send(Method::PUT, &mute, json!({ "until": "2999-01-01T00:00:00Z" }))
        .await;
    assert_eq!(
        (status.as_u16(), &muted["mutedUntil"]),
        (200, &json!("2999-01-01T00:00:00Z"))
    );
    let (status, _) = rules
        .send(Method::PUT, &mute, json!({ "until": "2001-01-01T00:00:00Z" }))
        .await;
    assert_eq!(status, 400);
    let (_, muted) = rules.send(Method::PUT, &mute, json!({ "until": null })).await;
    assert_eq!(muted["mutedUntil"], json!(null));
    rules.event("save", "u1", json!({})).await;
    let fired = rules.fired(&rule, 2).await;
    assert_eq!(fired[0]["told"], "sent");
    assert!(headline(&fired[0]).starts_with("A new issue"));

    let (_, off) = rules
        .send(Method::PUT, &format!("{RULES}{rule}/"), json!({ "enabled": false }))
        .await;
    assert_eq!(off["enabled"], false);
    rules.event("load", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_holds_when_a_mute_ends_is_told() {
    let rules = Rules::start().await;
    let mut made = Vec::new();
    for cooldown_s in [0, 3600] {
        let rule = rules.make_of(with(events(0, "all"), cooldown_s, 0)).await;
        let mute = format!("{RULES}{rule}/mute/");
        rules.send(Method::PUT, &mute, json!({ "until": "forever" })).await;
        made.push((rule, mute));
    }
    rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u1", json!({})).await;
    for (rule, _) in &made {
        assert_eq!(rules.count(rule).await, 1, "it is noted once");
        assert_eq!(rules.fired(rule, 1).await[0]["told"], "muted");
    }
    for (_, mute) in &made {
        rules.send(Method::PUT, mute, json!({ "until": null })).await;
    }
    rules.event("draw", "u1", json!({})).await;
    for (rule, _) in &made {
        assert_eq!(rules.fired(rule, 2).await[0]["told"], "sent");
    }
    rules.event("draw", "u1", json!({})).await;
    for (rule, _) in &made {
        assert_eq!(rules.count(rule).await, 2, "it was told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_sixty_messages_in_an_hour_are_told_in_one() {
    let rules = Rules::start().await;
    let rule = rules.make_of(with(json!({ "kind": "new-issue" }), 0, 0)).await;
    for number in 0..63_u8 {
        // Letters, since numbers do not tell one issue from another.
        let name = format!("{}{}", char::from(b'a' + number / 8), char::from(b'a' + number % 8));
        let event = super::event("draw", "u1", json!({ "fingerprint": [format!("storm {name}")] }));
        let envelope = crate::server::envelope(&crate::server::id(0x5000 + u32::from(number)), &event);
        rules.server.accept(envelope).await;
    }
    let path = format!("{RULES}{rule}/history/?per_page=100");
    let all = rules
        .server
        .until(&path, |history| history.as_array().unwrap().len() == 63)
        .await;
    let told = |all: &Value, told: &str| {
        let all = all.as_array().unwrap();
        all.iter().filter(|firing| firing["told"] == told).count()
    };
    assert_eq!((told(&all, "sent"), told(&all, "collected")), (60, 3));
    rules.sql("UPDATE alert_summaries SET due_at = 0").await;
    let all = rules.server.until(&path, |all| told(all, "collected") == 0).await;
    let messages: usize = all
        .as_array()
        .unwrap()
        .iter()
        .map(|firing| firing["deliveries"].as_array().unwrap().len())
        .sum();
    assert_eq!((told(&all, "sent"), messages), (63, 61));
    // An hour later messages are sent one by one again.
    rules.sql("UPDATE alert_rates SET since = since - 3600000").await;
    rules.event("save", "u1", json!({})).await;
    rules.settle().await;
    assert_eq!(rules.history(&rule).await[0]["told"], "sent");
}
