//! What is over a quota is dropped, told and counted; the rest is taken.

use reqwest::Response;
use serde_json::{Value, json};

use crate::server::{Server, envelope, id};

/// A server whose key may send so many events a day, and whose project has these quotas.
async fn server(events: Option<i64>, quotas: &Value) -> Server {
    let server = Server::start().await;
    let database = crate::server::database(server.data()).await;
    sqlx::query("UPDATE project_keys SET quota_events = $1, quota_window_s = 86400")
        .bind(events)
        .execute(&database)
        .await
        .unwrap();
    let (_, project) = server.key_and_project();
    sqlx::query("INSERT INTO settings (project_id, name, value, changed_at) VALUES ($1, 'quotas', $2, 0)")
        .bind(project.parse::<i64>().unwrap())
        .bind(quotas.to_string())
        .execute(&database)
        .await
        .unwrap();
    database.close().await;
    server
}

async fn send(server: &Server, body: impl Into<reqwest::Body>) -> Response {
    server.post_to("envelope/", body).send().await.unwrap()
}

fn told(response: &Response) -> Option<String> {
    let header = response.headers().get("x-sentry-rate-limits")?;
    // How long it lasts depends on when this runs.
    let (seconds, rest) = header.to_str().unwrap().split_once(':').unwrap();
    assert!((1..=86_400).contains(&seconds.parse::<u64>().unwrap()), "{seconds}");
    Some(rest.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sends_so_many_events() {
    let server = server(Some(2), &json!({})).await;
    for number in [1, 2] {
        let response = send(&server, envelope(&id(number), &json!({}))).await;
        assert_eq!((response.status().as_u16(), told(&response)), (200, None));
    }
    let response = send(&server, envelope(&id(3), &json!({}))).await;
    assert_eq!(response.status(), 429);
    assert_eq!(told(&response).unwrap(), "default;error;security:key:key_quota");
    let seconds: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=86_400).contains(&seconds));
    let store = server.post_to("store/", "{}").send().await.unwrap();
    assert_eq!(store.status(), 429);
    let security = server.post_to("security/", "{}").send().await.unwrap();
    assert_eq!(security.status(), 429);
    // What is no event is no matter of this quota.
    let sessions = send(&server, "{}\n{\"type\":\"sessions\"}\n{}").await;
    assert_eq!((sessions.status().as_u16(), told(&sessions)), (200, None));

    server.event(&id(1)).await;
    server.event(&id(2)).await;
    let data = server.stop().await;
    let mut counted: Vec<(String, i64)> = crate::server::rows(
        data.path(),
        "SELECT category, quantity FROM project_hours WHERE outcome = 'rate_limited'",
        2,
    )
    .await;
    counted.sort();
    assert_eq!(counted, [("error".to_owned(), 2), ("security".to_owned(), 1)]);
    let events: Vec<(String,)> = crate::server::rows(data.path(), "SELECT event_id FROM events", 2).await;
    assert_eq!(events.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_over_is_dropped() {
    let server = server(
        None,
        &json!({"error": {"limit": 1, "window_s": 86400}, "attachment": {"limit": 3, "window_s": 86400}}),
    )
    .await;
    let body = |number: u32| {
        format!(
            "{}\n{}\n{}\n{{\"type\":\"client_report\"}}\n{{}}\n",
            json!({ "event_id": id(number) }),
            "{\"type\":\"attachment\",\"filename\":\"a\"}\none\n{\"type\":\"attachment\",\"filename\":\"b\"}\ntwo",
            "{\"type\":\"event\"}\n{}",
        )
    };
    let first = send(&server, body(1)).await;
    assert_eq!((first.status().as_u16(), told(&first)), (200, None));
    // The event is over, and its files go with it; what the client reports of itself is taken.
    let second = send(&server, body(2)).await;
    assert_eq!(second.status(), 200);
    assert_eq!(told(&second).unwrap(), "error:project:project_quota");
    // Files alone: the third fits, the fourth does not.
    let files = format!(
        "{}\n{}",
        json!({ "event_id": id(1) }),
        "{\"type\":\"attachment\",\"filename\":\"c\"}\nthree\n{\"type\":\"attachment\",\"filename\":\"d\"}\nfour"
    );
    let third = send(&server, files.clone()).await;
    assert_eq!(third.status(), 200);
    assert_eq!(told(&third).unwrap(), "attachment:project:project_quota");
    let fourth = send(&server, files).await;
    assert_eq!(fourth.status(), 429);

    let path = format!("/api/0/projects/acme/editor/events/{}/", id(1));
    let event = server
        .until(&path, |event| event["attachments"].as_array().unwrap().len() == 3)
        .await;
    let mut names: Vec<&str> = event["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
    let data = server.stop().await;
    let counted: Vec<(String, i64)> = crate::server::rows(
        data.path(),
        "SELECT category, quantity FROM project_hours WHERE outcome = 'rate_limited' ORDER BY category",
        2,
    )
    .await;
    assert_eq!(counted, [("attachment".to_owned(), 2 + 1 + 2), ("error".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_for_all_is_told_as_one() {
    let server = server(None, &json!({"all": {"limit": 0, "window_s": 86400}})).await;
    let response = send(&server, envelope(&id(1), &json!({}))).await;
    assert_eq!(response.status(), 429);
    assert_eq!(told(&response).unwrap(), ":project:project_quota");
    // Nothing in it is ever limited.
    assert_eq!(
        send(&server, "{}\n{\"type\":\"client_report\"}\n{}").await.status(),
        200
    );
    assert_eq!(send(&server, "{}\n").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_holds_from_when_it_is_set() {
    let server = Server::start().await;
    assert_eq!(send(&server, envelope(&id(1), &json!({}))).await.status(), 200);
    let path = server.url("/api/0/projects/acme/editor/");
    for (quotas, status) in [
        (json!({"error": {"limit": 0, "window_s": 60}}), 429),
        (Value::Null, 200),
    ] {
        let changed = server
            .client
            .put(&path)
            .bearer_auth(&server.access.token)
            .json(&json!({ "quotas": quotas }))
            .send()
            .await
            .unwrap();
        assert_eq!(changed.status(), 200);
        assert_eq!(
            send(&server, envelope(&id(2), &json!({}))).await.status(),
            status,
            "{quotas}"
        );
    }
}
