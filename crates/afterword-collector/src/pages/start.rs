//! The first start: an owner, if one is wanted, and a project; then a page that says how to send and waits for the first
//! event.
//!
//! | path | |
//! | --- | --- |
//! | `/start/` | what is still to be made |
//! | `/start/owner` | leads to the link of the first account, on this machine |
//! | `/start/{org}/{project}/` | the DSN, snippets (`?with=`), and the first event |
//! | `/start/{org}/{project}/first` | whether it is there, for the script of that page |

mod snippets;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use self::snippets::Snippet;
use super::frame::Frame;
use super::posted::{Fields, Posted};
use super::said::Said;
use super::words::{When, level_class};
use super::{Failure, render};
use crate::access::{By, Scope};
use crate::accounts::{people, setup};
use crate::api::projects::{NewProject, made};
use crate::error::OrFailed as _;
use crate::projects::{self, Organization, Project, keys};
use crate::queries::newest::{Newest, newest};
use crate::{App, api, now_ms};

pub(super) use snippets::{PLATFORMS, minidump_url, security_url};

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/start/", get(begin).post(make))
        .route("/start/owner", post(owner))
        .route("/start/{org}/{project}/", get(waiting))
        .route("/start/{org}/{project}/first", get(arrived))
}

/// Whether a list of nothing leads here: there is no project, and who looks may make one.
pub(super) async fn is_first(app: &App, frame: &Frame) -> Result<bool, Failure> {
    if !frame.projects.is_empty() {
        return Ok(false);
    }
    Ok(is_here(frame) || !organizations(app, frame).await?.is_empty())
}

#[derive(Template)]
#[template(path = "start/begin.html")]
struct Begin {
    frame: Frame,
    said: Said,
    /// On this machine, and nobody has an account.
    offers_owner: bool,
    /// Those that a project can be made in.
    organizations: Vec<Organization>,
    /// One that is not there yet can be named, too.
    names_organization: bool,
}

#[derive(Template)]
#[template(path = "start/waiting.html")]
struct Waiting {
    frame: Frame,
    project: Project,
    dsn: Option<String>,
    /// Only this machine reaches it.
    is_only_here: bool,
    snippets: Vec<Snippet>,
    shown: &'static str,
    first: Option<First>,
}

/// The first event alone, for the script.
#[derive(Template)]
#[template(path = "start/first.html")]
struct Alone {
    first: First,
}

/// The first event.
struct First {
    url: String,
    title: String,
    place: String,
    level: String,
    level_class: &'static str,
    release: Option<String>,
    environment: Option<String>,
    received: When,
}

async fn begin(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    begin_page(&app, frame, Said::default()).await
}

