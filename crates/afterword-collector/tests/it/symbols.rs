//! Debug files and minidumps: what the stock client sends piece by piece, and what crashes become with it.

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

#[tokio::test]
async fn a_file_comes_in_chunks_is_listed_downloaded_and_removed() {
    let Some(file) = breakpad() else { return };
    let server = Server::start().await;
    let answer = upload(&server, "test_app.sym", &file).await;
    assert_eq!(answer["state"], "ok", "{answer}");
    let dif = &answer["dif"];
    assert_eq!(
        (dif["debugId"].as_str(), dif["uuid"].as_str()),
        (Some(DEBUG_ID), Some(DEBUG_ID))
    );
    assert_eq!(
        (dif["objectName"].as_str(), dif["cpuName"].as_str()),
        (Some("test_app.pdb"), Some("x86"))
    );
    assert_eq!(dif["sha1"], sha1(&file));
    assert_eq!(
        dif["data"],
        json!({"type": "dbg", "features": ["symtab", "debug", "unwind"]})
    );

    // Again it is there at once, and its chunks are gone.
    let again = ask(&server, &json!({ sha1(&file): { "name": "x", "chunks": [] } })).await;
    assert_eq!(again[sha1(&file)]["state"], "ok");
    assert!(!server.data().join("blobs/chunks").exists() || is_empty(&server.data().join("blobs/chunks")));
    let unified = "blobs/symbols/5a/9832e5287241c1838ed98914e9b7ff1/breakpad";
    assert!(server.data().join(unified).join(sha1(&file)).exists());

    assert_eq!(server.json(DSYMS).await[0]["id"], dif["id"]);
    for (query, found) in [("test_APP", 1), ("5a9832e5", 1), ("nothing%", 0), ("%25", 0)] {
        let listed = server.json(&format!("{DSYMS}?query={query}")).await;
        assert_eq!(listed.as_array().unwrap().len(), found, "{query}");
    }
    assert_eq!(
        server
            .json(&format!("{DSYMS}?debug_id={DEBUG_ID}"))
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let url = server.url(&format!("{DSYMS}?id={}", dif["id"].as_str().unwrap()));
    let request = || server.client.get(&url).bearer_auth(&server.access.token);
    assert_eq!(request().send().await.unwrap().bytes().await.unwrap(), file);
    let removed = server
        .client
        .delete(&url)
        .bearer_auth(&server.access.token)
        .send()
        .await
        .unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    assert_eq!(request().send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert!(!server.data().join(unified).join(sha1(&file)).exists());
}

fn is_empty(folder: &Path) -> bool {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                return false;
            }
            folders.push(entry.path());
        }
    }
    true
}

