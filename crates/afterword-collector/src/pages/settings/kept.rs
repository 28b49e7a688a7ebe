//! What is kept of a project and how much is taken: retention, quotas, and the rules that say what is the application's.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::asked::{Seen, Sent};
use super::{About, DONE, Side, at, to};
use crate::access::Scope;
use crate::api::projects::{Changes, Quota, Rules, changed};
use crate::life::{self, Retention};
use crate::pages::frame::Frame;
use crate::pages::needs::{ProjectRead, ProjectWrite};
use crate::pages::posted::Fields;
use crate::pages::said::Said;
use crate::pages::{Failure, render};
use crate::projects::Project;
use crate::{App, api, grouping, settings};

/// What can have a quota: its name in the setting, and in words.
const CATEGORIES: [(&str, &str); 9] = [
    ("all", "Everything together"),
    ("error", "Crashes and errors"),
    ("transaction", "Transactions"),
    ("span", "Spans"),
    ("session", "Sessions"),
    ("attachment", "Attachments"),
    ("feedback", "Feedback"),
    ("security", "Reports of browsers’ policies"),
    ("default", "Anything else"),
];

/// Windows of time that are offered, in seconds.
const WINDOWS: [(&str, &str); 3] = [("60", "a minute"), ("3600", "an hour"), ("86400", "a day")];

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/settings/{org}/{project}/kept/", get(show).post(change))
}

#[derive(Template)]
#[template(path = "settings/kept.html")]
struct Page {
    frame: Frame,
    side: Side,
    said: Said,
    project: Project,
    may_change: bool,
    days: String,
    events: String,
    quotas: Vec<Line>,
    rules: String,
}

/// The quota of a category.
struct Line {
    limit_field: String,
    window_field: String,
    name: &'static str,
    limit: String,
    /// Seconds.
    window: String,
}

impl Page {
    /// The windows to choose from, a kept one that is unusual included.
    fn windows<'a>(&self, line: &'a Line) -> Vec<(&'a str, String)> {
        let mut all: Vec<(&str, String)> = WINDOWS
            .iter()
            .map(|(seconds, name)| (*seconds, (*name).to_owned()))
            .collect();
        if !WINDOWS.iter().any(|(seconds, _)| *seconds == line.window) {
            all.push((line.window.as_str(), format!("{} seconds", line.window)));
        }
        all
    }
}

async fn show(State(app): State<App>, Seen { frame, project, .. }: Seen<ProjectRead>) -> Result<Response, Failure> {
    let said = Said::done(&frame, DONE);
    page(&app, frame, project, said).await
}

async fn page(app: &App, frame: Frame, project: Project, said: Said) -> Result<Response, Failure> {
    let retention = life::retention_of(&app.database, project.id).await?;
    let quotas: Option<BTreeMap<String, Quota>> = settings::get(&app.database, project.id, "quotas").await?;
    let quotas = quotas.unwrap_or_default();
    let rules: Option<Vec<String>> = settings::get(&app.database, project.id, grouping::SETTING).await?;
    let line = |(category, name): (&'static str, &'static str)| {
        let quota = quotas.get(category);
        Line {
            limit_field: format!("limit.{category}"),
            window_field: format!("window.{category}"),
            name,
            limit: quota.map(|quota| quota.limit.to_string()).unwrap_or_default(),
            window: quota.map_or_else(|| "3600".to_owned(), |quota| quota.window_s.to_string()),
        }
    };
    let page = Page {
        side: Side::new(app, &frame, About::Project(&project)).await?,
        may_change: frame.may_in(&project, Scope::ProjectWrite),
        days: retention.days.to_string(),
        events: retention.events.map(|events| events.to_string()).unwrap_or_default(),
        quotas: CATEGORIES.into_iter().map(line).collect(),
        rules: rules.unwrap_or_default().join("\n"),
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
    let part = fields.get("part").to_owned();
    let changes = match part.as_str() {
        "retention" => retention(&fields),
        "quotas" => quotas(&fields),
        "in_app" => Ok(in_app(&fields)),
        _ => return Err(Failure::NotFound),
    };
    let changed = match changes {
        Ok(changes) => changed(&app, project.id, changes).await,
        Err(failure) => Err(failure),
    };
    let taken = changed.map(|()| to(&at(&project, "kept/"), "saved"));
    Said::answered(taken, &part, fields, |said| page(&app, frame, project, said)).await
}

fn number(text: &str, what: &str) -> Result<i64, api::Failure> {
    let text = text.trim();
    text.parse()
        .map_err(|_| api::Failure::wrong(&format!("{what} (use a whole number)"), text))
}

fn retention(fields: &Fields) -> Result<Changes, api::Failure> {
    let events = match fields.get("events").trim() {
        "" => None,
        text => Some(number(text, "number of events")?),
    };
    let days = number(fields.get("days"), "number of days")?;
    Ok(Changes {
        retention: Some(Some(Retention { days, events })),
        ..Changes::default()
    })
}

fn quotas(fields: &Fields) -> Result<Changes, api::Failure> {
    let mut quotas = BTreeMap::new();
    for (category, name) in CATEGORIES {
        let limit = fields.get(&format!("limit.{category}")).trim();
        if limit.is_empty() {
            continue;
        }
        let quota = Quota {
            limit: number(limit, &format!("limit of “{name}”"))?,
            window_s: number(
                fields.get(&format!("window.{category}")),
                &format!("window of “{name}”"),
            )?,
        };
        quotas.insert(category.to_owned(), quota);
    }
    Ok(Changes {
        quotas: Some((!quotas.is_empty()).then_some(quotas)),
        ..Changes::default()
    })
}

fn in_app(fields: &Fields) -> Changes {
    let rules = fields.get("rules");
    let rules = (!rules.trim().is_empty()).then(|| Rules::Text(rules.to_owned()));
    Changes {
        in_app: Some(rules),
        ..Changes::default()
    }
}
