//! What events are tagged with.

use serde_json::{Value, json};

use super::{each, event};
use crate::server::{Server, id};

const PROJECT: &str = "/api/0/projects/acme/editor/tags/";

#[tokio::test(flavor = "multi_thread")]
async fn the_spread_of_tags() {
    let server = Server::start().await;
    for number in 1..=4 {
        let color = if number == 1 { "red" } else { "blue" };
        let at = format!("2026-01-0{number}T00:00:00Z");
        let more = json!({"timestamp": at, "tags": {"color": color, "size": format!("s{number}")}});
        server.digest(&id(number), &event("a", &more)).await;
    }
    let tags = server.json("/api/0/issues/1/tags/").await;
    let color = tags
        .as_array()
        .unwrap()
        .iter()
        .find(|tag| tag["key"] == "color")
        .unwrap();
    let expected = json!({
        "key": "color", "name": "Color", "totalValues": 4, "uniqueValues": 2, "sampled": false, "sampledEvents": 4,
        "topValues": [
            {"key": "color", "name": "blue", "value": "blue", "count": 3, "firstSeen": "2026-01-02T00:00:00Z",
             "lastSeen": "2026-01-04T00:00:00Z", "query": "color:\"blue\""},
            {"key": "color", "name": "red", "value": "red", "count": 1, "firstSeen": "2026-01-01T00:00:00Z",
             "lastSeen": "2026-01-01T00:00:00Z", "query": "color:\"red\""},
        ],
    });
    assert_eq!(*color, expected);
    assert_eq!(server.json("/api/0/issues/1/tags/color/").await, expected);
    let values = server.json("/api/0/issues/1/tags/size/values/").await;
    assert_eq!(each(&values, "value"), ["s1", "s2", "s3", "s4"]);
    assert_eq!(server.api("/api/0/issues/1/tags/none/").await.status(), 404);
    assert!(!each(&tags, "key").contains(&""), "words are no tag");

    let keys = server.json(PROJECT).await;
    assert_eq!(each(&keys, "key"), ["color", "level", "platform", "size"]);
    assert_eq!(keys[3]["uniqueValues"], 4);
    let of_org = server.json("/api/0/organizations/acme/tags/").await;
    assert_eq!(each(&of_org, "key"), ["color", "level", "platform", "size"]);
    let values = async |path: String| -> Vec<String> {
        let list: Value = server.json(&path).await;
        each(&list, "value").into_iter().map(str::to_owned).collect()
    };
    assert_eq!(
        values(format!("{PROJECT}color/values/")).await,
        ["blue", "red"],
        "the most frequent first"
    );
    assert_eq!(values(format!("{PROJECT}color/values/?query=r")).await, ["red"]);
    assert_eq!(values(format!("{PROJECT}color/values/?query=LU")).await, ["blue"]);
    assert_eq!(values(format!("{PROJECT}color/values/?query=%25")).await, [""; 0]);
    assert_eq!(
        values("/api/0/organizations/acme/tags/color/values/".to_owned()).await,
        ["blue", "red"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_events_the_newest_are_looked_at() {
    let server = Server::start().await;
    server
        .digest(
            &id(1),
            &event(
                "a",
                &json!({"tags": {"color": "red"}, "timestamp": "2026-01-01T00:00:00Z"}),
            ),
        )
        .await;
    let database = crate::server::database(server.data()).await;
    let copies = "INSERT INTO events (project_id, event_id, issue_id, group_id, title, level, platform, tags, occurred_at, received_at)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
        SELECT project_id, 'copy' || n, issue_id, group_id, title, level, platform, tags, occurred_at + n, received_at FROM events, n";
    sqlx::query(copies).execute(&database).await.unwrap();
    sqlx::query("UPDATE issues SET event_count = 1201")
        .execute(&database)
        .await
        .unwrap();
    let color = server.json("/api/0/issues/1/tags/color/").await;
    assert_eq!(
        (&color["sampled"], &color["sampledEvents"], &color["totalValues"]),
        (&json!(true), &json!(1000), &json!(1000))
    );
}
