//! Where alerts are sent, strictly: what Slack would refuse is refused, and so is what is not signed as it should be.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value};
use sha2::Sha256;

/// The key of what is signed.
pub(super) const SECRET: &str = "the secret of the rule";

/// What came.
#[derive(Debug, Clone)]
pub(super) struct Came {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// An answer: status, `Retry-After` or `Location`, text.
type Answer = (u16, Option<(&'static str, String)>, &'static str);

/// The server. Paths that begin with `/services/` are Slack's, others take what is signed.
#[derive(Clone, Default)]
pub(super) struct Stub {
    came: Arc<Mutex<Vec<Came>>>,
    next: Arc<Mutex<VecDeque<Answer>>>,
    pub(super) url: String,
}

impl Stub {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = Router::new().fallback(take).with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stub
    }

    /// What it answers to those that come next, if there is nothing wrong with them.
    pub(super) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.next.lock().unwrap().extend(answers);
    }

    pub(super) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    pub(super) fn slack(&self) -> Value {
        serde_json::json!({ "kind": "slack", "url": format!("{}/services/T0/B0/hush-hush", self.url) })
    }

    pub(super) fn webhook(&self, path: &str) -> Value {
        serde_json::json!({ "kind": "webhook", "url": format!("{}{path}", self.url), "secret": SECRET })
    }
}

async fn take(State(stub): State<Stub>, uri: Uri, headers: HeaderMap, bytes: Bytes) -> Response {
    let is_slack = uri.path().starts_with("/services/");
    let checked = if is_slack {
        slack(&bytes)
    } else {
        signed(&headers, &bytes)
    };
    let kind = headers.get("content-type").map(|kind| kind.as_bytes());
    let checked = checked.and_then(|body| match kind {
        Some(b"application/json") => Ok(body),
        _ => Err("invalid_content_type".to_owned()),
    });
    let (body, (status, header, text)) = match checked {
        Ok(body) => {
            let next = stub.next.lock().unwrap().pop_front();
            (body, next.unwrap_or((200, None, "ok")))
        }
        Err(why) => {
            let wrong = (StatusCode::BAD_REQUEST, why).into_response();
            stub.came.lock().unwrap().push(Came {
                path: uri.path().to_owned(),
                id: String::new(),
                headers,
                body: Value::Null,
            });
            return wrong;
        }
    };
    let id = headers["x-afterword-delivery"].to_str().unwrap().to_owned();
    stub.came.lock().unwrap().push(Came {
        path: uri.path().to_owned(),
        id,
        headers,
        body,
    });
    let header: Vec<(&str, String)> = header.into_iter().collect();
    let mut response = (StatusCode::from_u16(status).unwrap(), text).into_response();
    for (name, value) in header {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// The body, if its signature is right and of now.
fn signed(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, String> {
    let signature = headers
        .get("x-afterword-signature")
        .ok_or("no signature")?
        .to_str()
        .unwrap();
    let part = |name: &str| {
        let mut parts = signature.split(',').filter_map(|part| part.split_once('='));
        let found = parts.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
        found.ok_or(format!("no {name} in {signature}"))
    };
    let (at, given) = (part("t")?, part("v1")?);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    if now.as_secs().abs_diff(at.parse().map_err(|_| "t is no number")?) > 300 {
        return Err(format!("{at} is not now"));
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(bytes);
    let expected: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if expected != given {
        return Err("the signature is wrong".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// The body, if Slack would take it (<https://docs.slack.dev/reference/block-kit/blocks>), and nobody but us made a link or a
/// mention in it.
fn slack(bytes: &[u8]) -> Result<Value, String> {
    let body: Value = serde_json::from_slice(bytes).map_err(|_| "invalid_payload")?;
    let object = keys(&body, &["text", "blocks", "unfurl_links"])?;
    marks(text_of(object.get("text"), 40_000)?)?;
    let blocks = object.get("blocks").and_then(Value::as_array).ok_or("no_blocks")?;
    if !(1..=50).contains(&blocks.len()) {
        return Err(format!("invalid_blocks: {} blocks", blocks.len()));
    }
    for block in blocks {
        check_block(block).map_err(|why| format!("invalid_blocks: {why}"))?;
    }
    Ok(body)
}

fn check_block(block: &Value) -> Result<(), String> {
    let list = |name: &str, most: usize| {
        let list = block[name].as_array().cloned().unwrap_or_default();
        if (1..=most).contains(&list.len()) {
            Ok(list)
        } else {
            Err(format!("{} {name}", list.len()))
        }
    };
    match block["type"].as_str() {
        Some("header") => {
            keys(block, &["type", "text"])?;
            check_text(&block["text"], &["plain_text"], 150)
        }
        Some("section") if block.get("fields").is_some() => {
            keys(block, &["type", "fields"])?;
            let mut fields = list("fields", 10)?.into_iter();
            fields.try_for_each(|field| check_text(&field, &["plain_text", "mrkdwn"], 2000))
        }
        Some("section") => {
            keys(block, &["type", "text"])?;
            check_text(&block["text"], &["plain_text", "mrkdwn"], 3000)
        }
        Some("context") => {
            keys(block, &["type", "elements"])?;
            let mut elements = list("elements", 10)?.into_iter();
            elements.try_for_each(|element| check_text(&element, &["plain_text", "mrkdwn"], 3000))
        }
        Some("actions") => {
            keys(block, &["type", "elements"])?;
            for button in list("elements", 25)? {
                keys(&button, &["type", "text", "url", "style"])?;
                check_text(&button["text"], &["plain_text"], 75)?;
                let url = text_of(button.get("url"), 3000)?;
                if button["type"] != "button"
                    || button["style"] != "primary"
                    || !url.starts_with("https://errors.example/")
                {
                    return Err(format!("no button: {button}"));
                }
            }
            Ok(())
        }
        other => Err(format!("no block: {other:?}")),
    }
}

/// A text object of one of these types.
fn check_text(value: &Value, types: &[&str], max: usize) -> Result<(), String> {
    let kind = value["type"].as_str().unwrap_or_default();
    let flag = match kind {
        "plain_text" => "emoji",
        _ => "verbatim",
    };
    let object = keys(value, &["type", "text", flag])?;
    if !types.contains(&kind) || object.get(flag).is_some_and(|flag| !flag.is_boolean()) {
        return Err(format!("no text: {value}"));
    }
    marks(text_of(object.get("text"), max)?)
}

fn text_of(value: Option<&Value>, max: usize) -> Result<&str, String> {
    let text = value.and_then(Value::as_str).ok_or("no text")?;
    let length = text.encode_utf16().count();
    if (1..=max).contains(&length) {
        Ok(text)
    } else {
        Err(format!("{length} of {max} characters"))
    }
}

/// Nothing but escapes and links of ours.
fn marks(text: &str) -> Result<(), String> {
    let is_escape = |part: &str| ["amp;", "lt;", "gt;"].iter().any(|escape| part.starts_with(escape));
    let is_ours = |part: &str| {
        let inside = part.split_once('>').map_or("", |(inside, _)| inside);
        inside.starts_with("https://errors.example/") && inside.contains('|')
    };
    if text.split('&').skip(1).all(is_escape)
        && text.split('<').skip(1).all(is_ours)
        && text.matches('<').count() == text.matches('>').count()
        && !text.contains(|char: char| char.is_control() && char != '\n')
    {
        Ok(())
    } else {
        Err(format!("not escaped: {text}"))
    }
}

fn keys<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let object = value.as_object().ok_or(format!("no object: {value}"))?;
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown: {key}")),
        None => Ok(object),
    }
}
