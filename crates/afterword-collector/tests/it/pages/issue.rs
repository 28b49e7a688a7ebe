//! The page of an event: what of a crash, a panic and a bare message is shown, and that it is only ever text.

use serde_json::{Value, json};

use super::has_inline_script;
use crate::server::{Server, crash, id};
use crate::symbols;

/// Asserts that a page has all of these.
#[track_caller]
pub(super) fn shows(page: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(page.contains(wanted), "{wanted} not in\n{page}");
    }
}

/// A panic of a Rust program, as clients send it.
fn panic() -> Value {
    json!({
        "platform": "rust", "level": "fatal", "release": "editor@1.4.0", "environment": "production",
        "timestamp": "2026-01-02T03:04:05Z", "user": {"id": "u1"}, "tags": {"renderer": "gl"},
        "exception": {"values": [
            {"type": "io::Error", "value": "No such file (os error 2)"},
            {"type": "panic", "value": "it can be read", "mechanism": {"type": "panic", "handled": false}, "stacktrace": {"frames": [
                {"function": "_start", "in_app": false},
                {"function": "__libc_start_main", "in_app": false},
                {"function": "editor::main", "in_app": true, "filename": "src/main.rs", "lineno": 31},
                {
                    "function": "editor::document::open", "in_app": true, "filename": "src/document.rs", "lineno": 77,
                    "abs_path": "/home/anna/editor/src/document.rs",
                    "pre_context": ["fn open() {", "    let text = read();"], "context_line": "    text.expect(\"it can be read\");",
                    "post_context": ["}"],
                },
                {"function": "core::result::unwrap_failed", "in_app": false, "trust": "inline"},
                {"function": "core::panicking::panic_fmt", "in_app": false},
            ]}},
        ]},
        "contexts": {
            "os": {"name": "Linux", "version": "6.1"}, "device": {"arch": "x86_64"},
            "trace": {"trace_id": "771a43a4192642f0b136d5159a501700", "span_id": "b72fa28504b07285"},
        },
        "breadcrumbs": [
            {"timestamp": "2026-01-02T03:02:05Z", "category": "ui.click", "message": "Open"},
            {"timestamp": "2026-01-02T03:04:04.500Z", "category": "http", "message": "GET /recent", "data": {"status": 404}},
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_shown_with_its_source_and_its_causes() {
    let server = Server::start().await;
    server.digest(&id(1), &panic()).await;
    let (status, page) = server.page("/issues/1/").await;
    assert_eq!(status, 200);
    shows(
        &page,
        &[
            "panic: it can be read<wbr></h1>",
            "fatal, not handled",
            "editor::<wbr>document::<wbr>open",
            "src/document.rs:77",
            "title=\"/home/anna/editor/src/document.rs\"",
            "<mark><span class=\"number\">77</span>    text.expect(&#34;it can be read&#34;);</mark>",
            "<span class=\"number\">75</span>fn open() {",
            "2 frames outside of the application",
            "inlined</span>",
            "Caused by",
            "io::Error: No such file (os error 2)",
            "Linux 6.1, x86_64",
            "−2 min 0 s",
            "−500 ms",
            "<span>status: 404</span>",
            "href=\"/traces/771a43a4192642f0b136d5159a501700/\"",
            "href=\"/?query=renderer%3Agl&#38;project=editor\" class=\"here\">gl</a>",
            "100 %",
            "innermost functions that say something",
            "seen for the first time, in editor@1.4.0",
        ],
    );
    assert!(!page.contains("<details class=\"run\" open"), "folded");
    let (_, all) = server.page("/issues/1/?frames=all").await;
    shows(&all, &["_start", "__libc_start_main", "Only the application"]);
    assert!(!all.contains("class=\"run\""), "{all}");

    let path = format!("/issues/1/events/{}/stack.txt", id(1));
    let response = server.client.get(server.url(&path)).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    let text = response.text().await.unwrap();
    shows(
        &text,
        &[
            "panic: it can be read\nRelease: editor@1.4.0\nhttp://",
            "  0  core::panicking::panic_fmt\n  1  core::result::unwrap_failed (inlined)\n  2  editor::document::open at src/document.rs:77\n",
            "Caused by: io::Error: No such file (os error 2)",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minidump_is_shown_with_what_symbols_told() {
    let (Some(dump), Some(file)) = (symbols::dump(), symbols::breakpad()) else {
        return;
    };
    let server = Server::start().await;
    symbols::upload(&server, "test_app.sym", &file).await;
    server.accept(symbols::envelope(&id(1), None, &dump)).await;
    server.event(&id(1)).await;
    let (status, page) = server.page("/issues/1/").await;
    assert_eq!(status, 200);
    shows(
        &page,
        &[
            "EXCEPTION_ACCESS_VIOLATION_WRITE",
            "<span class=\"code\">0x45<wbr></span>",
            "CrashFunction",
            "test_app.cc:58",
            "Windows NT 5.1.2600",
            "<span class=\"note crashed\">crashed</span>",
            "<dt>eip</dt>",
            "symbols found",
            "symbols missing",
            "symbols not needed",
            "href=\"/settings/acme/editor/symbols/\"",
            "minidump, 11.0 KB",
        ],
    );
    for (part, wanted) in [
        ("stack/", "test_app.cc:58"),
        ("threads/", "Thread 4544"),
        ("threads/0/", "<dt>eip</dt>"),
        ("modules/", "kernel32.dll"),
    ] {
        let (status, page) = server.page(&format!("/issues/1/events/{}/{part}", id(1))).await;
        assert_eq!(status, 200, "{part}");
        shows(&page, &[wanted]);
    }
    let (status, _) = server.page(&format!("/issues/1/events/{}/threads/99/", id(1))).await;
    assert_eq!(status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_a_stack_says_so() {
    let server = Server::start().await;
    let event = json!({"message": "The disk is almost full", "level": "warning"});
    server.digest(&id(1), &event).await;
    let (status, page) = server.page("/issues/1/").await;
    assert_eq!(status, 200);
    shows(
        &page,
        &[
            "The disk is almost full<wbr></h1>",
            "This event came without a stack.",
            "They say the same",
        ],
    );
    for part in ["stack/", "threads/", "modules/", "breadcrumbs/"] {
        let (status, page) = server.page(&format!("/issues/1/events/{}/{part}", id(1))).await;
        assert_eq!(status, 200, "{part}");
        shows(&page, &["Nothing is here."]);
    }
    let (status, _) = server.page(&format!("/issues/1/events/{}/stack/?from=x", id(1))).await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_strangers_sent_is_run() {
    let server = Server::start().await;
    for (number, attempt) in (1..).zip([
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
    ]) {
        let event = json!({
            "platform": attempt, "level": attempt, "release": attempt, "environment": attempt, "server_name": attempt,
            "transaction": attempt, "logger": attempt, "fingerprint": [number.to_string(), attempt],
            "exception": {"values": [{"type": attempt, "value": attempt}, {"type": attempt, "value": attempt, "stacktrace": {
                "registers": {attempt: attempt},
                "frames": [{
                    "function": attempt, "filename": attempt, "abs_path": attempt, "package": attempt, "lineno": attempt,
                    "context_line": attempt, "pre_context": [attempt], "post_context": [attempt], "in_app": true,
                    "instruction_addr": attempt,
                }],
            }}]},
            "threads": {"values": [
                {"id": attempt, "name": attempt, "crashed": true},
                {"id": 5, "name": attempt, "stacktrace": {"registers": {attempt: attempt}, "frames": [{"function": attempt}]}},
            ]},
            "tags": {attempt: attempt, "plain": attempt}, "user": {"id": attempt, "email": attempt}, "extra": {attempt: attempt},
            "contexts": {attempt: {attempt: attempt}, "os": {"name": attempt, "version": attempt}, "trace": {"trace_id": attempt}},
            "breadcrumbs": [{"category": attempt, "message": attempt, "level": attempt, "data": {attempt: attempt}}],
            "debug_meta": {"images": [{"code_file": attempt, "debug_id": attempt, "code_id": attempt, "debug_status": attempt}]},
            "errors": [{"type": attempt, "message": attempt}],
        });
        server.digest(&id(number), &event).await;
        let of_event = format!("/issues/{number}/events/{}/", id(number));
        let note = json!({"text": attempt});
        let noted = server
            .client
            .post(server.url(&format!("/api/0/issues/{number}/comments/")));
        let noted = noted
            .bearer_auth(&server.access.token)
            .json(&note)
            .send()
            .await
            .unwrap();
        assert_eq!(noted.status(), 201);
        let mut paths: Vec<String> = ["", "stack/", "threads/", "threads/1/", "modules/", "breadcrumbs/"]
            .iter()
            .map(|part| format!("{of_event}{part}"))
            .collect();
        paths.extend(
            ["events/", "activity/", "delete/", "?done=<script>"].map(|part| format!("/issues/{number}/{part}")),
        );
        for path in paths {
            let (status, page) = server.page(&path).await;
            assert_eq!(status, 200, "{path}");
            assert!(!has_inline_script(&page), "{path}");
            for dangerous in ["<script>", "<img", "onerror=alert(1)>", "' onmouseover='"] {
                assert!(!page.contains(dangerous), "{path}: {dangerous} in\n{page}");
            }
            assert!(page.contains("alert(1)"), "{path}: it is shown");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_walked_listed_and_searched() {
    let server = Server::start().await;
    let event = |number: u32| {
        let mut event = crash("canvas::flush");
        event["timestamp"] = json!(1_767_323_045 + number);
        event["release"] = json!(if number < 20 { "editor@1.4.0" } else { "editor@1.5.0" });
        event["user"] = json!({"id": format!("u{}", number % 7)});
        event
    };
    for number in 1..=60 {
        server
            .accept(crate::server::envelope(&id(number), &event(number)))
            .await;
    }
    server.until("/api/0/issues/1/", |issue| issue["count"] == "60").await;
    let (_, newest) = server.page("/issues/1/").await;
    shows(
        &newest,
        &[
            "60 times",
            "by 7 users",
            &format!("<a href=\"/issues/1/events/{}/\">First</a>", id(1)),
            &format!("<a href=\"/issues/1/events/{}/\" rel=\"prev\">", id(59)),
            "Of all 60 events",
            "68 %",
        ],
    );
    assert!(
        !newest.contains("rel=\"next\"") && !newest.contains(">Last</a>"),
        "it is the last"
    );
    let releases = newest.split("<caption>Of all 60 events</caption>").nth(1).unwrap();
    shows(
        releases,
        &[">editor@1.5.0</a></th><td class=\"number\">41</td><td class=\"number\">7</td>"],
    );
    let (_, middle) = server.page(&format!("/issues/1/events/{}/", id(30))).await;
    shows(
        &middle,
        &[
            &format!("<a href=\"/issues/1/events/{}/\" rel=\"next\">", id(31)),
            &format!("<a href=\"/issues/1/events/{}/\">Last</a>", id(60)),
        ],
    );

    let links = |page: &str| page.matches("/issues/1/events/0").count();
    let (status, first) = server.page("/issues/1/events/").await;
    assert_eq!((status.as_u16(), links(&first)), (200, 50));
    let older = href(&first, "rel=\"next\"").expect("there are more");
    assert!(!first.contains("rel=\"prev\""));
    let (_, second) = server.page(&older).await;
    assert_eq!(links(&second), 10);
    shows(&second, &[&id(1)]);
    assert!(!second.contains("rel=\"next\""));
    let newer = href(&second, "rel=\"prev\"").expect("it leads back");
    let (_, back) = server.page(&newer).await;
    assert_eq!(links(&back), 50);
    shows(&back, &[&id(60)]);

    let (status, found) = server
        .page("/issues/1/events/?query=release:editor@1.4.0+user.id:u3")
        .await;
    assert_eq!((status.as_u16(), links(&found)), (200, 3), "3, 10 and 17");
    let (status, wrong) = server.page("/issues/1/events/?query=is:resolved").await;
    assert_eq!(status, 400);
    shows(&wrong, &["value=\"is:resolved\"", "is known of issues"]);
    let (status, _) = server.page("/issues/1/events/?cursor=nonsense").await;
    assert_eq!(status, 400);
}

/// Where the first link with this leads.
pub(super) fn href(page: &str, with: &str) -> Option<String> {
    let link = page.split("<a href=\"").skip(1).find(|link| {
        let tag = link.split('>').next().unwrap();
        tag.contains(with)
    })?;
    Some(
        link.split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_else_went_wrong_in_a_trace_is_beside_it() {
    let server = Server::start().await;
    server.digest(&id(1), &panic()).await;
    let mut other = crash("renderer::draw");
    other["contexts"] = json!({"trace": {"trace_id": "771a43a4192642f0b136d5159a501700"}});
    server.digest(&id(2), &other).await;
    let (_, page) = server.page("/issues/1/").await;
    shows(
        &page,
        &[&format!(
            "<a href=\"/issues/2/events/{}/\">SIGSEGV in renderer::draw</a>",
            id(2)
        )],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_wrote_is_shown_with_its_event() {
    let server = Server::start().await;
    for number in [1, 2] {
        let mut event = crash("canvas::flush");
        event["timestamp"] = json!(1_767_323_045 + number);
        server.digest(&id(number), &event).await;
        let words = format!("I clicked {number} times.\nThen it was gone.");
        let feedback = json!({"contexts": {"feedback": {
            "message": words, "contact_email": "anna@example.com", "associated_event_id": id(number),
        }}});
        let header = json!({"event_id": id(number + 50)});
        server
            .accept(format!("{header}\n{{\"type\":\"feedback\"}}\n{feedback}\n"))
            .await;
        let path = format!("/api/0/projects/acme/editor/events/{}/", id(number));
        server
            .until(&path, |event| event["feedback"].as_array().unwrap().len() == 1)
            .await;
    }
    let (_, page) = server.page("/issues/1/").await;
    shows(&page, &["I clicked 2 times.\nThen it was gone.", "anna@example.com"]);
    let others = page.split("What others wrote").nth(1).unwrap();
    shows(
        others,
        &[
            "I clicked 1 times.",
            &format!("<a href=\"/issues/1/events/{}/\">its event</a>", id(1)),
        ],
    );
}
