//! Multipart forms, written by hand: what no client would write must be written, too.

use serde_json::json;

use crate::server::{Server, crash, id};

pub(super) const CONTENT_TYPE: &str = "multipart/form-data; boundary=BOUNDARY";

pub(super) const MINIDUMP: &str = "name=\"upload_file_minidump\"; filename=\"a.dmp\"";

/// A form of parts, each what its `Content-Disposition` says behind `form-data; ` and its content.
pub(super) fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        body.extend_from_slice(
            format!("--BOUNDARY\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--BOUNDARY--\r\n");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_to_their_event() {
    let server = Server::start().await;
    let route = format!("events/{}/attachments/", id(1));
    let files = form(&[
        ("name=\"log\"; filename=\"../logs/app.log\"", b"one\r\n--BOUNDAR\ntwo"),
        ("name=\"empty\"; filename=\"\"", b""),
        ("name=\"upload_file_minidump\"; filename=\"a.dmp\"", b"MDMP"),
    ]);
    let request = server.post_to(&route, files).header("Content-Type", CONTENT_TYPE);
    assert_eq!(request.send().await.unwrap().status(), 201);
    server.digest(&id(1), &crash("with::files")).await;
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(1));
    let event = server
        .until(&path, |event| event["attachments"].as_array().unwrap().len() == 3)
        .await;
    let mut files: Vec<_> = event["attachments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                file["name"].as_str().unwrap(),
                file["size"].as_u64().unwrap(),
                file["type"].as_str().unwrap(),
            )
        })
        .collect();
    files.sort_unstable();
    let expected = [
        ("a.dmp", 4, "event.attachment"),
        ("app.log", 18, "event.attachment"),
        ("empty", 0, "event.attachment"),
    ];
    assert_eq!(files, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_none_are_refused() {
    let server = Server::start().await;
    let good = form(&[("name=\"f\"; filename=\"f\"", b"x")]);
    let cut = |bytes: usize| good[..good.len() - bytes].to_vec();
    let long = format!("name=\"{}\"", "x".repeat(200_000));
    let cases: [(&str, &str, Vec<u8>, u16); 10] = [
        ("good", CONTENT_TYPE, good.clone(), 201),
        ("no boundary", "multipart/form-data", good.clone(), 400),
        (
            "another boundary",
            "multipart/form-data; boundary=OTHER",
            good.clone(),
            400,
        ),
        ("no form", "application/json", good.clone(), 400),
        ("nothing", CONTENT_TYPE, Vec::new(), 400),
        ("no parts", CONTENT_TYPE, b"--BOUNDARY--\r\n".to_vec(), 400),
        ("cut before its end", CONTENT_TYPE, cut(4), 400),
        ("cut in a part", CONTENT_TYPE, cut(18), 400),
        (
            "headers that are none",
            CONTENT_TYPE,
            b"--BOUNDARY\r\n\x00\r\n\r\n\r\n--BOUNDARY--".to_vec(),
            400,
        ),
        ("headers without end", CONTENT_TYPE, form(&[(&long, b"x")]), 413),
    ];
    let route = format!("events/{}/attachments/", id(1));
    for (name, content_type, body, status) in cases {
        let request = server.post_to(&route, body).header("Content-Type", content_type);
        assert_eq!(request.send().await.unwrap().status(), status, "{name}");
    }
    let request = server
        .post_to("events/nonsense/attachments/", good)
        .header("Content-Type", CONTENT_TYPE);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.json::<serde_json::Value>().await.unwrap(),
        json!({"detail": "the path names no event id"})
    );
}
