//! The list of issues.
//!
//! | path | what |
//! | --- | --- |
//! | GET `/` | the list: tabs, a search, how it is sorted, of which time and environment, see [`asked`] |
//! | POST `/issues/change` | something is done to those that were chosen, see [`bulk`] |
//! | GET `/issues/suggest` | JSON: how what is being typed into the search may go on, see [`suggest`] |
//! | GET `/issues/news` | JSON: how many issues are new since the list was made, see [`news`] |

mod asked;
mod bulk;
mod done;
mod line;
mod menus;
mod news;
mod people;
mod suggest;
mod view;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use super::frame::Frame;
use super::{Failure, render, start};
use crate::access::Scope;
use crate::queries::lists;
use crate::queries::trend::{self, Steps};
use crate::search::walk;
use crate::search::{self, Wrong};
use crate::{App, now_ms};
use asked::Asked;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(list))
        .route("/issues/change", post(bulk::change))
        .route("/issues/suggest", get(suggest::suggest))
        .route("/issues/news", get(news::news))
}

/// What a page says besides the list.
#[derive(Debug, Default)]
struct Said {
    /// What was done.
    done: Option<String>,
    /// Why nothing was done.
    wrong: Option<String>,
    /// Issues that were chosen then.
    chosen: Vec<i64>,
    /// What was typed then: until how many of what they are ignored.
    amount: String,
    unit: String,
}

async fn list(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    if start::is_first(&app, &frame).await? {
        return Ok(Redirect::to("/start/").into_response());
    }
    let said = Said {
        done: frame.asked("done").and_then(done::words),
        ..Said::default()
    };
    show(&app, frame, said).await
}

/// The page of the list.
async fn show(app: &App, frame: Frame, said: Said) -> Result<Response, Failure> {
    let now = now_ms();
    let asked = Asked::of(&frame, now)?;
    if frame.projects.is_empty() {
        return Ok(render(&view::NoProject::of(frame)));
    }
    let found = match find(app, &frame, &asked, now).await {
        Ok(found) => Ok(found),
        Err(walk::Failure::Wrong(wrong)) => Err(wrong),
        Err(walk::Failure::Failed(error)) => return Err(error.into()),
    };
    let is_empty = found
        .as_ref()
        .is_ok_and(|found| found.issues.is_empty() && found.walked.more.is_none());
    // What is wrong about a form is said in the list, though there be nothing in it.
    if is_empty && said.wrong.is_none() && !lists::has_any(&app.database, &frame.project_ids()).await? {
        return waiting(app, frame).await;
    }
    let status = match &found {
        Ok(_) if said.wrong.is_none() => StatusCode::OK,
        _ => StatusCode::BAD_REQUEST,
    };
    let environments = menus::environments(app, &frame, &asked).await?;
    let assignees = if may_change(&frame) {
        people::assignees(app, &frame).await?
    } else {
        Vec::new()
    };
    let since = news::since(app, now).await?;
    let page = view::page(
        frame,
        asked,
        found,
        view::Around {
            said,
            environments,
            assignees,
            since,
            now,
        },
    );
    Ok((status, render(&page)).into_response())
}

/// Whether who looks may change something of what can be in the list.
fn may_change(frame: &Frame) -> bool {
    match &frame.chosen {
        Some(project) => frame.may_in(project, Scope::EventWrite),
        None => frame.may(Scope::EventWrite),
    }
}

/// A part of the list.
struct Found {
    issues: Vec<crate::queries::Issue>,
    trends: Vec<trend::Trend>,
    notes: std::collections::HashMap<i64, i64>,
    walked: walk::Walked,
    /// How many there are, as far as they are counted.
    hits: i64,
}

async fn find(app: &App, frame: &Frame, asked: &Asked, now: i64) -> Result<Found, walk::Failure> {
    let projects = asked::projects(frame);
    let search = asked
        .search
        .as_ref()
        .map_err(|wrong| walk::Failure::Wrong(Wrong::clone(wrong)))?;
    let (walked, hits) = search::issues::search(&app.database, &projects, search, asked.sort.2, asked.page).await?;
    let issues = lists::issues(&app.database, &walked.places).await?;
    let trends = trend::of_issues(&app.database, &issues, Steps::of(asked.trend.2), now).await?;
    let notes = lists::notes(&app.database, &issues).await?;
    Ok(Found {
        issues,
        trends,
        notes,
        walked,
        hits,
    })
}

/// The page that says how the first event comes, with the DSN of the chosen project or the first.
async fn waiting(app: &App, frame: Frame) -> Result<Response, Failure> {
    let project = frame
        .chosen
        .as_ref()
        .or(frame.projects.first())
        .ok_or(Failure::NotFound)?;
    let dsn = frame.dsn(app).await?;
    let start = format!("/start/{}/{}/", project.organization_slug, project.slug);
    let name = frame.name_of(project);
    Ok(render(&view::Waiting {
        frame,
        name,
        start,
        dsn,
    }))
}
