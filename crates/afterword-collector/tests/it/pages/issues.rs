//! The list of issues.

mod changes;
mod live;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::people::{join, owner};
use crate::search::{ISSUES, each, encoded, event};
use crate::server::{Server, envelope, id};

/// The ids of the issues that a page lists, in its order.
pub(crate) fn listed(page: &str) -> Vec<String> {
    let links = page.split("class=\"title\" href=\"/issues/").skip(1);
    links.map(|rest| rest.split('/').next().unwrap().to_owned()).collect()
}

/// Where a link of a page leads.
fn link(page: &str, rel: &str) -> Option<String> {
    let after = page.split(&format!("rel=\"{rel}\" href=\"")).nth(1)?;
    Some(text(after.split('"').next()?))
}

/// Text of a page without its escapes.
pub(crate) fn text(html: &str) -> String {
    html.replace("&#38;", "&")
        .replace("&amp;", "&")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
}

/// Sends so many events, each of an issue of its own, one after the other: issues have the numbers of their events.
async fn send(server: &Server, count: u32, more: impl Fn(u32) -> Value) {
    for number in 1..=count {
        let event = event(&format!("group-{number}"), &more(number));
        server.digest(&id(number), &event).await;
    }
}

/// Changes issues by the API.
async fn put(server: &Server, ids: &[&str], change: Value) {
    let ids: String = ids.iter().map(|id| format!("id={id}&")).collect();
    let request = server.client.put(server.url(&format!("{ISSUES}?{ids}")));
    let response = request
        .bearer_auth(&server.access.token)
        .json(&change)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_finds_what_the_api_finds() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let environments = ["production", "staging"];
    send(&server, 9, |number| {
        json!({
            "timestamp": format!("2026-01-0{number}T00:00:00Z"), "release": format!("editor@1.{number}.0"),
            "environment": environments[number as usize % 2], "user": {"id": format!("u{number}")},
        })
    })
    .await;
    // More of some, so that each order is another.
    for number in 0..6 {
        let group = format!("group-{}", 2 + number % 3);
        let more = json!({"timestamp": "2026-01-01T12:00:00Z", "user": {"id": format!("v{}", number / 3)}});
        server.digest(&id(100 + number), &event(&group, &more)).await;
    }
    put(&server, &["1", "2"], json!({"status": "resolved"})).await;
    put(
        &server,
        &["3"],
        json!({"status": "ignored", "statusDetails": {"ignoreCount": 100}}),
    )
    .await;
    put(&server, &["4", "1"], json!({"assignedTo": "anna@example.com"})).await;
    // Comes back.
    let newer = json!({"timestamp": "2099-01-01T00:00:00Z", "release": "editor@9.0.0"});
    server.digest(&id(200), &event("group-1", &newer)).await;

    let unresolved = "is:unresolved";
    let cases: [(&str, &str, &str); 17] = [
        ("", unresolved, ""),
        ("tab=new", "is:new", ""),
        ("tab=regressed", "is:regressed", ""),
        ("tab=resolved", "is:resolved", ""),
        ("tab=ignored", "is:ignored", ""),
        ("tab=mine", "is:unresolved assigned:anna@example.com", ""),
        ("tab=all", "", ""),
        ("tab=all&sort=new", "", "&sort=new"),
        ("tab=all&sort=freq", "", "&sort=freq"),
        ("tab=all&sort=user", "", "&sort=user"),
        ("environment=staging", unresolved, "&environment=staging"),
        ("query=group-5", "is:unresolved group-5", ""),
        ("query=release:editor@1.*&tab=all", "release:editor@1.*", ""),
        ("query=is:ignored", "is:ignored", ""),
        ("query=issue:EDITOR-2", "issue:EDITOR-2", ""),
        ("period=24h&tab=all", "lastSeen:-24h", ""),
        ("query=times_seen:>2&tab=all&sort=freq", "times_seen:>2", "&sort=freq"),
    ];
    for (asked, query, more) in cases {
        let list = server.json(&format!("{ISSUES}?query={}{more}", encoded(query))).await;
        let (status, page) = anna.page(&format!("/?{asked}")).await;
        assert_eq!(status, StatusCode::OK, "{asked}");
        assert_eq!(listed(&page), each(&list, "id"), "{asked}");
        assert!(!listed(&page).is_empty(), "{asked}");
    }
    let (status, page) = anna.page("/?sort=best").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(page.contains("Known are date, new, freq, user"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_says_what_there_is_to_know() {
    let server = Server::start().await;
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    for (number, release) in [(1, "editor@1.0.0"), (2, "editor@1.1.0")] {
        let more = json!({"release": release, "timestamp": now - 10 + number, "user": {"id": "u1"}, "level": "fatal"});
        server
            .digest(&id(u32::try_from(number).unwrap()), &event("one", &more))
            .await;
    }
    server
        .digest(&id(3), &event("other", &json!({"timestamp": now - 40 * 86_400})))
        .await;
    put(&server, &["1"], json!({"assignedTo": "ann@example.com"})).await;
    let note = server
        .client
        .post(server.url("/api/0/issues/1/comments/"))
        .bearer_auth(&server.access.token);
    assert_eq!(
        note.json(&json!({"text": "seen"})).send().await.unwrap().status(),
        StatusCode::CREATED
    );
    let (_, page) = server.page("/?query=one").await;
    for shown in [
        "one happened",
        "EDITOR-1",
        "class=\"dot fatal\"",
        "<span class=\"badge\">editor@1.0.0</span>",
        "<span class=\"badge\">editor@1.1.0</span>",
        "<span class=\"state fresh\">New</span>",
        "for ann@example.com",
        "1 note<",
        "2 <span class=\"unit\">events</span>",
        "1 <span class=\"unit\">user</span>",
        "<title>2 events in 24 hours, at most",
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    let (_, page) = server.page("/?query=other&trend=14d").await;
    assert!(page.contains("<title>No events in 14 days</title>"), "{page}");

    let states = [
        (json!({"status": "resolved"}), "Resolved<"),
        (
            json!({"status": "resolved", "statusDetails": {"inRelease": "2 <b>"}}),
            "Resolved in 2 &#60;b&#62;<",
        ),
        (
            json!({"status": "resolvedInNextRelease"}),
            "Resolved in the next release<",
        ),
        (json!({"status": "ignored"}), "Ignored<"),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreCount": 5}}),
            "Ignored until 5 more events<",
        ),
        (
            json!({"status": "ignored", "statusDetails": {"ignoreDuration": 60}}),
            "Ignored until ",
        ),
    ];
    for (change, shown) in states {
        put(&server, &["1"], change).await;
        let (_, page) = server.page("/?tab=all").await;
        assert!(
            page.contains(&format!("<span class=\"state done\">{shown}")),
            "{shown} not in\n{page}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_goes_on_and_keeps_the_question() {
    let server = Server::start().await;
    send(&server, 60, |number| json!({"timestamp": 1_767_225_600 + number / 3})).await;
    let list = server.json(&format!("{ISSUES}?query=happened&limit=100")).await;
    let all = each(&list, "id");
    assert_eq!(all.len(), 60);
    let mut path = "/?query=happened&tab=all&done=resolved:2".to_owned();
    let mut pages = Vec::new();
    loop {
        let (status, page) = server.page(&path).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("60 issues"), "{page}");
        pages.push(listed(&page));
        let Some(next) = link(&page, "next") else { break };
        assert!(
            next.contains("query=happened") && next.contains("tab=all") && !next.contains("done"),
            "{next}"
        );
        path = next;
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25, 10]);
    assert_eq!(pages.concat(), all);
    let mut back = Vec::new();
    while let Some(previous) = link(&server.page(&path).await.1, "prev") {
        back.insert(0, listed(&server.page(&previous).await.1));
        path = previous;
    }
    assert_eq!(back, pages[..2]);
    let (status, page) = server.page("/?cursor=nonsense").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{page}");
    let (_, page) = server.page("/?cursor=1:1:0").await;
    assert!(page.contains("Nothing more here"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_search_is_said_beside_the_field() {
    let server = Server::start().await;
    server.digest(&id(1), &event("one", &json!({}))).await;
    let query = "\"><script>alert(1)</script> is:nothing";
    let (status, page) = server.page(&format!("/?query={}&sort=freq", encoded(query))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let kept = "value=\"&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62; is:nothing\"";
    assert!(page.contains(kept) && !page.contains("<script>"), "{page}");
    assert!(page.contains("name=\"sort\" value=\"freq\""), "{page}");
    let (status, page) = server.page("/?query=level:error+is:nothing+x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    for shown in [
        "level:error <mark>is:nothing</mark> x",
        "known are unresolved, resolved, ignored",
        "aria-invalid=\"true\" aria-describedby=\"mistake\"",
        "<details class=\"how\" open>",
        "Regressed</a>",
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    assert!(listed(&page).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_says_what_was_looked_for() {
    let server = Server::start().await;
    let (_, page) = server.page("/?query=x").await;
    assert!(
        page.contains("Nothing has crashed yet") && page.contains("href=\"/start/acme/editor/\""),
        "{page}"
    );
    assert!(page.contains(&server.access.dsn), "{page}");
    server.digest(&id(1), &event("one", &json!({}))).await;
    let (status, page) = server.page("/?query=never+%3Cb%3E&environment=moon&period=24h").await;
    assert_eq!(status, StatusCode::OK);
    for shown in [
        "You searched for <code>never &#60;b&#62;</code>",
        "Without the search",
        "In all states",
        "At any time",
        "In all environments",
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    put(&server, &["1"], json!({"status": "resolved"})).await;
    let (_, page) = server.page("/").await;
    assert!(
        page.contains("Nothing is open") && page.contains("In all states"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_the_issues_of_others() {
    let server = Server::start().await;
    server.digest(&id(1), &event("one", &json!({}))).await;
    // The first owner is one of all organisations there are then.
    let anna = owner(&server).await;
    let elsewhere = server.collector().bootstrap("other", "app").await.unwrap();
    let (key, project) = crate::server::key_and_project(&elsewhere.dsn);
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let secret = event(
        "secret",
        &json!({"tags": {"secret-key": "secret-value"}, "environment": "secret-moon"}),
    );
    let sent = server
        .client
        .post(url)
        .body(envelope(&id(2), &secret))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    server
        .until("/api/0/projects/other/app/issues/", |list| {
            list.as_array().unwrap().len() == 1
        })
        .await;
    let viewer = join(&anna, "vi@example.com", "viewer").await;
    for person in [&anna, &viewer] {
        for path in [
            "/?tab=all",
            "/?tab=all&query=secret",
            "/feedback/",
            "/issues/suggest?text=secret",
            "/issues/suggest?text=secret-key:s",
            "/issues/suggest?text=environment:",
            "/issues/suggest?text=project:",
            "/issues/news?tab=all&since=0:0",
        ] {
            let (status, page) = person.page(path).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            let own_words = page
                .replace("query=secret", "")
                .replace("text=secret", "")
                .replace("value=\"secret\"", "");
            let own_words = own_words.replace("<code>secret</code>", "");
            assert!(
                !own_words.contains("secret") && !own_words.contains("\"app"),
                "{path}: {page}"
            );
        }
        assert_eq!(person.page("/?project=app").await.0, StatusCode::NOT_FOUND);
        assert_eq!(person.page("/feedback/?project=app").await.0, StatusCode::NOT_FOUND);
        let (_, news) = person.get("/issues/news?tab=all&since=0:0").await;
        assert_eq!(news["count"], 1);
    }
}
