//! A server that knows Sentry's protocol and nothing of ours, and is strict about it: what a client must not send is noted,
//! and the test fails. Answers can be chosen.

use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::process::wait_for_or;

/// An item as it came.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) kind: String,
    pub(crate) header: Value,
    pub(crate) payload: Vec<u8>,
    /// The header of its envelope.
    pub(crate) envelope: Value,
}

impl Item {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload).unwrap()
    }
}

#[derive(Default)]
struct Seen {
    items: Vec<Item>,
    faults: Vec<String>,
}

/// The server, on a free port.
pub(crate) struct Stub {
    seen: Arc<Mutex<Seen>>,
    pub(crate) dsn: String,
    _runtime: Runtime,
}

impl Stub {
    pub(crate) fn start() -> Stub {
        let runtime = Runtime::new().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let router = Router::new()
            .route("/api/{project}/envelope/", post(envelope))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .layer(axum::extract::DefaultBodyLimit::max(200 << 20))
            .with_state(seen.clone());
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Stub {
            seen,
            dsn: format!("http://publickey@127.0.0.1:{port}/42"),
            _runtime: runtime,
        }
    }

    /// Everything that came, of a client without fault.
    pub(crate) fn items(&self) -> Vec<Item> {
        let seen = self.seen.lock().unwrap();
        assert!(seen.faults.is_empty(), "{:#?}", seen.faults);
        seen.items.clone()
    }

    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Item> {
        self.items().into_iter().filter(|item| item.kind == kind).collect()
    }

    /// The payloads of a kind of item.
    pub(crate) fn all(&self, kind: &str) -> Vec<Value> {
        self.of_kind(kind).iter().map(Item::json).collect()
    }

    /// The only one of a kind.
    pub(crate) fn only(&self, kind: &str) -> Value {
        let mut all = self.all(kind);
        assert_eq!(all.len(), 1, "{kind}: {all:#?}");
        all.remove(0)
    }

    /// Waits until there are so many of a kind.
    pub(crate) fn wait_for(&self, kind: &str, count: usize) -> Vec<Value> {
        wait_for_or(
            || format!("{count} of {kind}; there are {}", self.all(kind).len()),
            || Some(self.all(kind)).filter(|all| all.len() >= count),
        )
    }
}

async fn envelope(
    State(seen): State<Arc<Mutex<Seen>>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match read(&project, &headers, &body) {
        Ok((id, items)) => {
            seen.lock().unwrap().items.extend(items);
            axum::Json(json!({ "id": id })).into_response()
        }
        Err(fault) => {
            seen.lock().unwrap().faults.push(fault.clone());
            (StatusCode::BAD_REQUEST, axum::Json(json!({ "detail": fault }))).into_response()
        }
    }
}

type WhatCame = Result<(Option<String>, Vec<Item>), String>;

fn read(project: &str, headers: &HeaderMap, body: &[u8]) -> WhatCame {
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if project != "42" {
        return Err(format!("the project is {project}"));
    }
    let auth = header("x-sentry-auth");
    let has = |part: &str| auth.contains(part);
    if !(auth.starts_with("Sentry ") && has("sentry_key=publickey") && has("sentry_version=7") && has("sentry_client="))
    {
        return Err(format!("the authentication is {auth:?}"));
    }
    let body = match header("content-encoding") {
        "" => body.to_vec(),
        "gzip" => {
            let mut plain = Vec::new();
            GzDecoder::new(body)
                .read_to_end(&mut plain)
                .map_err(|error| format!("gzip: {error}"))?;
            plain
        }
        other => return Err(format!("the encoding is {other}")),
    };
    items(&body)
}

/// By the letter: each item has a type and a length, and is followed by a newline or the end.
fn items(body: &[u8]) -> WhatCame {
    let line = |bytes: &[u8]| -> Result<(Value, usize), String> {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let value = serde_json::from_slice(&bytes[..end]).map_err(|error| {
            format!(
                "a header is no JSON: {error}: {:?}",
                String::from_utf8_lossy(&bytes[..end])
            )
        })?;
        Ok((value, (end + 1).min(bytes.len())))
    };
    let (envelope, mut at) = line(body)?;
    let mut items = Vec::new();
    while at < body.len() {
        let (header, after) = line(&body[at..])?;
        at += after;
        let kind = header["type"].as_str().ok_or("an item has no type")?.to_owned();
        let length = header["length"].as_u64().ok_or(format!("a {kind} has no length"))? as usize;
        let payload = body
            .get(at..at + length)
            .ok_or(format!("a {kind} is shorter than it says"))?;
        at += length;
        if at < body.len() {
            if body[at] != b'\n' {
                return Err(format!("a {kind} is longer than it says"));
            }
            at += 1;
        }
        items.push(Item {
            kind,
            header,
            payload: payload.to_vec(),
            envelope: envelope.clone(),
        });
    }
    // The SDK for Rust reads what its kind sends; feedback and the images of native crashes it does not know.
    let is_foreign = |item: &Item| item.kind == "feedback" || item.header["attachment_type"] == "event.minidump";
    if !items.iter().any(is_foreign) {
        afterword::sentry::Envelope::from_slice(body).map_err(|error| format!("the SDK cannot read it: {error:?}"))?;
    }
    check(&envelope, &items)
}

fn check(envelope: &Value, items: &[Item]) -> WhatCame {
    if items.is_empty() {
        return Err("an envelope is empty".to_owned());
    }
    let mut id = envelope["event_id"].as_str().map(str::to_owned);
    let main: Vec<&Item> = items
        .iter()
        .filter(|item| ["event", "transaction", "feedback"].contains(&item.kind.as_str()))
        .collect();
    if main.len() > 1 {
        return Err("events, transactions and feedback exclude each other in an envelope".to_owned());
    }
    if let Some(item) = main.first() {
        let event: Value = serde_json::from_slice(&item.payload).map_err(|error| format!("{}: {error}", item.kind))?;
        let own = event["event_id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
        let stated = id.as_deref().and_then(|id| Uuid::parse_str(id).ok());
        if own.is_none() || stated.is_none() || own != stated {
            return Err(format!("the ids of a {} are {own:?} and {stated:?}", item.kind));
        }
        if item.payload.len() > 1 << 20 {
            return Err(format!("a {} has {} bytes", item.kind, item.payload.len()));
        }
        id = own.map(|id| id.simple().to_string());
    }
    for item in items {
        let needed: &[&str] = match item.kind.as_str() {
            "session" => &["sid", "started", "status", "attrs"],
            "sessions" => &["aggregates", "attrs"],
            "client_report" => &["timestamp", "discarded_events"],
            "transaction" => &["start_timestamp", "timestamp", "contexts"],
            "attachment" => {
                if !item.header["filename"].is_string() {
                    return Err("an attachment has no name".to_owned());
                }
                continue;
            }
            "event" | "feedback" => &["timestamp"],
            other => return Err(format!("an item of type {other} is not known")),
        };
        let payload: Value =
            serde_json::from_slice(&item.payload).map_err(|error| format!("{}: {error}", item.kind))?;
        if let Some(missing) = needed.iter().find(|field| payload[**field].is_null()) {
            return Err(format!("a {} has no {missing}", item.kind));
        }
    }
    Ok((id, items.to_vec()))
}
