//! What people wrote.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::has_inline_script;
use crate::server::{Server, crash, id};

async fn write(server: &Server, number: u32, feedback: &Value) {
    let item = json!({"contexts": {"feedback": feedback}});
    let head = json!({"event_id": id(number)});
    server
        .accept(format!("{head}\n{{\"type\":\"feedback\"}}\n{item}\n"))
        .await;
    let path = "/api/0/projects/acme/editor/user-feedback/";
    let there = |list: &Value| list.as_array().unwrap().iter().any(|one| one["id"] == id(number));
    server.until(path, there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_shown_with_the_crash_behind_them() {
    let server = Server::start().await;
    let (status, page) = server.page("/feedback/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("Nobody has written yet") && page.contains("captureFeedback"),
        "{page}"
    );
    assert!(page.contains("href=\"/start/acme/editor/\""), "{page}");

    server.digest(&id(1), &crash("canvas::flush")).await;
    let about = json!({"message": "I dragged\na layer", "contact_email": "jo@example.com", "name": "Jo", "associated_event_id": id(1)});
    write(&server, 11, &about).await;
    write(
        &server,
        12,
        &json!({"message": "Bring back the toolbar", "contact_email": "no address"}),
    )
    .await;
    write(
        &server,
        13,
        &json!({"message": "It is gone", "associated_event_id": id(99)}),
    )
    .await;
    let (_, page) = server.page("/feedback/").await;
    for shown in [
        "<blockquote>I dragged\na layer</blockquote>",
        "<a href=\"mailto:jo@example.com\">jo@example.com</a>",
        "Jo ·",
        &format!("<a href=\"/issues/1/events/{}/\">SIGSEGV in canvas::<wbr>flush", id(1)),
        "EDITOR-1",
        "<span class=\"badge\">editor@1.4.0</span>",
        "Not about a crash",
        "no address ·",
        &format!("{}</span>, which is not here", id(99)),
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    assert_eq!(page.matches("mailto:").count(), 1, "{page}");
    let order = ["It is gone", "Bring back", "I dragged"].map(|text| page.find(text).unwrap());
    assert!(order.is_sorted(), "the latest first");
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_go_on_page_by_page() {
    let server = Server::start().await;
    for number in 1..=45 {
        let item = json!({"contexts": {"feedback": {"message": format!("comment {number}.")}}});
        let head = json!({"event_id": id(number)});
        server
            .accept(format!("{head}\n{{\"type\":\"feedback\"}}\n{item}\n"))
            .await;
    }
    let all = |list: &Value| list.as_array().unwrap().len() == 45;
    server.until("/api/0/projects/acme/editor/user-feedback/", all).await;
    let mut path = "/feedback/?project=editor".to_owned();
    let mut sizes = Vec::new();
    let mut seen = Vec::new();
    loop {
        let (_, page) = server.page(&path).await;
        let messages = page
            .split("<blockquote>")
            .skip(1)
            .map(|rest| rest.split('.').next().unwrap().to_owned());
        let messages: Vec<String> = messages.collect();
        sizes.push(messages.len());
        seen.extend(messages);
        let Some(next) = super::issues::text(&page)
            .split("rel=\"next\" href=\"")
            .nth(1)
            .map(str::to_owned)
        else {
            break;
        };
        path = next.split('"').next().unwrap().to_owned();
        assert!(path.starts_with("/feedback/?project=editor&cursor="), "{path}");
    }
    assert_eq!(sizes, [20, 20, 5]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_comments_are_text() {
    let server = Server::start().await;
    let attempts = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "{{7*7}}",
    ];
    for (number, attempt) in (1..).zip(attempts) {
        let mut event = crash(attempt);
        for field in ["release", "environment", "message", "transaction", "server_name"] {
            event[field] = json!(attempt);
        }
        event["tags"] = json!({ attempt: attempt });
        event["user"] = json!({"id": attempt, "email": attempt, "username": attempt});
        event["exception"]["values"][0]["type"] = json!(attempt);
        event["fingerprint"] = json!([number.to_string()]);
        server.digest(&id(number), &event).await;
        let feedback = json!({"message": attempt, "contact_email": format!("{attempt}@example.com"), "name": attempt, "associated_event_id": id(number)});
        write(&server, number + 50, &feedback).await;
        let query: String = url::form_urlencoded::byte_serialize(attempt.as_bytes()).collect();
        let pages = [
            "/feedback/".to_owned(),
            "/".to_owned(),
            format!("/?query={query}"),
            format!("/?tab=all&query=!{query}"),
            format!("/?environment={query}"),
            format!("/?query=release:{query}"),
            format!("/?query=is:{query}"),
            format!("/?done={query}"),
            format!("/?done=resolved:{query}"),
        ];
        for path in pages {
            let (_, page) = server.page(&path).await;
            assert!(!has_inline_script(&page), "{path}");
            for dangerous in [
                "<script>",
                "<img",
                "onerror=alert(1)>",
                "' onmouseover='",
                "javascript:",
            ] {
                assert!(!page.contains(dangerous), "{path}: {dangerous} in\n{page}");
            }
            assert!(!page.contains("mailto:") && !page.contains("49</"), "{path}: {page}");
        }
        let (_, page) = server.page("/feedback/").await;
        assert!(page.contains("alert(1)") || page.contains("7*7"), "it is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_comments_are_fewer_to_a_page_and_none_is_left_out() {
    let server = Server::start().await;
    for number in 1..=25 {
        let message = format!("comment {number}. {}", "<\"'>".repeat(1_000));
        let item = json!({"contexts": {"feedback": {"message": message}}});
        let head = json!({"event_id": id(number)});
        server
            .accept(format!("{head}\n{{\"type\":\"feedback\"}}\n{item}\n"))
            .await;
    }
    let all = |list: &Value| list.as_array().unwrap().len() == 25;
    server.until("/api/0/projects/acme/editor/user-feedback/", all).await;
    let follow = async |path: &str, rel: &str| {
        let (_, page) = server.page(path).await;
        assert!(page.len() < 150_000, "{}", page.len());
        let numbers = page.split("<blockquote>comment ").skip(1);
        let numbers: Vec<u32> = numbers
            .map(|rest| rest.split('.').next().unwrap().parse().unwrap())
            .collect();
        let page = super::issues::text(&page);
        let next = page.split(&format!("rel=\"{rel}\" href=\"")).nth(1);
        (numbers, next.map(|next| next.split('"').next().unwrap().to_owned()))
    };
    let (mut there, mut path) = (Vec::new(), "/feedback/".to_owned());
    loop {
        let (numbers, next) = follow(&path, "next").await;
        there.push(numbers);
        let Some(next) = next else { break };
        path = next;
    }
    let mut seen = there.concat();
    seen.sort_unstable();
    assert_eq!(seen, (1..=25).collect::<Vec<_>>(), "each once");
    assert!(there.len() > 4, "{there:?}");

    // And back: the same ones, each once, from the last page to the first.
    let mut back = there.last().unwrap().clone();
    while let (_, Some(before)) = follow(&path, "prev").await {
        path = before;
        back.extend(follow(&path, "prev").await.0);
    }
    back.sort_unstable();
    assert_eq!(back, (1..=25).collect::<Vec<_>>());
}
