//! The pages of releases show what the API tells.

mod people;

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use crate::people::{join, owner};
use crate::server::{Server, crash, envelope, id, key_and_project};

const RELEASES: &str = "/api/0/organizations/acme/releases/";
const DAY: u64 = 86_400;

/// Seconds since 1970, a while ago.
fn ago(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - seconds
}

fn session(number: u32, release: &str, did: &str, status: &str, started: u64) -> String {
    let session = json!({"sid": id(number), "did": did, "status": status, "started": started, "seq": 1,
        "attrs": {"release": release, "environment": "production"}});
    format!("{{}}\n{{\"type\":\"session\"}}\n{session}\n")
}

fn crash_of(release: &str, function: &str) -> Value {
    let mut event = crash(function);
    event["release"] = json!(release);
    event["timestamp"] = json!(ago(60));
    event
}

async fn send(server: &Server, method: Method, path: &str, body: &Value) -> u16 {
    let request = server
        .client
        .request(method, server.url(path))
        .bearer_auth(&server.access.token);
    let request = request
        .header("Content-Type", "application/json")
        .body(body.to_string());
    request.send().await.unwrap().status().as_u16()
}

/// Two releases: sessions and crashes of both, an issue of each alone, one of both, and one that came back.
async fn two_releases(server: &Server) {
    for envelope in [
        session(1, "editor@1", "anna", "exited", ago(2 * DAY + 3600)),
        session(2, "editor@1", "bert", "crashed", ago(2 * DAY + 3600)),
        session(3, "editor@1", "anna", "exited", ago(60)),
        session(4, "editor@2", "bert", "exited", ago(60)),
        session(5, "editor@2", "bert", "exited", ago(60)),
        session(6, "editor@2", "cleo", "exited", ago(60)),
    ] {
        server.accept(envelope).await;
    }
    server.digest(&id(10), &crash_of("editor@1", "canvas::flush")).await;
    let issue = server.event(&id(10)).await["groupID"].as_str().unwrap().to_owned();
    let resolved = json!({"status": "resolved", "statusDetails": {"inRelease": "editor@1"}});
    assert_eq!(
        send(server, Method::PUT, &format!("/api/0/issues/{issue}/"), &resolved).await,
        200
    );
    server.digest(&id(11), &crash_of("editor@2", "canvas::flush")).await;
    server.digest(&id(12), &crash_of("editor@2", "file::open")).await;
    server.digest(&id(13), &crash_of("editor@1", "menu::close")).await;
}

/// The part of a page between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let after = page
        .split_once(from)
        .unwrap_or_else(|| panic!("{from} not in\n{page}"))
        .1;
    after
        .split_once(to)
        .unwrap_or_else(|| panic!("{to} not behind {from} in\n{after}"))
        .0
}

