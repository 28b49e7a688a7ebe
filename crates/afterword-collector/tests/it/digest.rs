//! From accepted envelopes to issues.

use serde_json::json;

use crate::server::{Server, crash, envelope, id};

const ISSUES: &str = "/api/0/projects/acme/editor/issues/";

#[tokio::test(flavor = "multi_thread")]
async fn crashes_of_one_place_are_one_issue() {
    let server = Server::start().await;
    let mut second = crash("canvas::flush");
    second["exception"]["values"][0]["type"] = json!("SIGBUS");
    second["timestamp"] = json!("2026-01-03T00:00:00Z");
    second["user"]["id"] = json!("u2");
    server.digest(&id(1), &crash("canvas::flush")).await;
    server.digest(&id(2), &second).await;
    server.digest(&id(3), &crash("canvas::draw")).await;

    let issues = server.json(ISSUES).await;
    assert_eq!(issues.as_array().unwrap().len(), 2, "{issues:#}");
    let issue = &issues[0];
    assert_eq!((&issue["count"], &issue["userCount"]), (&json!("2"), &json!(2)));
    assert_eq!(issue["signature"], "canvas::flush");
    assert_eq!(issue["title"], "SIGBUS in canvas::flush");
    assert_eq!(issue["firstSeen"], "2026-01-02T03:04:05Z");
    assert_eq!(issue["lastSeen"], "2026-01-03T00:00:00Z");

    let path = format!("/api/0/issues/{}/", issue["id"].as_str().unwrap());
    assert_eq!(server.json(&path).await, *issue);
    assert_eq!(server.json(&format!("{path}events/latest/")).await["eventID"], id(2));
    assert_eq!(server.json(&format!("{path}events/{}/", id(1))).await["eventID"], id(1));
    assert_eq!(server.json(&format!("{path}events/")).await[1]["eventID"], id(1));
    assert_eq!(server.api(&format!("{path}events/{}/", id(3))).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_twice_is_one() {
    let server = Server::start().await;
    for _ in 0..3 {
        server.accept(envelope(&id(1), &crash("canvas::flush"))).await;
    }
    // Envelopes are digested in order: once this one is there, so are those before.
    server.digest(&id(2), &crash("other")).await;
    let issues = server.json(ISSUES).await;
    let counts: Vec<&str> = issues
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| issue["count"].as_str().unwrap())
        .collect();
    assert_eq!(counts, ["1", "1"], "{issues:#}");
}
