//! The list of issues.

use askama::Template;

use crate::api::short_id;
use crate::pages::frame::Frame;
use crate::pages::words::{When, count, grouped, level_class};
use crate::queries::Issue;

/// The page at `/`.
#[derive(Template)]
#[template(path = "issues/list.html")]
pub(super) struct Page {
    frame: Frame,
    summary: String,
    lines: Vec<Line>,
    /// With more than one project, each line says whose it is.
    name_projects: bool,
    /// For the page that waits for the first event; `None` if there is no project either.
    dsn: Option<String>,
}

/// One issue.
struct Line {
    url: String,
    short_id: String,
    project: String,
    title: String,
    place: Option<String>,
    level: String,
    level_class: &'static str,
    release: Option<String>,
    events: String,
    events_unit: &'static str,
    users: i64,
    users_words: String,
    first_seen: When,
    last_seen: When,
}

/// Makes the page.
pub(super) fn page(frame: Frame, issues: &[Issue], dsn: Option<String>, now: i64) -> Page {
    let first = issues.first().map(|issue| issue.project_id);
    Page {
        frame,
        summary: count(i64::try_from(issues.len()).unwrap_or(i64::MAX), "issue"),
        lines: issues.iter().map(|issue| Line::of(issue, now)).collect(),
        name_projects: issues.iter().any(|issue| Some(issue.project_id) != first),
        dsn,
    }
}

impl Line {
    fn of(issue: &Issue, now: i64) -> Self {
        // What the title already says is not said again.
        let place = issue
            .signature
            .as_ref()
            .or(Some(&issue.culprit))
            .filter(|place| !place.is_empty());
        Self {
            url: format!("/issues/{}/", issue.id),
            short_id: short_id(issue),
            project: format!("{}/{}", issue.organization, issue.project),
            title: issue.title.clone(),
            place: place.cloned(),
            level: issue.level.clone(),
            level_class: level_class(&issue.level),
            release: issue.release.clone(),
            events: grouped(issue.event_count),
            events_unit: if issue.event_count == 1 { "event" } else { "events" },
            users: issue.user_count,
            users_words: count(issue.user_count, "user"),
            first_seen: When::of(issue.first_seen, now),
            last_seen: When::of(issue.last_seen, now),
        }
    }
}
