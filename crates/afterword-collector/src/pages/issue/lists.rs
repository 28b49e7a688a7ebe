//! The events of an issue, all that became of it, and the page that asks before it is deleted.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::find_issue;
use super::history::Step;
use crate::access::Scope;
use crate::api::short_id;
use crate::issues::activity::MAX_NOTE_CHARS;
use crate::pages::frame::Frame;
use crate::pages::paging::{self, Paging};
use crate::pages::room::{Room, short, weight};
use crate::pages::words::{When, count, level_class};
use crate::pages::{Failure, render};
use crate::queries::lists::{self, EventLine, Tags};
use crate::queries::{Issue, around};
use crate::search::walk::{self, Page, Walked};
use crate::search::{self, Of, Search};
use crate::{App, now_ms};

/// Lines of a page, and what they may take of it.
const LINES: usize = 50;
const LINES_BYTES: usize = 110 << 10;

/// What is around a list of an issue.
struct Head {
    issue_id: i64,
    short_id: String,
    title: String,
}

impl Head {
    fn of(issue: &Issue) -> Self {
        Self {
            issue_id: issue.id,
            short_id: short_id(issue),
            title: issue.title.clone(),
        }
    }
}

#[derive(Template)]
#[template(path = "issue/events.html")]
struct Events {
    frame: Frame,
    head: Head,
    query: String,
    wrong: Option<String>,
    summary: String,
    lines: Vec<Line>,
    paging: Paging,
}

/// An event of the list.
struct Line {
    event_id: String,
    url: String,
    /// Where it is another than the issue's.
    title: Option<String>,
    level: String,
    level_class: &'static str,
    when: When,
    release: String,
    environment: String,
    user: String,
}

impl Line {
    fn of((event, tags): &(EventLine, Tags), issue: &Issue, now: i64) -> Self {
        let tag = |keys: &[&str]| {
            let found = keys.iter().find_map(|key| tags.iter().find(|(name, _)| name == key));
            found.map_or(String::new(), |(_, value)| short(value, 80))
        };
        let text = |text: &Option<String>| text.as_deref().map_or(String::new(), |text| short(text, 80));
        Self {
            event_id: event.event_id.clone(),
            url: format!("/issues/{}/events/{}/", issue.id, event.event_id),
            title: (event.title != issue.title).then(|| short(&event.title, 140)),
            level: short(&event.level, 20),
            level_class: level_class(&event.level),
            when: When::of(event.occurred_at, now),
            release: text(&event.release),
            environment: text(&event.environment),
            user: tag(&["user.email", "user.username", "user.id"]),
        }
    }

    fn weight(&self) -> usize {
        let texts = [&self.level, &self.release, &self.environment, &self.user];
        let texts = texts.into_iter().chain(&self.title);
        550 + texts.map(|text| weight(text)).sum::<usize>()
    }
}

/// The events of an issue, the newest first.
pub(super) async fn events(
    frame: Frame,
    State(app): State<App>,
    Path(issue): Path<String>,
) -> Result<Response, Failure> {
    let issue = find_issue(&app, &frame, &issue).await?;
    let now = now_ms();
    let query = frame.asked("query").unwrap_or_default().to_owned();
    let page = paging::page(&frame, LINES)?;
    let me = frame.who.user().map(|user| user.email.as_str());
    let project = search::Project {
        id: issue.project_id,
        slug: issue.project.clone(),
    };
    let found = match Search::parse(&query, Of::Events, me, now) {
        Ok(search) => search::events::search(&app.database, &[project], Some(issue.id), &search, page).await,
        Err(wrong) => Err(walk::Failure::Wrong(wrong)),
    };
    let (mut walked, wrong) = match found {
        Ok(walked) => (walked, None),
        Err(walk::Failure::Wrong(wrong)) => (Walked::default(), Some(wrong.to_string())),
        Err(walk::Failure::Failed(error)) => return Err(error.into()),
    };
    let events = lists::events(&app.database, &walked.places).await?;
    let lines = events.iter().map(|event| Line::of(event, &issue, now));
    let (lines, left_out) = Room::of(LINES_BYTES).fit(lines, Line::weight);
    cut_off(&mut walked, page, left_out);
    let paging = Paging::of(&frame, page, &walked);
    let status = if wrong.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let page = Events {
        head: Head::of(&issue),
        summary: count(issue.event_count, "event"),
        query,
        wrong,
        lines,
        paging,
        frame,
    };
    Ok((status, render(&page)).into_response())
}

#[derive(Template)]
#[template(path = "issue/activity.html")]
struct Activities {
    frame: Frame,
    head: Head,
    steps: Vec<Step>,
    paging: Paging,
}

/// All that became of an issue, the latest first.
pub(super) async fn activity(
    frame: Frame,
    State(app): State<App>,
    Path(issue): Path<String>,
) -> Result<Response, Failure> {
    let issue = find_issue(&app, &frame, &issue).await?;
    let now = now_ms();
    let page = paging::page(&frame, LINES)?;
    let (mut walked, found) = around::activity(&app.database, issue.id, page).await?;
    let steps = found.iter().map(|step| Step::of(step, MAX_NOTE_CHARS, now));
    let (steps, left_out) = Room::of(LINES_BYTES).fit(steps, Step::weight);
    cut_off(&mut walked, page, left_out);
    let paging = Paging::of(&frame, page, &walked);
    Ok(render(&Activities {
        head: Head::of(&issue),
        steps,
        paging,
        frame,
    }))
}

#[derive(Template)]
#[template(path = "issue/delete.html")]
struct Delete {
    frame: Frame,
    head: Head,
    events: String,
    users: String,
}

/// Asks before an issue is deleted.
pub(super) async fn ask_to_delete(
    frame: Frame,
    State(app): State<App>,
    Path(issue): Path<String>,
) -> Result<Response, Failure> {
    let issue = find_issue(&app, &frame, &issue).await?;
    frame.who.of_project(&app, issue.project_id, Scope::EventAdmin).await?;
    Ok(render(&Delete {
        head: Head::of(&issue),
        events: count(issue.event_count, "event"),
        users: count(issue.user_count, "user"),
        frame,
    }))
}

/// What did not fit is behind the page.
fn cut_off(walked: &mut Walked, page: Page, left_out: usize) {
    if left_out > 0 {
        walked.places.truncate(walked.places.len().saturating_sub(left_out));
        if !page.back {
            walked.more = walked.places.last().copied();
        }
    }
}
