//! `/api/{id}/minidump`: a crash as Crashpad and Breakpad upload it.
//!
//! The body is a multipart form, whose part `upload_file_minidump` is the dump; other files become attachments and other
//! fields the event (see [`fields`]). Or it is the dump itself. The dump may be compressed and stays so: here only its
//! first bytes are looked at.
//!
//! Uploaders try again, some for ever, whatever is no success to them: so what is over a quota is answered as if it had
//! been taken.

mod fields;
mod messagepack;
mod packed;

use afterword_protocol::envelope::{ATTACHMENT_MINIDUMP, clean_file_name, kind};
use afterword_protocol::{ItemHeader, Limits};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use uuid::Uuid;

use self::fields::Fields;
use super::answer::tell;
use super::attachments::{boundary, file, header_of_file};
use super::body::{Held, Limit};
use super::building::{Building, header_of};
use super::form::{Form, Part};
use super::incoming::Incoming;
use super::sender::Sender;
use super::taking::take;
use super::{Category, GROWS, Refusal};
use crate::App;

const MINIDUMP: &str = "upload_file_minidump";
const VIEW_HIERARCHY: &str = "view-hierarchy.json";

/// The name of a dump that has none.
const NAMELESS: &str = "minidump.dmp";

/// What a compressed request may have on the wire.
const WIRE: Limit = Limit {
    bytes: 40_000_000,
    what: "compressed minidump request in bytes",
};

pub(super) async fn minidump(
    State(app): State<App>,
    Path(project): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let sender = Sender::of(&app, &parts, Some(&project)).await?;
    let taking = async {
        let (envelope, event_id) = envelope(&app, &parts.headers, body).await?;
        Ok((take(&app, &sender, envelope).await?, event_id))
    };
    let (taken, event_id) = sender.count(&app, Category::Error, taking.await)?;
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    let mut response = (plain, event_id.hyphenated().to_string()).into_response();
    tell(response.headers_mut(), &taken.limits);
    Ok(response)
}

/// The envelope of a crash, and its event's id.
async fn envelope(app: &App, headers: &HeaderMap, body: Body) -> Result<(Held, Uuid), Refusal> {
    let limit = Limit::of_envelope();
    let incoming = Incoming::of(headers, body, WIRE, limit)?;
    let held = app.ingest.budget.held(limit).expecting(incoming.stated_bytes());
    let mut building = Building::new(held)?;
    let event_id = match boundary(headers) {
        Some(boundary) => of_form(app, Form::of(boundary, incoming), &mut building).await?,
        None => {
            of_body(incoming, &mut building).await?;
            Uuid::new_v4()
        }
    };
    Ok((building.finish(event_id), event_id))
}

/// The dump is the whole body.
async fn of_body(mut incoming: Incoming, building: &mut Building) -> Result<(), Refusal> {
    building.begin(&header_of_dump(None))?;
    while let Some(piece) = incoming.next().await? {
        building.append(&piece)?;
    }
    check_dump(building)?;
    building.end()
}

/// The dump is one part of several.
async fn of_form(app: &App, mut form: Form, building: &mut Building) -> Result<Uuid, Refusal> {
    let mut fields = Fields::default();
    let mut held = app.ingest.budget.held(Limit::of_event());
    let mut has_dump = false;
    while let Some(mut part) = form.next().await? {
        let name = part.name().to_owned();
        if name == MINIDUMP && !has_dump {
            dump(building, &mut part).await?;
            has_dump = true;
        } else if let Some(which) = fields::Packed::of(&name).or_else(|| fields::Packed::of(part.file_name()?)) {
            packed(building, &mut fields, which, &mut part).await?;
        } else if part.file_name().is_some() {
            let mut header = header_of_file(&part);
            if name == VIEW_HIERARCHY || part.file_name() == Some(VIEW_HIERARCHY) {
                header.attachment_type = Some("event.view_hierarchy".to_owned());
            }
            file(building, &header, &mut part).await?;
        } else {
            let start = held.len();
            while let Some(piece) = part.next().await? {
                held.append(&piece)?;
            }
            // The name counts, too.
            let value = String::from_utf8_lossy(&held[start..]).into_owned();
            held.append(name.as_bytes())?;
            fields.add(name, value);
        }
    }
    if !has_dump {
        return Err(Refusal::Malformed(format!("the form has no part {MINIDUMP}")));
    }
    event(app, fields, building)
}

/// Makes the event's item of what the fields say, and gives its id.
fn event(app: &App, fields: Fields, building: &mut Building) -> Result<Uuid, Refusal> {
    let _memory = app.ingest.budget.reserve(fields.size_bytes() * GROWS)?;
    let event = fields.into_event();
    let id = event.get("event_id").and_then(Value::as_str);
    let id = id.and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_else(Uuid::new_v4);
    if !event.is_empty() {
        let payload = fields::completed(event).to_string();
        Limit::of_event().check(payload.len())?;
        let mut header = header_of(kind::EVENT);
        header.content_type = Some("application/json".to_owned());
        building.push(&header, payload.as_bytes())?;
    }
    Ok(id)
}

async fn dump(building: &mut Building, part: &mut Part) -> Result<(), Refusal> {
    building.begin(&header_of_dump(part.file_name()))?;
    while let Some(piece) = part.next().await? {
        building.append(&piece)?;
    }
    check_dump(building)?;
    building.end()
}

/// Reads a part of MessagePack. What is none, or too long to be read, stays an attachment.
async fn packed(
    building: &mut Building,
    fields: &mut Fields,
    which: fields::Packed,
    part: &mut Part,
) -> Result<(), Refusal> {
    building.begin(&header_of_file(part))?;
    while let Some(piece) = part.next().await? {
        building.append(&piece)?;
    }
    let payload = building.payload();
    if payload.len() <= Limits::default().event_bytes && fields.add_packed(which, payload) {
        building.abandon();
        return Ok(());
    }
    building.end()
}

fn header_of_dump(file_name: Option<&str>) -> ItemHeader {
    ItemHeader {
        filename: Some(
            file_name
                .and_then(clean_file_name)
                .unwrap_or_else(|| NAMELESS.to_owned()),
        ),
        attachment_type: Some(ATTACHMENT_MINIDUMP.to_owned()),
        ..header_of(kind::ATTACHMENT)
    }
}

fn check_dump(building: &Building) -> Result<(), Refusal> {
    if packed::is_minidump(building.payload()) {
        Ok(())
    } else {
        Err(Refusal::Malformed(
            "what was sent is no minidump: it begins neither with MDMP nor with PMDM, compressed or not".to_owned(),
        ))
    }
}
