//! The first start, as a browser without script goes through it.

use afterword_collector::Collector;
use reqwest::header::{COOKIE, LOCATION};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::people::{PASSWORD, cookie_of, csrf_of, join, owner};
use crate::server::{PATIENCE, Server, client, crash, envelope, id};
use crate::stores;

/// A collector with nothing in it.
struct Empty {
    collector: Collector,
    client: Client,
    _data: tempfile::TempDir,
}

impl Empty {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        Self {
            collector: Collector::start(stores::config(data.path()).await).await.unwrap(),
            client: client(),
            _data: data,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.collector.url())
    }

    async fn page(&self, path: &str) -> String {
        let answer = self.client.get(self.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.client.post(self.url(path)).form(fields).send().await.unwrap()
    }
}

fn to(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn hostile() -> Value {
    let mut event = crash("<script>alert(1)</script>");
    event["exception"]["values"][0]["type"] = json!("<img src=x onerror=alert(1)>");
    event["release"] = json!("editor@<b>1</b>");
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_the_first_event() {
    let empty = Empty::start().await;
    let asked = empty.client.get(empty.url("/")).send().await.unwrap();
    assert_eq!(to(&asked), "/start/");
    let page = empty.page("/start/").await;
    assert!(
        page.contains("Set up an owner") && page.contains("Make the project"),
        "{page}"
    );
    let csrf = csrf_of(&page);

    let wrong = [
        ("csrf", csrf.as_str()),
        ("name", "The \"Paint\" <b>box</b>"),
        ("organization", "Studio!"),
        ("platform", "native"),
        ("slug", ""),
    ];
    let refused = empty.send("/start/", &wrong).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let page = refused.text().await.unwrap();
    assert!(
        page.contains("is no name of an organisation") && page.contains("value=\"Studio!\""),
        "{page}"
    );
    assert!(
        page.contains("Paint") && !page.contains("<b>box") && page.contains("value=\"native\" checked"),
        "{page}"
    );
    let nameless = [("csrf", csrf.as_str()), ("name", " "), ("organization", "studio")];
    let refused = empty.send("/start/", &nameless).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(refused.text().await.unwrap().contains("needs a name"));

    let right = [
        ("csrf", csrf.as_str()),
        ("name", "The Paint box"),
        ("organization", "studio"),
        ("platform", "native"),
    ];
    let made = empty.send("/start/", &right).await;
    let path = to(&made);
    assert_eq!(path, "/start/studio/the-paint-box/");
    let page = empty.page(&path).await;
    assert!(page.contains("Waiting for the first event"), "{page}");
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\""), "{page}");
    assert!(
        page.contains("afterword_options_new"),
        "the tab of its platform: {page}"
    );
    let dsn = page.split("id=\"dsn\">").nth(1).unwrap().split('<').next().unwrap();
    let (key, project) = crate::server::key_and_project(dsn);

    let first = format!("{path}first");
    let answer: Value = serde_json::from_str(&empty.page(&first).await).unwrap();
    assert_eq!(answer, json!({ "html": null }));
    let post = empty
        .client
        .post(empty.url(&format!("/api/{project}/envelope/?sentry_key={key}")));
    let sent = post.body(envelope(&id(1), &hostile())).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    let begun = std::time::Instant::now();
    let html = loop {
        let answer: Value = serde_json::from_str(&empty.page(&first).await).unwrap();
        if let Some(html) = answer["html"].as_str() {
            break html.to_owned();
        }
        assert!(begun.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    };
    for text in [html, empty.page(&path).await] {
        assert!(
            text.contains("It is here") && text.contains("href=\"/issues/1/\""),
            "{text}"
        );
        assert!(text.contains("&#60;img src=x"), "{text}");
        assert!(!text.contains("<img") && !text.contains("<b>1"), "{text}");
    }
    let page = empty.page(&path).await;
    assert!(!page.contains("Waiting for the first event") && !page.contains("http-equiv=\"refresh\""));
    let list = empty.client.get(empty.url("/")).send().await.unwrap();
    assert_eq!(list.status(), StatusCode::OK, "there is something now");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_set_up_with_a_button_and_goes_on_with_the_project() {
    let empty = Empty::start().await;
    let csrf = csrf_of(&empty.page("/start/").await);
    let link = to(&empty.send("/start/owner", &[("csrf", csrf.as_str())]).await);
    assert!(link.starts_with("/setup/"), "{link}");
    let account = [
        ("email", "anna@example.com"),
        ("name", "Anna"),
        ("password", PASSWORD),
        ("organization", "studio"),
    ];
    let made = empty.send(&link, &account).await;
    assert_eq!(to(&made), "/start/");
    let cookie = cookie_of(&made);
    let page = empty.client.get(empty.url("/start/")).header(COOKIE, &cookie);
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("Make the project") && !page.contains("Set up an owner"),
        "{page}"
    );
    let mine = csrf_of(&page);
    let send = |csrf: String, cookie: String| {
        let fields = [
            ("csrf", csrf),
            ("name", "Paint".into()),
            ("organization", "studio".into()),
        ];
        empty
            .client
            .post(empty.url("/start/"))
            .header(COOKIE, cookie)
            .form(&fields)
            .send()
    };
    let before = send(csrf, String::new()).await.unwrap();
    assert_eq!(before.status(), StatusCode::UNAUTHORIZED, "nobody is enough any more");
    assert_eq!(
        to(&send(mine.clone(), cookie.clone()).await.unwrap()),
        "/start/studio/paint/"
    );
    let again = send(mine, cookie).await.unwrap();
    assert_eq!(again.status(), StatusCode::BAD_REQUEST);
    assert!(again.text().await.unwrap().contains("There is a project"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tab_carries_the_key() {
    let server = Server::start().await;
    let (key, _) = server.key_and_project();
    for tab in [
        "rust",
        "c",
        "sentry-rust",
        "python",
        "node",
        "browser",
        "minidump",
        "curl",
    ] {
        let (status, page) = server.page(&format!("/start/acme/editor/?with={tab}")).await;
        assert_eq!(status, StatusCode::OK, "{tab}");
        let steps = page.split("<ol class=\"setup\">").nth(1).unwrap_or_default();
        assert!(steps.split("</ol>").next().unwrap().contains(&key), "{tab}: {page}");
        assert!(
            page.contains(&format!("href=\"?with={tab}\" aria-current=\"true\"")),
            "{tab}"
        );
    }
    // What the tab says for curl and minidumps is what is taken.
    let page = server.page("/start/acme/editor/?with=curl").await.1;
    let path = page.split("/store/?sentry_key").next().unwrap();
    let path = path.rsplit_once("/api/").unwrap().1;
    let body = r#"{"message": "The first of many", "level": "info"}"#;
    let url = server.url(&format!("/api/{path}/store/?sentry_key={key}"));
    assert_eq!(server.client.post(url).body(body).send().await.unwrap().status(), 200);
    let (status, _) = server.page("/start/acme/nothing/").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_make_no_project_is_told_so() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let viewer = join(&anna, "vera@example.com", "viewer").await;
    let (status, page) = viewer.page("/start/").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("ask one to make it") && page.contains("/start/acme/editor/"),
        "{page}"
    );
    let fields = [("name", "x"), ("organization", "acme")];
    assert_eq!(viewer.form("/start/", &fields).await.0, StatusCode::FORBIDDEN);
    assert_eq!(anna.form("/start/owner", &[]).await.0, StatusCode::FORBIDDEN);
}
