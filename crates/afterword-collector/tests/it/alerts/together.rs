//! Restarts in the middle, and several collectors: what is fired is fired once, and nothing is forgotten.

use serde_json::json;

use super::{RULES, Rules, events};
use crate::server::{Server, database};
use crate::stores;

#[tokio::test(flavor = "multi_thread")]
async fn a_window_goes_on_where_it_was_after_a_restart() {
    let rules = Rules::start().await;
    let rule = rules.make(events(2, "issue"), json!([])).await;
    rules.event("draw", "u1", json!({})).await;
    rules.event("draw", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 0);
    let sent = rules.sent.load(std::sync::atomic::Ordering::Relaxed);
    let rules = Rules::on(Server::start_on(rules.server.stop().await).await).await;
    rules.sent.store(sent, std::sync::atomic::Ordering::Relaxed);
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&rule, 1).await;

    let sent = rules.sent.load(std::sync::atomic::Ordering::Relaxed);
    let rules = Rules::on(Server::start_on(rules.server.stop().await).await).await;
    rules.sent.store(sent, std::sync::atomic::Ordering::Relaxed);
    rules.event("draw", "u1", json!({})).await;
    assert_eq!(rules.count(&rule).await, 1, "that it was told is not forgotten either");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_left_is_asked_about_as_of_when_it_came() {
    let rules = Rules::start().await;
    let rule = rules.make(events(1, "issue"), json!([])).await;
    let new = rules.make(json!({ "kind": "new-issue" }), json!([])).await;
    let issue: i64 = rules.event("draw", "u1", json!({})).await.parse().unwrap();
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&rule, 1).await;
    rules.fired(&new, 1).await;
    let data = rules.server.stop().await;

    // As if the process had died before rules were asked, ten minutes ago.
    let pool = database(data.path()).await;
    for text in [
        "DELETE FROM alert_firings",
        "DELETE FROM alert_deliveries",
        "DELETE FROM alert_states",
        "UPDATE events SET received_at = received_at - 600000",
    ] {
        sqlx::query(text).execute(&pool).await.unwrap();
    }
    let row: (i64, i64) = sqlx::query_as("SELECT MIN(id), MAX(id) FROM events")
        .fetch_one(&pool)
        .await
        .unwrap();
    let project: i64 = sqlx::query_scalar("SELECT project_id FROM events LIMIT 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    for (rows, is_new) in [(row.0, true), (row.1, false)] {
        let note = json!({ "issues": [{ "issue": issue, "project": project, "new": is_new, "regression": null, "rows": [rows] }] });
        sqlx::query("INSERT INTO alert_work (note, noted_at) VALUES ($1, 0)")
            .bind(note.to_string())
            .execute(&pool)
            .await
            .unwrap();
    }
    sqlx::query("INSERT INTO alert_work (note, noted_at) VALUES ('what is no note', 0)")
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;

    let server = Server::start_on(data).await;
    for rule in [&rule, &new] {
        let path = format!("{RULES}{rule}/history/");
        let fired = server.until(&path, |history| history[0].is_object()).await;
        assert_eq!(fired.as_array().unwrap().len(), 1);
    }
    crate::server::rows::<(i64,)>(
        server.data(),
        "SELECT 1 FROM alert_changes WHERE (SELECT COUNT(*) FROM alert_work) = 0",
        1,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_more_than_the_bound_in_between_is_found_after_a_restart() {
    let rules = Rules::start().await;
    let rule = rules.make(events(4, "issue"), json!([])).await;
    let not = rules.make(events(5, "issue"), json!([])).await;
    let mut issue = String::new();
    for number in 0..6 {
        issue = rules.event("draw", &format!("u{number}"), json!({})).await;
    }
    rules.settle().await;
    let data = rules.server.stop().await;

    // Ten minutes ago: three events, two more 59 seconds later, and one six seconds after these.
    let pool = database(data.path()).await;
    sqlx::query("DELETE FROM alert_firings WHERE rule_id <> 1")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("DELETE FROM alert_states WHERE rule_id <> 1")
        .execute(&pool)
        .await
        .unwrap();
    let issue: i64 = issue.parse().unwrap();
    let rows: Vec<(i64, i64, i64)> =
        sqlx::query_as("SELECT id, project_id, received_at FROM events WHERE issue_id = $1 ORDER BY id")
            .bind(issue)
            .fetch_all(&pool)
            .await
            .unwrap();
    let begun = rows[0].2 - 600_000;
    for ((row, _, _), after) in rows.iter().zip([0, 500, 900, 59_000, 59_100, 65_000]) {
        sqlx::query("UPDATE events SET received_at = $1 WHERE id = $2")
            .bind(begun + after)
            .bind(row)
            .execute(&pool)
            .await
            .unwrap();
    }
    let ids: Vec<i64> = rows.iter().map(|(row, _, _)| *row).collect();
    let note =
        json!({ "issues": [{ "issue": issue, "project": rows[0].1, "new": false, "regression": null, "rows": ids }] });
    sqlx::query("INSERT INTO alert_work (note, noted_at) VALUES ($1, 0)")
        .bind(note.to_string())
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;

    let server = Server::start_on(data).await;
    let path = format!("{RULES}{rule}/history/");
    server.until(&path, |history| history[0].is_object()).await;
    let path = format!("{RULES}{not}/history/");
    assert_eq!(server.json(&path).await, json!([]), "in no minute were there six");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_takes_long_holds_nothing_else_up() {
    if !stores::is_postgres() {
        // Nothing keeps one from reading a file.
        return;
    }
    let rules = Rules::start().await;
    let when =
        json!({ "kind": "crash-free", "of": "sessions", "belowPercent": 99, "atLeast": 1, "windowSeconds": 3600 });
    rules.make(when, json!([])).await;
    let new = rules.make(json!({ "kind": "new-issue" }), json!([])).await;
    let pool = database(rules.server.data()).await;
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE session_hours, sessions IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await
        .unwrap();
    // Until the question waits for the lock.
    let waiting = "SELECT COUNT(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE NOT granted AND datname = current_database()";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.unwrap() == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    rules.event("draw", "u1", json!({})).await;
    rules.fired(&new, 1).await;
    transaction.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_collectors_on_one_database_fire_once() {
    if !stores::is_postgres() {
        // A file has one collector.
        return;
    }
    let rules = Rules::start().await;
    let rule = rules.make(json!({ "kind": "new-issue" }), json!([])).await;
    let many = rules.make(events(4, "all"), json!([])).await;
    // The same database, from another data folder.
    let other_data = tempfile::tempdir().unwrap();
    let mut config = stores::config(rules.server.data()).await;
    config.data = other_data.path().to_owned();
    let other = afterword_collector::Collector::start(config).await.unwrap();
    let (key, project) = rules.server.key_and_project();
    for round in 0..2 {
        let mut sent = Vec::new();
        for number in 0..10_u32 {
            let function = format!(
                "f_{}{}",
                char::from(b'a' + round),
                char::from(b'a' + u8::try_from(number).unwrap())
            );
            let event = super::event(&function, "u1", json!({ "fingerprint": [function] }));
            let event_id = crate::server::id(0x7000 + u32::from(round) * 100 + number);
            let base = if number % 2 == 0 {
                rules.server.access.url.clone()
            } else {
                other.url()
            };
            let url = format!("{base}/api/{project}/envelope/?sentry_key={key}");
            let body = crate::server::envelope(&event_id, &event);
            let answer = rules.server.client.post(url).body(body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            sent.push(event_id);
        }
        for event_id in sent {
            rules.server.event(&event_id).await;
        }
    }
    let path = format!("{RULES}{rule}/history/");
    rules
        .server
        .until(&path, |history| history.as_array().unwrap().len() >= 20)
        .await;
    rules.settle().await;
    let fired = rules.history(&rule).await;
    assert_eq!(fired.len(), 21, "each issue once, and that of settling");
    assert!(
        fired
            .iter()
            .all(|firing| firing["deliveries"].as_array().unwrap().len() == 1)
    );
    rules.fired(&many, 1).await;
    other.shutdown().await;
}
