//! Kinds of rules that time makes fire, and what could not be digested.
//!
//! Rules are looked at in the order in which they were made: once a later one fired, an earlier one was looked at.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Rules, headline, rule};
use crate::server::{Server, database, id};

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

pub(super) async fn digested(server: &Server, envelopes: Vec<String>) {
    for envelope in envelopes {
        server.accept(envelope).await;
    }
    crate::server::rows::<(i64,)>(
        server.data(),
        "SELECT 1 FROM cache_epoch WHERE (SELECT COUNT(*) FROM inbox) = 0",
        1,
    )
    .await;
}

/// A session that ended like this, of a person.
pub(super) fn session(number: u32, status: &str, release: &str) -> String {
    let update = json!({
        "sid": id(number), "did": format!("person {}", number % 10), "status": status, "init": true, "seq": 0,
        "started": now() - 30.0, "attrs": { "release": release, "environment": "production" },
    });
    format!("{{}}\n{{\"type\":\"session\"}}\n{update}\n")
}

fn crash_free(of: &str, below: Value, at_least: i64) -> Value {
    json!({ "kind": "crash-free", "of": of, "belowPercent": below, "atLeast": at_least, "windowSeconds": 3600 })
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_sessions_crash() {
    let rules = Rules::start().await;
    // 20 sessions of ten people, of which one crashed; none of them in another release.
    let mut sent: Vec<String> = (1..20).map(|number| session(number, "exited", "editor@1.0")).collect();
    sent.push(session(20, "crashed", "editor@1.0"));
    sent.extend((21..30).map(|number| session(number, "exited", "editor@2.0")));
    digested(&rules.server, sent).await;
    let one = json!([{ "of": "release", "how": "is", "value": "editor@1.0" }]);
    let latest = json!([{ "of": "latest-release" }]);
    let not = [
        rules.make(crash_free("sessions", json!(95), 20), one.clone()).await,
        rules.make(crash_free("sessions", json!(95.001), 21), one.clone()).await,
        rules.make(crash_free("users", json!(90), 10), one.clone()).await,
        rules.make(crash_free("sessions", json!(100), 1), latest).await,
    ];
    let users = rules.make(crash_free("users", json!(90.001), 10), one.clone()).await;
    let sessions = rules.make(crash_free("sessions", json!(95.001), 20), one).await;
    let fired = rules.fired(&sessions, 1).await;
    assert_eq!(headline(&fired[0]), "Crash-free sessions of editor are down to 95.00 %");
    let fired = rules.fired(&users, 1).await;
    assert_eq!(headline(&fired[0]), "Crash-free users of editor are down to 90.00 %");
    for rule in &not {
        assert_eq!(rules.history(rule).await.len(), 0);
    }

    // Better, and worse again.
    digested(&rules.server, vec![session(30, "exited", "editor@1.0")]).await;
    crate::server::rows::<(i64,)>(
        rules.server.data(),
        "SELECT 1 FROM alert_states WHERE standing = 0 AND firings = 1",
        1,
    )
    .await;
    digested(&rules.server, vec![session(31, "crashed", "editor@1.0")]).await;
    rules.fired(&sessions, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_no_more_is_kept() {
    let rules = Rules::start().await;
    digested(
        &rules.server,
        vec![session(1, "crashed", "editor@1.0"), transaction(2, "GET /slow", 200.0)],
    )
    .await;
    let health = rules.make(crash_free("sessions", json!(99), 1), json!([])).await;
    let slow = rules.make(duration("*", 100, 1), json!([])).await;
    rules.fired(&health, 1).await;
    rules.fired(&slow, 1).await;
    // As when the window is over and nothing came in it.
    for text in [
        "DELETE FROM session_hours",
        "DELETE FROM session_days",
        "DELETE FROM sessions",
        "DELETE FROM transaction_figures",
    ] {
        rules.sql(text).await;
    }
    crate::server::rows::<(i64,)>(rules.server.data(), "SELECT 1 FROM alert_states WHERE standing = 0", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_release_is_that_of_each_project() {
    let rules = Rules::start().await;
    let viewer = rules.server.collector().bootstrap("acme", "viewer").await.unwrap();
    let (key, project) = crate::server::key_and_project(&viewer.dsn);
    // The latest of the one is an old one of the other.
    digested(
        &rules.server,
        vec![session(1, "crashed", "editor@1.0"), session(2, "exited", "editor@2.0")],
    )
    .await;
    let url = rules.server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let sent = rules
        .server
        .client
        .post(url)
        .body(session(3, "exited", "editor@1.0"))
        .send()
        .await;
    assert_eq!(sent.unwrap().status(), 200);
    digested(&rules.server, Vec::new()).await;
    let of_all = |below: Value, conditions: Value| {
        let mut body = rule("all", crash_free("sessions", below, 1), conditions);
        body["project"] = json!(null);
        body
    };
    let latest = json!([{ "of": "latest-release" }]);
    let not = rules.make_of(of_all(json!(100), latest)).await;
    let every = rules.make_of(of_all(json!(100), json!([]))).await;
    rules.fired(&every, 1).await;
    assert_eq!(rules.history(&not).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_of_one_rule_holds_no_other_up() {
    if crate::stores::is_postgres() {
        // Its columns take nothing else.
        return;
    }
    let rules = Rules::start().await;
    digested(
        &rules.server,
        vec![session(1, "crashed", "editor@1.0"), transaction(2, "GET /slow", 200.0)],
    )
    .await;
    rules.event("draw", "u1", json!({})).await;
    rules.settle().await;
    rules.sql("UPDATE transaction_figures SET durations = 'x'").await;
    rules.sql("UPDATE events SET tags = 'x'").await;
    let slow = rules.make(duration("*", 100, 1), json!([])).await;
    let server = json!([{ "of": "server", "how": "contains", "value": "web" }]);
    let counted = rules.make(super::events(0, "all"), server).await;
    let health = rules.make(crash_free("sessions", json!(99), 1), json!([])).await;
    let all = rules.make(super::events(0, "all"), json!([])).await;
    rules.fired(&health, 1).await;
    rules.event("draw", "u1", json!({ "server_name": "web-1" })).await;
    rules.fired(&all, 1).await;
    for rule in [&slow, &counted] {
        assert_eq!(rules.history(rule).await.len(), 0);
    }
}

fn transaction(number: u32, name: &str, ms: f64) -> String {
    let end = now();
    let transaction = json!({
        "type": "transaction", "transaction": name, "release": "editor@1.0", "environment": "production",
        "start_timestamp": end - ms / 1000.0, "timestamp": end,
        "contexts": { "trace": { "trace_id": id(0x7000 + number), "span_id": format!("{number:016x}"), "op": "http" } },
    });
    let header = json!({ "event_id": id(number) });
    format!("{header}\n{{\"type\":\"transaction\"}}\n{transaction}\n")
}

fn duration(name: &str, above_ms: i64, at_least: i64) -> Value {
    json!({ "kind": "duration", "transaction": name, "p95AboveMs": above_ms, "atLeast": at_least, "windowSeconds": 3600 })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_takes_long() {
    let rules = Rules::start().await;
    // 10 to 200 ms: of twenty the 95th percentile is the 19th.
    let sent = (1..=20).map(|number| transaction(number, "GET /slow", 10.0 * f64::from(number)));
    let quick = (21..=40).map(|number| transaction(number, "GET /quick", 5.0));
    digested(&rules.server, sent.chain(quick).collect()).await;
    let not = [
        rules.make(duration("GET /slow", 191, 20), json!([])).await,
        rules.make(duration("GET /slow", 100, 21), json!([])).await,
        rules.make(duration("GET /q*", 100, 1), json!([])).await,
        rules
            .make(
                duration("*", 100, 1),
                json!([{ "of": "environment", "how": "is", "value": "test" }]),
            )
            .await,
    ];
    let rule = rules.make(duration("GET /*", 189, 20), json!([])).await;
    let fired = rules.fired(&rule, 1).await;
    assert_eq!(headline(&fired[0]), "GET /slow takes long in editor: 190 ms");
    for rule in &not {
        assert_eq!(rules.history(rule).await.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_cannot_be_digested() {
    let rules = Rules::start().await;
    let rule = rules.make(json!({ "kind": "poison" }), json!([])).await;
    rules.event("draw", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 0);
    let body = format!("{{\"event_id\":\"{}\"}}\n{{\"type\":\"event\"}}\nno JSON\n", id(0x8000));
    rules.server.accept(body).await;
    let fired = rules.fired(&rule, 1).await;
    assert_eq!(headline(&fired[0]), "An envelope for editor could not be digested");
    assert!(
        fired[0]["alert"]["facts"][0][1].as_str().unwrap().contains("no JSON"),
        "{fired:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_grows() {
    let rules = Rules::start().await;
    let queue = |older_than: Value, more_than: Value| {
        let mut body = rule(
            "queue",
            json!({ "kind": "queue", "olderThanSeconds": older_than, "moreThan": more_than }),
            json!([]),
        );
        body["project"] = json!(null);
        body
    };
    // Two that wait for a long time, as if they had failed before.
    let pool = database(rules.server.data()).await;
    let (_, project) = rules.server.key_and_project();
    for number in [1_i64, 2] {
        let received_at = ((now() - 1000.0) * 1000.0) as i64;
        let row: i64 = sqlx::query_scalar(
            "INSERT INTO inbox (project_id, body, size_bytes, heavy, received_at) VALUES ($1, $2, 1, 0, $3) RETURNING id",
        )
        .bind(project.parse::<i64>().unwrap())
        .bind(vec![b'x'])
        .bind(received_at)
        .fetch_one(&pool)
        .await
        .unwrap();
        sqlx::query("INSERT INTO inbox_tries (inbox_id, tries, due_at) VALUES ($1, $2, 99999999999999)")
            .bind(row)
            .bind(number)
            .execute(&pool)
            .await
            .unwrap();
    }
    pool.close().await;
    let not = [
        rules.make_of(queue(json!(null), json!(2))).await,
        rules.make_of(queue(json!(1500), json!(null))).await,
    ];
    let many = rules.make_of(queue(json!(null), json!(1))).await;
    let old = rules.make_of(queue(json!(900), json!(2))).await;
    let fired = rules.fired(&old, 1).await;
    assert!(
        fired[0]["alert"]["reasons"][0]
            .as_str()
            .unwrap()
            .starts_with("The oldest has waited for 16 minutes"),
        "{fired:#?}"
    );
    rules.fired(&many, 1).await;
    for rule in &not {
        assert_eq!(rules.history(rule).await.len(), 0);
    }
}
