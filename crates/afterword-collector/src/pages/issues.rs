//! The list of issues.

mod view;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::frame::Frame;
use super::{Failure, render, start};
use crate::{App, now_ms, projects, queries};

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/", get(issues))
}

async fn issues(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    if start::is_first(&app, &frame).await? {
        return Ok(Redirect::to("/start/").into_response());
    }
    let issues = queries::issues(&app.database).await?;
    let first_key = if issues.is_empty() {
        projects::first_key(&app.database).await?
    } else {
        None
    };
    let page = view::page(
        frame,
        &issues,
        first_key.map(|(id, key, _)| crate::collector::dsn(&app.url, &key, id)),
        now_ms(),
    );
    Ok(render(&page).into_response())
}