async fn begin_page(app: &App, frame: Frame, said: Said) -> Result<Response, Failure> {
    let is_here = is_here(&frame);
    let page = Begin {
        offers_owner: is_here && people::is_nobody(&app.database).await?,
        organizations: organizations(app, &frame).await?,
        names_organization: is_here,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn make(State(app): State<App>, Posted { frame, fields }: Posted) -> Result<Response, Failure> {
    match make_project(&app, &frame, &fields).await {
        Ok(project) => {
            let to = format!("/start/{}/{}/", project.organization_slug, project.slug);
            Ok(Redirect::to(&to).into_response())
        }
        Err(failure) => begin_page(&app, frame, Said::of("project", fields, failure)?).await,
    }
}

/// Makes the project of a form, and on this machine its organisation.
async fn make_project(app: &App, frame: &Frame, fields: &Fields) -> Result<Project, api::Failure> {
    let org = fields.get("organization").trim();
    if !is_here(frame) {
        let organization_id = frame.who.organization(app, org, Scope::ProjectWrite).await?;
        return made(app, organization_id, &new_project(fields)?).await;
    }
    // What is wrong about the project makes no organisation.
    let new = new_project(fields)?;
    let mut connection = app.database.write.acquire().await.or_failed("make an organisation")?;
    let organization_id = projects::make_organization(&mut connection, org, now_ms())
        .await
        .map_err(api::Failure::of_slug)?;
    drop(connection);
    made(app, organization_id, &new).await
}

/// What a form says of a new project.
pub(super) fn new_project(fields: &Fields) -> Result<NewProject, api::Failure> {
    let name = fields.get("name").trim();
    if name.is_empty() {
        return Err(api::Failure::Wrong("The project needs a name".to_owned()));
    }
    let text = |field: &str| Some(fields.get(field).trim().to_owned()).filter(|text| !text.is_empty());
    Ok(NewProject {
        name: name.to_owned(),
        slug: text("slug"),
        platform: text("platform"),
    })
}

/// A link for the first account, opened at once: who is at this machine may see it anyway.
async fn owner(State(app): State<App>, Posted { frame, .. }: Posted) -> Result<Response, Failure> {
    if !is_here(&frame) {
        return Err(Failure::Forbidden(
            "The first account is made on the collector's own machine, or with the link that it prints when it starts."
                .to_owned(),
        ));
    }
    let token = setup::offer(&app.database).await?;
    let to = token.map_or("/sign-in/".to_owned(), |token| format!("/setup/{token}"));
    Ok(Redirect::to(&to).into_response())
}

async fn waiting(
    frame: Frame,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = frame.who.project(&app, &org, &project, Scope::ProjectRead).await?;
    let project = projects::project(&app.database, id).await?.ok_or(Failure::NotFound)?;
    let keys = keys::list(&app.database, id).await?;
    let key = keys.iter().find(|key| key.enabled != 0);
    let snippets = key.map_or_else(Vec::new, |key| snippets::all(&app.url, &key.public_key, &project));
    let shown = snippets::shown(frame.asked("with"), project.platform.as_deref());
    let page = Waiting {
        first: first(&app, &frame, &project).await?,
        dsn: key.map(|key| crate::collector::dsn(&app.url, &key.public_key, id)),
        is_only_here: snippets::is_only_here(&app.url),
        snippets,
        shown,
        project,
        frame,
    };
    Ok(render(&page))
}

async fn arrived(
    frame: Frame,
    State(app): State<App>,
    Path((org, project)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let id = frame.who.project(&app, &org, &project, Scope::EventRead).await?;
    let project = projects::project(&app.database, id).await?.ok_or(Failure::NotFound)?;
    let first = first(&app, &frame, &project).await?;
    let html = first.map(|first| Alone { first }.render()).transpose();
    let html = html.map_err(|error| {
        tracing::error!(%error, "could not render the first event");
        Failure::NotFound
    })?;
    Ok(Json(json!({ "html": html })).into_response())
}

async fn first(app: &App, frame: &Frame, project: &Project) -> Result<Option<First>, Failure> {
    if !frame.may_in(project, Scope::EventRead) {
        return Ok(None);
    }
    let newest = newest(&app.database, project.id).await?;
    Ok(newest.map(|newest| First::of(newest, now_ms())))
}

impl First {
    fn of(newest: Newest, now: i64) -> Self {
        Self {
            url: format!("/issues/{}/", newest.issue_id),
            title: newest.title,
            place: newest.signature.unwrap_or(newest.culprit),
            level_class: level_class(&newest.level),
            level: newest.level,
            release: newest.release,
            environment: newest.environment,
            received: When::of(newest.received_at, now),
        }
    }
}

/// Whoever works at this machine, as long as nobody has an account.
fn is_here(frame: &Frame) -> bool {
    matches!(frame.who.by(), By::Here)
}

/// Those in which who looks may make a project.
async fn organizations(app: &App, frame: &Frame) -> Result<Vec<Organization>, Failure> {
    let mut all = projects::organizations(&app.database, frame.who.organizations().as_deref()).await?;
    all.retain(|organization| frame.who.may_in(organization.id, Scope::ProjectWrite).is_ok());
    Ok(all)
}
