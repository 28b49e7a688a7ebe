//! What people wrote, the latest first, each with the crash that it is about.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

use super::frame::Frame;
use super::paging::{self, Paging};
use super::room::{Room, fitting, weight};
use super::words::When;
use super::{Failure, render};
use crate::queries::beside::{self, Report};
use crate::{App, now_ms};

/// So many a page, and no more than these bytes: each may be a page of text.
const LINES: usize = 20;
const PAGE_BYTES: usize = 80_000;

/// Titles are shown so far, in bytes of the page.
const TITLE_BYTES: usize = 600;

/// The longest address that is made a link.
const MAX_EMAIL_CHARS: usize = 254;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/feedback/", get(feedback))
}

async fn feedback(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let page = paging::page(&frame, LINES)?;
    let (mut walked, reports) = beside::reports(&app.database, &frame.project_ids(), page).await?;
    let room = Room::of(PAGE_BYTES);
    let reports = paging::fitting(page, &mut walked, reports, room, weight_of, |report| report.id);
    let now = now_ms();
    let comments: Vec<Comment> = reports
        .into_iter()
        .map(|report| Comment::of(&frame, report, now))
        .collect();
    let start = frame.chosen.as_ref().or(frame.projects.first());
    let start = start.map(|project| format!("/start/{}/{}/", project.organization_slug, project.slug));
    Ok(render(&View {
        is_first: page.from.is_none(),
        paging: Paging::of(&frame, page, &walked),
        comments,
        start,
        frame,
    }))
}

/// The page at `/feedback/`.
#[derive(Template)]
#[template(path = "feedback.html")]
struct View {
    frame: Frame,
    comments: Vec<Comment>,
    /// It is the start of the list.
    is_first: bool,
    /// Where it is said how to send.
    start: Option<String>,
    paging: Paging,
}

/// What somebody wrote.
struct Comment {
    message: String,
    name: Option<String>,
    email: Option<String>,
    /// Where a click on the address leads, if it is one.
    mail_to: Option<String>,
    at: When,
    project: Option<String>,
    about: About,
}

enum About {
    /// A crash that is there.
    Event {
        url: String,
        title: String,
        short_id: String,
        release: Option<String>,
    },
    /// One that did not come, or is gone.
    Missing(String),
    Nothing,
}

/// What a report takes of the page, with what is around it.
fn weight_of(report: &Report) -> usize {
    let texts = [&report.name, &report.email, &report.email, &report.release];
    let texts: usize = texts.into_iter().flatten().map(|text| weight(text)).sum();
    weight(&report.message) + texts + TITLE_BYTES + 800
}

impl Comment {
    fn of(frame: &Frame, report: Report, now: i64) -> Self {
        let project = frame.project(report.project_id);
        let slug = project.map(|project| project.slug.to_uppercase()).unwrap_or_default();
        let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let email = filled(report.email);
        let about = match (report.event_id, report.issue_id) {
            (Some(event), Some(issue)) => About::Event {
                url: format!("/issues/{issue}/events/{event}/"),
                title: fitting(&report.title.unwrap_or_default(), TITLE_BYTES),
                short_id: format!("{slug}-{}", report.issue_number.unwrap_or_default()),
                release: filled(report.release),
            },
            (Some(event), None) => About::Missing(event),
            (None, _) => About::Nothing,
        };
        Self {
            message: report.message,
            name: filled(report.name),
            mail_to: email.as_deref().and_then(mail_to),
            email,
            at: When::of(report.received_at, now),
            project: project
                .filter(|_| frame.projects.len() > 1)
                .map(|project| frame.name_of(project)),
            about,
        }
    }
}

/// A link that writes to an address, of what looks like one: nothing in it may add another receiver or a text.
fn mail_to(email: &str) -> Option<String> {
    let (before, domain) = email.split_once('@')?;
    let is_plain = |char: char| char.is_alphanumeric() || "._-+".contains(char);
    let is_one = !before.is_empty()
        && domain.contains('.')
        && email.chars().count() <= MAX_EMAIL_CHARS
        && before.chars().all(is_plain)
        && domain.chars().all(is_plain);
    is_one.then(|| format!("mailto:{email}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_is_written_to() {
        assert_eq!(mail_to("jo+x@example.com").as_deref(), Some("mailto:jo+x@example.com"));
        for other in [
            "jo",
            "jo@localhost",
            "@example.com",
            "jo@example.com?bcc=all@example.com",
            "jo@example.com,x@example.com",
            "jo@a@example.com",
            "javascript:alert(1)@example.com",
            "jo%0d@example.com",
            "jo @example.com",
        ] {
            assert_eq!(mail_to(other), None, "{other}");
        }
    }
}
