//! The client keys of a project: each with its DSN and the other addresses that it opens.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};

use super::asked::{Seen, Sent};
use super::{About, DONE, Side, Ways, at, to};
use crate::access::Scope;
use crate::api::keys::{KeyGiven, RateLimit, changed, made, removed, rotated};
use crate::collector::dsn;
use crate::pages::frame::Frame;
use crate::pages::needs::{ProjectAdmin, ProjectRead, ProjectWrite};
use crate::pages::posted::Fields;
use crate::pages::said::Said;
use crate::pages::start::{minidump_url, security_url};
use crate::pages::words::When;
use crate::pages::{Failure, render};
use crate::projects::Project;
use crate::projects::keys::{self, Key};
use crate::{App, api, now_ms};

/// Keys of a page.
const PAGE: i64 = 20;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/{org}/{project}/keys/", get(show).post(make))
        .route("/settings/{org}/{project}/keys/{key}/change", post(change))
        .route("/settings/{org}/{project}/keys/{key}/rotate", post(rotate))
        .route("/settings/{org}/{project}/keys/{key}/remove", post(remove))
}

#[derive(Template)]
#[template(path = "settings/keys.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    project: Project,
    keys: Vec<Line>,
    ways: Ways,
    may_change: bool,
    may_remove: bool,
}

struct Line {
    key: String,
    label: String,
    enabled: bool,
    made: When,
    dsn: String,
    minidump: String,
    security: String,
    count: String,
    window: String,
}

impl Line {
    fn of(app: &App, key: Key, now: i64) -> Self {
        let text = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let (public_key, id) = (&key.public_key, key.project_id);
        Self {
            enabled: key.enabled != 0,
            made: When::of(key.created_at, now),
            dsn: dsn(&app.url, public_key, id),
            minidump: minidump_url(&app.url, public_key, id),
            security: security_url(&app.url, public_key, id),
            count: text(key.quota_events),
            window: text(key.quota_window_s),
            label: key.label,
            key: key.public_key,
        }
    }
}

async fn show(State(app): State<App>, Seen { frame, project, .. }: Seen<ProjectRead>) -> Result<Response, Failure> {
    let said = Said::done(&frame, DONE);
    page(&app, frame, project, said).await
}

async fn page(app: &App, frame: Frame, project: Project, said: Said) -> Result<Response, Failure> {
    let now = now_ms();
    let keys = keys::list(&app.database, project.id).await?;
    let (keys, ways) = Ways::part(&frame, PAGE, keys);
    let page = Page {
        ways,
        side: Side::new(app, &frame, About::Project(&project)).await?,
        keys: keys.into_iter().map(|key| Line::of(app, key, now)).collect(),
        may_change: frame.may_in(&project, Scope::ProjectWrite),
        may_remove: frame.may_in(&project, Scope::ProjectAdmin),
        project,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

/// What became of a form about a key.
async fn answer<T>(
    app: &App,
    frame: Frame,
    project: Project,
    (form, fields): (&str, Fields),
    result: Result<T, api::Failure>,
    done: &str,
) -> Result<Response, Failure> {
    let taken = result.map(|_| to(&at(&project, "keys/"), done));
    Said::answered(taken, form, fields, |said| page(app, frame, project, said)).await
}

async fn make(
    State(app): State<App>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectWrite>,
) -> Result<Response, Failure> {
    let given = KeyGiven {
        name: Some(fields.get("label").to_owned()),
        ..KeyGiven::default()
    };
    let made = made(&app, project.id, given).await;
    answer(&app, frame, project, ("make", fields), made, "key-made").await
}

async fn change(
    State(app): State<App>,
    Path((_, _, key)): Path<(String, String, String)>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectWrite>,
) -> Result<Response, Failure> {
    let changed = match rate_limit(&fields) {
        Ok(limit) => {
            let given = KeyGiven {
                name: Some(fields.get("label").to_owned()),
                is_active: Some(fields.has("enabled")),
                rate_limit: Some(limit),
            };
            changed(&app, project.id, &key, given).await
        }
        Err(failure) => Err(failure),
    };
    answer(&app, frame, project, (&key, fields), changed, "saved").await
}

/// None if the number is left empty.
fn rate_limit(fields: &Fields) -> Result<Option<RateLimit>, api::Failure> {
    let number = |name: &str, what: &str| {
        let text = fields.get(name).trim();
        let number = text.parse::<i64>();
        number.map_err(|_| api::Failure::wrong(&format!("{what} (use a number)"), text))
    };
    if fields.get("count").trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(RateLimit {
        count: number("count", "limit")?,
        window: number("window", "window")?,
    }))
}

async fn rotate(
    State(app): State<App>,
    Path((_, _, key)): Path<(String, String, String)>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectWrite>,
) -> Result<Response, Failure> {
    let rotated = rotated(&app, project.id, &key).await;
    answer(&app, frame, project, (&key, fields), rotated, "key-rotated").await
}

async fn remove(
    State(app): State<App>,
    Path((_, _, key)): Path<(String, String, String)>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectAdmin>,
) -> Result<Response, Failure> {
    let removed = removed(&app, project.id, &key).await;
    answer(&app, frame, project, (&key, fields), removed, "key-removed").await
}