/// The line of a release in the list.
fn line<'a>(page: &'a str, version: &str) -> &'a str {
    between(page, &format!("/releases/acme/editor@{version}/\">"), "</li>")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_tells_how_releases_fare() {
    let server = Server::start().await;
    let (status, empty) = server.page("/releases/").await;
    assert_eq!(status, 200);
    assert!(
        empty.contains("No release yet") && empty.contains(&server.access.dsn) && empty.contains(".release("),
        "{empty}"
    );

    two_releases(&server).await;
    let (status, page) = server.page("/releases/").await;
    assert_eq!(status, 200);
    let (first, second) = (line(&page, "1"), line(&page, "2"));
    for shown in [
        "<span>25 %</span>",
        "66.66 %<span class=\"detail\">of 3 sessions</span>",
        "50 %<span class=\"detail\">of 2 users</span>",
        "<dt>New issues</dt><dd>2</dd>",
        "<dt>Came back</dt><dd class=\"zero\">0</dd>",
        "Sessions a day, of 14 days: 0 to 2",
    ] {
        assert!(
            first.contains(&shown.replace("66.66", "66.67")),
            "{shown} not in\n{first}"
        );
    }
    for shown in [
        "<span>75 %</span>",
        "100 %<span class=\"detail\">of 3 sessions</span>",
        "<dt>New issues</dt><dd>1</dd>",
        "<dt>Came back</dt><dd>1</dd>",
    ] {
        assert!(second.contains(shown), "{shown} not in\n{second}");
    }
    let api = server
        .json(&format!("{RELEASES}?health=1&summaryStatsPeriod=14d&project=editor"))
        .await;
    let told = api
        .as_array()
        .unwrap()
        .iter()
        .find(|release| release["version"] == "editor@1")
        .unwrap();
    let health = &told["projects"][0]["healthData"];
    assert_eq!(
        json!([
            health["sessionsAdoption"],
            health["crashFreeUsers"],
            health["totalSessions"],
            told["newGroups"]
        ]),
        json!([25.0, 50.0, 3, 2]),
        "the same as the page"
    );

    let (_, staging) = server.page("/releases/?environment=staging&period=24h").await;
    assert!(
        line(&staging, "1").contains("Sessions an hour") && !staging.contains("of 3 sessions"),
        "{staging}"
    );
    let (_, found) = server.page("/releases/?query=TOR@2").await;
    assert!(found.contains("editor@2") && !found.contains("editor@1/"), "{found}");
    assert_eq!(server.page("/releases/?period=1y").await.0, 400);
    assert_eq!(server.page("/releases/?cursor=-1").await.0, 400);
    assert_eq!(server.page("/releases/?project=nothing").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_tells_what_it_brought() {
    let server = Server::start().await;
    two_releases(&server).await;
    let commits = json!({"commits": [{"id": "c".repeat(40), "repository": "origin", "author_name": "Anna",
        "message": "Close the menu once", "timestamp": "2026-01-02T03:04:05Z"}]});
    assert_eq!(
        send(&server, Method::PUT, &format!("{RELEASES}editor@2/"), &commits).await,
        200
    );
    let deploy = json!({"environment": "production", "name": "build 7", "url": "https://ci.example/7"});
    assert_eq!(
        send(&server, Method::POST, &format!("{RELEASES}editor@2/deploys/"), &deploy).await,
        201
    );
    let (status, page) = server.page("/releases/acme/editor@2/").await;
    assert_eq!(status, 200);
    let new = between(&page, "<h2>New issues", "</section>");
    assert!(
        new.contains("file::") && !new.contains("canvas::") && !new.contains("menu::"),
        "{new}"
    );
    let back = between(&page, "<h2>Came back", "</section>");
    assert!(back.contains("canvas::") && !back.contains("file::"), "{back}");
    for shown in [
        "75 %<span class=\"detail\">of the sessions of the last 24 hours</span>",
        "100 %<span class=\"detail\">of 3 sessions</span>",
        "100 %<span class=\"detail\">of 2 users</span>",
        "Close the menu once",
        "cccccccccccc",
        "build 7",
        "href=\"https://ci.example/7\"",
        "Deployed to production",
        "Compare with 1",
        "id=\"crash-free\"",
        "id=\"adoption\"",
    ] {
        assert!(page.contains(shown), "{shown} not in\n{page}");
    }
    // The charts' tables tell what the API tells, day by day.
    let (_, first) = server.page("/releases/acme/editor@1/").await;
    let stats = server
        .json(&format!("{RELEASES}editor@1/stats/?statsPeriod=13d&interval=1d"))
        .await;
    let rows = between(&first, "id=\"adoption\"", "</table>");
    let rows: Vec<&str> = rows.split("<tr><th scope=\"row\">").skip(1).collect();
    let shares = stats["series"]["sessionsAdoption"].as_array().unwrap();
    assert_eq!(rows.len(), shares.len());
    for (row, share) in rows.iter().zip(shares) {
        let said = share
            .as_f64()
            .map_or("–".to_owned(), |share| format!("{} %", share * 100.0));
        assert!(row.contains(&format!("<td>{said}</td>")), "{said} not in {row}");
    }
    for nothing in [
        "/releases/acme/editor@9/",
        "/releases/other/editor@2/",
        "/releases/acme/editor@2/?project=x",
    ] {
        assert_eq!(server.page(nothing).await.0, 404, "{nothing}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_releases_side_by_side() {
    let server = Server::start().await;
    two_releases(&server).await;
    let (status, page) = server.page("/compare/acme/?a=editor%401&b=editor%402").await;
    assert_eq!(status, 200);
    let row = |label: &str| between(&page, &format!("<th scope=\"row\">{label}</th>"), "</tr>").to_owned();
    let sessions = row("Sessions without crash");
    for shown in ["66.67 %", "100 %", "+33.33 points", "better"] {
        assert!(sessions.contains(shown), "{shown} not in {sessions}");
    }
    assert!(row("Issues that came back").contains("worse"));
    assert!(
        row("New issues").contains("-1 <span class=\"judged better\">"),
        "{}",
        row("New issues")
    );
    let only_2 = between(&page, "<h2>Only in 2", "</section>");
    let only_1 = between(&page, "<h2>Only in 1", "</section>");
    let both = between(&page, "<h2>In both", "</section>");
    for (part, has) in [(only_2, "file::"), (only_1, "menu::"), (both, "canvas::")] {
        let found: Vec<&str> = ["file::", "menu::", "canvas::"]
            .into_iter()
            .filter(|name| part.contains(name))
            .collect();
        assert_eq!(found, [has], "{part}");
        assert!(part.contains("<span class=\"muted\">1</span>"), "{part}");
    }
    let (_, choose) = server.page("/compare/acme/").await;
    assert!(
        choose.contains("Choose two releases")
            && choose.contains("<option selected>editor@1</option>")
                == choose.contains("<option selected>editor@2</option>"),
        "{choose}"
    );
    assert_eq!(server.page("/compare/acme/?a=editor%401&b=nothing").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_may_be_named_like_a_page() {
    let server = Server::start().await;
    server.digest(&id(1), &crash_of("older", "menu::close")).await;
    server.digest(&id(2), &crash_of("compare", "file::open")).await;
    let (_, list) = server.page("/releases/").await;
    let path = "/releases/acme/compare/";
    assert!(list.contains(&format!("href=\"{path}\"")), "{list}");
    let (status, page) = server.page(path).await;
    assert_eq!(status, 200);
    assert!(
        between(&page, "<h1", "</h1>").contains("compare")
            && between(&page, "<h2>New issues", "</section>").contains("file::"),
        "{page}"
    );
    // From the list, and with the release before.
    for (page, text) in [(&list, "Compare two"), (&page, "Compare with")] {
        let link = page.split(text).next().unwrap().rsplit("href=\"").next().unwrap();
        let link = link.split('"').next().unwrap().replace("&#38;", "&");
        let (status, page) = server.page(&link).await;
        assert_eq!(status, 200, "{link}");
        assert!(page.contains("<h1>Compare releases</h1>"), "{link}\n{page}");
        assert!(page.contains("<a href=\"/releases/\" aria-current=\"page\">"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_come_in_pages() {
    let server = Server::start().await;
    for number in 10..40 {
        let body = json!({"version": format!("editor@1.{number}"), "projects": ["editor"]});
        assert_eq!(send(&server, Method::POST, RELEASES, &body).await, 201);
    }
    let (_, first) = server.page("/releases/?period=30d").await;
    let next = between(&first, "<nav class=\"pages\"", "rel=\"next\"")
        .rsplit("href=\"")
        .next()
        .unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    assert!(next.contains("period=30d"), "{next}");
    let (_, second) = server.page(&next).await;
    let count = |page: &str| page.matches("<li class=\"release\">").count();
    assert_eq!((count(&first), count(&second)), (25, 5));
    assert!(first.contains("editor@1.39/") && second.contains("editor@1.10/") && second.contains("rel=\"prev\""));
    assert!(first.len() < 150_000, "{}", first.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clients_say_of_releases_is_text() {
    let server = Server::start().await;
    let attempt = "x@<script>alert(1)</script>\"'onload=1";
    let mut event = crash_of(attempt, "<img src=x>");
    event["environment"] = json!("<img src=x onerror=alert(1)>");
    server.digest(&id(1), &event).await;
    server.accept(session(2, attempt, "anna", "crashed", ago(60))).await;
    server.digest(&id(3), &crash_of("x@2", "other")).await;
    let encoded: String = url::form_urlencoded::byte_serialize(attempt.as_bytes()).collect();
    let encoded = encoded.replace('+', "%20");
    let body = json!({"ref": "<script>", "url": "https://x.example/\"><script>", "commits": [{"id": "<script>c", "author_name": "<script>",
        "message": "<script>alert(1)</script>"}]});
    assert_eq!(
        send(&server, Method::PUT, &format!("{RELEASES}{encoded}/"), &body).await,
        200
    );
    let deploy = json!({"environment": "<script>", "name": "<script>", "url": "https://x.example/\"><script>"});
    assert_eq!(
        send(&server, Method::POST, &format!("{RELEASES}{encoded}/deploys/"), &deploy).await,
        201
    );
    for path in [
        "/releases/".to_owned(),
        format!("/releases/?query={encoded}&environment={encoded}"),
        format!("/releases/acme/{encoded}/"),
        format!("/compare/acme/?a={encoded}&b=x%402"),
    ] {
        let (status, page) = server.page(&path).await;
        assert_eq!(status, 200, "{path}");
        assert!(
            page.contains("alert(1)&lt;/script&gt;") || page.contains("alert(1)&#60;/script&#62;"),
            "{path}:\n{page}"
        );
        for dangerous in ["<script>", "<img", "\"'onload"] {
            assert!(!page.contains(dangerous), "{path}: {dangerous} in\n{page}");
        }
        assert!(
            !page.contains(" style=") && page.matches("<script").count() == 1,
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_of_others_are_not_there() {
    let server = Server::start().await;
    let other = server.collector().bootstrap("other", "app").await.unwrap();
    let (key, project) = key_and_project(&other.dsn);
    let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
    let body = envelope(&id(1), &crash_of("secret@1", "hidden::place"));
    assert_eq!(server.client.post(url).body(body).send().await.unwrap().status(), 200);
    let theirs = "/api/0/organizations/other/releases/";
    server.until(theirs, |list| list[0]["version"] == "secret@1").await;
    server.digest(&id(2), &crash_of("editor@1", "ours")).await;
    assert_eq!(
        server.page("/releases/other/secret@1/").await.0,
        200,
        "whoever works at this machine sees all"
    );

    let anna = join(&owner(&server).await, "anna@x.example", "member").await;
    let (status, list) = anna.page("/releases/").await;
    assert_eq!(status, 200);
    assert!(list.contains("editor@1") && !list.contains("secret"), "{list}");
    for path in [
        "/releases/other/secret@1/",
        "/releases/acme/secret@1/",
        "/compare/other/?a=secret%401&b=secret%401",
        "/compare/acme/?a=secret%401&b=editor%401",
        "/releases/?project=app",
    ] {
        let (status, page) = anna.page(path).await;
        assert_eq!(status, 404, "{path}");
        assert!(!page.contains("hidden::place"), "{path}");
    }
}
