//! What came beside events.

use serde_json::{Value, json};

use super::{each, event};
use crate::server::{Server, crash, id};

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_listed() {
    let server = Server::start().await;
    server.digest(&id(1), &event("a", &json!({}))).await;
    for number in [1, 2] {
        let report = json!({"event_id": id(number), "comments": format!("words {number}"), "name": "Ann", "email": "ann@example.com"});
        let body = format!(
            "{}\n{{\"type\":\"user_report\"}}\n{report}\n",
            json!({ "event_id": id(number) })
        );
        server.accept(body).await;
    }
    let path = "/api/0/projects/acme/editor/user-feedback/";
    let list = server.until(path, |list| list.as_array().unwrap().len() == 2).await;
    assert_eq!(each(&list, "comments"), ["words 2", "words 1"]);
    assert_eq!(
        (&list[1]["eventID"], &list[1]["issue"]["id"]),
        (&json!(id(1)), &json!("1"))
    );
    assert_eq!(
        (&list[0]["name"], &list[0]["email"], &list[0]["issue"]),
        (&json!("Ann"), &json!("ann@example.com"), &Value::Null)
    );
    let first = server.api(&format!("{path}?limit=1")).await;
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    let cursor = link
        .rsplit("cursor=\"")
        .next()
        .unwrap()
        .trim_end_matches('"')
        .to_owned();
    let second = server.json(&format!("{path}?limit=1&cursor={cursor}")).await;
    assert_eq!(each(&second, "comments"), ["words 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_shown_and_digested_again() {
    let server = Server::start().await;
    let poison = format!("{}\n{{\"type\":\"event\"}}\n{{broken\n", json!({ "event_id": id(1) }));
    server.accept(poison.clone()).await;
    let path = "/api/0/organizations/acme/set-aside/";
    let list = server.until(path, |list| list.as_array().unwrap().len() == 1).await;
    let one = &list[0];
    assert_eq!(
        (&one["eventID"], &one["project"]["slug"], &one["size"]),
        (&json!(id(1)), &json!("editor"), &json!(poison.len()))
    );
    assert!(
        one["error"].as_str().unwrap().contains("no JSON") && one["tries"].as_i64().unwrap() >= 1,
        "{one}"
    );
    let own = format!("{path}{}/", one["id"].as_str().unwrap());
    let bytes = server.api(&own).await;
    assert_eq!(bytes.headers()["content-type"], "application/x-sentry-envelope");
    assert_eq!(bytes.bytes().await.unwrap(), poison.as_bytes());

    // What stood in the way is gone: the bytes are good now.
    let database = crate::server::database(server.data()).await;
    let good = crate::server::envelope(&id(1), &crash("flush"));
    sqlx::query("UPDATE set_aside SET body = $1")
        .bind(good.as_bytes())
        .execute(&database)
        .await
        .unwrap();
    let post = async |path: &str| {
        let request = server.client.post(server.url(path)).bearer_auth(&server.access.token);
        request.send().await.unwrap().status()
    };
    assert_eq!(post(&format!("{path}99/digest-again/")).await, 404);
    assert_eq!(post(&format!("{own}digest-again/")).await, 202);
    assert_eq!(server.event(&id(1)).await["title"], "SIGSEGV in flush");
    assert_eq!(server.json(path).await, json!([]));
    assert_eq!(post(&format!("{own}digest-again/")).await, 404);
    assert_eq!(server.api(&own).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nothing_is_made_of_is_counted() {
    let server = Server::start().await;
    server.accept("{}\n{\"type\":\"from_the_future\"}\nabc\n").await;
    let path = "/api/0/organizations/acme/undigested/";
    let list = server.until(path, |list| list.as_array().unwrap().len() == 1).await;
    assert_eq!(
        (&list[0]["kind"], &list[0]["items"], &list[0]["bytes"]),
        (&json!("from_the_future"), &json!(1), &json!(3))
    );
    assert_eq!(list[0]["project"]["slug"], "editor");
    assert_eq!(server.json(&format!("{path}?project=editor")).await, list);
}
