//! What goes after its time or because somebody asks, and that nothing of it is left.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, crash, database, id};
use crate::stores;

async fn ask(server: &Server, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = server
        .client
        .request(method, server.url(path))
        .bearer_auth(&server.access.token);
    let response = request.json(&body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// An event of somebody, with a word of their own.
fn event_of(user: &str, word: &str) -> Value {
    let mut event = crash("shared::place");
    event["user"] = json!({ "id": user, "email": format!("{user}@example.com") });
    event["message"] = json!(format!("could not open {word}"));
    event["tags"] = json!({ "account": format!("account of {user}") });
    event
}

/// An envelope with an event, a file and feedback.
fn with_file(event_id: &str, event: &Value, file: &str) -> String {
    let length = file.len();
    let feedback =
        json!({ "event_id": event_id, "name": "N", "email": "n@example.com", "comments": format!("about {file}") });
    format!(
        "{{\"event_id\":\"{event_id}\"}}\n{{\"type\":\"event\"}}\n{event}\n\
         {{\"type\":\"attachment\",\"length\":{length},\"filename\":\"a.log\"}}\n{file}\n\
         {{\"type\":\"user_report\"}}\n{feedback}\n"
    )
}

/// Tables that say nothing of events, and so may have rows when no event is left.
const NOT_OF_EVENTS: [&str; 17] = [
    "organizations",
    "projects",
    "settings",
    "project_keys",
    "api_tokens",
    "collectors",
    "secrets",
    "releases",
    "release_projects",
    "project_hours",
    "leases",
    "alert_changes",
    "cache_epoch",
    "_sqlx_migrations",
    "sqlite_sequence",
    "deletions",
    "sqlite_stat1",
];

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}

/// The tables that have rows, and how many.
async fn rows(data: &Path) -> Vec<(String, i64)> {
    let database = database(data).await;
    let mut rows = Vec::new();
    for table in stores::tables(&database).await {
        let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")))
            .fetch_one(&database)
            .await
            .unwrap();
        if count > 0 && !NOT_OF_EVENTS.contains(&table.as_str()) {
            rows.push((table, count));
        }
    }
    database.close().await;
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_data_is_deleted_and_nothing_of_it_stays_in_the_files() {
    let server = Server::start().await;
    let secret = "zanzibarzebra";
    for (number, user, word) in [
        (1, "other-person", "readme"),
        (2, "secret-person", secret),
        (3, "secret-person", "readme"),
    ] {
        let event = event_of(user, word);
        server
            .accept(with_file(&id(number), &event, &format!("log of {user}")))
            .await;
        server.event(&id(number)).await;
    }
    let session = json!({
        "sid": id(77), "did": "secret-person", "init": true, "status": "ok", "started": "2026-01-02T03:04:05Z",
        "timestamp": "2026-01-02T03:04:06Z", "attrs": { "release": "editor@1.4.0" },
    });
    server
        .accept(format!("{{}}\n{{\"type\":\"session\"}}\n{session}\n"))
        .await;
    let issues = server
        .until("/api/0/projects/acme/editor/issues/", |issues| {
            issues[0]["userCount"] == 2
        })
        .await;
    assert_eq!(
        (issues.as_array().unwrap().len(), &issues[0]["count"]),
        (1, &json!("3"))
    );
    let blobs = stores::blobs(server.data(), "attachments").await;
    assert_eq!(blobs.len(), 2, "the same content is kept once");

    let path = "/api/0/organizations/acme/user-data/";
    assert_eq!(ask(&server, Method::DELETE, path, json!({})).await.0, 400);
    let (status, deleted) = ask(
        &server,
        Method::DELETE,
        &format!("{path}?user.id=secret-person"),
        json!({}),
    )
    .await;
    assert_eq!(status, 200, "{deleted}");
    let expected = json!({
        "events": 2, "issues": 0, "attachments": 2, "feedback": 2, "transactions": 0, "sessions": 1,
        "waiting": 0, "setAside": 0,
    });
    assert_eq!(deleted["events"], expected["events"], "{deleted}");
    for (name, value) in expected.as_object().unwrap() {
        if name == "sessions" {
            assert!(deleted[name].as_u64().unwrap() >= 1, "{deleted}");
        } else {
            assert_eq!(&deleted[name], value, "{name} of {deleted}");
        }
    }

    let issues = server.json("/api/0/projects/acme/editor/issues/").await;
    assert_eq!((&issues[0]["count"], &issues[0]["userCount"]), (&json!("1"), &json!(1)));
    assert_eq!(
        server
            .api(&format!("/api/0/projects/acme/editor/events/{}/", id(2)))
            .await
            .status(),
        404
    );
    assert_eq!(server.event(&id(1)).await["user"]["id"], "other-person");
    assert_eq!(stores::blobs(server.data(), "attachments").await.len(), 1);
    let mut others = false;
    for (place, bytes) in stores::everything(server.data()).await {
        for word in ["secret-person", secret] {
            assert!(!has(&bytes, word), "{word} in {place}");
        }
        others |= has(&bytes, "other-person");
    }
    assert!(others, "the search finds what is there");

    // The digest does not take for granted what is gone: the same again has an index and counts.
    let event = event_of("secret-person", secret);
    server.digest(&id(4), &event).await;
    let issues = server.json("/api/0/projects/acme/editor/issues/").await;
    assert_eq!((&issues[0]["count"], &issues[0]["userCount"]), (&json!("2"), &json!(2)));
    let (_, again) = ask(
        &server,
        Method::DELETE,
        &format!("{path}?user.email=secret-person@example.com"),
        json!({}),
    )
    .await;
    assert_eq!(again["events"], 1, "found by a tag, not by the key");
}

#[tokio::test(flavor = "multi_thread")]
async fn old_events_and_those_above_the_count_go_with_all_that_is_made_of_them() {
    let server = Server::start().await;
    for number in 1..=5 {
        let mut event = event_of(
            &format!("user-{number}"),
            &format!("file{}", "abcdef".chars().nth(number as usize).unwrap()),
        );
        event["fingerprint"] = json!([format!("group {}", number % 2)]);
        server
            .accept(with_file(&id(number), &event, &format!("log {number}")))
            .await;
        server.event(&id(number)).await;
    }
    let (status, _) = ask(
        &server,
        Method::PUT,
        "/api/0/projects/acme/editor/",
        json!({ "retention": { "days": 90, "events": 2 } }),
    )
    .await;
    assert_eq!(status, 200);
    let server = Server::start_on(server.stop().await).await;
    let path = "/api/0/projects/acme/editor/issues/";
    let issues = server
        .until(path, |issues| {
            let counts = issues
                .as_array()
                .unwrap()
                .iter()
                .map(|issue| issue["count"].as_str().unwrap());
            counts.map(|count| count.parse::<i64>().unwrap()).sum::<i64>() == 2
        })
        .await;
    assert_eq!(issues.as_array().unwrap().len(), 2);
    for number in 1..=5 {
        let found = server
            .api(&format!("/api/0/projects/acme/editor/events/{}/", id(number)))
            .await
            .status();
        assert_eq!(found, if number > 3 { 200 } else { 404 }, "the newest stay: {number}");
    }
    stores::until_blobs(server.data(), "attachments", 2).await;

    // By age: as if all had come a hundred days ago.
    let data = server.stop().await;
    let aged = database(data.path()).await;
    for table in ["events", "attachments", "feedback"] {
        let text = format!("UPDATE {table} SET received_at = received_at - 8640000000");
        sqlx::query(sqlx::AssertSqlSafe(text)).execute(&aged).await.unwrap();
    }
    aged.close().await;
    let server = Server::start_on(data).await;
    server.until(path, |issues| issues == &json!([])).await;
    stores::until_blobs(server.data(), "attachments", 0).await;
    let data = server.stop().await;
    assert_eq!(rows(data.path()).await, [], "nothing is left of events");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_given_up_is_gone_at_once_and_its_rows_later() {
    let server = Server::start().await;
    server
        .accept(with_file(&id(1), &event_of("anna", "readme"), "log"))
        .await;
    server.event(&id(1)).await;
    server.collector().bootstrap("acme", "viewer").await.unwrap();
    let (key, _) = server.key_and_project();
    assert_eq!(
        ask(&server, Method::DELETE, "/api/0/projects/acme/editor/", json!({}))
            .await
            .0,
        204
    );
    assert_eq!(server.api("/api/0/projects/acme/editor/").await.status(), 404);
    assert_eq!(server.api("/api/0/issues/1/").await.status(), 404);
    assert_eq!(server.post_as(&key, "{}\n").send().await.unwrap().status(), 403);
    let projects = server.json("/api/0/projects/").await;
    assert_eq!(
        (projects.as_array().unwrap().len(), &projects[0]["slug"]),
        (1, &json!("viewer"))
    );
    let (status, _) = ask(
        &server,
        Method::POST,
        "/api/0/organizations/acme/projects/",
        json!({ "name": "editor" }),
    )
    .await;
    assert_eq!(status, 201, "its name is free");

    let left = |data: std::path::PathBuf| async move {
        let database = database(&data).await;
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events")
            .fetch_one(&database)
            .await
            .unwrap();
        database.close().await;
        left
    };
    stores::until_blobs(server.data(), "attachments", 0).await;
    while left(server.data().to_owned()).await > 0 {
        tokio::task::yield_now().await;
    }
}
