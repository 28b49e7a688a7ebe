//! What people do to an issue on its page, and who may.

use reqwest::StatusCode;
use serde_json::json;

use super::issue::shows;
use crate::people::{Fields, Person, join, owner};
use crate::server::{Server, crash, envelope, id, key_and_project};

async fn issue(person: &Person<'_>, number: u32) -> serde_json::Value {
    let (status, issue) = person.get(&format!("/api/0/issues/{number}/")).await;
    assert_eq!(status, 200, "{issue}");
    issue
}

/// Sends a form that must be taken; the page it leads to.
async fn sent(person: &Person<'_>, path: &str, fields: &[(&str, &str)]) -> String {
    let (status, to, page) = person.form(path, fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{path} {fields:?}: {page}");
    let (status, page) = person.page(&to).await;
    assert_eq!(status, 200, "{to}");
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_is_resolved_ignored_and_opened() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::flush")).await;
    let anna = owner(&server).await;
    let path = "/issues/1/status/";
    let event = id(1);

    let page = sent(&anna, path, &[("status", "resolved"), ("event", &event)]).await;
    shows(
        &page,
        &[
            "Resolved.",
            "<strong>Resolved</strong>",
            "Open again",
            "<strong>anna@example.com</strong> resolved",
        ],
    );
    let page = sent(&anna, path, &[("status", "unresolved")]).await;
    shows(&page, &["Opened again."]);
    assert!(!page.contains("class=\"banner"), "{page}");
    let page = sent(&anna, path, &[("status", "resolvedInNextRelease")]).await;
    shows(&page, &["Resolved in the next release after editor@1.4.0"]);
    let page = sent(&anna, path, &[("status", "resolved"), ("inRelease", "latest")]).await;
    shows(&page, &["Resolved in editor@1.4.0"]);
    let page = sent(&anna, path, &[("status", "resolved"), ("inRelease", " editor@1.4.2 ")]).await;
    shows(
        &page,
        &["Known and fixed in editor@1.4.2", "This event is of editor@1.4.0."],
    );
    let page = sent(
        &anna,
        path,
        &[
            ("status", "ignored"),
            ("ignoreDuration", ""),
            ("ignoreCount", ""),
            ("ignoreWindow", "60"),
        ],
    )
    .await;
    shows(&page, &["<strong>Ignored</strong>"]);
    let fields = [
        ("status", "ignored"),
        ("ignoreUntil", "2099-01-31T12:00"),
        ("ignoreCount", "5"),
        ("ignoreWindow", "60"),
        ("ignoreUserCount", "2"),
    ];
    let page = sent(&anna, path, &fields).await;
    shows(
        &page,
        &[
            "Ignored until 31 Jan 2099, 12:00:00 UTC, or until there are 5 events more within 1 hour, or until 2 users more are affected",
        ],
    );
    let details = &issue(&anna, 1).await["statusDetails"];
    assert_eq!(
        *details,
        json!({"ignoreUntil": "2099-01-31T12:00:00Z", "ignoreCount": 5, "ignoreWindow": 60, "ignoreUserCount": 2})
    );

    // What is wrong is said, and what was typed stays.
    let cases: [(Fields<'_>, &str, &str); 5] = [
        (&[("status", "gone")], "must be one of", "Ignore…"),
        (
            &[("status", "resolved"), ("inRelease", " ")],
            "inRelease must be",
            "Resolve in it",
        ),
        (
            &[("status", "ignored"), ("ignoreCount", "many")],
            "ignoreCount must be",
            "value=\"many\"",
        ),
        (
            &[("status", "ignored"), ("ignoreUntil", "soon")],
            "a moment",
            "value=\"soon\"",
        ),
        (
            &[
                ("status", "ignored"),
                ("ignoreUntil", "2099-01-31T12:00"),
                ("ignoreDuration", "1440"),
            ],
            "not both",
            "value=\"1440\" selected",
        ),
    ];
    for (fields, wrong, kept) in cases {
        let (status, _, page) = anna.form(path, fields).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{fields:?}");
        shows(&page, &["role=\"alert\"", wrong, kept]);
    }
    assert_eq!(
        issue(&anna, 1).await["statusDetails"]["ignoreCount"],
        5,
        "nothing was changed"
    );
    let (status, to) = (anna.page(path).await.0, anna.page("/issues/9/status/").await.0);
    assert_eq!(
        (status, to),
        (StatusCode::SEE_OTHER, StatusCode::NOT_FOUND),
        "an address without its form"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_is_assigned_and_talked_about() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::flush")).await;
    let anna = owner(&server).await;
    let bert = join(&anna, "bert@example.com", "member").await;
    let (_, page) = bert.page("/issues/1/").await;
    shows(
        &page,
        &[
            "<option value=\"\" selected>Nobody</option>",
            "<option value=\"bert@example.com\">Me</option>",
            "<option value=\"anna@example.com\">Anna (anna@example.com)</option>",
        ],
    );
    let page = sent(&bert, "/issues/1/assign/", &[("to", "anna@example.com")]).await;
    shows(
        &page,
        &[
            "<option value=\"anna@example.com\" selected>",
            "assigned to anna@example.com",
        ],
    );
    let page = sent(&anna, "/issues/1/assign/", &[("to", "")]).await;
    shows(
        &page,
        &["<option value=\"\" selected>Nobody</option>", "assigned to nobody"],
    );

    let note = "It is the <b>shader</b>:\r\n\r\n  see \"canvas.rs\"";
    let page = sent(&bert, "/issues/1/notes/", &[("note", note), ("event", &id(1))]).await;
    shows(
        &page,
        &[
            "Your note is there.",
            "It is the &#60;b&#62;shader&#60;/b&#62;:\n\n  see &#34;canvas.rs&#34;</p>",
            "<strong>bert@example.com</strong> wrote",
        ],
    );
    let long = format!("long {}", "x".repeat(5000));
    for (note, wrong) in [(" \r\n ", "this one has 0"), (long.as_str(), "this one has 5005")] {
        let (status, _, page) = bert.form("/issues/1/notes/", &[("note", note)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        shows(&page, &[wrong]);
        assert!(
            page.contains(&format!("required>{note}</textarea>")) || note.trim().is_empty(),
            "{page}"
        );
    }
    let (_, all) = bert.page("/issues/1/activity/").await;
    shows(&all, &["wrote", "assigned to nobody", "seen for the first time"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_kept_when_the_sign_in_ended() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::flush")).await;
    let anna = owner(&server).await;
    let note = "Long thoughts\nof mine";
    let request = server.client.post(server.url("/issues/1/notes/"));
    let answer = request
        .form(&[("csrf", "of before"), ("note", note)])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    shows(
        &answer.text().await.unwrap(),
        &["What you typed is kept", note, "value=\"/issues/1/notes/\""],
    );
    let request = server.client.post(server.url("/issues/1/notes/"));
    let request = request
        .header("Cookie", &anna.cookie)
        .form(&[("csrf", "of before"), ("note", note)]);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    shows(
        &answer.text().await.unwrap(),
        &["Send it now?", note, "action=\"/issues/1/notes/\""],
    );
    assert!(
        !anna.page("/issues/1/").await.1.contains("Long thoughts"),
        "it was not taken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_form_is_for_those_who_may() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::flush")).await;
    server.digest(&id(2), &crash("renderer::draw")).await;
    let other = server.collector().bootstrap("others", "app").await.unwrap();
    let (key, project) = key_and_project(&other.dsn);
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let post = server.client.post(url).body(envelope(&id(3), &crash("elsewhere")));
    assert_eq!(post.send().await.unwrap().status(), 200);
    crate::server::rows::<(i64,)>(server.data(), "SELECT id FROM issues WHERE id = 3", 1).await;

    let anna = owner(&server).await;
    let viewer = join(&anna, "vera@example.com", "viewer").await;
    let member = join(&anna, "mark@example.com", "member").await;
    let forms: [(&str, &[(&str, &str)]); 6] = [
        ("status/", &[("status", "resolved")]),
        ("assign/", &[("to", "anna@example.com")]),
        ("notes/", &[("note", "a")]),
        ("split/", &[("group", "x")]),
        ("merge/", &[("with", "2")]),
        ("delete/", &[]),
    ];
    for (form, fields) in forms {
        let path = |issue: u32| format!("/issues/{issue}/{form}");
        assert_eq!(viewer.form(&path(1), fields).await.0, StatusCode::FORBIDDEN, "{form}");
        assert_eq!(
            anna.form(&path(99), fields).await.0,
            StatusCode::NOT_FOUND,
            "{form} of nothing"
        );
        // The owner who set the collector up owns the other organisation, too.
        for person in [&member, &viewer] {
            assert_eq!(
                person.form(&path(3), fields).await.0,
                StatusCode::NOT_FOUND,
                "{form} of others"
            );
            assert_eq!(
                person.form(&path(99), fields).await.0,
                StatusCode::NOT_FOUND,
                "{form} of nothing"
            );
        }
        let without = server
            .client
            .post(server.url(&path(1)))
            .header("Cookie", &member.cookie)
            .form(fields);
        assert_eq!(
            without.send().await.unwrap().status(),
            StatusCode::CONFLICT,
            "{form} without its token"
        );
    }
    assert_eq!(viewer.page("/issues/1/delete/").await.0, StatusCode::FORBIDDEN);
    let (status, page) = viewer.page("/issues/1/").await;
    assert_eq!(status, 200);
    for form in forms.map(|(form, _)| form) {
        assert!(!page.contains(&format!("/issues/1/{form}\"")), "{form} in\n{page}");
    }
    assert_eq!(issue(&anna, 1).await["status"], "unresolved");
    assert_eq!(issue(&anna, 1).await["activity"].as_array().unwrap().len(), 1);

    for path in [
        "/issues/3/",
        "/issues/3/events/",
        "/issues/3/activity/",
        "/issues/3/delete/",
    ] {
        assert_eq!(member.page(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let path = format!("/issues/1/events/{}/", id(3));
    assert_eq!(
        anna.page(&path).await.0,
        StatusCode::NOT_FOUND,
        "an event of another issue"
    );

    for person in [&member, &anna] {
        let status = if std::ptr::eq(person, &anna) {
            "unresolved"
        } else {
            "resolved"
        };
        sent(person, "/issues/1/status/", &[("status", status)]).await;
        sent(person, "/issues/1/notes/", &[("note", "a")]).await;
    }
    let (_, ask) = member.page("/issues/2/delete/").await;
    shows(&ask, &["Delete EDITOR-2?", "1 event of 1 user"]);
    let (status, to, _) = member.form("/issues/2/delete/", &[]).await;
    assert_eq!((status, to.as_str()), (StatusCode::SEE_OTHER, "/?done=deleted:1"));
    assert_eq!(member.page("/issues/2/").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn issues_are_merged_and_taken_apart() {
    let server = Server::start().await;
    for (number, function) in (1..).zip(["canvas::flush", "canvas::flush", "renderer::draw"]) {
        server.digest(&id(number), &crash(function)).await;
    }
    let anna = owner(&server).await;
    for (with, kept) in [
        ("EDITOR-9", "value=\"EDITOR-9\""),
        ("OTHER-2", "OTHER-2"),
        ("1", "EDITOR-12"),
        ("<x>", "&#60;x&#62;"),
    ] {
        let (status, _, page) = anna.form("/issues/1/merge/", &[("with", with)]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{with}");
        shows(
            &page,
            &[
                "is no other issue of this project",
                kept,
                "<details class=\"merge\" open>",
            ],
        );
    }
    let page = sent(&anna, "/issues/2/merge/", &[("with", "editor-1")]).await;
    shows(
        &page,
        &[
            "EDITOR-1",
            "Merged",
            "3 times",
            "merged another issue into this one",
            "Group 2",
            "of this event",
        ],
    );
    assert_eq!(anna.page("/issues/2/").await.0, StatusCode::NOT_FOUND);

    let (status, _, page) = anna.form("/issues/1/split/", &[]).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    shows(&page, &["Mark the groups"]);
    let keys: Vec<&str> = page
        .split("name=\"group\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(keys.len(), 2);
    let all: Vec<(&str, &str)> = keys.iter().map(|key| ("group", *key)).collect();
    let (status, _, page) = anna.form("/issues/1/split/", &all).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    shows(&page, &["one must stay", "checked"]);
    // The group of the event that is shown, the newest, is the first.
    let page = sent(&anna, "/issues/1/split/", &[("group", keys[0])]).await;
    shows(
        &page,
        &["This is the new issue", "made of some groups of another issue"],
    );
    assert_eq!(anna.page("/issues/1/").await.0, StatusCode::OK);
    assert!(!anna.page("/issues/1/").await.1.contains("Group 2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn that_it_came_back_is_told() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::flush")).await;
    let anna = owner(&server).await;
    let page = sent(
        &anna,
        "/issues/1/status/",
        &[("status", "resolved"), ("inRelease", "latest")],
    )
    .await;
    shows(&page, &["Resolved in editor@1.4.0"]);
    assert!(!page.contains("It came back"));
    let mut newer = crash("canvas::flush");
    newer["release"] = json!("editor@1.5.0");
    newer["timestamp"] = json!("2026-02-01T00:00:00Z");
    server.digest(&id(2), &newer).await;
    let (_, page) = anna.page("/issues/1/").await;
    shows(
        &page,
        &[
            "Regressed in editor@1.5.0",
            "It had been resolved in editor@1.4.0.",
            "It came back",
            "came back in editor@1.5.0",
        ],
    );
}
