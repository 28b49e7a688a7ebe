//! Crashes as Crashpad and Breakpad upload them.

use std::io::Write as _;

use serde_json::{Value, json};
use uuid::Uuid;

use super::forms::{CONTENT_TYPE, MINIDUMP, form};
use crate::server::{Server, crash, id};

/// Posts a form and gives the id that is answered, without its hyphens.
async fn upload(server: &Server, body: Vec<u8>) -> String {
    let request = server.post_to("minidump/", body).header("Content-Type", CONTENT_TYPE);
    answered(request.send().await.unwrap()).await
}

async fn answered(response: reqwest::Response) -> String {
    assert_eq!(response.status(), 200);
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let text = response.text().await.unwrap();
    let id: Uuid = text.parse().unwrap();
    assert_eq!(text, id.hyphenated().to_string());
    id.simple().to_string()
}

fn packed(value: &rmpv::Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, value).unwrap();
    bytes
}

fn map(pairs: &[(&str, &str)]) -> rmpv::Value {
    rmpv::Value::Map(
        pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_becomes_an_event_with_its_files() {
    let server = Server::start().await;
    let sentry = json!({"event_id": id(7), "release": "editor@1.4.0", "tags": {"renderer": "gl"}}).to_string();
    let body = form(&[
        ("name=\"prod\"", b"Editor"),
        ("name=\"ptype\"", b"browser"),
        ("name=\"sentry\"", sentry.as_bytes()),
        ("name=\"sentry[environment]\"", b"beta"),
        ("name=\"sentry[tags][channel]\"", b"nightly"),
        ("name=\"sentry__2\"", b"\"u7\"}}"),
        ("name=\"sentry__1\"", b"{\"user\":{\"id\":"),
        ("name=\"app.log\"; filename=\"C:\\logs\\app.log\"", b"a line"),
        ("name=\"view-hierarchy.json\"; filename=\"view-hierarchy.json\"", b"{}"),
        (
            "name=\"upload_file_minidump\"; filename=\"../../7.dmp\"",
            b"MDMP and so on",
        ),
    ]);
    assert_eq!(upload(&server, body).await, id(7));
    let event = server.event(&id(7)).await;
    assert_eq!(
        (&event["platform"], &event["level"]),
        (&json!("native"), &json!("fatal"))
    );
    assert_eq!(event["release"]["version"], "editor@1.4.0");
    assert_eq!(event["environment"], "beta");
    assert_eq!(event["user"]["id"], "u7");
    assert_eq!(event["raw"]["tags"], json!({"renderer": "gl", "channel": "nightly"}));
    assert_eq!(event["raw"]["extra"], json!({"prod": "Editor", "ptype": "browser"}));
    let mechanism = &event["raw"]["exception"]["values"][0]["mechanism"];
    assert_eq!(
        mechanism,
        &json!({"type": "minidump", "handled": false, "synthetic": true})
    );
    let files: Vec<_> = event["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (&file["name"], &file["type"]))
        .collect();
    let expected = [
        (&json!("app.log"), &json!("event.attachment")),
        (&json!("view-hierarchy.json"), &json!("event.view_hierarchy")),
        (&json!("7.dmp"), &json!("event.minidump")),
    ];
    for file in expected {
        assert!(files.contains(&file), "{file:?}: {files:?}");
    }
    assert_eq!(files.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sentry_native_leaves_beside_a_dump_is_read() {
    let server = Server::start().await;
    let older = packed(&map(&[("timestamp", "2026-01-01T00:00:01Z"), ("message", "first")]));
    let newer = packed(&map(&[("timestamp", "2026-01-01T00:00:02Z"), ("message", "second")]));
    let event = packed(&map(&[("release", "native@2"), ("level", "fatal")]));
    let body = form(&[
        ("name=\"__sentry-event\"; filename=\"__sentry-event\"", &event),
        (
            "name=\"__sentry-breadcrumb1\"; filename=\"__sentry-breadcrumb1\"",
            &newer,
        ),
        (
            "name=\"__sentry-breadcrumb2\"; filename=\"__sentry-breadcrumb2\"",
            &older,
        ),
        (MINIDUMP, b"MDMP"),
    ]);
    let event = server.event(&upload(&server, body).await).await;
    assert_eq!(event["release"]["version"], "native@2");
    let messages: Vec<_> = event["raw"]["breadcrumbs"]["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["message"])
        .collect();
    assert_eq!(messages, ["first", "second"]);
    assert_eq!(event["attachments"].as_array().unwrap().len(), 1, "only the dump");

    // What cannot be read stays a file.
    let body = form(&[
        ("name=\"__sentry-event\"; filename=\"__sentry-event\"", b"\xc1\xc1"),
        (MINIDUMP, b"MDMP"),
    ]);
    let event = server.event(&upload(&server, body).await).await;
    let names: Vec<_> = event["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["name"])
        .collect();
    assert!(names.contains(&&json!("__sentry-event")), "{names:?}");
}

fn compressed(dump: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(dump).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(dump).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 6);
    xz.write_all(dump).unwrap();
    [
        ("plain", dump.to_vec()),
        ("gzip", gzip.finish().unwrap()),
        ("bzip2", bzip2.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
        ("zstd", zstd::encode_all(dump, 1).unwrap()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_may_be_the_body_and_compressed() {
    let server = Server::start().await;
    for (magic, status) in [(b"MDMP", 200), (b"PMDM", 200), (b"mdmp", 400)] {
        for (name, dump) in compressed(magic) {
            for content_type in [Some("application/octet-stream"), Some("application/x-dmp"), None] {
                let mut request = server.post_to("minidump", dump.clone());
                if let Some(content_type) = content_type {
                    request = request.header("Content-Type", content_type);
                }
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), status, "{name} {content_type:?}");
                if status == 200 && content_type.is_none() {
                    let event = server.event(&answered(response).await).await;
                    assert_eq!(event["attachments"][0]["type"], "event.minidump", "{name}");
                }
            }
            let form = form(&[(MINIDUMP, &dump)]);
            let request = server
                .post_to("minidump", form.clone())
                .header("Content-Type", CONTENT_TYPE);
            assert_eq!(request.send().await.unwrap().status(), status, "{name} in a form");
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&form).unwrap();
            let request = server
                .post_to("minidump", gzip.finish().unwrap())
                .header("Content-Encoding", "gzip");
            let response = request.header("Content-Type", CONTENT_TYPE).send().await.unwrap();
            assert_eq!(response.status(), status, "{name} in a compressed form");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_minidump_is_refused_and_nothing_of_it_is_kept() {
    let server = Server::start().await;
    let cases: [(&str, &str, Vec<u8>); 7] = [
        ("nothing", "application/octet-stream", Vec::new()),
        ("a text", "application/octet-stream", b"hello".to_vec()),
        ("three bytes", "application/octet-stream", b"MDM".to_vec()),
        ("JSON", "application/json", b"{}".to_vec()),
        (
            "no dump",
            CONTENT_TYPE,
            form(&[("name=\"a\"", b"MDMP"), ("name=\"f\"; filename=\"f\"", b"MDMP")]),
        ),
        ("a dump that is none", CONTENT_TYPE, form(&[(MINIDUMP, b"text")])),
        ("cut", CONTENT_TYPE, form(&[(MINIDUMP, b"MDMP")])[..100].to_vec()),
    ];
    for (name, content_type, body) in cases {
        let request = server.post_to("minidump/", body).header("Content-Type", content_type);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 400, "{name}");
        let answer: Value = response.json().await.unwrap();
        assert!(answer["detail"].is_string(), "{name}: {answer}");
    }
    server.digest(&id(1), &crash("after")).await;
    let database = crate::server::database(server.data()).await;
    let events: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(events, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploaders_are_never_told_to_come_again() {
    let server = Server::start().await;
    let database = crate::server::database(server.data()).await;
    sqlx::query("UPDATE project_keys SET quota_events = 1, quota_window_s = 86400")
        .execute(&database)
        .await
        .unwrap();
    let body = form(&[(MINIDUMP, b"MDMP"), ("name=\"f\"; filename=\"f\"", b"x")]);
    let first = upload(&server, body.clone()).await;
    server.event(&first).await;
    let request = server.post_to("minidump/", body).header("Content-Type", CONTENT_TYPE);
    let response = request.send().await.unwrap();
    assert!(
        response.headers()["x-sentry-rate-limits"]
            .to_str()
            .unwrap()
            .contains(":default;error;security:key:")
    );
    let second = answered(response).await;
    assert_ne!(first, second);

    let data = server.stop().await;
    let counted: Vec<(String, i64)> = crate::server::rows(
        data.path(),
        "SELECT category, quantity FROM project_hours WHERE outcome = 'rate_limited' ORDER BY category",
        2,
    )
    .await;
    assert_eq!(counted, [("attachment".to_owned(), 1), ("error".to_owned(), 1)]);
}
