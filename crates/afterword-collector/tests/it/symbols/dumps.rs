//! What crashes become with debug files: digested again, joined, broken ones told, servers elsewhere asked.

use super::*;

#[tokio::test]
async fn a_minidump_without_symbols_is_listed_and_digested_again_when_they_arrive() {
    let (Some(dump), Some(file)) = (dump(), breakpad()) else {
        return;
    };
    let server = Server::start().await;
    let event = json!({"platform": "native", "release": "editor@1.0", "user": {"id": "u1"}, "tags": {"gpu": "x"}});
    server.accept(envelope(&id(1), Some(&event), &dump)).await;
    server.accept(envelope(&id(2), None, &dump)).await;
    let first = server.event(&id(1)).await;
    let second = server.event(&id(2)).await;
    for event in [&first, &second] {
        let frames = frames(event);
        assert_eq!(frames.last().unwrap()["function"], Value::Null, "{event:#}");
        assert_eq!(event["platform"], "native");
    }
    assert_eq!(first["groupID"], second["groupID"]);
    let issue = first["groupID"].as_str().unwrap().to_owned();
    let missing = server.json(MISSING).await;
    // One line for each release, and here one without.
    let of_none = |module: &&Value| module["release"].is_null() && module["name"] == "test_app.exe";
    let app = missing.as_array().unwrap().iter().find(of_none).unwrap();
    assert_eq!(
        (app["name"].as_str(), app["debugId"].as_str(), app["inApp"].as_bool()),
        (Some("test_app.exe"), Some(DEBUG_ID), Some(true))
    );
    assert_eq!((app["release"].as_str(), app["events"].as_i64()), (None, Some(1)));
    let of_release = server.json(&format!("{MISSING}?release=editor@1.0")).await;
    assert_eq!(
        (of_release[0]["debugId"].as_str(), of_release[0]["events"].as_i64()),
        (Some(DEBUG_ID), Some(1))
    );
    assert!(
        missing
            .as_array()
            .unwrap()
            .iter()
            .any(|missing| missing["name"] == "kernel32.dll")
    );

    assert_eq!(upload(&server, "test_app.sym", &file).await["state"], "ok");
    for event_id in [id(1), id(2)] {
        let path = format!("/api/0/projects/acme/editor/events/{event_id}/");
        let event = server
            .until(&path, |event| frames(event).last().unwrap()["function"] != Value::Null)
            .await;
        let frames = frames(&event);
        let top = frames.last().unwrap();
        assert_eq!(top["function"], "`anonymous namespace'::CrashFunction");
        assert_eq!(
            (top["abs_path"].as_str(), top["lineno"].as_i64()),
            (Some("c:\\test_app.cc"), Some(58)),
            "{top}"
        );
        assert_eq!(event["groupID"], issue, "the issue keeps its number");
    }
    let issue = server.json(&format!("/api/0/issues/{issue}/")).await;
    assert_eq!(
        (issue["count"].as_str(), issue["userCount"].as_i64()),
        (Some("2"), Some(1)),
        "{issue:#}"
    );
    assert!(issue["title"].as_str().unwrap().contains("CrashFunction"), "{issue:#}");
    assert_eq!(issue["signature"], "`anonymous namespace'::CrashFunction");
    let left = server.until(MISSING, |missing| {
        missing
            .as_array()
            .unwrap()
            .iter()
            .all(|missing| missing["name"] != "test_app.exe")
    });
    assert!(
        left.await
            .as_array()
            .unwrap()
            .iter()
            .any(|missing| missing["name"] == "kernel32.dll")
    );

    // One that comes now is named at once, into the same issue.
    server.accept(envelope(&id(3), None, &dump)).await;
    let third = server.event(&id(3)).await;
    assert_eq!(third["groupID"], first["groupID"]);
    assert_eq!(frames(&third).last().unwrap()["lineno"], 58);
}

