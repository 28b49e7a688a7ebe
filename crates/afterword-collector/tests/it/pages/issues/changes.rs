//! What is done to issues that were chosen in the list.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{listed, send};
use crate::people::{Fields, Person, join, owner};
use crate::search::event;
use crate::server::{Server, envelope, id};

async fn change(person: &Person<'_>, what: &str, ids: &[&str], more: &[(&str, &str)]) -> (StatusCode, String, String) {
    let mut fields = vec![("what", what)];
    fields.extend(ids.iter().map(|id| ("id", *id)));
    fields.extend(more);
    person.form("/issues/change?query=happened&tab=all", &fields).await
}

async fn issue(server: &Server, id: &str) -> Value {
    server.json(&format!("/api/0/issues/{id}/")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_chosen_is_changed() {
    let server = Server::start().await;
    send(&server, 4, |_| json!({"release": "editor@1.0.0"})).await;
    let anna = owner(&server).await;
    let cases: [(&str, Fields<'_>, Value, &str); 12] = [
        ("resolve", &[], json!(["resolved", {}]), "Resolved 2 issues."),
        ("open", &[], json!(["unresolved", {}]), "Opened 2 issues again."),
        (
            "resolve-next",
            &[],
            json!(["resolved", {"inNextRelease": true}]),
            "in the next release",
        ),
        (
            "resolve-latest",
            &[],
            json!(["resolved", {"inRelease": "editor@1.0.0"}]),
            "in the newest release",
        ),
        ("ignore", &[], json!(["ignored", {}]), "Ignored 2 issues."),
        (
            "ignore:100 events",
            &[],
            json!(["ignored", {"ignoreCount": 100}]),
            "Ignored 2 issues.",
        ),
        (
            "ignore:10 users",
            &[],
            json!(["ignored", {"ignoreUserCount": 10}]),
            "Ignored 2 issues.",
        ),
        (
            "ignore:typed",
            &[("amount", "7"), ("unit", "events")],
            json!(["ignored", {"ignoreCount": 7}]),
            "Ignored 2 issues.",
        ),
        (
            "",
            &[("amount", "8"), ("unit", "users")],
            json!(["ignored", {"ignoreUserCount": 8}]),
            "Ignored 2 issues.",
        ),
        ("ignore:1 days", &[], json!(["ignored", "until"]), "Ignored 2 issues."),
        (
            "assign:anna@example.com",
            &[],
            json!(["ignored", "until"]),
            "Assigned 2 issues.",
        ),
        ("assign:", &[], json!(["ignored", "until"]), "Assigned 2 issues."),
    ];
    for (what, more, wanted, words) in cases {
        let (status, to, page) = change(&anna, what, &["1", "3"], more).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{what}: {page}");
        assert!(to.starts_with("/?query=happened&tab=all&done="), "{to}");
        for id in ["1", "3"] {
            let issue = issue(&server, id).await;
            assert_eq!(issue["status"], wanted[0], "{what}");
            if wanted[1] == "until" {
                assert!(issue["statusDetails"]["ignoreUntil"].is_string(), "{what}: {issue}");
            } else {
                assert_eq!(issue["statusDetails"], wanted[1], "{what}");
            }
            let assignee = if what == "assign:anna@example.com" {
                json!("anna@example.com")
            } else {
                Value::Null
            };
            assert_eq!(issue["assignedTo"]["email"], assignee, "{what}");
            assert!(issue["activity"][0]["user"]["name"] == "anna@example.com", "{issue}");
        }
        assert_eq!(issue(&server, "2").await["status"], "unresolved", "{what}: not chosen");
        let (_, page) = anna.page(&to).await;
        assert!(
            page.contains(words) && page.contains("role=\"status\""),
            "{words} not in\n{page}"
        );
    }

    let (status, to, _) = change(&anna, "merge", &["1", "2", "4"], &[]).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/?query=happened&tab=all&done=merged%3A3")
    );
    let (_, page) = anna.page(&to).await;
    assert_eq!(listed(&page).len(), 2, "{page}");
    assert_eq!(issue(&server, "1").await["count"], "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_in_the_list_is_kept() {
    let server = Server::start().await;
    send(&server, 30, |number| json!({"timestamp": 1_767_225_600 + number})).await;
    let anna = owner(&server).await;
    let cursor = "1767225605000:5:0";
    let fields = [("what", "resolve"), ("id", "2")];
    let (_, to, _) = anna
        .form(&format!("/issues/change?cursor={cursor}&done=opened:9"), &fields)
        .await;
    assert_eq!(to, "/?done=resolved%3A1&cursor=1767225605000%3A5%3A0");
    let (_, page) = anna.page(&to).await;
    assert_eq!(listed(&page), ["4", "3", "1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_and_nothing_is_lost() {
    let server = Server::start().await;
    send(&server, 2, |_| json!({})).await;
    let elsewhere = server.collector().bootstrap("acme", "viewer").await.unwrap();
    let (key, project) = crate::server::key_and_project(&elsewhere.dsn);
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let sent = server
        .client
        .post(url)
        .body(envelope(&id(9), &event("other", &json!({}))))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    server
        .until("/api/0/projects/acme/viewer/issues/", |list| {
            list.as_array().unwrap().len() == 1
        })
        .await;
    let anna = owner(&server).await;
    let cases: [(&str, &[&str], Fields<'_>, &str); 8] = [
        ("resolve", &[], &[], "No issue was chosen"),
        ("", &["1"], &[], "use one of the buttons"),
        ("explode", &["1"], &[], "use one of the buttons"),
        ("merge", &["1"], &[], "two or more issues of one project"),
        ("merge", &["1", "3"], &[], "two or more issues of one project"),
        ("resolve", &["1", "99"], &[], "not there any more"),
        ("resolve", &["1", "x"], &[], "names no issue"),
        (
            "ignore:typed",
            &["1"],
            &[("amount", "\"lots\" <b>"), ("unit", "users")],
            "“&#34;lots&#34; &#60;b&#62;” is no number",
        ),
    ];
    for (what, ids, more, words) in cases {
        let (status, _, page) = change(&anna, what, ids, more).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}");
        assert!(
            page.contains(words) && page.contains("role=\"alert\""),
            "{words} not in\n{page}"
        );
        assert!(
            page.contains("name=\"query\" type=\"search\" value=\"happened\""),
            "{page}"
        );
        if ids.contains(&"1") {
            assert!(page.contains("name=\"id\" value=\"1\" checked"), "{what}: {page}");
        }
        assert!(!page.contains("name=\"id\" value=\"2\" checked"), "{what}");
        for (name, value) in more {
            let kept = match *name {
                "amount" => "value=\"&#34;lots&#34; &#60;b&#62;\"".to_owned(),
                _ => format!("<option value=\"{value}\" selected>"),
            };
            assert!(page.contains(&kept), "{kept} not in\n{page}");
        }
        for id in ["1", "2", "3"] {
            assert_eq!(issue(&server, id).await["status"], "unresolved", "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_asks_once_more() {
    let server = Server::start().await;
    send(&server, 3, |_| json!({})).await;
    server.digest(&id(50), &event("group-1", &json!({}))).await;
    let anna = owner(&server).await;
    let (status, _, page) = change(&anna, "delete", &["1", "3"], &[]).await;
    assert_eq!(status, StatusCode::OK);
    for shown in [
        "Delete 2 issues?",
        "Their 3 events",
        "group-1 happened",
        "name=\"sure\" value=\"1\"",
        "href=\"/?query=happened&#38;tab=all\"",
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    assert_eq!(issue(&server, "1").await["count"], "2", "not yet");
    let (status, to, _) = change(&anna, "delete", &["1", "3"], &[("sure", "1")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let (_, page) = anna.page(&to).await;
    assert!(
        page.contains("Deleted 2 issues with all events.") && listed(&page) == ["2"],
        "{page}"
    );
    assert_eq!(server.api("/api/0/issues/1/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_changes_nothing() {
    let server = Server::start().await;
    send(&server, 2, |_| json!({})).await;
    let anna = owner(&server).await;
    let viewer = join(&anna, "vi@example.com", "viewer").await;
    let (_, page) = viewer.page("/").await;
    assert_eq!(listed(&page).len(), 2);
    assert!(
        !page.contains("/issues/change") && !page.contains("type=\"checkbox\""),
        "{page}"
    );
    for what in ["resolve", "ignore", "assign:vi@example.com", "merge", "delete", ""] {
        let (status, _, page) = change(&viewer, what, &["1", "2"], &[("sure", "1")]).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{what}: {page}");
    }
    // A member of one project may change what is in it, and delete it.
    let role = json!({"projectRoles": {"editor": "member"}});
    let (_, members) = anna.get("/api/0/organizations/acme/members/").await;
    let members = members.as_array().unwrap();
    let member = members
        .iter()
        .find(|member| member["email"] == "vi@example.com")
        .unwrap();
    let path = format!("/api/0/organizations/acme/members/{}/", member["id"].as_str().unwrap());
    let (status, answer) = anna.ask(Method::PUT, &path, Some(role)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    server.collector().bootstrap("acme", "viewer").await.unwrap();
    assert_eq!(issue(&server, "1").await["status"], "unresolved");
    assert_eq!(change(&viewer, "resolve", &["1"], &[]).await.0, StatusCode::SEE_OTHER);
    assert_eq!(issue(&server, "1").await["status"], "resolved");
    // Another's form does nothing, though the cookie is right.
    let form = [("what", "resolve"), ("id", "2"), ("csrf", "guessed")];
    let request = server.client.post(server.url("/issues/change")).form(&form);
    let answer = request.header("Cookie", &anna.cookie).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(issue(&server, "2").await["status"], "unresolved");
}
