//! The one style sheet and the one script, each joined of what the rooms of the pages bring.

use std::sync::LazyLock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use crate::App;
use crate::blobs::sha256_hex;

const SHEETS: &[&str] = &[
    include_str!("../../assets/css/base.css"),
    include_str!("../../assets/css/frame.css"),
    include_str!("../../assets/css/charts.css"),
    include_str!("../../assets/css/issues.css"),
    include_str!("../../assets/css/issue.css"),
    include_str!("../../assets/css/releases.css"),
    include_str!("../../assets/css/performance.css"),
    include_str!("../../assets/css/alerts.css"),
    include_str!("../../assets/css/settings.css"),
    include_str!("../../assets/css/start.css"),
];

const SCRIPTS: &[&str] = &[
    include_str!("../../assets/js/frame.js"),
    include_str!("../../assets/js/issues.js"),
    include_str!("../../assets/js/issue.js"),
    include_str!("../../assets/js/alerts.js"),
    include_str!("../../assets/js/start.js"),
];

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::join(SHEETS, "text/css; charset=utf-8"));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::join(SCRIPTS, "text/javascript; charset=utf-8"));

/// A file of ours.
pub(super) struct Asset {
    text: String,
    kind: &'static str,
    /// Changes with its text, so that browsers may keep it for long.
    version: String,
}

impl Asset {
    fn join(parts: &[&str], kind: &'static str) -> Self {
        let text = parts.join("\n");
        let version = sha256_hex(text.as_bytes())[..12].to_owned();
        Self { text, kind, version }
    }

    fn answer(&'static self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (
                header::CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=31536000, immutable"),
            ),
        ];
        (headers, self.text.as_str()).into_response()
    }
}

/// For whoever asks.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/assets/app.css", get(async || STYLE.answer()))
        .route("/assets/app.js", get(async || SCRIPT.answer()))
}

/// Where the style sheet is.
pub(super) fn style_url() -> String {
    format!("/assets/app.css?v={}", STYLE.version)
}

/// Where the script is.
pub(super) fn script_url() -> String {
    format!("/assets/app.js?v={}", SCRIPT.version)
}
