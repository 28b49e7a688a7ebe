//! What whoever sent a crash is told of it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn who_sent_a_crash_is_told_whether_it_is_fixed() {
    let server = Server::start().await;
    let (key, project) = server.key_and_project();
    let ask = |event: String| {
        let path = format!("/api/{project}/events/{event}/known/?sentry_key={key}");
        let request = server.client.get(server.url(&path));
        async move {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            response.json::<Value>().await.unwrap()
        }
    };
    assert_eq!(ask(id(1)).await, json!({"state": "pending"}));
    server.digest(&id(1), &event("f", Some("editor@1.4.0"), "anna")).await;
    let first = ask(id(1)).await;
    let first_seen = first["issue"]["firstSeen"].clone();
    let new = json!({"state": "known", "issue": {
        "shortId": "EDITOR-1", "status": "unresolved", "isNew": true, "count": 1, "firstSeen": first_seen,
        "fixedIn": null, "newerRelease": null,
    }});
    assert_eq!(first, new, "and nothing else");

    let of = issue_of(&server, &id(1)).await;
    let fixed = json!({"status": "resolved", "statusDetails": {"inRelease": "editor@1.4.2"}});
    put(&server, &format!("/api/0/issues/{of}/"), fixed).await;
    server
        .digest(&id(2), &event("other", Some("editor@1.5.0"), "bert"))
        .await;
    server.digest(&id(3), &event("f", Some("editor@1.4.0"), "bert")).await;
    let known = ask(Uuid::parse_str(&id(3)).unwrap().to_string()).await;
    let expected = json!({
        "shortId": "EDITOR-1", "status": "resolved", "isNew": false, "count": 2, "firstSeen": first_seen,
        "fixedIn": {"version": "editor@1.4.2"}, "newerRelease": {"version": "editor@1.5.0"},
    });
    assert_eq!(known["issue"], expected);

    // What people decided is theirs.
    put(&server, &format!("/api/0/issues/{of}/"), json!({"status": "ignored"})).await;
    let ignored = ask(id(3)).await;
    assert_eq!(
        (&ignored["issue"]["status"], &ignored["issue"]["fixedIn"]),
        (&json!("unresolved"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_key_of_the_project_is_answered() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", None, "a")).await;
    let (key, project) = server.key_and_project();
    let other = server.collector().bootstrap("acme", "viewer").await.unwrap();
    let (other_key, other_project) = crate::server::key_and_project(&other.dsn);
    let status = |path: String| {
        let request = server.client.get(server.url(&path));
        async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        }
    };
    let event = id(1);
    for path in [
        format!("/api/{project}/events/{event}/known/"),
        format!("/api/{project}/events/{event}/known/?sentry_key={other_key}"),
        format!("/api/{project}/events/{event}/known/?sentry_key=0"),
        format!("/api/{other_project}/events/{event}/known/?sentry_key={key}"),
    ] {
        assert_eq!(status(path.clone()).await.0, 403, "{path}");
    }
    let elsewhere = status(format!(
        "/api/{other_project}/events/{event}/known/?sentry_key={other_key}"
    ))
    .await;
    assert_eq!(elsewhere, (200, "{\"state\":\"pending\"}".to_owned()));
    assert_eq!(
        status(format!("/api/{project}/events/x/known/?sentry_key={key}"))
            .await
            .0,
        400
    );
}
