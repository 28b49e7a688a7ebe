//! `/api/{id}/events/{event_id}/attachments/`: files for an event that was sent, or will be.

use afterword_protocol::ItemHeader;
use afterword_protocol::envelope::{clean_file_name, kind};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use uuid::Uuid;

use super::answer::tell;
use super::body::{Held, Limit};
use super::building::{Building, header_of};
use super::form::{Form, Part};
use super::incoming::Incoming;
use super::sender::Sender;
use super::taking::take;
use super::{Category, Refusal};
use crate::App;

/// The name of a file that has none.
const NAMELESS: &str = "attachment";

/// A media type that is longer than this is none.
const MAX_CONTENT_TYPE_BYTES: usize = 100;

pub(super) async fn attachments(
    State(app): State<App>,
    Path((project, event)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let sender = Sender::of(&app, &parts, Some(&project)).await?;
    let taking = async {
        let event = Uuid::parse_str(&event).map_err(|_| Refusal::Malformed("the path names no event id".to_owned()))?;
        take(&app, &sender, envelope(&app, &parts.headers, body, event).await?).await
    };
    let taken = sender.count(&app, Category::Attachment, taking.await)?.or_limited()?;
    let mut response = StatusCode::CREATED.into_response();
    tell(response.headers_mut(), &taken.limits);
    Ok(response)
}

/// The envelope of a form's files.
async fn envelope(app: &App, headers: &HeaderMap, body: Body, event: Uuid) -> Result<Held, Refusal> {
    let boundary = boundary(headers).ok_or(Refusal::Malformed("the body is no multipart form".to_owned()))?;
    let limit = Limit::of_envelope();
    let incoming = Incoming::of(headers, body, limit, limit)?;
    let held = app.ingest.budget.held(limit).expecting(incoming.stated_bytes());
    let mut form = Form::of(boundary, incoming);
    let mut building = Building::new(held)?;
    let mut files = 0;
    while let Some(mut part) = form.next().await? {
        files += 1;
        file(&mut building, &header_of_file(&part), &mut part).await?;
    }
    if files == 0 {
        return Err(Refusal::Malformed("the form has no file".to_owned()));
    }
    Ok(building.finish(event))
}

/// The boundary of a multipart body, if it is one.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(content_type).ok()
}

/// The header of the attachment that a part becomes.
pub(super) fn header_of_file(part: &Part) -> ItemHeader {
    let given = part.file_name().filter(|name| !name.is_empty()).unwrap_or(part.name());
    ItemHeader {
        filename: Some(clean_file_name(given).unwrap_or_else(|| NAMELESS.to_owned())),
        content_type: part.content_type().filter(|kind| kind.len() <= MAX_CONTENT_TYPE_BYTES),
        ..header_of(kind::ATTACHMENT)
    }
}

/// Writes a part into the envelope.
pub(super) async fn file(building: &mut Building, header: &ItemHeader, part: &mut Part) -> Result<(), Refusal> {
    building.begin(header)?;
    while let Some(piece) = part.next().await? {
        building.append(&piece)?;
    }
    building.end()
}
