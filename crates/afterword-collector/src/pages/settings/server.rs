//! How the server is: storage, queue, collectors, and what could not be digested. For who owns everything.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::{About, DONE, Side, owns_everything, to};
use crate::life::{health, storage};
use crate::pages::frame::Frame;
use crate::pages::posted::Posted;
use crate::pages::said::Said;
use crate::pages::words::{When, count, grouped, size};
use crate::pages::{Failure, number, render};
use crate::projects;
use crate::queries::beside::{self, SetAside};
use crate::queries::hours;
use crate::{App, now_ms, presence};

const HERE: &str = "/settings/server/";

/// Lines of the list of what was set aside.
const PAGE: i64 = 25;

const HOUR_MS: i64 = 3_600_000;

/// The most of an error that a list shows, in characters.
const MAX_ERROR_CHARS: usize = 500;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/server/", get(show))
        .route("/settings/server/set-aside/{id}", get(download))
        .route("/settings/server/set-aside/{id}/again", post(again))
        .route("/settings/server/set-aside/{id}/discard", post(discard))
}

/// What is stored of a kind: its name, how many, how large.
type Kept = (&'static str, String, String);

#[derive(Template)]
#[template(path = "settings/server.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    version: &'static str,
    database: String,
    free: Option<String>,
    /// What was counted, and when; `None` while that is under way for the first time.
    storage: Option<(When, Vec<Kept>)>,
    waiting: String,
    oldest: Option<When>,
    digested: String,
    since: When,
    came: Vec<(String, String, String)>,
    collectors: Vec<(String, When)>,
    set_aside: Vec<Line>,
    more: Option<String>,
}

/// An envelope that could not be digested.
struct Line {
    id: i64,
    project: String,
    error: String,
    tries: String,
    size: String,
    client: Option<String>,
    /// In milliseconds since 1970: with the id, it is this one.
    at: i64,
    when: When,
}

/// 403 for others.
pub(super) async fn owned(app: &App, frame: &Frame) -> Result<(), Failure> {
    if owns_everything(app, frame).await? {
        return Ok(());
    }
    Err(Failure::Forbidden(
        "This is for who owns all organizations of this server.".to_owned(),
    ))
}

async fn show(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    owned(&app, &frame).await?;
    let said = Said::done(&frame, DONE);
    page(&app, frame, said).await
}

async fn page(app: &App, frame: Frame, said: Said) -> Result<Response, Failure> {
    let now = now_ms();
    let (waiting, oldest) = app.inbox.waiting().await?;
    let collectors = presence::list(&app.database).await?;
    let before = frame.asked("cursor").and_then(|id| id.parse().ok());
    let mut found = beside::all_set_aside(&app.database, before, PAGE + 1).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let has_more = found.len() > most;
    found.truncate(most);
    let last = found.last().map(|last| last.id.to_string());
    let all = projects::projects(&app.database, None).await?;
    let name = |id: i64| {
        let found = all.iter().find(|project| project.id == id);
        found.map_or_else(
            || format!("project {id}"),
            |project| format!("{}/{}", project.organization_slug, project.slug),
        )
    };
    let storage = app.life.storage.last(app).map(|storage| {
        let kind = |(name, rows, bytes): &(&'static str, i64, Option<i64>)| {
            (*name, grouped(*rows), bytes.map(size).unwrap_or_default())
        };
        (
            When::of(storage.counted_at, now),
            storage.kinds.iter().map(kind).collect(),
        )
    });
    let page = Page {
        side: Side::new(app, &frame, About::Neither).await?,
        version: env!("CARGO_PKG_VERSION"),
        database: size(storage::database_bytes(&app.database).await?),
        free: health::free_disk(app).map(|free| size(i64::try_from(free).unwrap_or(i64::MAX))),
        storage,
        waiting: count(waiting, "envelope"),
        oldest: oldest.map(|at| When::of(at, now)),
        digested: count(app.life.metrics.digested_so_far(), "envelope"),
        since: When::of(app.life.started_at, now),
        came: came(app, &all, now).await?,
        collectors: collectors
            .into_iter()
            .map(|collector| (collector.id, When::of(collector.started_at, now)))
            .collect(),
        set_aside: found.into_iter().map(|one| line(one, name, now)).collect(),
        more: last.filter(|_| has_more).map(|last| frame.with("cursor", Some(&last))),
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

fn line(one: SetAside, name: impl Fn(i64) -> String, now: i64) -> Line {
    Line {
        id: one.id,
        project: name(one.project_id),
        error: one.error.chars().take(MAX_ERROR_CHARS).collect(),
        tries: count(one.tries, "attempt"),
        size: size(one.size_bytes),
        client: one.client,
        at: one.set_aside_at,
        when: When::of(one.set_aside_at, now),
    }
}

/// What came in the last day: kind, what became of it, how much.
async fn came(app: &App, all: &[projects::Project], now: i64) -> Result<Vec<(String, String, String)>, Failure> {
    let ids: Vec<i64> = all.iter().map(|project| project.id).collect();
    let came = hours::came(&app.database, &ids, &[], now - 23 * HOUR_MS, now, 1).await?;
    let mut sums = std::collections::BTreeMap::new();
    for hour in came {
        *sums.entry((hour.category, hour.outcome)).or_insert(0) += hour.quantity;
    }
    let rows = sums.into_iter();
    Ok(rows
        .map(|((category, outcome), quantity)| (category, outcome, grouped(quantity)))
        .collect())
}

/// Its bytes, as they came.
async fn download(frame: Frame, State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    owned(&app, &frame).await?;
    let bytes = beside::bytes_set_aside(&app.database, &app.blobs, number(&id)?).await?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-sentry-envelope"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"envelope\""),
        ),
    ];
    Ok((headers, bytes.ok_or(Failure::NotFound)?).into_response())
}

async fn again(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { frame, .. }: Posted,
) -> Result<Response, Failure> {
    owned(&app, &frame).await?;
    if !app.inbox.digest_again(number(&id)?).await? {
        return Err(Failure::NotFound);
    }
    Ok(to(HERE, "again"))
}

async fn discard(
    State(app): State<App>,
    Path(id): Path<String>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    owned(&app, &frame).await?;
    let number = number(&id)?;
    if !fields.has("sure") {
        let wrong = "What is discarded does not come back: tick the box if it is meant";
        return page(&app, frame, Said::wrong(&id, fields, wrong)).await;
    }
    let at = fields.get("at").parse().map_err(|_| Failure::NotFound)?;
    if !app.inbox.discard(number, at).await? {
        return Err(Failure::NotFound);
    }
    tracing::info!(id = number, by = frame.who.actor(), "what was set aside is discarded");
    Ok(to(HERE, "discarded"))
}
