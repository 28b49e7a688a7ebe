//! Signing in and out by the pages, and forms whose sign-in ended.

use reqwest::StatusCode;
use reqwest::header::{COOKIE, LOCATION};

use crate::people::{PASSWORD, csrf_of, owner};
use crate::server::Server;

async fn enter(server: &Server, fields: &[(&str, &str)]) -> reqwest::Response {
    let request = server.client.post(server.url("/sign-in/")).form(fields);
    request.send().await.unwrap()
}

fn cookie(response: &reqwest::Response) -> String {
    crate::people::cookie_of(response)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_leads_to_the_sign_in_and_back() {
    let server = Server::start().await;
    assert_eq!(server.page("/sign-in/").await.0, StatusCode::FORBIDDEN, "nobody could");
    owner(&server).await;
    let asked = server.client.get(server.url("/?query=a%26b")).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::SEE_OTHER);
    let to = asked.headers()[LOCATION].to_str().unwrap().to_owned();
    assert_eq!(to, "/sign-in/?then=%2F%3Fquery%3Da%2526b");
    let (status, page) = server.page(&to).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(r#"name="then" value="/?query=a%26b""#), "{page}");

    let wrong = [
        ("email", "anna@example.com"),
        ("password", "mistyped"),
        ("then", "/?query=a%26b"),
    ];
    let refused = enter(&server, &wrong).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let page = refused.text().await.unwrap();
    assert!(
        page.contains("anna@example.com") && page.contains(r#"value="/?query=a%26b""#),
        "{page}"
    );
    assert!(
        page.contains("no account with this") && !page.contains("mistyped"),
        "{page}"
    );

    let right = [
        ("email", "ANNA@example.com"),
        ("password", PASSWORD),
        ("then", "/?query=a%26b"),
    ];
    let entered = enter(&server, &right).await;
    assert_eq!(
        (entered.status(), entered.headers()[LOCATION].to_str().unwrap()),
        (StatusCode::SEE_OTHER, "/?query=a%26b")
    );
    let cookie = cookie(&entered);
    let get = |path: &str| server.client.get(server.url(path)).header(COOKIE, &cookie).send();
    let page = get("/").await.unwrap().text().await.unwrap();
    assert!(page.contains("Sign out") && page.contains("Anna"), "{page}");
    assert_eq!(
        get("/sign-in/").await.unwrap().status(),
        StatusCode::SEE_OTHER,
        "already"
    );

    let csrf = csrf_of(&page);
    let leave = server
        .client
        .post(server.url("/sign-out/"))
        .header(COOKIE, &cookie)
        .form(&[("csrf", csrf.as_str())]);
    let left = leave.send().await.unwrap();
    assert_eq!(left.status(), StatusCode::SEE_OTHER);
    assert!(cookie_is_taken(&left));
    assert_eq!(
        get("/").await.unwrap().status(),
        StatusCode::SEE_OTHER,
        "the cookie is of no use any more"
    );
}

fn cookie_is_taken(response: &reqwest::Response) -> bool {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.contains("Max-Age=0")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_another_site() {
    let server = Server::start().await;
    owner(&server).await;
    for then in ["//evil.example", "https://evil.example/", "/\\evil.example"] {
        let fields = [("email", "anna@example.com"), ("password", PASSWORD), ("then", then)];
        assert_eq!(enter(&server, &fields).await.headers()[LOCATION], "/", "{then}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_bounded() {
    let server = Server::start().await;
    owner(&server).await;
    let mut last = StatusCode::OK;
    for _ in 0..30 {
        last = enter(&server, &[("email", "anna@example.com"), ("password", "x")])
            .await
            .status();
        if last == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        assert_eq!(last, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let right = enter(&server, &[("email", "anna@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(
        right.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "not even with the right one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_bounded_also_when_they_come_at_once() {
    let server = Server::start().await;
    owner(&server).await;
    let fields = [("email", "anna@example.com"), ("password", "x")];
    let answers = futures_util::future::join_all((0..40).map(|_| enter(&server, &fields))).await;
    let looked_at = answers
        .iter()
        .filter(|answer| answer.status() == StatusCode::UNAUTHORIZED)
        .count();
    assert_eq!(looked_at, 10);
    let refused = answers
        .iter()
        .filter(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.count(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_through_a_proxy_is_told_apart() {
    let server = Server::start().await;
    owner(&server).await;
    let enter = async |from: &str, password: &str| {
        let request = server.client.post(server.url("/sign-in/"));
        let request = request.header("X-Forwarded-For", from);
        let fields = [("email", "anna@example.com"), ("password", password)];
        request.form(&fields).send().await.unwrap().status()
    };
    for _ in 0..10 {
        assert_eq!(enter("203.0.113.9", "x").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(enter("203.0.113.9", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    let invented = "203.0.113.8, 203.0.113.9";
    assert_eq!(enter(invented, PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(enter("203.0.113.8", PASSWORD).await, StatusCode::SEE_OTHER);
}

/// Some pass on nothing of who asked, and ask for the name of this machine.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_passes_on_is_not_from_this_machine() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start_with(data, |config| config.url = Some("https://errors.example".to_owned())).await;
    let address = server.collector().address();
    for path in ["/", "/start/", "/metrics"] {
        let asked = server
            .client
            .get(format!("http://{address}{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(asked.status(), StatusCode::FORBIDDEN, "{path}");
    }
}

/// It would sign a browser in as somebody else.
#[tokio::test(flavor = "multi_thread")]
async fn another_site_uses_no_link() {
    let server = Server::start().await;
    let link = server.collector().setup_link().await.unwrap().unwrap();
    let set_up = async |origin: &str| {
        let fields = [
            ("email", "anna@example.com"),
            ("name", "Anna"),
            ("password", PASSWORD),
            ("organization", "acme"),
        ];
        let request = server.client.post(&link).header("Origin", origin);
        request.form(&fields).send().await.unwrap().status()
    };
    assert_eq!(set_up("http://evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(set_up("null").await, StatusCode::FORBIDDEN);
    assert_eq!(set_up(&server.url("")).await, StatusCode::SEE_OTHER);

    let signed_in = crate::people::sign_in(&server, "anna@example.com", PASSWORD).await;
    let anna = crate::people::enter(&server, signed_in, StatusCode::OK).await;
    let invitation = serde_json::json!({ "email": "bert@example.com", "role": "viewer" });
    let (_, invited) = anna
        .ask(
            reqwest::Method::POST,
            "/api/0/organizations/acme/members/",
            Some(invitation),
        )
        .await;
    let link = invited["inviteLink"].as_str().unwrap();
    let accept = async |origin: &str| {
        let fields = [("name", "Bert"), ("password", PASSWORD)];
        let request = server.client.post(link).header("Origin", origin);
        request.form(&fields).send().await.unwrap().status()
    };
    assert_eq!(accept("http://evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(accept(&server.url("")).await, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_does_nothing() {
    let server = Server::start().await;
    let person = owner(&server).await;
    let csrf = csrf_of(&person.page("/").await.1);
    let form = || {
        let request = server
            .client
            .post(server.url("/sign-out/"))
            .header(COOKIE, &person.cookie);
        request.form(&[("csrf", csrf.as_str())])
    };
    let others = [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ];
    for (name, value) in others {
        let refused = form().header(name, value).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{name}: {value}");
        let cross = server.client.post(server.url("/sign-in/")).header(name, value);
        let cross = cross.form(&[("email", "anna@example.com"), ("password", PASSWORD)]);
        assert_eq!(
            cross.send().await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{name}: {value}"
        );
    }
    assert_eq!(person.page("/").await.0, StatusCode::OK, "still signed in");
    let ours = form()
        .header("Origin", server.access.url.as_str())
        .header("Sec-Fetch-Site", "same-origin");
    assert_eq!(ours.send().await.unwrap().status(), StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_is_kept_when_the_sign_in_ended() {
    let server = Server::start().await;
    owner(&server).await;
    // Any route that changes something: it is never reached.
    let note = "a \"note\" <b> of two\nlines";
    let fields = [("csrf", "of another sign-in"), ("note", note), ("id", "1"), ("id", "2")];
    let answer = server
        .client
        .post(server.url("/sign-out/?x=1"))
        .form(&fields)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("What you typed is kept") && !page.contains("<b>"),
        "{page}"
    );
    assert!(
        page.contains(r#"name="kept.id" value="1""#) && page.contains(r#"name="kept.id" value="2""#),
        "{page}"
    );
    assert!(
        page.contains(r#"name="then" value="/sign-"#) || page.contains(r#"name="then" value="/""#),
        "{page}"
    );

    // As the browser sends that form.
    let fields = [
        ("email", "anna@example.com"),
        ("password", PASSWORD),
        ("then", "/issues/1/notes"),
        ("keeps", "1"),
        ("kept.note", note),
        ("kept.id", "1"),
    ];
    let answer = enter(&server, &fields).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let cookie = cookie(&answer);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains(r#"action="/issues/1/notes""#) && page.contains(r#"name="id" value="1""#),
        "{page}"
    );
    let csrf = csrf_of(&page);
    let mine = server
        .client
        .get(server.url("/"))
        .header(COOKIE, &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(csrf_of(&mine.text().await.unwrap()), csrf, "what it sends is taken");

    // Signed in, with the page of an earlier sign-in.
    let stale = server.client.post(server.url("/sign-out/")).header(COOKIE, &cookie);
    let stale = stale
        .form(&[("csrf", "of another sign-in"), ("note", note)])
        .send()
        .await
        .unwrap();
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    assert!(stale.text().await.unwrap().contains(&csrf));
    let still = server
        .client
        .get(server.url("/"))
        .header(COOKIE, &cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(still.status(), StatusCode::OK, "nothing was done");
}
