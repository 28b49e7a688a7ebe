//! An organisation: its name, its projects, a new one.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use super::{About, DONE, Side, Ways, organization, to};
use crate::access::Scope;
use crate::api::projects::made;
use crate::pages::frame::Frame;
use crate::pages::posted::Posted;
use crate::pages::said::Said;
use crate::pages::start::new_project;
use crate::pages::{Failure, render};
use crate::projects::{self, Organization, Project};
use crate::{App, accounts};

/// Projects of a page.
const PAGE: i64 = 200;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/{org}/", get(show).post(rename))
        .route("/settings/{org}/new/", get(new).post(make))
}

#[derive(Template)]
#[template(path = "settings/organization.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    organization: Organization,
    projects: Vec<Project>,
    ways: Ways,
    may_rename: bool,
    may_make: bool,
}

#[derive(Template)]
#[template(path = "settings/new.html")]
struct New {
    frame: Frame,
    side: Side,
    said: Said,
    organization: Organization,
}

async fn show(frame: Frame, State(app): State<App>, Path(org): Path<String>) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::OrgRead).await?;
    let said = Said::done(&frame, DONE);
    page(&app, frame, organization, said).await
}

async fn page(app: &App, frame: Frame, organization: Organization, said: Said) -> Result<Response, Failure> {
    let may = |scope| frame.who.may_in(organization.id, scope).is_ok();
    let (may_rename, may_make) = (may(Scope::OrgWrite), may(Scope::ProjectWrite));
    let mut projects = projects::projects(&app.database, Some(&[organization.id])).await?;
    projects.retain(|project| frame.may_in(project, Scope::ProjectRead));
    let (projects, ways) = Ways::part(&frame, PAGE, projects);
    let page = Page {
        side: Side::new(app, &frame, About::Organization(&organization)).await?,
        ways,
        may_rename,
        may_make,
        projects,
        organization,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn rename(
    State(app): State<App>,
    Path(org): Path<String>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::OrgWrite).await?;
    let name = accounts::name(fields.get("name"));
    if name.is_empty() {
        let said = Said::wrong("name", fields, "An organization needs a name");
        return page(&app, frame, organization, said).await;
    }
    projects::rename_organization(&app.database, organization.id, &name).await?;
    Ok(to(&format!("/settings/{org}/"), "saved"))
}

async fn new(frame: Frame, State(app): State<App>, Path(org): Path<String>) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::ProjectWrite).await?;
    new_page(&app, frame, organization, Said::default()).await
}

async fn new_page(app: &App, frame: Frame, organization: Organization, said: Said) -> Result<Response, Failure> {
    let page = New {
        side: Side::new(app, &frame, About::Organization(&organization)).await?,
        organization,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn make(
    State(app): State<App>,
    Path(org): Path<String>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::ProjectWrite).await?;
    let made = match new_project(&fields) {
        Ok(new) => made(&app, organization.id, &new).await,
        Err(failure) => Err(failure),
    };
    let taken = made.map(|project| Redirect::to(&format!("/start/{org}/{}/", project.slug)).into_response());
    Said::answered(taken, "project", fields, |said| {
        new_page(&app, frame, organization, said)
    })
    .await
}
