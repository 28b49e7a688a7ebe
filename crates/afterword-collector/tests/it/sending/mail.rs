//! The mail server that is named through the API. What arrives of mail is tested with a server that nobody here wrote, in the
//! package `tests`.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Sender, alert};
use crate::people::{answer, join, owner};
use crate::server::Server;

const PATH: &str = "/api/0/mail/";

async fn ask(server: &Server, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let request = server
        .client
        .request(method, server.url(path))
        .bearer_auth(&server.access.token);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    answer(request.send().await.unwrap()).await
}

fn wanted() -> Value {
    json!({
        "host": "mail.example", "port": 587, "security": "starttls", "user": "anna", "password": "hush-hush",
        "from": "Afterword <afterword@example.com>",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_is_named_shown_without_its_password_and_forgotten() {
    let server = Server::start().await;
    assert_eq!(
        ask(&server, Method::GET, PATH, None).await,
        (StatusCode::OK, Value::Null)
    );
    let (status, named) = ask(&server, Method::PUT, PATH, Some(wanted())).await;
    assert_eq!(status, 200, "{named}");
    let expected = json!({
        "host": "mail.example", "port": 587, "security": "starttls", "user": "anna", "password": "********",
        "from": "Afterword <afterword@example.com>", "namedBy": "settings",
    });
    assert_eq!(named, expected);
    assert_eq!(ask(&server, Method::GET, PATH, None).await.1, expected);

    // The password stays where it belongs: with the same server and user.
    let mut change = wanted();
    (change["password"], change["from"]) = (json!("********"), json!("other@example.com"));
    let (status, changed) = ask(&server, Method::PUT, PATH, Some(change.clone())).await;
    assert_eq!((status, &changed["password"]), (StatusCode::OK, &json!("********")));
    assert_eq!(kept_password(&server).await, json!("hush-hush"));
    for (name, value) in [
        ("host", json!("mail.evil.example")),
        ("port", json!(25)),
        ("security", json!("none")),
        ("user", json!("bert")),
    ] {
        let mut change = change.clone();
        change[name] = value;
        let (status, refused) = ask(&server, Method::PUT, PATH, Some(change)).await;
        assert_eq!(status, 400, "{refused}");
        assert!(
            refused["detail"].as_str().unwrap().contains("belong together"),
            "{refused}"
        );
    }

    assert_eq!(ask(&server, Method::DELETE, PATH, None).await.0, 204);
    assert_eq!(ask(&server, Method::GET, PATH, None).await.1, Value::Null);
}

async fn kept_password(server: &Server) -> Value {
    let rows: Vec<(String,)> =
        crate::server::rows(server.data(), "SELECT value FROM settings WHERE name = 'mail'", 1).await;
    serde_json::from_str::<Value>(&rows[0].0).unwrap()["password"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_mail_server_is_told() {
    let server = Server::start().await;
    for (name, value, part) in [
        ("host", json!(""), "host"),
        ("host", json!("mail.example:25"), "host"),
        ("host", json!("a b"), "host"),
        ("port", json!(0), "port"),
        ("port", json!(70_000), ""),
        ("security", json!("ssl"), ""),
        ("user", json!(null), "belong together"),
        ("password", json!("a\r\nb"), "control"),
        ("from", json!("nobody"), "sender"),
        ("from", json!("a@example.com\r\nBcc: b@example.com"), "sender"),
    ] {
        let mut wanted = wanted();
        wanted[name] = value.clone();
        let (status, refused) = ask(&server, Method::PUT, PATH, Some(wanted)).await;
        assert_eq!(status, 400, "{name}: {value}: {refused}");
        assert!(
            refused["detail"].as_str().unwrap().contains(part),
            "{name}: {value}: {refused}"
        );
    }
    assert_eq!(ask(&server, Method::GET, PATH, None).await.1, Value::Null);
    let test = format!("{PATH}test/");
    let (status, refused) = ask(&server, Method::POST, &test, Some(json!({ "to": "a@example.com" }))).await;
    assert_eq!(status, 400);
    assert!(
        refused["detail"].as_str().unwrap().contains("there is no mail server"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_owns_everything_names_it() {
    let server = Server::start().await;
    let anna = owner(&server).await;
    let member = join(&anna, "bert@example.com", "member").await;
    assert_eq!(anna.get(PATH).await.0, 200);
    assert_eq!(anna.ask(Method::PUT, PATH, Some(wanted())).await.0, 200);
    // To another organisation's owner it is not there.
    for (person, status) in [(&member, 403), (&anna, 404)] {
        if status == 404 {
            server.collector().bootstrap("other", "secret").await.unwrap();
        }
        for (method, path, body) in [
            (Method::GET, PATH.to_owned(), None),
            (Method::PUT, PATH.to_owned(), Some(wanted())),
            (Method::DELETE, PATH.to_owned(), None),
            (
                Method::POST,
                format!("{PATH}test/"),
                Some(json!({ "to": "a@example.com" })),
            ),
        ] {
            let (answered, body) = person.ask(method.clone(), &path, body).await;
            assert_eq!(answered, status, "{method} {path}: {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_server_of_the_command_line_stays() {
    let server = Server::start_with(tempfile::tempdir().unwrap(), |config| {
        config.mail = Some(
            "smtps://anna:hush-hush@mail.example?from=a@example.com"
                .parse()
                .unwrap(),
        );
    })
    .await;
    let (_, shown) = ask(&server, Method::GET, PATH, None).await;
    assert_eq!((&shown["host"], &shown["port"]), (&json!("mail.example"), &json!(465)));
    assert_eq!(shown["namedBy"], "command line");
    assert!(!shown.to_string().contains("hush"));
    for (method, body) in [(Method::PUT, Some(wanted())), (Method::DELETE, None)] {
        let (status, refused) = ask(&server, method, PATH, body).await;
        assert_eq!(status, 409);
        assert!(refused["detail"].as_str().unwrap().contains("--mail"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_waits_for_a_server_and_is_tried_once_there_is_one() {
    let sender = Sender::of(Server::start().await).await;
    let id = sender
        .tell(&json!({ "kind": "email", "to": ["anna@example.com"] }), &alert())
        .await;
    let row = sender.until(id, |row| row.answer.is_some()).await;
    assert_eq!((row.state.as_str(), row.status), ("waiting", None));
    assert!(row.answer.unwrap().contains("there is no mail server"));
    // One on this machine, which who names it on a page may not reach.
    let mut local = wanted();
    (local["host"], local["security"], local["port"]) = (json!("127.0.0.1"), json!("none"), json!(9));
    assert_eq!(ask(&sender.server, Method::PUT, PATH, Some(local)).await.0, 200);
    let row = sender.until_failed(id).await;
    assert!(row.answer.unwrap().contains("--allow-private-webhooks"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_tries_and_forgets_it() {
    let path = "/settings/mail/";
    let server = Server::start().await;
    let anna = owner(&server).await;
    let fields = [
        ("part", "server"),
        ("host", "127.0.0.1"),
        ("port", "2<5"),
        ("security", "tls"),
        ("user", "anna"),
        ("password", "hush-hush"),
        ("from", "\"<b>\" <a@example.com>"),
    ];
    let (status, _, page) = anna.form(path, &fields).await;
    assert_eq!(status, 400);
    for part in [
        "class=\"wrong\"",
        "2&#60;5",
        "&#60;b&#62;",
        "value=\"tls\" checked",
        "value=\"anna\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("hush"), "{page}");
    let good = fields.map(|(name, value)| if name == "port" { (name, "465") } else { (name, value) });
    let (status, to, page) = anna.form(path, &good).await;
    assert_eq!(
        (status.as_u16(), to.as_str()),
        (303, "/settings/mail/?done=saved"),
        "{page}"
    );
    let (_, page) = anna.page(path).await;
    assert!(page.contains("value=\"127.0.0.1\"") && !page.contains("hush"), "{page}");
    assert_eq!(kept_password(&server).await, json!("hush-hush"));

    // It is where nothing is sent to by who names it on a page, and that is said.
    let (status, _, page) = anna.form(path, &[("part", "test"), ("to", "bert@example.com")]).await;
    assert_eq!(status, 400);
    assert!(
        page.contains("Not sent: 127.0.0.1 is in a private network") && page.contains("value=\"bert@example.com\""),
        "{page}"
    );
    assert_eq!(anna.form(path, &[("part", "forget")]).await.0, 303);
    let (_, page) = anna.page(path).await;
    assert!(
        !page.contains("value=\"127.0.0.1\"") && !page.contains("Try it"),
        "{page}"
    );
}
