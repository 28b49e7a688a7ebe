//! Resolve, ignore, assign, note; and what brings an issue back.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_resolved_issue_comes_back_with_what_happened_later() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", None, "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let path = format!("/api/0/issues/{of}/");
    assert_eq!(issue(&server, &of).await["substatus"], "new");

    let resolved = put(&server, &path, json!({"status": "resolved"})).await;
    assert_eq!(
        (&resolved["status"], &resolved["statusDetails"]),
        (&json!("resolved"), &json!({}))
    );
    let mut late = event("f", None, "a");
    late["timestamp"] = json!("2026-01-02T03:04:05Z");
    server.digest(&id(2), &late).await;
    assert_eq!(issue(&server, &of).await["status"], "resolved", "it happened before");

    server.digest(&id(3), &event("f", None, "a")).await;
    let back = issue(&server, &of).await;
    assert_eq!(
        (&back["status"], &back["substatus"]),
        (&json!("unresolved"), &json!("regressed"))
    );
    assert_eq!(back["count"], "3");
    assert_eq!(
        kinds(&server, &of).await,
        ["first_seen", "set_resolved", "set_regression"]
    );
    let activity = &back["activity"];
    assert!(activity[1]["user"]["name"].is_string(), "{activity:#}");
    assert_eq!(activity[0]["user"], Value::Null, "it happened by itself");

    // Said twice is once, and what is open stays what it is.
    put(&server, &path, json!({"status": "unresolved"})).await;
    assert_eq!(issue(&server, &of).await["substatus"], "regressed");
    put(&server, &path, json!({"status": "resolved"})).await;
    put(&server, &path, json!({"status": "resolved"})).await;
    let open = put(&server, &path, json!({"status": "unresolved"})).await;
    assert_eq!(open["substatus"], "ongoing");
    assert_eq!(kinds(&server, &of).await[3..], ["set_resolved", "set_unresolved"]);
    assert_sums(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_resolved_in_a_release_comes_back_in_a_newer_one_only() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", Some("editor@1.4.0"), "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let path = format!("/api/0/issues/{of}/");
    let details = json!({"inRelease": "editor@1.9.0"});
    let resolved = put(&server, &path, json!({"status": "resolved", "statusDetails": details})).await;
    assert_eq!(resolved["statusDetails"], details);
    for (number, release) in (2..).zip([
        Some("editor@1.4.0"),
        Some("editor@1.9.0"),
        Some("editor@1.9.0-rc.1"),
        None,
    ]) {
        server.digest(&id(number), &event("f", release, "a")).await;
        assert_eq!(issue(&server, &of).await["status"], "resolved", "{release:?}");
    }
    server.digest(&id(9), &event("f", Some("editor@1.10.0"), "a")).await;
    let back = issue(&server, &of).await;
    assert_eq!(
        (&back["status"], &back["substatus"]),
        (&json!("unresolved"), &json!("regressed"))
    );
    assert_eq!(
        back["activity"][0]["data"],
        json!({"version": "editor@1.10.0", "resolvedInVersion": "editor@1.9.0"})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_release_may_be_made_by_the_api() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", Some("editor@1.4.0"), "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let wanted = json!({"status": "resolved", "statusDetails": {"inNextRelease": true}});
    put(&server, &format!("/api/0/issues/{of}/"), wanted).await;
    for (version, expected) in [
        ("editor@1.3.9", json!({"inNextRelease": true})),
        ("editor@1.4.1", json!({"inRelease": "editor@1.4.1"})),
    ] {
        let made = server
            .client
            .post(server.url("/api/0/organizations/acme/releases/"))
            .bearer_auth(&server.access.token)
            .json(&json!({"version": version, "projects": ["editor"]}))
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), 201);
        assert_eq!(issue(&server, &of).await["statusDetails"], expected, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_resolved_in_the_next_release_gets_it_when_it_appears() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", Some("editor@1.4.0"), "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let path = format!("/api/0/issues/{of}/");
    let wanted = json!({"status": "resolved", "statusDetails": {"inNextRelease": true}});
    let resolved = put(&server, &path, wanted).await;
    assert_eq!(resolved["statusDetails"], json!({"inNextRelease": true}));
    // Others of this release, and of an older one, are not the next.
    server.digest(&id(2), &event("f", Some("editor@1.4.0"), "a")).await;
    server.digest(&id(3), &event("f", Some("editor@1.3.0"), "a")).await;
    assert_eq!(
        issue(&server, &of).await["statusDetails"],
        json!({"inNextRelease": true})
    );
    // It need not be an event of this issue that brings it.
    server.digest(&id(4), &event("other", Some("editor@1.5.0"), "a")).await;
    let waiting = issue(&server, &of).await;
    assert_eq!(waiting["statusDetails"], json!({"inRelease": "editor@1.5.0"}));
    server.digest(&id(5), &event("f", Some("editor@1.5.0"), "a")).await;
    assert_eq!(issue(&server, &of).await["status"], "resolved");
    server.digest(&id(6), &event("f", Some("editor@1.6.0"), "a")).await;
    assert_eq!(issue(&server, &of).await["substatus"], "regressed");
    assert_eq!(
        kinds(&server, &of).await,
        [
            "first_seen",
            "set_resolved_in_release",
            "set_resolved_in_release",
            "set_regression"
        ]
    );
    let latest = put(
        &server,
        &path,
        json!({"status": "resolved", "statusDetails": {"inRelease": "latest"}}),
    )
    .await;
    assert_eq!(latest["statusDetails"], json!({"inRelease": "editor@1.6.0"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_issue_escalates_when_it_was_said_to() {
    let server = Server::start().await;
    let mut number = 0;
    // What ignores it, how many events of how many users are too few, and what the next one is over.
    let table = [
        (json!({"ignoreCount": 3}), 2, 1, Some("events")),
        (json!({"ignoreCount": 3, "ignoreWindow": 60}), 2, 1, Some("events")),
        (json!({"ignoreUserCount": 2}), 4, 2, Some("users")),
        (
            json!({"ignoreUserCount": 2, "ignoreUserWindow": 60}),
            3,
            1,
            Some("users"),
        ),
        (json!({"ignoreUntil": "2026-01-01T00:00:00Z"}), 0, 1, Some("time")),
        (json!({"ignoreDuration": 30}), 5, 5, None),
        (json!({}), 5, 5, None),
    ];
    for (at, (details, events, users, because)) in table.into_iter().enumerate() {
        let function = format!("f{at}");
        number += 1;
        server.digest(&id(number), &event(&function, None, "first")).await;
        let of = issue_of(&server, &id(number)).await;
        let ignored = json!({"status": "ignored", "statusDetails": details});
        let shown = put(&server, &format!("/api/0/issues/{of}/"), ignored).await;
        assert_eq!(shown["status"], "ignored");
        let expected = if details == json!({}) {
            "archived_forever"
        } else {
            "archived_until_condition_met"
        };
        assert_eq!(shown["substatus"], expected, "{details}");
        for event_number in 0..events {
            number += 1;
            // The first of each was there before it was ignored, unless only later ones count.
            let user = format!("user{}", event_number % users);
            let user = if because == Some("users") && event_number % users == 0 && details["ignoreUserWindow"].is_null()
            {
                "first".to_owned()
            } else {
                user
            };
            server.digest(&id(number), &event(&function, None, &user)).await;
            assert_eq!(
                issue(&server, &of).await["status"],
                "ignored",
                "{details} after {event_number}"
            );
        }
        number += 1;
        server.digest(&id(number), &event(&function, None, "one more")).await;
        let shown = issue(&server, &of).await;
        match because {
            Some(because) => {
                assert_eq!(shown["substatus"], "escalating", "{details}");
                assert_eq!(shown["activity"][0]["type"], "set_escalating");
                assert_eq!(shown["activity"][0]["data"], json!({ "because": because }), "{details}");
            }
            None => assert_eq!(shown["status"], "ignored", "{details}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ignored_for_a_time_opens_without_an_event() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", None, "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let until = json!({"status": "ignored", "statusDetails": {"ignoreUntil": "2026-01-01T00:00:00Z"}});
    put(&server, &format!("/api/0/issues/{of}/"), until).await;
    // It is looked at once at each start.
    let server = Server::start_on(server.stop().await).await;
    let shown = server
        .until(&format!("/api/0/issues/{of}/"), |issue| issue["status"] == "unresolved")
        .await;
    assert_eq!(shown["substatus"], "ongoing");
    assert_eq!(
        kinds(&server, &of).await,
        ["first_seen", "set_ignored", "set_unresolved"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_issues_change_at_once() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for number in 1..=4 {
        server
            .digest(&id(number), &event(&format!("f{number}"), None, "a"))
            .await;
        ids.push(issue_of(&server, &id(number)).await);
    }
    let project = "/api/0/projects/acme/editor/issues/";
    let two = format!("{project}?id={}&id={}", ids[0], ids[1]);
    let answer = put(
        &server,
        &two,
        json!({"status": "resolved", "assignedTo": "anna@acme.example"}),
    )
    .await;
    assert_eq!(
        answer,
        json!({"status": "resolved", "statusDetails": {}, "assignedTo": "anna@acme.example"})
    );
    let shown = issue(&server, &ids[0]).await;
    assert_eq!(
        (&shown["status"], &shown["assignedTo"]["name"]),
        (&json!("resolved"), &json!("anna@acme.example"))
    );
    assert_eq!(
        kinds(&server, &ids[0]).await,
        ["first_seen", "set_resolved", "assigned"]
    );
    put(&server, &two, json!({"assignedTo": ""})).await;
    assert_eq!(issue(&server, &ids[1]).await["assignedTo"], Value::Null);

    // Of those named only such with this status; without ids, all with it.
    let ignored = json!({"status": "ignored"});
    put(
        &server,
        &format!("{project}?id={}&id={}&status=unresolved", ids[1], ids[2]),
        ignored,
    )
    .await;
    let statuses = || async {
        let mut statuses = Vec::new();
        for id in &ids {
            statuses.push(issue(&server, id).await["status"].as_str().unwrap().to_owned());
        }
        statuses
    };
    assert_eq!(statuses().await, ["resolved", "resolved", "ignored", "unresolved"]);
    put(
        &server,
        "/api/0/organizations/acme/issues/?status=resolved",
        json!({"status": "unresolved"}),
    )
    .await;
    assert_eq!(statuses().await, ["unresolved", "unresolved", "ignored", "unresolved"]);
    put(&server, project, json!({"status": "resolved"})).await;
    assert_eq!(statuses().await, ["resolved"; 4]);

    // One that is not of this project: nothing is changed.
    server.collector().bootstrap("acme", "viewer").await.unwrap();
    let open = json!({"status": "unresolved"});
    for path in [
        format!("/api/0/projects/acme/viewer/issues/?id={}", ids[0]),
        format!("{project}?id={}&id=9999", ids[0]),
    ] {
        assert_eq!(send(&server, Method::PUT, &path, open.clone()).await.0, 204, "{path}");
        assert_eq!(send(&server, Method::DELETE, &path, Value::Null).await.0, 204, "{path}");
    }
    assert_eq!(statuses().await, ["resolved"; 4]);
    let many: String = (0..1001).map(|id| format!("&id={id}")).collect();
    let refused = [
        (format!("{project}?id=x"), open.clone(), "Invalid id"),
        (format!("{project}?status=gone"), open.clone(), "Invalid status"),
        (format!("{project}?{many}"), open, "At most 1000"),
        (project.to_owned(), json!({"assignedTo": "a"}), "Say which"),
        (project.to_owned(), json!({"merge": 1}), "Say which"),
        (format!("{project}?id={}", ids[0]), json!({"merge": 1}), "two issues"),
        (
            format!("{project}?id={}", ids[0]),
            json!({"status": "gone"}),
            "must be one of",
        ),
        (format!("/api/0/issues/{}/", ids[0]), json!({"merge": 1}), "several"),
        (format!("/api/0/issues/{}/", ids[0]), json!("resolved"), "object"),
    ];
    for (path, body, words) in refused {
        let (status, answer) = send(&server, Method::PUT, &path, body).await;
        assert_eq!(status, 400, "{path}");
        assert!(answer["detail"].as_str().unwrap().contains(words), "{path}: {answer}");
    }
    let unknown = send(
        &server,
        Method::PUT,
        "/api/0/issues/9999/",
        json!({"status": "resolved"}),
    )
    .await;
    assert_eq!(unknown.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_are_kept_with_what_became_of_it() {
    let server = Server::start().await;
    server.digest(&id(1), &event("f", Some("editor@1.0.0"), "a")).await;
    let of = issue_of(&server, &id(1)).await;
    let path = format!("/api/0/issues/{of}/comments/");
    let (status, note) = send(
        &server,
        Method::POST,
        &path,
        json!({"text": " seen on <b>Windows</b> "}),
    )
    .await;
    assert_eq!(status, 201);
    assert_eq!(
        (&note["type"], &note["data"]["text"]),
        (&json!("note"), &json!("seen on <b>Windows</b>"))
    );
    let activity = server.json(&format!("/api/0/issues/{of}/activities/")).await;
    assert_eq!(activity["activity"][0], note);
    assert_eq!(activity["activity"][1]["data"]["version"], "editor@1.0.0");
    for body in [
        json!({"text": " "}),
        json!({"text": "x".repeat(4097)}),
        json!({}),
        json!([]),
    ] {
        assert_eq!(send(&server, Method::POST, &path, body.clone()).await.0, 400, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_issues_are_counted_for_their_release() {
    let server = Server::start().await;
    for (number, (function, release)) in (1..).zip([
        ("f", Some("a@1.0")),
        ("g", Some("a@1.0")),
        ("f", Some("a@2.0")),
        ("h", None),
        ("i", Some("a@2.0")),
    ]) {
        server.digest(&id(number), &event(function, release, "a")).await;
    }
    let pool = database(server.data()).await;
    let counted: Vec<(String, i64)> = sqlx::query_as(
        "SELECT version, new_issues FROM release_projects JOIN releases ON releases.id = release_id ORDER BY version",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(counted, [("a@1.0".to_owned(), 2), ("a@2.0".to_owned(), 1)]);
    pool.close().await;
}
