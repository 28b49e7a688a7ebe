//! Debug files and minidumps: what the stock client sends piece by piece, and what crashes become with it.

mod dumps;
mod files;

use std::path::{Path, PathBuf};

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::server::{Server, id};

const DSYMS: &str = "/api/0/projects/acme/editor/files/dsyms/";
const ASSEMBLE: &str = "/api/0/projects/acme/editor/files/difs/assemble/";
const MISSING: &str = "/api/0/projects/acme/editor/missing-symbols/";

/// The debug id of `test_app.exe`.
const DEBUG_ID: &str = "5a9832e5-2872-41c1-838e-d98914e9b7ff-1";

#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
/// A file of the shared fixtures; `None` where they have not been checked out beside the workspace.
fn fixture(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures")
        .join(name);
    if !path.exists() {
        eprintln!("skipped: there are no fixtures beside the workspace");
        return None;
    }
    Some(std::fs::read(path).unwrap())
}

pub(crate) fn dump() -> Option<Vec<u8>> {
    fixture("minidumps/windows-x86-test-app.dmp")
}

pub(crate) fn breakpad() -> Option<Vec<u8>> {
    fixture("symbols/test_app.pdb/5A9832E5287241C1838ED98914E9B7FF1/test_app.sym")
}

fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An envelope with a minidump, and with an event if there is one.
pub(crate) fn envelope(event_id: &str, event: Option<&Value>, dump: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{{\"event_id\":\"{event_id}\"}}\n").into_bytes();
    if let Some(event) = event {
        bytes.extend(format!("{{\"type\":\"event\"}}\n{event}\n").bytes());
    }
    let length = dump.len();
    bytes.extend(
        format!(
            "{{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\",\"filename\":\"a.dmp\",\"length\":{length}}}\n"
        )
        .bytes(),
    );
    bytes.extend(dump);
    bytes
}

/// A request with one part.
fn with_part(request: RequestBuilder, name: &str, file_name: &str, bytes: &[u8]) -> RequestBuilder {
    let head = format!(
        "--here\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--here--\r\n"].concat();
    request
        .header("Content-Type", "multipart/form-data; boundary=here")
        .body(body)
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, bytes).unwrap();
    gzip.finish().unwrap()
}

/// What a client does: asks, sends what is missing, and asks until it is there. In small chunks, so that there are some.
pub(crate) async fn upload(server: &Server, name: &str, file: &[u8]) -> Value {
    let chunks: Vec<&[u8]> = file.chunks(file.len() / 3 + 1).collect();
    let asked =
        json!({ sha1(file): { "name": name, "chunks": chunks.iter().map(|chunk| sha1(chunk)).collect::<Vec<_>>() } });
    let answer = ask(server, &asked).await;
    let missing = &answer[sha1(file)]["missingChunks"];
    assert_eq!(answer[sha1(file)]["state"], "not_found");
    assert_eq!(missing.as_array().unwrap().len(), chunks.len());
    for (index, chunk) in chunks.iter().enumerate() {
        assert_eq!(send(server, chunk, index % 2 == 0).await, StatusCode::OK);
    }
    loop {
        let answer = ask(server, &asked).await[sha1(file)].clone();
        match answer["state"].as_str().unwrap() {
            "created" | "assembling" => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            _ => return answer,
        }
    }
}

async fn ask(server: &Server, asked: &Value) -> Value {
    let response = server
        .client
        .post(server.url(ASSEMBLE))
        .bearer_auth(&server.access.token)
        .json(asked)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.unwrap()
}

async fn send(server: &Server, chunk: &[u8], is_packed: bool) -> StatusCode {
    let how = server.json("/api/0/organizations/acme/chunk-upload/").await;
    let request = server.client.post(server.url(how["url"].as_str().unwrap()));
    let request = request.bearer_auth(&server.access.token);
    let request = if is_packed {
        with_part(request, "file_gzip", &sha1(chunk), &packed(chunk))
    } else {
        with_part(request, "file", &sha1(chunk), chunk)
    };
    request.send().await.unwrap().status()
}

fn frames(event: &Value) -> Vec<Value> {
    let exception = &event["exception"]["values"][0];
    exception["stacktrace"]["frames"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}
