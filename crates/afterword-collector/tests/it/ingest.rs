//! Who may send what, in which encoding, up to which size.

use std::io::Cursor;

use async_compression::tokio::bufread;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{Server, crash, envelope, id};

#[tokio::test(flavor = "multi_thread")]
async fn credentials() {
    let server = Server::start().await;
    let (key, project) = server.key_and_project();
    let header = |key: &str| ("X-Sentry-Auth", format!("Sentry sentry_key={key}, sentry_version=7"));
    let sentry = |key: &str| ("Authorization", format!("Sentry sentry_key={key}"));
    // `key:` and `other:` in Base64 would depend on the key: reqwest makes them.
    let other = "0123456789abcdef0123456789abcdef";
    let dsn = server.access.dsn.clone();
    let unknown_dsn = dsn.replace(&key, other);
    let dsn_of_another = dsn.replace(&format!("/{project}"), "/999");

    // Headers, Basic user, query, the envelope's DSN, and what is answered.
    type Case<'a> = (
        &'a str,
        Vec<(&'a str, String)>,
        Option<&'a str>,
        Option<&'a str>,
        Option<&'a str>,
        u16,
    );
    let cases: Vec<Case> = vec![
        ("header", vec![header(&key)], None, None, None, 200),
        ("authorization", vec![sentry(&key)], None, None, None, 200),
        ("basic", vec![], Some(&key), None, None, 200),
        ("query", vec![], None, Some(&key), None, 200),
        ("dsn", vec![], None, None, Some(&dsn), 200),
        ("all", vec![header(&key)], Some(&key), Some(&key), Some(&dsn), 200),
        (
            "bearer beside a key",
            vec![header(&key), ("Authorization", "Bearer x".into())],
            None,
            None,
            None,
            200,
        ),
        ("none", vec![], None, None, None, 403),
        (
            "bearer alone",
            vec![("Authorization", "Bearer x".into())],
            None,
            None,
            None,
            403,
        ),
        ("unknown in header", vec![header(other)], None, None, None, 403),
        ("unknown in basic", vec![], Some(other), None, None, 403),
        ("unknown in query", vec![], None, Some(other), None, 403),
        ("unknown in dsn", vec![], None, None, Some(&unknown_dsn), 403),
        ("dsn of another project", vec![], None, None, Some(&dsn_of_another), 403),
        (
            "dsn of another project beside a key",
            vec![header(&key)],
            None,
            None,
            Some(&dsn_of_another),
            403,
        ),
        ("malformed dsn", vec![header(&key)], None, None, Some("nonsense"), 403),
        (
            "header and query differ",
            vec![header(&key)],
            None,
            Some(other),
            None,
            403,
        ),
        (
            "header and basic differ",
            vec![header(&key)],
            Some(other),
            None,
            None,
            403,
        ),
        (
            "header and dsn differ",
            vec![header(&key)],
            None,
            None,
            Some(&unknown_dsn),
            403,
        ),
        (
            "malformed header",
            vec![("X-Sentry-Auth", "nonsense".into())],
            None,
            Some(&key),
            None,
            403,
        ),
        ("empty key", vec![header("")], None, None, None, 403),
    ];
    for (name, headers, basic, query, dsn, status) in cases {
        let body = format!(
            "{}\n{{\"type\":\"event\"}}\n{{}}\n",
            json!({ "event_id": id(1), "dsn": dsn })
        );
        let mut request = match query {
            Some(key) => server.post_as(key, body),
            None => server.post(body),
        };
        for (header, value) in headers {
            request = request.header(header, value);
        }
        if let Some(user) = basic {
            request = request.basic_auth(user, Some(""));
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{name}");
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{name}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["detail"].is_string(), status != 200, "{name}: {body}");
        assert_eq!(body["id"] == id(1), status == 200, "{name}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_its_project_only() {
    let server = Server::start().await;
    let other = server.collector().bootstrap("acme", "viewer").await.unwrap();
    let (key, _) = server.key_and_project();
    for project in [other.dsn.rsplit('/').next().unwrap(), "0", "999", "x", "01"] {
        let url = server.url(&format!("/api/{project}/envelope/?sentry_key={key}"));
        let response = server
            .client
            .post(url)
            .body(envelope(&id(1), &json!({})))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 403, "{project}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_with_and_without_slash_and_preflight() {
    let server = Server::start().await;
    let (key, project) = server.key_and_project();
    for path in ["envelope/", "envelope"] {
        let url = server.url(&format!("/api/{project}/{path}?sentry_key={key}"));
        let posted = server
            .client
            .post(&url)
            .body(envelope(&id(1), &json!({})))
            .send()
            .await
            .unwrap();
        assert_eq!(posted.status(), 200, "{path}");
        let preflight = server
            .client
            .request(reqwest::Method::OPTIONS, &url)
            .send()
            .await
            .unwrap();
        assert_eq!(preflight.status(), 204, "{path}");
        assert!(
            preflight.headers()["access-control-allow-headers"]
                .to_str()
                .unwrap()
                .contains("X-Sentry-Auth")
        );
        assert_eq!(
            server.client.get(&url).send().await.unwrap().status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_encoding_is_understood() {
    let server = Server::start().await;
    let plain = |number: u32| envelope(&id(number), &crash("canvas::flush")).into_bytes();
    let bodies = [
        (None, plain(1)),
        (Some("identity"), plain(2)),
        (
            Some("gzip"),
            all(bufread::GzipEncoder::new(Cursor::new(plain(3)))).await,
        ),
        (
            Some("deflate"),
            all(bufread::ZlibEncoder::new(Cursor::new(plain(4)))).await,
        ),
        (
            Some("br"),
            all(bufread::BrotliEncoder::new(Cursor::new(plain(5)))).await,
        ),
        (
            Some("zstd"),
            all(bufread::ZstdEncoder::new(Cursor::new(plain(6)))).await,
        ),
    ];
    let (key, _) = server.key_and_project();
    for (number, (encoding, body)) in (1..).zip(bodies) {
        let mut request = server.post_as(&key, body);
        if let Some(encoding) = encoding {
            request = request.header("Content-Encoding", encoding);
        }
        assert_eq!(request.send().await.unwrap().status(), 200, "{encoding:?}");
        assert_eq!(
            server.event(&id(number)).await["title"],
            "SIGSEGV in canvas::flush",
            "{encoding:?}"
        );
    }

    let cases = [
        ("gzip", 400),
        ("zstd", 400),
        ("br", 400),
        ("deflate", 400),
        ("rot13", 415),
    ];
    for (encoding, status) in cases {
        let request = server.post_as(&key, plain(9)).header("Content-Encoding", encoding);
        assert_eq!(request.send().await.unwrap().status(), status, "{encoding}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_malformed_is_said() {
    let server = Server::start().await;
    let (key, _) = server.key_and_project();
    let event = |size: usize| {
        let padding = "x".repeat(size - json!({"message": ""}).to_string().len());
        envelope(&id(7), &json!({ "message": padding }))
    };
    let mib = 1 << 20;
    let sessions = |count: usize| format!("{{}}\n{}", "{\"type\":\"session\"}\n{}\n".repeat(count));
    let cases: Vec<(&str, String, u16)> = vec![
        ("event below", event(mib - 1), 200),
        ("event at", event(mib), 200),
        ("event above", event(mib + 1), 413),
        ("sessions at", sessions(100), 200),
        ("sessions above", sessions(101), 413),
        ("empty", String::new(), 400),
        ("no JSON", "hello".into(), 400),
        ("bad id", "{\"event_id\":\"x\"}\n".into(), 400),
        ("cut payload", "{}\n{\"type\":\"event\",\"length\":9}\n{}".into(), 400),
        (
            "two events",
            "{}\n{\"type\":\"event\"}\n{}\n{\"type\":\"event\"}\n{}".into(),
            400,
        ),
        ("unknown kind", "{}\n{\"type\":\"from_the_future\"}\n{}".into(), 200),
    ];
    for (name, body, status) in cases {
        let response = server.post_as(&key, body).send().await.unwrap();
        assert_eq!(response.status(), status, "{name}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["detail"].is_string(), status != 200, "{name}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_stopped_while_it_grows() {
    let server = Server::start().await;
    let (key, _) = server.key_and_project();
    // 201 MiB of spaces after a header, in about 20 KB.
    let header = Cursor::new(b"{}\n{\"type\":\"attachment\"}\n".to_vec());
    let spaces = tokio::io::repeat(b' ').take(201 << 20);
    let bomb = all(bufread::ZstdEncoder::new(tokio::io::BufReader::new(
        header.chain(spaces),
    )))
    .await;
    assert!(bomb.len() < 1 << 20);
    let request = server.post_as(&key, bomb).header("Content-Encoding", "zstd");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert!(
        response.json::<Value>().await.unwrap()["detail"]
            .as_str()
            .unwrap()
            .contains("209715200")
    );
    server.digest(&id(1), &crash("still::here")).await;
}

/// The most memory this process ever had, in bytes.
#[cfg(target_os = "linux")]
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_small_on_the_wire_does_not_grow_in_memory() {
    let server = Server::start().await;
    let (key, _) = server.key_and_project();
    // As JSON values, each of these lists takes eighty times its bytes.
    let lists = format!("[{}0]", "[0],".repeat(4 << 20));
    let minidump = json!({"type": "attachment", "attachment_type": "event.minidump", "length": lists.len()});
    let headers = format!("{{\"type\":\"x\",\"a\":[{}0]}}\n\n", "[0],".repeat(16_000)).repeat(250);
    let cases = [
        ("a minidump that is JSON", format!("{{}}\n{minidump}\n{lists}\n"), 200),
        ("headers of items", format!("{{}}\n{headers}"), 413),
    ];
    for (name, body, status) in cases {
        let response = server.post_as(&key, body).send().await.unwrap();
        assert_eq!(response.status(), status, "{name}");
    }
    assert!(peak_bytes() < 1 << 30, "{} MiB", peak_bytes() >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_is_the_headers_then_the_payloads_then_new() {
    let server = Server::start().await;
    let both = envelope(&id(1), &json!({ "event_id": id(2) }));
    assert_eq!(server.accept(both).await, json!({ "id": id(1) }));
    let payload = format!("{{}}\n{{\"type\":\"event\"}}\n{}\n", json!({ "event_id": id(2) }));
    assert_eq!(server.accept(payload).await, json!({ "id": id(2) }));
    let neither = server.accept("{}\n{\"type\":\"event\"}\n{}\n").await;
    let made = neither["id"].as_str().unwrap();
    server.event(made).await;
    assert_eq!(server.accept("{}\n{\"type\":\"session\"}\n{}\n").await, json!({}));
}

async fn all(mut reader: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_says_that_it_is_too_long_is_not_read() {
    let server = Server::start().await;
    let (key, project) = server.key_and_project();
    let address = server.access.url.strip_prefix("http://").unwrap();
    for (length, status) in [(209_715_200, "100 Continue"), (209_715_201, "413 Payload Too Large")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/{project}/envelope/?sentry_key={key} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12 + status.len() - 3];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(String::from_utf8(answer).unwrap(), format!("HTTP/1.1 {status}"));
    }
}
