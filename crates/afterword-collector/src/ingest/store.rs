//! `/api/{id}/store/`, and `/api/store/` with the project told by the key: one event, as clients sent it before there were
//! envelopes. Its body is JSON, or that compressed with zlib and written in Base64, whatever its headers say.

use std::borrow::Cow;
use std::io::Read as _;

use afterword_protocol::envelope::kind;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use uuid::Uuid;

use super::body::{Budget, Held, Limit};
use super::building::{Building, header_of};
use super::incoming::Incoming;
use super::sender::Sender;
use super::taking::{id_in, take};
use super::{Category, GROWS, Refusal, answer_id};
use crate::{App, lenient};

pub(super) async fn of_project(
    State(app): State<App>,
    Path(project): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    store(&app, Some(&project), request).await
}

pub(super) async fn of_key(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    store(&app, None, request).await
}

async fn store(app: &App, project: Option<&str>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let sender = Sender::of(app, &parts, project).await?;
    let limit = Limit::of_event();
    let taking = async {
        let incoming = Incoming::of(&parts.headers, body, limit, limit)?;
        let held = app.ingest.budget.read(incoming, limit).await?;
        take(app, &sender, envelope(held, &app.ingest.budget)?).await
    };
    let taken = sender.count(app, Category::Error, taking.await)?.or_limited()?;
    Ok(answer_id(&taken))
}

/// The envelope of an event.
fn envelope(body: Held, budget: &Budget) -> Result<Held, Refusal> {
    let body = decoded(body, budget)?;
    let Seen { id, is_transaction } = look(&body, budget)?;
    let header = header_of(if is_transaction { kind::TRANSACTION } else { kind::EVENT });
    let mut building = Building::new(budget.held(Limit::of_envelope()).expecting(body.len() + 256))?;
    building.push(&header, &body)?;
    Ok(building.finish(id.unwrap_or_else(Uuid::new_v4)))
}

/// What has to be known of an event.
struct Seen {
    id: Option<Uuid>,
    is_transaction: bool,
}

/// Looks at an event, which must be an object. Only one that is no JSON to the letter (older clients of Python write `NaN`)
/// is taken apart: that takes many times its bytes.
fn look(body: &[u8], budget: &Budget) -> Result<Seen, Refusal> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::Malformed("the event is no object".to_owned()));
    }
    if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
        return Ok(Seen {
            id: id_in(body),
            is_transaction: is_transaction(body),
        });
    }
    let _memory = budget.reserve(body.len() * GROWS)?;
    let malformed = |error| Refusal::Malformed(format!("the event is no JSON: {error}"));
    let event = lenient::parse(body).map_err(malformed)?;
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    Ok(Seen {
        id: text("event_id").and_then(|id| Uuid::parse_str(id).ok()),
        is_transaction: text("type") == Some(kind::TRANSACTION),
    })
}

/// The JSON, out of what older clients wrap it in.
fn decoded(body: Held, budget: &Budget) -> Result<Held, Refusal> {
    let text = body.trim_ascii();
    if text.is_empty() {
        return Err(Refusal::Malformed("the body is empty".to_owned()));
    }
    if text.starts_with(b"{") || text.starts_with(b"[") {
        return Ok(body);
    }
    let malformed = || Refusal::Malformed("the event is neither JSON nor that in zlib and Base64".to_owned());
    let packed = STANDARD.decode(text).map_err(|_| malformed())?;
    let mut held = budget.held(Limit::of_event());
    if packed.starts_with(b"{") {
        held.append(&packed)?;
        return Ok(held);
    }
    let mut unpacked = ZlibDecoder::new(&packed[..]);
    let mut piece = [0; 8 << 10];
    loop {
        let size_bytes = unpacked.read(&mut piece).map_err(|_| malformed())?;
        if size_bytes == 0 {
            return Ok(held);
        }
        held.append(&piece[..size_bytes])?;
    }
}

/// Older clients sent transactions in this way, too.
fn is_transaction(event: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
    }
    serde_json::from_slice::<Typed<'_>>(event).is_ok_and(|event| event.kind == kind::TRANSACTION)
}
