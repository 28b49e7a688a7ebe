//! A project: its names and what it is written in; giving it up.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::asked::{Seen, Sent};
use super::{About, DONE, Side, to};
use crate::App;
use crate::access::Scope;
use crate::api::projects::{Changes, changed, given_up};
use crate::pages::frame::Frame;
use crate::pages::needs::{ProjectAdmin, ProjectRead, ProjectWrite};
use crate::pages::said::Said;
use crate::pages::start::PLATFORMS;
use crate::pages::{Failure, render};
use crate::projects::Project;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/settings/{org}/{project}/", get(show).post(change))
        .route("/settings/{org}/{project}/delete", post(delete))
}

#[derive(Template)]
#[template(path = "settings/project.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    project: Project,
    may_change: bool,
    may_delete: bool,
}

impl Page {
    /// What it is written in, if that is none of those that are offered.
    fn other_platform(&self) -> Option<&str> {
        let platform = self.project.platform.as_deref()?;
        let is_known = platform.is_empty() || PLATFORMS.iter().any(|(key, _)| *key == platform);
        (!is_known).then_some(platform)
    }

    fn is_platform(&self, key: &str) -> bool {
        let kept = self.project.platform.as_deref() == Some(key);
        self.said.ticked("project", "platform", key, kept)
    }
}

async fn show(State(app): State<App>, Seen { frame, project, .. }: Seen<ProjectRead>) -> Result<Response, Failure> {
    let said = Said::done(&frame, DONE);
    page(&app, frame, project, said).await
}

async fn page(app: &App, frame: Frame, project: Project, said: Said) -> Result<Response, Failure> {
    let page = Page {
        side: Side::new(app, &frame, About::Project(&project)).await?,
        may_change: frame.may_in(&project, Scope::ProjectWrite),
        may_delete: frame.may_in(&project, Scope::ProjectAdmin),
        project,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn change(
    State(app): State<App>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectWrite>,
) -> Result<Response, Failure> {
    let slug = fields.get("slug").trim().to_owned();
    let changes = Changes {
        name: Some(fields.get("name").to_owned()),
        slug: Some(slug.clone()),
        platform: fields.has("platform").then(|| fields.get("platform").to_owned()),
        ..Changes::default()
    };
    let changed = changed(&app, project.id, changes).await;
    let taken = changed.map(|()| to(&format!("/settings/{}/{slug}/", project.organization_slug), "saved"));
    Said::answered(taken, "project", fields, |said| page(&app, frame, project, said)).await
}

/// The name of the project has to be typed: what is given up does not come back.
async fn delete(
    State(app): State<App>,
    Sent {
        frame, project, fields, ..
    }: Sent<ProjectAdmin>,
) -> Result<Response, Failure> {
    if fields.get("name").trim() != project.slug {
        let wrong = format!("To delete it, type its name in addresses: {}", project.slug);
        return page(&app, frame, project, Said::wrong("delete", fields, wrong)).await;
    }
    given_up(&app, &frame.who, project.id).await?;
    Ok(to("/settings/", "deleted"))
}
