//! Events of any size make pages of a bounded one, and say what is not on them.

use serde_json::{Value, json};

use super::issue::{href, shows};
use crate::server::{Server, id};

/// The longest page.
const MAX_BYTES: usize = 150 << 10;

async fn page(server: &Server, path: &str) -> String {
    let (status, page) = server.page(path).await;
    assert_eq!(status, 200, "{path}");
    assert!(page.len() <= MAX_BYTES, "{path}: {} bytes", page.len());
    page
}

fn frames(count: usize, name: &str) -> Vec<Value> {
    let frame = |at: usize| json!({"function": format!("app::{name}_{at}"), "filename": "a.rs", "lineno": at + 1, "in_app": at.is_multiple_of(3)});
    (0..count).map(frame).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn long_stacks_and_many_threads_are_cut() {
    let server = Server::start().await;
    let thread = |at: usize| json!({"id": at, "name": format!("worker-{at}"), "crashed": at == 7, "stacktrace": {"frames": frames(12, "w")}});
    let event = json!({
        "platform": "native", "exception": {"values": [{"type": "SIGSEGV", "stacktrace": {"frames": frames(2000, "f")}}]},
        "threads": {"values": (0..300).map(thread).collect::<Vec<_>>()},
    });
    server.digest(&id(1), &event).await;
    let of_event = format!("/issues/1/events/{}/", id(1));
    let first = page(&server, "/issues/1/").await;
    shows(
        &first,
        &["app::<wbr>f_1998", "worker-7", " more frames</a>", " more threads</a>"],
    );

    // Every frame is on a page, once.
    let mut path = format!("{of_event}stack/");
    let mut seen = Vec::new();
    loop {
        let part = page(&server, &path).await;
        let names = part.split("app::<wbr>f_").skip(1);
        seen.extend(names.map(|name| name.split('<').next().unwrap().parse::<usize>().unwrap()));
        match href(&part, "rel=\"next\"") {
            Some(next) => path = next,
            None => break,
        }
    }
    let wanted: Vec<usize> = (0..2000).rev().collect();
    assert_eq!(seen, wanted);

    let mut path = format!("{of_event}threads/");
    let mut threads = 0;
    loop {
        let part = page(&server, &path).await;
        threads += part.matches("<details class=\"thread\">").count();
        match href(&part, "rel=\"next\"") {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(threads, 300);
    let one = page(&server, &format!("{of_event}threads/299/")).await;
    shows(&one, &["worker-299", "app::<wbr>w_11", "1 to 12 of 12"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_modules_and_breadcrumbs_are_cut() {
    let server = Server::start().await;
    let image = |at: usize| json!({"code_file": format!("/usr/lib/lib{at}.so"), "debug_status": if at == 4000 { "found" } else { "unused" }});
    let crumb = |at: usize| json!({"message": format!("step {at}.")});
    let event = json!({
        "message": "much", "debug_meta": {"images": (0..5000).map(image).collect::<Vec<_>>()},
        "breadcrumbs": (0..10_000).map(crumb).collect::<Vec<_>>(),
    });
    server.digest(&id(1), &event).await;
    let of_event = format!("/issues/1/events/{}/", id(1));
    let first = page(&server, "/issues/1/").await;
    shows(&first, &["step 9999.", "9975 earlier", " more modules</a>"]);

    for (part, class, read, last) in [
        ("modules/", "<th scope=\"row\"", 2000, "3000 more are only in the"),
        (
            "breadcrumbs/",
            "<span class=\"category\">",
            2000,
            "8000 more are only in the",
        ),
    ] {
        let mut path = format!("{of_event}{part}");
        let mut seen = 0;
        loop {
            let page = page(&server, &path).await;
            seen += page.matches(class).count();
            match href(&page, "rel=\"next\"") {
                Some(next) => path = next,
                None => {
                    shows(&page, &[last]);
                    break;
                }
            }
        }
        assert_eq!(seen, read, "{part}");
    }
}

/// All that a client can send is as long and as hard to escape as it may be, all at once.
#[tokio::test(flavor = "multi_thread")]
async fn long_words_are_cut() {
    let server = Server::start().await;
    let long = "<\"'&>::".repeat(250);
    let frame = json!({
        "function": long, "filename": long, "abs_path": long, "package": long, "lineno": long, "in_app": true,
        "context_line": long, "pre_context": [long, long, long],
    });
    let short = "<\"'&>::".repeat(25);
    let fields: serde_json::Map<String, Value> = (0..60).map(|at| (format!("{at}{short}"), json!(short))).collect();
    let few: serde_json::Map<String, Value> = fields.clone().into_iter().take(12).collect();
    let event = json!({
        "level": long, "platform": "native", "release": short, "environment": long, "server_name": long, "transaction": long,
        "fingerprint": vec![long.clone(); 5],
        "exception": {"values": [
            {"type": long, "value": long, "stacktrace": {"frames": vec![frame.clone(); 2]}},
            {"type": long, "value": long, "mechanism": {"type": "minidump", "data": {"address": long}}, "stacktrace": {
                "registers": fields.clone(), "frames": vec![frame.clone(); 5],
            }},
        ]},
        "threads": {"values": (0..10).map(|at| json!({"id": at, "name": long, "stacktrace": {"frames": [frame.clone()]}})).collect::<Vec<_>>()},
        "debug_meta": {"images": (0..100).map(|at| json!({"code_file": format!("{at}{short}"), "debug_id": short})).collect::<Vec<_>>()},
        "breadcrumbs": vec![json!({"category": long, "message": long, "level": long, "data": few}); 10],
        "tags": fields.clone(), "user": fields.clone(), "extra": fields.clone(),
        "contexts": {"a": fields.clone(), "b": fields.clone(), "os": {"name": long, "version": long}, "trace": {"trace_id": "771a43a4192642f0b136d5159a501700"}},
        "errors": vec![json!({"type": long, "message": long}); 10],
    });
    for number in 1..=8 {
        server.digest(&id(number), &event).await;
    }
    for number in 1..=30 {
        let feedback = json!({"contexts": {"feedback": {
            "message": long, "contact_email": "a@example.com", "name": short, "associated_event_id": id(1 + number % 2),
        }}});
        let header = json!({"event_id": id(number + 100)});
        server
            .accept(format!("{header}\n{{\"type\":\"feedback\"}}\n{feedback}\n"))
            .await;
    }
    for number in 0..12 {
        let note = json!({"text": format!("{number}{}", "<\"'&>".repeat(800))});
        let noted = server.client.post(server.url("/api/0/issues/1/comments/"));
        let noted = noted
            .bearer_auth(&server.access.token)
            .json(&note)
            .send()
            .await
            .unwrap();
        assert_eq!(noted.status(), 201);
    }
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(1));
    server
        .until(&path, |event| event["feedback"].as_array().unwrap().len() == 15)
        .await;
    for part in [
        "",
        "stack/",
        "threads/",
        "threads/0/",
        "modules/",
        "breadcrumbs/",
        "?frames=all",
    ] {
        page(&server, &format!("/issues/1/events/{}/{part}", id(1))).await;
    }
    page(&server, "/issues/1/events/").await;
    // Notes that do not fit are on the next page.
    let mut path = "/issues/1/activity/".to_owned();
    let mut notes = 0;
    loop {
        let page = page(&server, &path).await;
        notes += page.matches("class=\"words\"").count();
        match href(&page, "rel=\"next\"") {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(notes, 12);
}
