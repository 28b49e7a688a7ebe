//! Why events are together, and the rules of a project.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn each_issue_says_why_its_events_are_together() {
    let server = Server::start().await;
    server.digest(&id(1), &event("canvas::flush", None, "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let shown = issue(&server, &of).await;
    assert_eq!(shown["groupedBy"], "signature");
    assert_eq!(
        shown["why"]["parts"],
        json!([{"kind": "signature", "value": "canvas::flush"}])
    );
    assert!(shown["why"]["words"].as_str().unwrap().starts_with("Native code"));

    let hashes = server.json(&format!("/api/0/issues/{of}/hashes/")).await;
    assert_eq!(hashes.as_array().unwrap().len(), 1);
    assert_eq!(hashes[0]["latestEvent"]["id"], id(1));
    assert_eq!(hashes[0]["why"], shown["why"]);

    let info = format!("/api/0/projects/acme/editor/events/{}/grouping-info/", id(1));
    let info = server.json(&info).await;
    assert_eq!(info["default"]["hash"], hashes[0]["id"]);
    assert_eq!(info["default"]["parts"], shown["why"]["parts"]);
    let mut said = event("canvas::flush", None, "a");
    said["fingerprint"] = json!(["{{ error.type }}", "mine"]);
    server.digest(&id(2), &said).await;
    let info = server
        .json(&format!("/api/0/projects/acme/editor/events/{}/grouping-info/", id(2)))
        .await;
    assert_eq!(info["custom-fingerprint"]["parts"][0]["value"], "SIGSEGV");
    let unknown = format!("/api/0/projects/acme/editor/events/{}/grouping-info/", id(9));
    assert_eq!(server.api(&unknown).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_a_project_count_from_then_on() {
    let server = Server::start().await;
    let path = "/api/0/projects/acme/editor/grouping/";
    assert_eq!(server.json(path).await, json!({"inApp": []}));
    let signature = |number: u32| {
        let server = &server;
        async move {
            server.digest(&id(number), &event("fork::copy", None, "a")).await;
            issue(server, &issue_of(server, &id(number)).await).await["signature"].clone()
        }
    };
    assert_eq!(signature(1).await, "fork::copy");
    for (body, words) in [
        (json!({"inApp": ["-app function:fork::*", "+app color:red"]}), "line 2"),
        (json!({"inApp": "-app function:fork::*"}), "must be"),
        (json!({"inApp": vec!["x".repeat(300); 300]}), "at most 65536 bytes"),
    ] {
        let (status, answer) = send(&server, Method::PUT, path, body).await;
        assert_eq!(status, 400);
        assert!(answer["detail"].as_str().unwrap().contains(words), "{answer}");
    }
    assert_eq!(signature(2).await, "fork::copy");
    let rules = json!({"inApp": ["# ours is only the rest", "-app function:fork::*"]});
    assert_eq!(put(&server, path, rules.clone()).await, rules);
    assert_eq!(server.json(path).await, rules);
    assert_eq!(signature(3).await, "main");
    let titles = server.event(&id(3)).await["title"].clone();
    assert_eq!(titles, "SIGSEGV in main");
}
