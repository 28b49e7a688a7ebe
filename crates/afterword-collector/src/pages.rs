//! Pages (to be filled).
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::App;

/// The routes of the pages.
pub(crate) fn routes(_app: &App) -> Router<App> {
    Router::new()
}

/// A page that says one thing.
pub(crate) fn message(status: StatusCode, title: &str, text: &str) -> Response {
    (status, format!("{title}: {text}")).into_response()
}
