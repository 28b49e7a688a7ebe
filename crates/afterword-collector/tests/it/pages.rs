//! Who may see pages and API, and that what strangers sent is only ever text.

mod feedback;
mod issue;
mod issue_changes;
mod issue_large;
mod issues;
mod performance;
mod releases;
mod roles;
mod settings;
mod settings_people;
mod start;

use reqwest::header::HOST;
use serde_json::json;

use crate::server::{Server, crash, id};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_wants_a_token() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("a")).await;
    let event = id(1);
    let paths = [
        "/api/0/projects/acme/editor/issues/",
        "/api/0/issues/1/",
        "/api/0/issues/1/events/",
        "/api/0/issues/1/events/latest/",
        &format!("/api/0/issues/1/events/{event}/"),
        &format!("/api/0/projects/acme/editor/events/{event}/"),
    ];
    for path in paths {
        let get = || server.client.get(server.url(path));
        assert_eq!(server.api(path).await.status(), 200, "{path}");
        let refused = get().send().await.unwrap();
        assert_eq!(refused.status(), 401, "{path}");
        assert!(refused.json::<serde_json::Value>().await.unwrap()["detail"].is_string());
        assert_eq!(
            get().bearer_auth("afterword_0").send().await.unwrap().status(),
            401,
            "{path}"
        );
        assert_eq!(
            get()
                .basic_auth(&server.access.token, Some(""))
                .send()
                .await
                .unwrap()
                .status(),
            401,
            "{path}"
        );
    }
    let unknown = [
        "/api/0/projects/acme/nothing/issues/",
        "/api/0/projects/nobody/editor/issues/",
        "/api/0/issues/99/",
        "/api/0/issues/x/",
        "/api/0/issues/1/events/0/",
        "/api/0/nothing/",
        &format!("/api/0/projects/acme/editor/events/{}/", id(9)),
    ];
    for path in unknown {
        let response = server.api(path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert!(
            response.json::<serde_json::Value>().await.unwrap()["detail"].is_string(),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_for_this_machine_or_a_token() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::secret_place")).await;
    let paths = [
        "/",
        "/issues/1/",
        &format!("/issues/1/events/{}/", id(1)),
        &format!("/issues/1/events/{}/raw.json", id(1)),
    ];
    for path in paths {
        let get = |host: &str| server.client.get(server.url(path)).header(HOST, host);
        for host in ["localhost", "localhost:5", "127.0.0.1:8797", "[::1]:1"] {
            assert_eq!(get(host).send().await.unwrap().status(), 200, "{path} {host}");
        }
        for host in [
            "evil.example",
            "evil.example:8797",
            "localhost.evil.example",
            "10.0.0.1",
        ] {
            let refused = get(host).send().await.unwrap();
            assert_eq!(refused.status(), 403, "{path} {host}");
            assert!(refused.headers().contains_key("content-security-policy"));
            let body = refused.text().await.unwrap();
            assert!(
                body.contains("an account") && !body.contains("secret_place"),
                "{path} {host}"
            );
            let with_token = get(host).bearer_auth(&server.access.token).send().await.unwrap();
            assert_eq!(with_token.status(), 200, "{path} {host}");
        }
        let passed_on = get("localhost")
            .header("X-Forwarded-For", "203.0.113.7")
            .send()
            .await
            .unwrap();
        assert_eq!(passed_on.status(), 403, "{path}");
    }
}

/// Whether a page brings a script other than the one of ours.
pub(crate) fn has_inline_script(page: &str) -> bool {
    let mut scripts = page.split("<script").skip(1);
    scripts.any(|script| !script.starts_with(" src=\"/assets/app.js?v="))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_scripts() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("a")).await;
    let raw = format!("/issues/1/events/{}/raw.json", id(1));
    let cases = [
        ("/", 200),
        ("/issues/1/", 200),
        (&raw, 200),
        ("/assets/app.css", 200),
        ("/issues/9/", 404),
        ("/nothing", 404),
    ];
    for (path, status) in cases {
        let response = server.client.get(server.url(path)).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
            "{path}: {policy}"
        );
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        let body = response.text().await.unwrap();
        assert!(!has_inline_script(&body) && !body.contains(" style="), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn script_attempts_are_shown_as_text() {
    let server = Server::start().await;
    let attempts = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "{{7*7}}",
    ];
    for (number, attempt) in (1..).zip(attempts) {
        let event = json!({
            "platform": attempt, "level": attempt, "release": attempt, "environment": attempt, "server_name": attempt,
            "transaction": attempt, "fingerprint": [number.to_string()],
            "exception": {"values": [
                {"type": attempt, "value": attempt},
                {"type": attempt, "value": attempt, "mechanism": {"type": attempt, "data": {"address": attempt}}, "stacktrace": {
                    "registers": {attempt: attempt},
                    "frames": [{"function": attempt, "filename": attempt, "abs_path": attempt, "package": attempt, "lineno": attempt, "instruction_addr": attempt}],
                }},
            ]},
            "threads": {"values": [{"id": attempt, "name": attempt, "stacktrace": {"frames": [{"function": attempt}]}}]},
            "tags": {attempt: attempt}, "user": {"id": attempt, "email": attempt}, "extra": {attempt: attempt},
            "contexts": {attempt: {attempt: attempt}, "os": {"name": attempt, "version": attempt}},
            "breadcrumbs": [{"category": attempt, "message": attempt, "level": attempt, "data": {attempt: attempt}}],
            "debug_meta": {"images": [{"code_file": attempt, "debug_id": attempt, "image_addr": attempt}]},
            "sdk": {"name": attempt, "version": attempt},
        });
        let feedback = json!({"contexts": {"feedback": {
            "message": attempt, "contact_email": attempt, "name": attempt, "associated_event_id": id(number),
        }}});
        let file = json!({"type": "attachment", "length": 0, "filename": attempt, "content_type": attempt, "attachment_type": attempt});
        server
            .accept(format!(
                "{}\n{{\"type\":\"event\"}}\n{event}\n{file}\n\n",
                json!({"event_id": id(number)})
            ))
            .await;
        server
            .accept(format!(
                "{}\n{{\"type\":\"feedback\"}}\n{feedback}\n",
                json!({"event_id": id(number + 50)})
            ))
            .await;
        let path = format!("/api/0/projects/acme/editor/events/{}/", id(number));
        server
            .until(&path, |event| event["feedback"].as_array().unwrap().len() == 1)
            .await;

        for path in ["/".to_owned(), format!("/issues/{number}/")] {
            let (status, body) = server.page(&path).await;
            assert_eq!(status, 200);
            assert!(!has_inline_script(&body), "{path}");
            for dangerous in ["<script>", "<img", "onerror=alert(1)>", "' onmouseover='"] {
                assert!(!body.contains(dangerous), "{path}: {dangerous} in\n{body}");
            }
            assert!(!body.contains("49</"), "templates are not run twice");
            assert!(body.contains("alert(1)") || body.contains("7*7"), "it is shown");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issue_page_says_what_happened() {
    let server = Server::start().await;
    server.digest(&id(1), &crash("canvas::flush")).await;
    let mut newer = crash("canvas::flush");
    newer["timestamp"] = json!("2026-01-04T00:00:00Z");
    server.digest(&id(2), &newer).await;
    let (status, body) = server.page("/issues/1/").await;
    assert_eq!(status, 200);
    for shown in [
        "EDITOR-1",
        "editor@1.4.0",
        "canvas.rs:42",
        "2 times",
        "by 1 user",
        "renderer",
        "rel=\"prev\"",
    ] {
        assert!(body.contains(shown), "{shown} not in\n{body}");
    }
    let (status, older) = server.page(&format!("/issues/1/events/{}/", id(1))).await;
    assert_eq!(status, 200);
    assert!(older.contains("rel=\"next\"") && !older.contains("rel=\"prev\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_crash_without_sources_says_where_it_was() {
    let server = Server::start().await;
    let mut without_file = crash("canvas::flush");
    without_file["exception"]["values"][0]["stacktrace"]["frames"] = json!([
        {"function": "main", "in_app": true, "instruction_addr": "0x5500"},
        {"function": "canvas::flush", "in_app": true, "package": "/opt/editor/bin/editor", "image_addr": "0x1000", "instruction_addr": "0x1d72"},
    ]);
    server.digest(&id(1), &without_file).await;
    let (_, body) = server.page("/issues/1/").await;
    for shown in [
        "<span class=\"detail code\">in editor</span>",
        "<dd title=\"/opt/editor/bin/editor\">",
        "<span class=\"package\">editor <span class=\"address\">+0xd72</span></span>",
        "<span class=\"package address\">0x5500</span>",
    ] {
        assert!(body.contains(shown), "{shown} not in\n{body}");
    }
    assert!(!body.contains("class=\"source\""), "there is no source to show\n{body}");

    let mut without_name = without_file;
    without_name["exception"]["values"][0]["stacktrace"]["frames"] = json!([
        {"in_app": true, "package": "/opt/editor/bin/editor", "image_addr": "0x1000", "instruction_addr": "0x1d72"},
    ]);
    server.digest(&id(2), &without_name).await;
    let (_, body) = server.page("/issues/2/").await;
    assert!(body.contains("<title>SIGSEGV in editor@0xd72"), "{body}");
    let event = server.event(&id(2)).await;
    assert_eq!(
        event["topFrame"],
        json!({"function": null, "file": null, "absPath": null, "line": null})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_only_offered_for_saving() {
    let server = Server::start().await;
    let html = "<script>alert(1)</script>";
    let file =
        json!({"type": "attachment", "length": html.len(), "filename": "../a\"x.html", "content_type": "text/html"});
    let body = format!(
        "{}\n{{\"type\":\"event\"}}\n{{}}\n{file}\n{html}\n",
        json!({"event_id": id(1)})
    );
    server.accept(body).await;
    let attachment = server.event(&id(1)).await["attachments"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let url = server.url(&format!("/issues/1/events/{}/attachments/{attachment}", id(1)));
    let response = server.client.get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert_eq!(
        response.headers()["content-disposition"],
        "attachment; filename=\"a_x.html\""
    );
    assert_eq!(response.text().await.unwrap(), html);
    let (status, _) = server.page(&format!("/issues/1/events/{}/attachments/99", id(1))).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_collector_teaches() {
    let server = Server::start().await;
    let (status, body) = server.page("/").await;
    assert_eq!(status, 200);
    assert!(
        body.contains(&server.access.dsn) && body.contains("afterword::Options::new"),
        "{body}"
    );
}
