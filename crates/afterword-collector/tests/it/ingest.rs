//! Who may send what, in which encoding, up to which size.

mod corpus;
mod forms;
mod limits;
mod minidump;
mod quotas;
mod store;

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
async fn every_route_is_there_with_and_without_slash_and_for_browsers() {
    let server = Server::start().await;
    let (key, project) = server.key_and_project();
    let event = json!({ "event_id": id(1) }).to_string();
    let form = forms::form(&[("name=\"upload_file_minidump\"; filename=\"a.dmp\"", b"MDMP")]);
    let attachments = format!("/api/{project}/events/{}/attachments", id(1));
    let routes = [
        (
            format!("/api/{project}/envelope"),
            envelope(&id(1), &json!({})).into_bytes(),
            200,
        ),
        (format!("/api/{project}/store"), event.clone().into_bytes(), 200),
        ("/api/store".to_owned(), event.into_bytes(), 200),
        (format!("/api/{project}/minidump"), form.clone(), 200),
        (attachments, form, 201),
        (format!("/api/{project}/security"), b"{\"csp-report\":{}}".to_vec(), 200),
        (
            format!("/api/{project}/csp-report"),
            b"{\"csp-report\":{}}".to_vec(),
            200,
        ),
    ];
    for (path, body, status) in routes {
        for path in [path.clone(), format!("{path}/")] {
            let url = server.url(&format!("{path}?sentry_key={key}"));
            let send = |method: &str| {
                let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
                server
                    .client
                    .request(method, &url)
                    .header("Content-Type", forms::CONTENT_TYPE)
            };
            let posted = send("POST").body(body.clone()).send().await.unwrap();
            assert_eq!(posted.status(), status, "{path}");
            assert_eq!(posted.headers()["access-control-allow-origin"], "*", "{path}");

            let preflight = send("OPTIONS").send().await.unwrap();
            assert_eq!(preflight.status(), 204, "{path}");
            let headers = preflight.headers();
            assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
            assert_eq!(headers["access-control-max-age"], "86400", "{path}");
            assert!(!headers.contains_key("access-control-allow-credentials"), "{path}");
            let allowed = headers["access-control-allow-headers"].to_str().unwrap();
            assert!(allowed.contains("X-Sentry-Auth"), "{path}");

            assert_eq!(
                send("GET").send().await.unwrap().status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{path}"
            );
            let unknown = server.client.post(server.url(&path)).body(body.clone());
            let unknown = unknown
                .header("Content-Type", forms::CONTENT_TYPE)
                .send()
                .await
                .unwrap();
            assert_eq!(unknown.status(), 403, "{path}");
            let words = unknown.headers()["x-sentry-error"].to_str().unwrap().to_owned();
            assert_eq!(unknown.json::<Value>().await.unwrap()["detail"], words, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_key_may_not_send() {
    let server = Server::start().await;
    let database = crate::server::database(server.data()).await;
    sqlx::query("UPDATE project_keys SET enabled = 0")
        .execute(&database)
        .await
        .unwrap();
    let refused = server
        .post_to("envelope/", envelope(&id(1), &json!({})))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["x-sentry-error"], "the key is disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_may_come_again() {
    let server = Server::start().await;
    let database = crate::server::database(server.data()).await;
    sqlx::query("ALTER TABLE inbox RENAME TO elsewhere")
        .execute(&database)
        .await
        .unwrap();
    for (route, body) in [("envelope/", envelope(&id(1), &json!({}))), ("store/", "{}".to_owned())] {
        let refused = server.post_to(route, body).send().await.unwrap();
        assert_eq!(refused.status(), 503, "{route}");
        assert_eq!(refused.headers()["retry-after"], "30", "{route}");
        // What the machine says of itself is for the log.
        let words = refused.text().await.unwrap();
        assert!(!words.contains("inbox"), "{words}");
    }
    sqlx::query("ALTER TABLE elsewhere RENAME TO inbox")
        .execute(&database)
        .await
        .unwrap();
    server.digest(&id(2), &crash("again")).await;
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

    // One inside the other.
    let inner = all(bufread::GzipEncoder::new(Cursor::new(plain(10)))).await;
    let outer = all(bufread::ZstdEncoder::new(Cursor::new(inner))).await;
    let request = server
        .post_as(&key, outer)
        .header("Content-Encoding", "gzip, identity, zstd");
    assert_eq!(request.send().await.unwrap().status(), 200);
    server.event(&id(10)).await;

    // Chunked, in pieces of a byte, without a media type.
    let pieces = plain(11).into_iter().map(|byte| Ok::<_, std::io::Error>(vec![byte]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    assert_eq!(server.post_as(&key, body).send().await.unwrap().status(), 200);
    server.event(&id(11)).await;

    let cases = [
        ("gzip", 400),
        ("zstd", 400),
        ("br", 400),
        ("deflate", 400),
        ("rot13", 415),
        ("gzip, rot13", 415),
        ("br, br, br, br", 400),
    ];
    for (encoding, status) in cases {
        let request = server.post_as(&key, plain(9)).header("Content-Encoding", encoding);
        assert_eq!(request.send().await.unwrap().status(), status, "{encoding}");
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
    let mib = 1 << 20;
    let limits = [
        ("envelope/", "", 200 * mib),
        ("envelope/", "Content-Encoding: gzip\r\n", 200 * mib),
        ("minidump/", "", 200 * mib),
        ("minidump/", "Content-Encoding: gzip\r\n", 40_000_000),
        ("store/", "", mib),
        ("security/", "", mib),
    ];
    for (route, header, limit) in limits {
        for (length, status) in [(limit, "100 Continue"), (limit + 1, "413 Payload Too Large")] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "POST /api/{project}/{route}?sentry_key={key} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n{header}Expect: 100-continue\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = vec![0; 12 + status.len() - 3];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(
                String::from_utf8(answer).unwrap(),
                format!("HTTP/1.1 {status}"),
                "{route} {header}"
            );
        }
    }
}
