//! Events as they were sent before there were envelopes.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::{Server, crash, id};

fn zlib(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_in_every_wrapping() {
    let server = Server::start().await;
    let event = |number: u32| {
        let mut event = crash("old::client");
        event["event_id"] = id(number).into();
        event.to_string()
    };
    let wrappings: [(&str, Vec<u8>); 4] = [
        ("plain", event(1).into_bytes()),
        ("zlib in Base64", STANDARD.encode(zlib(&event(2))).into_bytes()),
        ("Base64", STANDARD.encode(event(3)).into_bytes()),
        (
            "zlib in Base64 with a newline",
            (STANDARD.encode(zlib(&event(4))) + "\n").into_bytes(),
        ),
    ];
    for (number, (name, body)) in (1..).zip(wrappings) {
        let response = server.post_to("store/", body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{name}");
        assert_eq!(
            response.json::<Value>().await.unwrap(),
            json!({ "id": id(number) }),
            "{name}"
        );
        assert_eq!(
            server.event(&id(number)).await["title"],
            "SIGSEGV in old::client",
            "{name}"
        );
    }
    let compressed = server
        .post_to("store/", zlib(&event(5)))
        .header("Content-Encoding", "deflate");
    assert_eq!(compressed.send().await.unwrap().status(), 200);
    server.event(&id(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_tells_the_project_and_the_secret_nothing() {
    let server = Server::start().await;
    let (key, _) = server.key_and_project();
    let body = json!({ "event_id": id(1) }).to_string();
    for (number, header) in (0..).zip([
        format!("Sentry sentry_version=5, sentry_client=raven/1.0, sentry_key={key}, sentry_secret=whatever"),
        format!("Sentry sentry_key={key},sentry_secret="),
    ]) {
        let request = server
            .client
            .post(server.url("/api/store/"))
            .header("X-Sentry-Auth", header);
        assert_eq!(
            request.body(body.clone()).send().await.unwrap().status(),
            200,
            "{number}"
        );
    }
    let query = format!("/api/store/?sentry_key={key}&sentry_secret=x&sentry_version=7");
    assert_eq!(
        server
            .client
            .post(server.url(&query))
            .body(body.clone())
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let unknown = server.client.post(server.url("/api/store/?sentry_key=0123")).body(body);
    assert_eq!(unknown.send().await.unwrap().status(), 403);
    server.event(&id(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_refused() {
    let server = Server::start().await;
    let cases: [(&str, Vec<u8>, u16); 15] = [
        ("an empty object", b"{}".to_vec(), 200),
        ("spaces around it", b" \n{} ".to_vec(), 200),
        ("an id that is none", b"{\"event_id\":\"x\"}".to_vec(), 200),
        ("an id that is a list", b"{\"event_id\":[]}".to_vec(), 200),
        ("half a letter", b"{\"message\":\"\xff\"}".to_vec(), 200),
        (
            "a number that is none",
            b"{\"extra\":{\"a\":NaN,\"b\":-Infinity}}".to_vec(),
            200,
        ),
        ("half a pair", b"{\"message\":\"\\ud800\"}".to_vec(), 200),
        ("NUL written out", b"{\"message\":\"\\u0000\"}".to_vec(), 200),
        ("nothing", b"".to_vec(), 400),
        ("spaces", b"  \n".to_vec(), 400),
        ("cut", b"{\"message\":".to_vec(), 400),
        ("a list", b"[]".to_vec(), 400),
        ("two", b"{}{}".to_vec(), 400),
        ("Base64 of something else", STANDARD.encode("hello").into_bytes(), 400),
        (
            "zlib of something else",
            STANDARD.encode(zlib("hello")).into_bytes(),
            400,
        ),
    ];
    for (name, body, status) in cases {
        let response = server.post_to("store/", body).send().await.unwrap();
        assert_eq!(response.status(), status, "{name}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(
            answer["id"].as_str().is_some_and(|id| id.len() == 32),
            status == 200,
            "{name}: {answer}"
        );
    }
    let odd = format!("{{\"extra\":{{\"a\":NaN}},\"event_id\":\"{}\"}}", id(3));
    let response = server.post_to("store/", odd).send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "id": id(3) }));
    server.event(&id(3)).await;
    // A bomb in Base64.
    let bomb = STANDARD.encode(zlib(&format!("{{\"a\":\"{}\"}}", "x".repeat(20 << 20))));
    assert_eq!(server.post_to("store/", bomb).send().await.unwrap().status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_told_by_its_type() {
    let server = Server::start().await;
    let transaction = json!({
        "event_id": id(1), "type": "transaction", "transaction": "GET /",
        "start_timestamp": 1_767_323_045.0, "timestamp": 1_767_323_046.0,
        "contexts": {"trace": {"trace_id": id(2), "span_id": "0123456789abcdef"}},
    });
    let response = server.post_to("store/", transaction.to_string()).send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap(), json!({ "id": id(1) }));
    let shown = server.event(&id(1)).await;
    assert_eq!(shown["type"], "transaction", "{shown:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_browsers_are_counted() {
    let server = Server::start().await;
    let report = json!({"csp-report": {"blocked-uri": "https://example.com"}}).to_string();
    for route in ["security/", "csp-report/"] {
        let request = server
            .post_to(route, report.clone())
            .header("Content-Type", "application/csp-report");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{route}");
        assert_eq!(response.text().await.unwrap(), "{}", "{route}");
    }
    assert_eq!(server.post_to("security/", "").send().await.unwrap().status(), 400);
    let counted: Vec<(String, i64)> = crate::server::rows(
        server.data(),
        "SELECT kind, items FROM undigested_items WHERE kind = 'security' AND items = 2",
        1,
    )
    .await;
    assert_eq!(counted, [("security".to_owned(), 2)]);
}
