//! The list of releases.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::fares::{self, Fares, share};
use super::parts;
use crate::pages::chart::Picture;
use crate::pages::frame::Frame;
use crate::pages::period::{self, Narrow, Period};
use crate::pages::words::{When, grouped};
use crate::pages::{Failure, render};
use crate::releases::summary::{self, Summary};
use crate::releases::{self, MAX_VERSION_CHARS, Release, Wanted};
use crate::{App, now_ms};

/// Releases of a page.
const MOST: i64 = 25;
/// Nobody turns so many pages.
const MAX_OFFSET: i64 = 100_000;

#[derive(Template)]
#[template(path = "releases/list.html")]
struct Page {
    frame: Frame,
    narrow: Narrow,
    period: &'static str,
    /// What is looked for in versions.
    part: String,
    /// Archived ones are shown, and where the others are.
    archived: bool,
    other_state: String,
    /// Two releases side by side, of the organisation of the first project.
    compare: Option<String>,
    /// Fields of the address that searching keeps.
    kept: Vec<(String, String)>,
    lines: Vec<Line>,
    previous: Option<String>,
    next: Option<String>,
    /// There is no release at all.
    empty: bool,
    /// For the page that teaches.
    dsn: String,
}

struct Line {
    url: String,
    version: String,
    package: Option<String>,
    projects: String,
    /// It is out, or known since.
    released: bool,
    when: When,
    deployed: Option<String>,
    archived: bool,
    trend: Picture,
    adoption: String,
    crash_free_sessions: String,
    of_sessions: String,
    crash_free_users: String,
    of_users: String,
    has_health: bool,
    new_issues: String,
    regressed: String,
    any_new: bool,
    any_regressed: bool,
}

/// `/releases/`
pub(super) async fn page(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let now = now_ms();
    let period = Period::asked(&frame, now)?;
    let projects = frame.project_ids();
    let narrow = Narrow::of(&app, &frame, &projects, &period).await?;
    let archived = frame.asked("state") == Some("archived");
    let part = frame.asked("query").unwrap_or_default();
    let part: String = part.chars().take(MAX_VERSION_CHARS).collect();
    let offset = match frame.asked("cursor") {
        None => 0,
        Some(text) => {
            let offset = text.parse().ok().filter(|offset| (0..=MAX_OFFSET).contains(offset));
            offset.ok_or_else(|| Failure::Wrong("There is no such place in the list.".to_owned()))?
        }
    };
    let mut found = if projects.is_empty() {
        Vec::new()
    } else {
        let wanted = Wanted {
            projects: projects.clone(),
            part: Some(part.clone()).filter(|part| !part.is_empty()),
            status: Some(if archived { "archived" } else { "open" }.to_owned()),
            offset,
            most: MOST + 1,
        };
        releases::list(&app.database, None, &wanted).await?
    };
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let mut summaries = summary::of(&app.database, &found, &projects).await?;
    let found: Vec<(Release, Summary)> = found
        .into_iter()
        .map(|release| {
            let summary = summaries.remove(&release.id).unwrap_or_default();
            (release, summary)
        })
        .collect();
    let fares = fares::of(&app.database, &found, &period::environments(&frame), &period).await?;
    let none = Fares::default();
    let lines: Vec<Line> = found
        .iter()
        .map(|(release, summary)| {
            let fares = fares.get(&release.id).unwrap_or(&none);
            Line::of(&frame, release, summary, fares, &period, now)
        })
        .collect();
    let empty = lines.is_empty() && part.is_empty() && offset == 0 && !archived;
    let dsn = if empty { frame.dsn(&app).await? } else { None };
    let cursor = |offset: i64| frame.with("cursor", Some(&offset.to_string()));
    let kept = frame.query.iter().filter(|(key, _)| key != "query" && key != "cursor");
    let page = Page {
        narrow,
        period: period.words,
        archived,
        other_state: frame.with("state", if archived { None } else { Some("archived") }),
        compare: frame
            .chosen
            .as_ref()
            .or(frame.projects.first())
            .map(|project| frame.to(&super::choose_url(&project.organization_slug))),
        kept: kept.cloned().collect(),
        previous: (offset > 0).then(|| cursor((offset - MOST).max(0))),
        next: more.then(|| cursor(offset + MOST)),
        part,
        lines,
        empty,
        dsn: dsn.unwrap_or_default(),
        frame,
    };
    Ok(render(&page).into_response())
}

impl Line {
    fn of(frame: &Frame, release: &Release, summary: &Summary, fares: &Fares, period: &Period, now: i64) -> Self {
        let seen = |project: &summary::InProject| frame.project(project.id);
        let organization = summary.projects.iter().find_map(seen);
        let names: Vec<String> = summary
            .projects
            .iter()
            .filter_map(seen)
            .map(|project| frame.name_of(project))
            .collect();
        let sum = |count: fn(&summary::InProject) -> i64| summary.projects.iter().map(count).sum::<i64>();
        let (new, regressed) = (sum(|project| project.new_issues), sum(|project| project.regressions));
        let (version, package) = parts(&release.version);
        let organization = organization.map_or("", |project| &project.organization_slug);
        Self {
            url: super::url(organization, &release.version),
            version: version.to_owned(),
            package: package.map(str::to_owned),
            projects: names.join(", "),
            released: release.released_at.is_some(),
            when: When::of(release.released_at.unwrap_or(release.created_at), now),
            deployed: summary.last_deploy.as_ref().map(|deploy| deploy.environment.clone()),
            archived: release.status == "archived",
            trend: fares.spark(period),
            adoption: share(fares.adoption()),
            crash_free_sessions: share(fares.crash_free_sessions()),
            of_sessions: fares.of_sessions(),
            crash_free_users: share(fares.crash_free_users()),
            of_users: fares.of_users(),
            has_health: fares.sessions.all > 0,
            new_issues: grouped(new),
            regressed: grouped(regressed),
            any_new: new > 0,
            any_regressed: regressed > 0,
        }
    }
}
