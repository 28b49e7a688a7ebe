//! Deleting what is of a person, because they ask for it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;

use super::{About, Side, organization, to};
use crate::access::Scope;
use crate::api::user_data::check;
use crate::life::erasing::{Erasure, State as Stage};
use crate::life::person::Named;
use crate::pages::frame::Frame;
use crate::pages::posted::{Fields, Posted};
use crate::pages::said::Said;
use crate::pages::words::{When, count};
use crate::pages::{Failure, render};
use crate::projects::{self, Organization};
use crate::{App, api, now_ms};

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/settings/{org}/-/user-data/", get(show).post(delete))
}

#[derive(Template)]
#[template(path = "settings/user_data.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    organization: Organization,
    under_way: bool,
    lines: Vec<Line>,
}

/// A deletion.
struct Line {
    by: String,
    asked: When,
    state: String,
    /// What is deleted, in words.
    deleted: String,
    /// What could not be looked into, in words.
    left: Option<String>,
}

impl Line {
    fn of(erasure: &Erasure, now: i64) -> Self {
        let deleted = &erasure.deleted;
        let number = |number: u64, thing: &str| count(i64::try_from(number).unwrap_or(i64::MAX), thing);
        let words = [
            number(deleted.events, "event"),
            number(deleted.issues, "issue"),
            number(deleted.attachments, "attachment"),
            format!("{} of feedback", number(deleted.feedback, "piece")),
            number(deleted.transactions, "transaction"),
            number(deleted.sessions, "row") + " of sessions",
        ];
        let left = deleted.waiting + deleted.set_aside;
        Self {
            by: erasure.by.clone(),
            asked: When::of(erasure.asked_at, now),
            state: match erasure.state {
                Stage::UnderWay => format!(
                    "Under way: {} of {} done",
                    erasure.projects_done,
                    count(i64::try_from(erasure.projects).unwrap_or(i64::MAX), "project")
                ),
                Stage::Done => "Done".to_owned(),
                Stage::Failed => "Failed: the collector’s log says why. Send the form again to go on.".to_owned(),
            },
            deleted: words.join(", "),
            left: (left > 0).then(|| {
                format!(
                    "{} could not be looked into, since they wait or were set aside: delete again once that is over.",
                    count(left, "envelope")
                )
            }),
        }
    }
}

async fn show(frame: Frame, State(app): State<App>, Path(org): Path<String>) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::OrgAdmin).await?;
    let said = Said::done(&frame, &[("begun", "The deletion is begun.")]);
    page(&app, frame, organization, said).await
}

async fn page(app: &App, frame: Frame, organization: Organization, said: Said) -> Result<Response, Failure> {
    let erasures = app.life.erasures.of(organization.id);
    let now = now_ms();
    let page = Page {
        side: Side::new(app, &frame, About::Organization(&organization)).await?,
        under_way: erasures.iter().any(|erasure| erasure.state == Stage::UnderWay),
        lines: erasures.iter().map(|erasure| Line::of(erasure, now)).collect(),
        organization,
        said,
        frame,
    };
    Ok(Said::answer(page.said.is_wrong(), render(&page)))
}

async fn delete(
    State(app): State<App>,
    Path(org): Path<String>,
    Posted { frame, fields }: Posted,
) -> Result<Response, Failure> {
    let organization = organization(&app, &frame, &org, Scope::OrgAdmin).await?;
    let begun = begin(&app, &frame, organization.id, &fields).await;
    let taken = begun.map(|()| to(&format!("/settings/{org}/-/user-data/"), "begun"));
    Said::answered(taken, "delete", fields, |said| page(&app, frame, organization, said)).await
}

async fn begin(app: &App, frame: &Frame, organization_id: i64, fields: &Fields) -> Result<(), api::Failure> {
    let text = |name: &str| Some(fields.get(name).trim().to_owned()).filter(|text| !text.is_empty());
    let named = Named {
        id: text("id"),
        email: text("email"),
        username: text("username"),
        ip_address: text("ip_address"),
    };
    if [&named.id, &named.email, &named.username, &named.ip_address]
        .iter()
        .all(|name| name.is_none())
    {
        return Err(api::Failure::Wrong(
            "Say whose: fill in at least one of these".to_owned(),
        ));
    }
    check(&named)?;
    if !fields.has("sure") {
        return Err(api::Failure::Wrong(
            "What is deleted does not come back: tick the box if it is meant".to_owned(),
        ));
    }
    let projects = projects::of_organization(&app.database, organization_id).await?;
    let projects = projects.into_iter().map(|(id, _)| id).collect();
    let by = frame.who.actor();
    app.life.erasures.begin(app, organization_id, projects, named, by)
}
