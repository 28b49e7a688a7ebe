//! The list of rules.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::{places_of, scope, sentence};
use crate::alerts::history;
use crate::alerts::store::{self, FOR_EVER, Stored};
use crate::pages::frame::Frame;
use crate::pages::room::fitting;
use crate::pages::words::When;
use crate::pages::{Failure, render};
use crate::{App, now_ms, projects};

/// Rules on a page.
const MOST: usize = 50;
/// How far the sentence of a rule is shown, in bytes of the page; its own page has it whole.
const SENTENCE_BYTES: usize = 1_000;
/// The longest part of a name that is looked for.
const MAX_PART_CHARS: usize = 200;

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct Page {
    frame: Frame,
    new_url: String,
    lines: Vec<Line>,
    /// There is no rule at all.
    none: bool,
    part: String,
    project: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    may_make: bool,
    removed: bool,
}

struct Line {
    url: String,
    name: String,
    scope: String,
    /// What it is about; of one that cannot be read, why.
    sentence: String,
    readable: bool,
    places: Vec<String>,
    state: String,
    active: bool,
    fired: Option<When>,
}

/// `/alerts/`
pub(super) async fn page(frame: Frame, State(app): State<App>) -> Result<Response, Failure> {
    let now = now_ms();
    let offset: usize = match frame.asked("cursor") {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Failure::Wrong("There is no such place in the list.".to_owned()))?,
    };
    let part = frame.asked("query").unwrap_or_default();
    let part: String = part.chars().take(MAX_PART_CHARS).collect();
    let wanted_part = part.to_lowercase();
    let (mut lines, mut none) = (Vec::new(), true);
    for organization in projects::organizations(&app.database, frame.who.organizations().as_deref()).await? {
        let wanted = frame.chosen.as_ref();
        if wanted.is_some_and(|project| project.organization_id != organization.id) {
            continue;
        }
        let last = history::last_fired(&app.database, organization.id).await?;
        let rules = store::of_organization(&app.database, organization.id).await?;
        let seen = rules
            .into_iter()
            .filter(|rule| wanted.is_none_or(|project| rule.project_id == 0 || rule.project_id == project.id))
            .filter(|rule| store::may_read(&frame.who, rule.organization_id, rule.project_id).is_ok())
            .inspect(|_| none = false)
            .filter(|rule| rule.name.to_lowercase().contains(&wanted_part));
        lines.extend(seen.map(|rule| line(&frame, &rule, last.get(&rule.id).copied(), now)));
    }
    let count = lines.len();
    let lines: Vec<Line> = lines.into_iter().skip(offset).take(MOST).collect();
    let cursor = |offset: usize| frame.with("cursor", Some(&offset.to_string()));
    let page = Page {
        new_url: frame.to("/alerts/new/"),
        may_make: !super::edit::places(&frame, &app).await?.is_empty(),
        removed: frame.asked("done") == Some("removed"),
        none,
        part,
        project: frame.asked("project").map(str::to_owned),
        previous: (offset > 0).then(|| cursor(offset.saturating_sub(MOST))),
        next: (count > offset.saturating_add(MOST)).then(|| cursor(offset + MOST)),
        lines,
        frame,
    };
    Ok(render(&page).into_response())
}

fn line(frame: &Frame, rule: &Stored, last: Option<i64>, now: i64) -> Line {
    let read = rule.rule();
    let state = state(rule, now);
    Line {
        url: format!("/alerts/{}/", rule.id),
        name: rule.name.clone(),
        scope: scope(frame, rule),
        readable: read.is_ok(),
        sentence: match &read {
            Ok(rule) => fitting(&sentence(rule), SENTENCE_BYTES),
            Err(wrong) => format!("This rule cannot be read, and is not followed: {wrong}"),
        },
        places: read.map(|rule| places_of(&rule.actions)).unwrap_or_default(),
        active: state.is_empty(),
        state,
        fired: last.map(|at| When::of(at, now)),
    }
}

/// What keeps it from telling; empty if nothing does.
pub(super) fn state(rule: &Stored, now: i64) -> String {
    match rule.muted_until(now) {
        _ if !rule.is_enabled() => "off".to_owned(),
        Some(FOR_EVER) => "muted".to_owned(),
        Some(until) => format!("muted until {}", When::of(until, now).absolute),
        None => String::new(),
    }
}
