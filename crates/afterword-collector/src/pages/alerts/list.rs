//! The list of rules.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::{place_of, scope, sentence};
use crate::alerts::history;
use crate::alerts::store::{self, FOR_EVER, Stored};
use crate::pages::frame::Frame;
use crate::pages::words::When;
use crate::pages::{Failure, render};
use crate::{App, now_ms, projects};

/// Rules on a page; those behind are found by choosing a project.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "alerts/list.html")]
struct Page {
    frame: Frame,
    new_url: String,
    lines: Vec<Line>,
    more: usize,
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
    let mut lines = Vec::new();
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
            .filter(|rule| store::may_read(&frame.who, rule.organization_id, rule.project_id).is_ok());
        lines.extend(seen.map(|rule| line(&frame, &rule, last.get(&rule.id).copied(), now)));
    }
    let more = lines.len().saturating_sub(MOST);
    lines.truncate(MOST);
    let page = Page {
        new_url: frame.to("/alerts/new/"),
        may_make: !super::edit::places(&frame, &app).await?.is_empty(),
        removed: frame.asked("done") == Some("removed"),
        lines,
        more,
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
            Ok(rule) => sentence(rule),
            Err(wrong) => format!("This rule cannot be read, and is not followed: {wrong}"),
        },
        places: read
            .map(|rule| rule.actions.iter().map(place_of).collect())
            .unwrap_or_default(),
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
