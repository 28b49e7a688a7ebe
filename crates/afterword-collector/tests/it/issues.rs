//! The life of issues, over HTTP.

mod changes;
mod groups;
mod known;
mod merging;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, crash, database, id};

/// The status and the body of an answer; an empty one is null.
async fn send(server: &Server, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = server
        .client
        .request(method, server.url(path))
        .bearer_auth(&server.access.token);
    let request = if body.is_null() { request } else { request.json(&body) };
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// A change that must succeed.
async fn put(server: &Server, path: &str, body: Value) -> Value {
    let (status, answer) = send(server, Method::PUT, path, body).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// A crash in a function, in a release, of a user, now unless its time is said.
fn event(function: &str, release: Option<&str>, user: &str) -> Value {
    let mut event = crash(function);
    let fields = event.as_object_mut().unwrap();
    fields.remove("timestamp");
    fields.remove("release");
    if let Some(release) = release {
        event["release"] = json!(release);
    }
    event["user"] = json!({ "id": user });
    event
}

/// The id of the issue that a digested event is in.
async fn issue_of(server: &Server, event_id: &str) -> String {
    let event = server.event(event_id).await;
    event["groupID"].as_str().unwrap().to_owned()
}

/// What became of an issue, the first first.
async fn kinds(server: &Server, issue: &str) -> Vec<String> {
    let activity = server.json(&format!("/api/0/issues/{issue}/activities/")).await;
    let activity = activity["activity"].as_array().unwrap();
    let kinds = activity
        .iter()
        .rev()
        .map(|entry| entry["type"].as_str().unwrap().to_owned());
    kinds.collect()
}

async fn issue(server: &Server, issue: &str) -> Value {
    server.json(&format!("/api/0/issues/{issue}/")).await
}

/// Holds that all that is counted of issues is what their events say.
async fn assert_sums(server: &Server) {
    let pool = database(server.data()).await;
    let wrong = [
        (
            "events",
            "SELECT id FROM issues WHERE event_count <> (SELECT COUNT(*) FROM events WHERE issue_id = issues.id)",
        ),
        (
            "users",
            "SELECT id FROM issues WHERE user_count <> (SELECT COUNT(DISTINCT user_key) FROM events WHERE issue_id = issues.id)",
        ),
        (
            "rows of users",
            "SELECT id FROM issues WHERE user_count <> (SELECT COUNT(*) FROM issue_users WHERE issue_id = issues.id)",
        ),
        (
            "hours",
            "SELECT id FROM issues WHERE event_count <> (SELECT SUM(events) FROM issue_hours WHERE issue_id = issues.id)",
        ),
        (
            "first and last",
            "SELECT id FROM issues WHERE first_seen <> (SELECT MIN(occurred_at) FROM events WHERE issue_id = issues.id)
             OR last_seen <> (SELECT MAX(occurred_at) FROM events WHERE issue_id = issues.id)",
        ),
        (
            "tags that are missing",
            "SELECT tag_id FROM event_tags JOIN events ON id = event_row WHERE (tag_id, issue_id) NOT IN
                (SELECT tag_id, issue_id FROM issue_tags)",
        ),
        (
            "tags that no event has",
            "SELECT tag_id FROM issue_tags WHERE NOT EXISTS (SELECT 1 FROM event_tags JOIN events ON id = event_row
                WHERE event_tags.tag_id = issue_tags.tag_id AND events.issue_id = issue_tags.issue_id)",
        ),
        (
            "tags of events that are gone",
            "SELECT tag_id FROM event_tags WHERE event_row NOT IN (SELECT id FROM events)",
        ),
        (
            "hours of tags",
            "SELECT id FROM tags WHERE key <> '' AND (SELECT COALESCE(SUM(events), 0) FROM tag_hours WHERE tag_id = tags.id)
                <> (SELECT COUNT(*) FROM event_tags WHERE tag_id = tags.id)",
        ),
        (
            "groups",
            "SELECT events.id FROM events JOIN issue_groups ON issue_groups.id = group_id
             WHERE issue_groups.issue_id <> events.issue_id",
        ),
        ("moves", "SELECT id FROM issue_moves"),
        (
            "what belongs to no issue",
            "SELECT issue_id FROM (SELECT issue_id FROM issue_users UNION ALL SELECT issue_id FROM issue_hours
                UNION ALL SELECT issue_id FROM issue_tags UNION ALL SELECT issue_id FROM issue_groups
                UNION ALL SELECT issue_id FROM issue_activity UNION ALL SELECT issue_id FROM events
                UNION ALL SELECT issue_id FROM issue_waits) AS named WHERE issue_id NOT IN (SELECT id FROM issues)",
        ),
        (
            "what belongs to no event",
            "SELECT event_row FROM event_bodies WHERE event_row NOT IN (SELECT id FROM events)
             UNION ALL SELECT id FROM attachments WHERE event_id NOT IN (SELECT event_id FROM events)
             UNION ALL SELECT id FROM feedback WHERE event_id NOT IN (SELECT event_id FROM events)",
        ),
    ];
    for (what, query) in wrong {
        let rows: Vec<i64> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
        assert_eq!(rows, [0i64; 0], "{what}");
    }
    pool.close().await;
}
