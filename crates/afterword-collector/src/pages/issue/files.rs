//! What of an event is offered as it is.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::{find, look, text};
use crate::App;
use crate::pages::frame::Frame;
use crate::pages::{Failure, number, words};
use crate::queries;

/// The payload as it came.
pub(super) async fn raw(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (_, event) = find(&app, &frame, &issue, &event).await?;
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((kind, event.raw()).into_response())
}

/// The stack as text.
pub(super) async fn stack(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (issue, stored) = find(&app, &frame, &issue, &event).await?;
    let whole = look::whole(&app, &stored).await?;
    let url = format!("{}/issues/{}/events/{}/", app.url, issue.id, stored.event_id);
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let text = text::text(&stored, &whole.event, &url, text::ALONE_BYTES);
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// A file, only ever to be saved.
pub(super) async fn attachment(
    frame: Frame,
    State(app): State<App>,
    Path((issue, event, attachment)): Path<(String, String, String)>,
) -> Result<Response, Failure> {
    let (_, event) = find(&app, &frame, &issue, &event).await?;
    let id = number(&attachment)?;
    let attachments = queries::attachments(&app.database, &event).await?;
    let attachment = attachments
        .into_iter()
        .find(|attachment| attachment.id == id)
        .ok_or(Failure::NotFound)?;
    let bytes = app.blobs.attachment(&attachment.sha256).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_DISPOSITION, words::save_as(&attachment.name)),
    ];
    Ok((headers, bytes).into_response())
}
