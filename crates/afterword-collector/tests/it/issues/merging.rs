//! Merge, split, delete: what is counted stays what the events say.

use super::*;

/// Six events of three functions, with users, hours and tags that overlap; returns the issues.
async fn three_issues(server: &Server) -> [String; 3] {
    let events = [
        ("f", "a", "2026-01-01T01:00:00Z", "editor@1.0.0", "gl"),
        ("f", "b", "2026-01-01T01:30:00Z", "editor@1.1.0", "gl"),
        ("g", "b", "2026-01-01T01:40:00Z", "editor@1.0.0", "vulkan"),
        ("g", "c", "2026-01-03T00:00:00Z", "editor@1.2.0", "gl"),
        ("f", "a", "2026-01-02T00:00:00Z", "editor@1.1.0", "metal"),
        ("h", "a", "2026-01-01T01:00:00Z", "editor@1.0.0", "gl"),
    ];
    for (number, (function, user, at, release, renderer)) in (1..).zip(events) {
        let mut event = event(function, Some(release), user);
        event["timestamp"] = json!(at);
        event["tags"] = json!({ "renderer": renderer });
        event["message"] = json!(format!("while in {function}{function}"));
        server.digest(&id(number), &event).await;
    }
    assert_sums(server).await;
    [
        issue_of(server, &id(1)).await,
        issue_of(server, &id(3)).await,
        issue_of(server, &id(6)).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_merged_is_one_and_can_be_taken_apart() {
    let server = Server::start().await;
    let [f, g, h] = three_issues(&server).await;
    let of_g_before = issue(&server, &g).await;
    let path = format!("/api/0/projects/acme/editor/issues/?id={f}&id={g}");
    let answer = put(&server, &path, json!({"merge": 1})).await;
    assert_eq!(answer["merge"], json!({"parent": f, "children": [g]}));
    assert_sums(&server).await;
    let one = issue(&server, &f).await;
    assert_eq!(
        (&one["count"], &one["userCount"], &one["groups"]),
        (&json!("5"), &json!(3), &json!(2))
    );
    assert_eq!(one["firstSeen"], "2026-01-01T01:00:00Z");
    assert_eq!(one["lastSeen"], "2026-01-03T00:00:00Z");
    assert_eq!(one["title"], "SIGSEGV in g", "its newest event");
    assert_eq!(one["activity"][0]["type"], "merge");
    assert_eq!(server.api(&format!("/api/0/issues/{g}/")).await.status(), 404);
    assert_eq!(server.event(&id(3)).await["groupID"], json!(f));
    // Later events of both go there, and remembered users count once.
    server.digest(&id(7), &event("g", None, "c")).await;
    server.digest(&id(8), &event("f", None, "d")).await;
    assert_eq!(issue_of(&server, &id(7)).await, f);
    assert_eq!(issue(&server, &f).await["userCount"], 4);
    assert_sums(&server).await;

    let hashes = server.json(&format!("/api/0/issues/{f}/hashes/")).await;
    let key = hashes
        .as_array()
        .unwrap()
        .iter()
        .find(|hash| hash["latestEvent"]["id"] == id(7))
        .unwrap()["id"]
        .clone();
    let key = key.as_str().unwrap();
    let split = format!("/api/0/issues/{f}/hashes/?id={key}");
    let (status, answer) = send(&server, Method::DELETE, &split, Value::Null).await;
    assert_eq!(status, 202, "{answer}");
    assert_sums(&server).await;
    let new = answer["id"].as_str().unwrap();
    assert!(![&f, &g, &h].contains(&&new.to_owned()), "no id is used again");
    let of_g = issue(&server, new).await;
    assert_eq!((&of_g["count"], &of_g["userCount"]), (&json!("3"), &json!(2)));
    for field in [
        "title",
        "culprit",
        "signature",
        "groupedBy",
        "firstSeen",
        "firstRelease",
        "metadata",
    ] {
        assert_eq!(of_g[field], of_g_before[field], "{field}");
    }
    let of_f = issue(&server, &f).await;
    assert_eq!(
        (&of_f["count"], &of_f["userCount"], &of_f["title"]),
        (&json!("4"), &json!(3), &json!("SIGSEGV in f"))
    );
    assert_eq!(of_f["lastRelease"]["version"], "editor@1.1.0");
    assert_eq!(kinds(&server, new).await, ["unmerge_destination"]);
    assert_eq!(kinds(&server, &f).await.last().unwrap(), "unmerge_source");
    server.digest(&id(9), &event("g", None, "b")).await;
    assert_eq!(issue_of(&server, &id(9)).await, new);
    server.digest(&id(10), &event("f", None, "c")).await;
    assert_eq!(issue(&server, &f).await["userCount"], 4, "c is a user of f now");
    assert_sums(&server).await;

    for (path, words) in [
        (format!("/api/0/issues/{f}/hashes/?id={key}"), "not of this issue"),
        (format!("/api/0/issues/{new}/hashes/?id={key}"), "one must stay"),
        (format!("/api/0/issues/{f}/hashes/"), "Say which"),
    ] {
        let (status, answer) = send(&server, Method::DELETE, &path, Value::Null).await;
        assert_eq!(status, 400, "{path}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_issues_can_be_merged_again() {
    let server = Server::start().await;
    let [f, g, h] = three_issues(&server).await;
    let merge = |one: String, other: String| {
        let path = format!("/api/0/organizations/acme/issues/?id={one}&id={other}");
        let server = &server;
        async move { put(server, &path, json!({"merge": 1})).await["merge"]["parent"].clone() }
    };
    assert_eq!(merge(g.clone(), h).await, json!(g));
    assert_eq!(
        merge(f.clone(), g.clone()).await,
        json!(f.clone().min(g)),
        "as many events: the older one"
    );
    assert_sums(&server).await;
    let pool = database(server.data()).await;
    let left: Vec<(i64, i64)> = sqlx::query_as("SELECT event_count, user_count FROM issues")
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(left, [(6, 3)]);
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_of_different_projects_are_not_merged() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", None, "a")).await;
    let other = server.collector().bootstrap("acme", "viewer").await.unwrap();
    let (key, project) = crate::server::key_and_project(&other.dsn);
    let response = server
        .client
        .post(server.url(&format!("/api/{project}/envelope/?sentry_key={key}")))
        .body(crate::server::envelope(&id(2), &event("f", None, "a")))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    server
        .until(&format!("/api/0/projects/acme/viewer/events/{}/", id(2)), |_| true)
        .await;
    let (status, answer) = send(
        &server,
        Method::PUT,
        "/api/0/organizations/acme/issues/?id=1&id=2",
        json!({"merge": 1}),
    )
    .await;
    assert_eq!(status, 400);
    assert!(answer["detail"].as_str().unwrap().contains("different projects"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_issue_leaves_nothing_and_may_come_anew() {
    let server = Server::start().await;
    let [f, g, h] = three_issues(&server).await;
    let file = format!(
        "{}\n{}\nhello\n",
        json!({"event_id": id(1)}),
        json!({"type": "attachment", "length": 5, "filename": "a.txt"})
    );
    server.accept(file).await;
    let report = json!({"event_id": id(1), "comments": "it broke", "email": "a@b"});
    server
        .accept(format!("{{}}\n{}\n{report}\n", json!({"type": "user_report"})))
        .await;
    server
        .until(&format!("/api/0/projects/acme/editor/events/{}/", id(1)), |event| {
            event["attachments"][0]["name"] == "a.txt" && event["feedback"][0]["message"] == "it broke"
        })
        .await;
    assert_eq!(
        send(&server, Method::DELETE, &format!("/api/0/issues/{f}/"), Value::Null)
            .await
            .0,
        202
    );
    assert_eq!(server.api(&format!("/api/0/issues/{f}/")).await.status(), 404);
    assert_eq!(
        server
            .api(&format!("/api/0/projects/acme/editor/events/{}/", id(1)))
            .await
            .status(),
        404
    );
    assert_sums(&server).await;
    assert_eq!(issue(&server, &g).await["count"], "2");
    server.digest(&id(20), &event("f", None, "a")).await;
    let anew = issue_of(&server, &id(20)).await;
    assert!(anew != f && issue(&server, &anew).await["substatus"] == "new");
    assert_sums(&server).await;

    let path = format!("/api/0/projects/acme/editor/issues/?id={g}&id={h}");
    assert_eq!(send(&server, Method::DELETE, &path, Value::Null).await.0, 204);
    assert_sums(&server).await;
    let pool = database(server.data()).await;
    let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(left, 1);
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_begun_is_finished_after_the_next_start() {
    let server = Server::start().await;
    let [f, g, h] = three_issues(&server).await;
    put(
        &server,
        &format!("/api/0/projects/acme/editor/issues/?id={f}&id={g}"),
        json!({"merge": 1}),
    )
    .await;
    let data = server.stop().await;
    // As if the process had died before the events went, and while another issue was deleted.
    let pool = database(data.path()).await;
    let steps = [
        format!("UPDATE events SET issue_id = {g} WHERE event_id = '{}'", id(3)),
        format!("INSERT INTO issue_moves (from_id, group_id, to_id) VALUES ({g}, 0, {f})"),
        format!("DELETE FROM issue_groups WHERE issue_id = {h}"),
        format!("DELETE FROM issue_users WHERE issue_id = {h}"),
        format!("DELETE FROM issue_hours WHERE issue_id = {h}"),
        format!("DELETE FROM issue_activity WHERE issue_id = {h}"),
        format!("DELETE FROM issues WHERE id = {h}"),
        format!("INSERT INTO issue_moves (from_id, group_id, to_id) VALUES ({h}, 0, NULL)"),
    ];
    for step in steps {
        sqlx::query(sqlx::AssertSqlSafe(step)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let server = Server::start_on(data).await;
    server
        .until(&format!("/api/0/projects/acme/editor/events/{}/", id(3)), |event| {
            event["groupID"] == json!(f)
        })
        .await;
    while server
        .api(&format!("/api/0/projects/acme/editor/events/{}/", id(6)))
        .await
        .status()
        == 200
    {
        tokio::task::yield_now().await;
    }
    let pool = database(server.data()).await;
    loop {
        let open: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM issue_moves")
            .fetch_one(&pool)
            .await
            .unwrap();
        if open == 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    pool.close().await;
    assert_sums(&server).await;
}
