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
    let mut whole = server.json(&path).await;
    for only_there in ["why", "groups", "activity"] {
        assert!(
            whole.as_object_mut().unwrap().remove(only_there).is_some(),
            "{only_there}"
        );
    }
    let mut listed = issue.clone();
    assert!(
        listed.as_object_mut().unwrap().remove("stats").is_some(),
        "only in lists"
    );
    assert_eq!(whole, listed);
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

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_as_json() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::Canvas::flush")).await;
    let issues = server.json(ISSUES).await;
    insta::assert_json_snapshot!(issues[0], { ".stats" => "[counts by the hour]", ".permalink" => insta::dynamic_redaction(|url, _| {
        let url = url.as_str().unwrap().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        url.split_once("/issues").map(|(_, path)| format!("[url]/issues{path}")).unwrap()
    }) });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_as_json() {
    let server = Server::start().await;
    let event = server.digest(&id(1), &crash("canvas::Canvas::flush")).await;
    insta::assert_json_snapshot!(event, { ".permalink" => "[url]", ".dateReceived" => "[time]", ".raw" => "[raw]" });
    assert_eq!(event["raw"], crash("canvas::Canvas::flush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_find_their_event_whichever_comes_first() {
    let server = Server::start().await;
    let feedback = |about: u32, words: &str| {
        let payload = json!({"contexts": {"feedback": {"message": words, "contact_email": "a@example.com", "associated_event_id": id(about)}}});
        format!(
            "{}\n{{\"type\":\"feedback\"}}\n{payload}\n",
            json!({ "event_id": id(about + 100) })
        )
    };
    let report = json!({"event_id": id(2), "comments": "the older form", "name": "Ann", "email": "ann@example.com"});
    let report = format!(
        "{}\n{{\"type\":\"user_report\"}}\n{report}\n",
        json!({ "event_id": id(2) })
    );

    server.accept(feedback(1, "before")).await;
    server.accept(report.clone()).await;
    let first = server.digest(&id(1), &crash("a")).await;
    assert_eq!(first["feedback"][0]["message"], "before");
    assert_eq!(first["feedback"][0]["email"], "a@example.com");
    let second = server.digest(&id(2), &crash("b")).await;
    assert_eq!(second["feedback"][0]["message"], "the older form");
    assert_eq!(second["feedback"][0]["name"], "Ann");

    server.digest(&id(3), &crash("c")).await;
    for _ in 0..2 {
        server.accept(feedback(3, "after")).await;
        server.accept(report.clone()).await;
    }
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(3));
    server
        .until(&path, |event| event["feedback"].as_array().unwrap().len() == 1)
        .await;
    server.digest(&id(4), &crash("d")).await;
    for number in [1, 2, 3] {
        let event = server.event(&id(number)).await;
        assert_eq!(
            event["feedback"].as_array().unwrap().len(),
            1,
            "sent twice is once: {event:#}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_kept_and_a_minidump_alone_is_an_event() {
    let server = Server::start().await;
    let dump = format!(
        "{}\n{{\"type\":\"attachment\",\"length\":6,\"attachment_type\":\"event.minidump\",\"filename\":\"a.dmp\"}}\nMDMP\n\n\n{}",
        json!({ "event_id": id(1) }),
        "{\"type\":\"attachment\",\"length\":2,\"filename\":\"log.txt\",\"content_type\":\"text/plain\"}\nhi\n"
    );
    for _ in 0..2 {
        server.accept(dump.clone()).await;
    }
    server.digest(&id(2), &crash("other")).await;
    let event = server.event(&id(1)).await;
    assert_eq!(
        (&event["level"], &event["platform"]),
        (&json!("fatal"), &json!("native"))
    );
    let attachments = event["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 2, "{event:#}");
    assert_eq!(
        (&attachments[0]["name"], &attachments[0]["type"]),
        (&json!("a.dmp"), &json!("event.minidump"))
    );
    assert_eq!(
        (&attachments[1]["name"], &attachments[1]["size"]),
        (&json!("log.txt"), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_shape_of_an_event_is_dropped() {
    let server = Server::start().await;
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let odd = [
        "{}",
        "[]",
        "5",
        "null",
        "\"text\"",
        "{\"exception\":7}",
        "{\"exception\":{\"values\":[[]]}}",
        "{\"tags\":[1,2]}",
        "{\"release\":{\"a\":1},\"user\":[],\"level\":9}",
        "{\"timestamp\":\"never\",\"breadcrumbs\":\"no\"}",
        "{\"message\":\"NUL \\u0000 and \\u202e\"}",
        "{\"stacktrace\":{\"frames\":[null,5,{\"function\":{}}]}}",
        &deep,
    ];
    for (number, event) in (1..).zip(odd) {
        server
            .accept(format!(
                "{}\n{{\"type\":\"event\"}}\n{event}\n",
                json!({ "event_id": id(number) })
            ))
            .await;
    }
    for (number, event) in (1..).zip(odd) {
        let shown = server.event(&id(number)).await;
        assert_eq!(shown["raw"], serde_json::from_str::<serde_json::Value>(event).unwrap());
        let issue = shown["groupID"].as_str().unwrap().to_owned();
        let (status, _) = server.page(&format!("/issues/{issue}/events/{}/", id(number))).await;
        assert_eq!(status, 200, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_digested_is_set_aside_and_blocks_nobody() {
    let server = Server::start().await;
    let poison = format!("{}\n{{\"type\":\"event\"}}\n{{broken\n", json!({ "event_id": id(1) }));
    server.accept(poison.clone()).await;
    server.digest(&id(2), &crash("after")).await;

    let database = crate::server::database(server.data()).await;
    let (error, body): (String, Vec<u8>) = sqlx::query_as("SELECT error, body FROM set_aside")
        .fetch_one(&database)
        .await
        .unwrap();
    assert!(error.contains("the event is no JSON"), "{error}");
    assert_eq!(body, poison.as_bytes());
    let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM inbox")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_digested_is_counted_by_kind() {
    let server = Server::start().await;
    server
        .accept("{}\n{\"type\":\"session\"}\n{\"sid\":1}\n{\"type\":\"from_the_future\"}\n\n")
        .await;
    server.digest(&id(1), &crash("after")).await;
    let database = crate::server::database(server.data()).await;
    let counts: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT kind, items, bytes FROM undigested_items ORDER BY kind")
            .fetch_all(&database)
            .await
            .unwrap();
    assert_eq!(
        counts,
        [("from_the_future".to_owned(), 1, 0), ("session".to_owned(), 1, 9)]
    );
}
