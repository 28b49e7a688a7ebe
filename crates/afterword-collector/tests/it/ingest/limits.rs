//! Each limit of a route: at, below and above.

use async_compression::tokio::bufread::GzipEncoder;
use serde_json::{Value, json};

use super::all;
use super::forms::{CONTENT_TYPE, MINIDUMP, form};
use crate::server::{Server, envelope, id};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// JSON of this many bytes.
fn of_size(bytes: usize) -> String {
    let padding = bytes - json!({"message": ""}).to_string().len();
    json!({ "message": "x".repeat(padding) }).to_string()
}

fn item(kind: &str, bytes: usize) -> Vec<u8> {
    format!("{{}}\n{{\"type\":\"{kind}\"}}\n{}\n", of_size(bytes)).into_bytes()
}

fn items(kind: &str, count: usize) -> Vec<u8> {
    format!("{{}}\n{}", format!("{{\"type\":\"{kind}\"}}\n{{}}\n").repeat(count)).into_bytes()
}

fn header(bytes: usize) -> Vec<u8> {
    let padding = bytes - "{\"a\":\"\"}".len();
    format!("{{\"a\":\"{}\"}}\n", "x".repeat(padding)).into_bytes()
}

fn item_header(bytes: usize) -> Vec<u8> {
    let padding = bytes - "{\"type\":\"\"}".len();
    format!("{{}}\n{{\"type\":\"{}\"}}\n\n", "x".repeat(padding)).into_bytes()
}

/// Items whose headers have this many bytes together.
fn item_headers(bytes: usize) -> Vec<u8> {
    let whole = 32 * KIB;
    let mut lengths = vec![whole; bytes / whole - 1];
    lengths.push(bytes - whole * lengths.len());
    let items = lengths.into_iter().map(|length| item_header(length).split_off(3));
    [b"{}\n".to_vec(), items.flatten().collect()].concat()
}

/// A form whose fields have this many bytes together, names included.
fn fields(bytes: usize) -> Vec<u8> {
    let value = "x".repeat(bytes / 2 - 3);
    let rest = "x".repeat(bytes - value.len() - 6);
    form(&[
        (MINIDUMP, b"MDMP"),
        ("name=\"one\"", value.as_bytes()),
        ("name=\"two\"", rest.as_bytes()),
    ])
}

/// A form with this many files and a dump.
fn files(count: usize) -> Vec<u8> {
    let mut parts: Vec<(&str, &[u8])> = vec![(MINIDUMP, b"MDMP")];
    parts.extend(std::iter::repeat_n(("name=\"f\"; filename=\"f\"", &b"x"[..]), count));
    form(&parts)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_holds_at_below_and_above() {
    let server = Server::start().await;
    type Limit = (&'static str, &'static str, usize, fn(usize) -> Vec<u8>);
    let limits: [Limit; 14] = [
        ("event", "envelope/", MIB, |bytes| item("event", bytes)),
        ("transaction", "envelope/", MIB, |bytes| item("transaction", bytes)),
        ("feedback", "envelope/", MIB, |bytes| item("feedback", bytes)),
        ("user report", "envelope/", MIB, |bytes| item("user_report", bytes)),
        ("client report", "envelope/", 4 * KIB, |bytes| {
            item("client_report", bytes)
        }),
        ("sessions", "envelope/", 100, |count| items("session", count)),
        ("items", "envelope/", 1000, |count| items("x", count)),
        ("header", "envelope/", 64 * KIB, header),
        ("item header", "envelope/", 64 * KIB, item_header),
        ("item headers", "envelope/", 256 * KIB, item_headers),
        ("store", "store/", MIB, |bytes| of_size(bytes).into_bytes()),
        ("security", "security/", MIB, |bytes| of_size(bytes).into_bytes()),
        ("fields", "minidump/", MIB - 300, fields),
        ("files", "minidump/", 999, files),
    ];
    for (name, route, limit, body) in limits {
        let small_steps = [(limit - 1, 200), (limit, 200), (limit + 1, 413)];
        // The event that is made of the fields has more in it than they have.
        let steps = if name == "fields" {
            [(limit - 200, 200), (limit - 100, 200), (limit + 400, 413)]
        } else {
            small_steps
        };
        for (size, status) in steps {
            let request = server.post_to(route, body(size)).header("Content-Type", CONTENT_TYPE);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{name}: {size}");
            if status == 413 {
                let detail: Value = response.json().await.unwrap();
                assert!(
                    detail["detail"].as_str().unwrap().contains("over the limit of"),
                    "{name}: {detail}"
                );
            }
        }
    }
    server.digest(&id(1), &json!({"message": "still here"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_compressed_body_grows_to_is_what_counts() {
    let server = Server::start().await;
    for (bytes, status) in [(MIB - 1, 200), (MIB, 200), (MIB + 1, 413), (4 * MIB, 413)] {
        let body = all(GzipEncoder::new(std::io::Cursor::new(of_size(bytes)))).await;
        assert!(body.len() < MIB / 2);
        let request = server.post_to("store/", body).header("Content-Encoding", "gzip");
        assert_eq!(request.send().await.unwrap().status(), status, "{bytes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_hears_of_it() {
    let server = Server::start().await;
    let (_, project) = server.key_and_project();
    // More than any buffer between the two holds, to somebody who reads none of it.
    let body = vec![b'x'; 4 * MIB];
    for (key, status) in [("0".repeat(32), 403), (server.key_and_project().0, 413)] {
        let url = server.url(&format!("/api/{project}/store/?sentry_key={key}"));
        let response = server.client.post(url).body(body.clone()).send().await.unwrap();
        assert_eq!(response.status(), status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_counted() {
    let server = Server::start().await;
    let invalid = [
        ("envelope/", "hello"),
        ("envelope/", "{}\n{\"type\":5}\n"),
        ("store/", "[]"),
        ("minidump/", "no dump"),
        ("security/", ""),
    ];
    for (route, body) in invalid {
        assert_eq!(
            server.post_to(route, body).send().await.unwrap().status(),
            400,
            "{route}"
        );
    }
    let (key, _) = server.key_and_project();
    let unknown = server.post_as(&"0".repeat(32), envelope(&id(1), &json!({})));
    assert_eq!(unknown.send().await.unwrap().status(), 403);
    assert_eq!(
        server
            .post_as(&key, envelope(&id(1), &json!({})))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    server.event(&id(1)).await;

    // Ending writes what was counted.
    let data = server.stop().await;
    let mut counted: Vec<(String, String, i64)> =
        crate::server::rows(data.path(), "SELECT category, outcome, quantity FROM project_hours", 4).await;
    counted.sort();
    let expected = [
        ("default", "invalid", 2),
        ("error", "accepted", 1),
        ("error", "invalid", 2),
        ("security", "invalid", 1),
    ];
    // Two hours may have a part of them each.
    let sum = |category: &str, outcome: &str| -> i64 {
        let of = counted.iter().filter(|(is, what, _)| is == category && what == outcome);
        of.map(|(_, _, quantity)| quantity).sum()
    };
    for (category, outcome, quantity) in expected {
        assert_eq!(sum(category, outcome), quantity, "{category} {outcome}: {counted:?}");
    }
}