#[tokio::test]
async fn events_of_two_issues_that_turn_out_to_be_one_are_joined() {
    let (Some(dump), Some(file)) = (dump(), breakpad()) else {
        return;
    };
    let server = Server::start().await;
    // The same crash, one of them with a fingerprint of its own at first.
    server.accept(envelope(&id(1), None, &dump)).await;
    let first = server.event(&id(1)).await;
    assert_eq!(upload(&server, "test_app.sym", &file).await["state"], "ok");
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(1));
    server
        .until(&path, |event| frames(event).last().unwrap()["function"] != Value::Null)
        .await;

    // Without its file, the crash is another issue; with it, the same again.
    let listed = server.json(DSYMS).await;
    let url = server.url(&format!("{DSYMS}?id={}", listed[0]["id"].as_str().unwrap()));
    server
        .client
        .delete(&url)
        .bearer_auth(&server.access.token)
        .send()
        .await
        .unwrap();
    let database = crate::server::database(server.data()).await;
    sqlx::query(
        "DELETE FROM issue_groups WHERE group_key NOT IN (SELECT group_key FROM issue_groups ORDER BY id DESC LIMIT 1)",
    )
    .execute(&database)
    .await
    .unwrap();
    server
        .accept(envelope(&id(2), Some(&json!({"user": {"id": "u2"}})), &dump))
        .await;
    let second = server.event(&id(2)).await;
    assert_ne!(second["groupID"], first["groupID"]);
    assert_eq!(upload(&server, "test_app.sym", &file).await["state"], "ok");
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(2));
    let joined = server.until(&path, |event| event["groupID"] == first["groupID"]).await;
    assert_eq!(frames(&joined).last().unwrap()["lineno"], 58);
    let issues = server.json("/api/0/projects/acme/editor/issues/").await;
    assert_eq!(
        issues.as_array().unwrap().len(),
        1,
        "nothing is left of the other: {issues:#}"
    );
    assert_eq!(
        (issues[0]["count"].as_str(), issues[0]["userCount"].as_i64()),
        (Some("2"), Some(1))
    );
    let hours: i64 = sqlx::query_scalar("SELECT CAST(SUM(events) AS BIGINT) FROM issue_hours")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(hours, 2);
    let odd: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tag_hours WHERE events < 0")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(odd, 0);
}

#[tokio::test]
async fn a_dump_may_be_packed_and_a_broken_one_is_told_in_its_event() {
    let Some(dump) = dump() else { return };
    let server = Server::start().await;
    let packed = zstd::bulk::compress(&dump, 3).unwrap();
    server.accept(envelope(&id(1), None, &packed)).await;
    let event = server.event(&id(1)).await;
    assert_eq!(
        event["title"], "EXCEPTION_ACCESS_VIOLATION_WRITE in test_app.exe@0x429e",
        "{event:#}"
    );
    // The dump's own time.
    assert!(
        event["dateCreated"].as_str().unwrap().starts_with("2007-02-14"),
        "{event:#}"
    );

    server
        .accept(envelope(&id(2), Some(&json!({"message": "kept"})), b"MDMP but no more"))
        .await;
    let broken = server.event(&id(2)).await;
    assert_eq!(broken["title"], "kept");
    let raw = &broken["errors"];
    assert_eq!(raw[0]["type"], "invalid_minidump", "{broken:#}");
}

#[tokio::test]
async fn a_server_elsewhere_is_asked_once_it_is_chosen_and_misses_are_remembered() {
    let (Some(dump), Some(file)) = (dump(), breakpad()) else {
        return;
    };
    let server = Server::start().await;
    // A symbol server: any path is asked, one is there.
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&asked);
    let router = axum::Router::new().fallback(move |uri: axum::http::Uri| async move {
        log.lock().unwrap().push(uri.path().to_owned());
        if uri.path() == "/s/test_app.pdb/5A9832E5287241C1838ED98914E9B7FF1/test_app.sym" {
            Ok(file)
        } else {
            Err(StatusCode::NOT_FOUND.as_u16().to_string())
        }
        .map_err(|_| axum::http::StatusCode::NOT_FOUND)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/s/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    server.accept(envelope(&id(1), None, &dump)).await;
    server.event(&id(1)).await;
    assert!(asked.lock().unwrap().is_empty(), "none is asked unless chosen");

    let servers = "/api/0/projects/acme/editor/symbol-servers/";
    let put = |value: Value| {
        server
            .client
            .put(server.url(servers))
            .bearer_auth(&server.access.token)
            .json(&value)
            .send()
    };
    assert_eq!(
        put(json!([{"url": "file:///etc", "layout": "breakpad"}]))
            .await
            .unwrap()
            .status(),
        400
    );
    assert_eq!(
        put(json!([{"url": url, "layout": "breakpad"}])).await.unwrap().status(),
        200
    );
    assert_eq!(server.json(servers).await[0]["layout"], "breakpad");

    server.accept(envelope(&id(2), None, &dump)).await;
    let event = server.event(&id(2)).await;
    assert_eq!(frames(&event).last().unwrap()["lineno"], 58);
    let first: Vec<String> = asked.lock().unwrap().clone();
    assert!(first.iter().any(|path| path.contains("kernel32")), "{first:?}");
    server.accept(envelope(&id(3), None, &dump)).await;
    assert_eq!(frames(&server.event(&id(3)).await).last().unwrap()["lineno"], 58);
    assert_eq!(*asked.lock().unwrap(), first, "what is there and what is not is known");
}