#[tokio::test]
async fn what_is_no_debug_file_or_not_what_it_says_is_refused_with_words() {
    let server = Server::start().await;
    let answer = upload(&server, "notes.txt", b"this is no debug file, in three chunks").await;
    assert_eq!(answer["state"], "error");
    assert!(
        answer["detail"].as_str().unwrap().contains("list of objects"),
        "{answer}"
    );
    // Told once: the next upload begins anew.
    let file = b"this is no debug file, in three chunks";
    let chunks: Vec<String> = file.chunks(file.len() / 3 + 1).map(sha1).collect();
    let again = ask(&server, &json!({ sha1(file): { "name": "x", "chunks": chunks } })).await;
    assert_eq!(again[sha1(file)]["state"], "created");

    // Chunks of another file.
    let wrong = "0".repeat(40);
    let asked = json!({ &wrong: { "name": "x", "chunks": chunks } });
    let answer = loop {
        let answer = ask(&server, &asked).await[&wrong].clone();
        if !["created", "assembling"].contains(&answer["state"].as_str().unwrap()) {
            break answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(
        answer["detail"].as_str().unwrap().contains("not those of this file"),
        "{answer}"
    );

    let post = async |name: &str, file_name: &str, bytes: &[u8]| {
        let request = server
            .client
            .post(server.url("/api/0/organizations/acme/chunk-upload/"));
        let request = with_part(request.bearer_auth(&server.access.token), name, file_name, bytes);
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    let (status, words) = post("file", &sha1(b"chunk"), b"another").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(words.contains("send it again"), "{words}");

    let zeros = vec![0u8; 64 << 20];
    let (status, words) = post("file_gzip", &sha1(&zeros), &packed(&zeros)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(words.contains("is larger than 8388608 bytes"), "{words}");

    let large = vec![1u8; 10 << 20];
    assert_eq!(
        post("file", &"0".repeat(40), &large).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(
        post("file", "../../../etc/passwd", b"abc").await.0,
        StatusCode::BAD_REQUEST
    );

    let bare = server
        .client
        .post(server.url(ASSEMBLE))
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_minidump_without_symbols_is_listed_and_digested_again_when_they_arrive() {
    let (Some(dump), Some(file)) = (dump(), breakpad()) else {
        return;
    };
    let server = Server::start().await;
    let event = json!({"platform": "native", "release": "editor@1.0", "user": {"id": "u1"}, "tags": {"gpu": "x"}});
    server.accept(envelope(&id(1), Some(&event), &dump)).await;
    server.accept(envelope(&id(2), None, &dump)).await;
    let first = server.event(&id(1)).await;
    let second = server.event(&id(2)).await;
    for event in [&first, &second] {
        let frames = frames(event);
        assert_eq!(frames.last().unwrap()["function"], Value::Null, "{event:#}");
        assert_eq!(event["platform"], "native");
    }
    assert_eq!(first["groupID"], second["groupID"]);
    let issue = first["groupID"].as_str().unwrap().to_owned();
    let missing = server.json(MISSING).await;
    // One line for each release, and here one without.
    let of_none = |module: &&Value| module["release"].is_null() && module["name"] == "test_app.exe";
    let app = missing.as_array().unwrap().iter().find(of_none).unwrap();
    assert_eq!(
        (app["name"].as_str(), app["debugId"].as_str(), app["inApp"].as_bool()),
        (Some("test_app.exe"), Some(DEBUG_ID), Some(true))
    );
    assert_eq!((app["release"].as_str(), app["events"].as_i64()), (None, Some(1)));
    let of_release = server.json(&format!("{MISSING}?release=editor@1.0")).await;
    assert_eq!(
        (of_release[0]["debugId"].as_str(), of_release[0]["events"].as_i64()),
        (Some(DEBUG_ID), Some(1))
    );
    assert!(
        missing
            .as_array()
            .unwrap()
            .iter()
            .any(|missing| missing["name"] == "kernel32.dll")
    );

    assert_eq!(upload(&server, "test_app.sym", &file).await["state"], "ok");
    for event_id in [id(1), id(2)] {
        let path = format!("/api/0/projects/acme/editor/events/{event_id}/");
        let event = server
            .until(&path, |event| frames(event).last().unwrap()["function"] != Value::Null)
            .await;
        let frames = frames(&event);
        let top = frames.last().unwrap();
        assert_eq!(top["function"], "`anonymous namespace'::CrashFunction");
        assert_eq!(
            (top["abs_path"].as_str(), top["lineno"].as_i64()),
            (Some("c:\\test_app.cc"), Some(58)),
            "{top}"
        );
        assert_eq!(event["groupID"], issue, "the issue keeps its number");
    }
    let issue = server.json(&format!("/api/0/issues/{issue}/")).await;
    assert_eq!(
        (issue["count"].as_str(), issue["userCount"].as_i64()),
        (Some("2"), Some(1)),
        "{issue:#}"
    );
    assert!(issue["title"].as_str().unwrap().contains("CrashFunction"), "{issue:#}");
    assert_eq!(issue["signature"], "`anonymous namespace'::CrashFunction");
    let left = server.until(MISSING, |missing| {
        missing
            .as_array()
            .unwrap()
            .iter()
            .all(|missing| missing["name"] != "test_app.exe")
    });
    assert!(
        left.await
            .as_array()
            .unwrap()
            .iter()
            .any(|missing| missing["name"] == "kernel32.dll")
    );

    // One that comes now is named at once, into the same issue.
    server.accept(envelope(&id(3), None, &dump)).await;
    let third = server.event(&id(3)).await;
    assert_eq!(third["groupID"], first["groupID"]);
    assert_eq!(frames(&third).last().unwrap()["lineno"], 58);
}

#[tokio::test]
async fn events_of_two_issues_that_turn_out_to_be_one_are_joined() {
    let (Some(dump), Some(file)) = (dump(), breakpad()) else {
        return;
    };
    let server = Server::start().await;
    // The same crash, one of them with a fingerprint of its own at first.
    server.accept(envelope(&id(1), None, &dump)).await;
    let first = server.event(&id(1)).await;
    assert_eq!(upload(&server, "test_app.sym", &file).await["state"], "ok");
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(1));
    server
        .until(&path, |event| frames(event).last().unwrap()["function"] != Value::Null)
        .await;

    // Without its file, the crash is another issue; with it, the same again.
    let listed = server.json(DSYMS).await;
    let url = server.url(&format!("{DSYMS}?id={}", listed[0]["id"].as_str().unwrap()));
    server
        .client
        .delete(&url)
        .bearer_auth(&server.access.token)
        .send()
        .await
        .unwrap();
    let database = crate::server::database(server.data()).await;
    sqlx::query(
        "DELETE FROM issue_groups WHERE group_key NOT IN (SELECT group_key FROM issue_groups ORDER BY id DESC LIMIT 1)",
    )
    .execute(&database)
    .await
    .unwrap();
    server
        .accept(envelope(&id(2), Some(&json!({"user": {"id": "u2"}})), &dump))
        .await;
    let second = server.event(&id(2)).await;
    assert_ne!(second["groupID"], first["groupID"]);
    assert_eq!(upload(&server, "test_app.sym", &file).await["state"], "ok");
    let path = format!("/api/0/projects/acme/editor/events/{}/", id(2));
    let joined = server.until(&path, |event| event["groupID"] == first["groupID"]).await;
    assert_eq!(frames(&joined).last().unwrap()["lineno"], 58);
    let issues = server.json("/api/0/projects/acme/editor/issues/").await;
    assert_eq!(
        issues.as_array().unwrap().len(),
        1,
        "nothing is left of the other: {issues:#}"
    );
    assert_eq!(
        (issues[0]["count"].as_str(), issues[0]["userCount"].as_i64()),
        (Some("2"), Some(1))
    );
    let hours: i64 = sqlx::query_scalar("SELECT CAST(SUM(events) AS BIGINT) FROM issue_hours")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(hours, 2);
    let odd: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tag_hours WHERE events < 0")
        .fetch_one(&database)
        .await
        .unwrap();
    assert_eq!(odd, 0);
}

#[tokio::test]
async fn a_dump_may_be_packed_and_a_broken_one_is_told_in_its_event() {
    let Some(dump) = dump() else { return };
    let server = Server::start().await;
    let packed = zstd::bulk::compress(&dump, 3).unwrap();
    server.accept(envelope(&id(1), None, &packed)).await;
    let event = server.event(&id(1)).await;
    assert_eq!(
        event["title"], "EXCEPTION_ACCESS_VIOLATION_WRITE in test_app.exe@0x429e",
        "{event:#}"
    );
    // The dump's own time.
    assert!(
        event["dateCreated"].as_str().unwrap().starts_with("2007-02-14"),
        "{event:#}"
    );

    server
        .accept(envelope(&id(2), Some(&json!({"message": "kept"})), b"MDMP but no more"))
        .await;
    let broken = server.event(&id(2)).await;
    assert_eq!(broken["title"], "kept");
    let raw = &broken["errors"];
    assert_eq!(raw[0]["type"], "invalid_minidump", "{broken:#}");
}

#[tokio::test]
async fn a_server_elsewhere_is_asked_once_it_is_chosen_and_misses_are_remembered() {
    let (Some(dump), Some(file)) = (dump(), breakpad()) else {
        return;
    };
    let server = Server::start().await;
    // A symbol server: any path is asked, one is there.
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = std::sync::Arc::clone(&asked);
    let router = axum::Router::new().fallback(move |uri: axum::http::Uri| async move {
        log.lock().unwrap().push(uri.path().to_owned());
        if uri.path() == "/s/test_app.pdb/5A9832E5287241C1838ED98914E9B7FF1/test_app.sym" {
            Ok(file)
        } else {
            Err(StatusCode::NOT_FOUND.as_u16().to_string())
        }
        .map_err(|_| axum::http::StatusCode::NOT_FOUND)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/s/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    server.accept(envelope(&id(1), None, &dump)).await;
    server.event(&id(1)).await;
    assert!(asked.lock().unwrap().is_empty(), "none is asked unless chosen");

    let servers = "/api/0/projects/acme/editor/symbol-servers/";
    let put = |value: Value| {
        server
            .client
            .put(server.url(servers))
            .bearer_auth(&server.access.token)
            .json(&value)
            .send()
    };
    assert_eq!(
        put(json!([{"url": "file:///etc", "layout": "breakpad"}]))
            .await
            .unwrap()
            .status(),
        400
    );
    assert_eq!(
        put(json!([{"url": url, "layout": "breakpad"}])).await.unwrap().status(),
        200
    );
    assert_eq!(server.json(servers).await[0]["layout"], "breakpad");

    server.accept(envelope(&id(2), None, &dump)).await;
    let event = server.event(&id(2)).await;
    assert_eq!(frames(&event).last().unwrap()["lineno"], 58);
    let first: Vec<String> = asked.lock().unwrap().clone();
    assert!(first.iter().any(|path| path.contains("kernel32")), "{first:?}");
    server.accept(envelope(&id(3), None, &dump)).await;
    assert_eq!(frames(&server.event(&id(3)).await).last().unwrap()["lineno"], 58);
    assert_eq!(*asked.lock().unwrap(), first, "what is there and what is not is known");
}
