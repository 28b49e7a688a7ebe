//! Alerts: the rules, one of them with its history, and the form that makes or changes one.
//!
//! | path | page |
//! | --- | --- |
//! | `/alerts/` | rules, by name |
//! | `/alerts/new/` | the form of a new one; posted, it makes it, or shows what it would have sent |
//! | `/alerts/{id}/` | one with its history; posted, what its buttons do |
//! | `/alerts/{id}/edit/` | the form of one |

mod edit;
mod form;
mod list;
mod one;

use axum::Router;
use axum::routing::get;

use super::Failure;
use super::frame::Frame;
use crate::App;
use crate::alerts::rule::{Condition, How, Of, Per, Rule, When, percent};
use crate::alerts::store::{self, Stored};
use crate::alerts::{Action, span};

/// Places, and addresses of a place, that are named on a page; the form of a rule has all.
const MOST_PLACES: usize = 3;

/// The routes of this room.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/alerts/", get(list::page))
        .route("/alerts/new/", get(edit::new).post(edit::make))
        .route("/alerts/{rule}/", get(one::page).post(one::act))
        .route("/alerts/{rule}/edit/", get(edit::edit).post(edit::change))
}

/// A rule that may be seen.
async fn rule_for(app: &App, frame: &Frame, id: &str) -> Result<Stored, Failure> {
    let stored = store::any(&app.database, super::number(id)?).await?;
    let stored = stored.ok_or(Failure::NotFound)?;
    store::may_read_findings(&frame.who, stored.organization_id, stored.project_id).map_err(|_| Failure::NotFound)?;
    Ok(stored)
}

/// What a rule looks at: a project, or all of an organisation.
fn scope(frame: &Frame, stored: &Stored) -> String {
    match frame.project(stored.project_id) {
        Some(project) => frame.name_of(project),
        None if stored.project_id == 0 => "all projects".to_owned(),
        None => "a project that is gone".to_owned(),
    }
}

/// A rule in a sentence.
fn sentence(rule: &Rule) -> String {
    let when = match &rule.when {
        When::NewIssue => "An issue is seen for the first time".to_owned(),
        When::Regression => "A resolved issue comes back".to_owned(),
        When::Events(bound) | When::Users(bound) => {
            let what = if matches!(rule.when, When::Users(_)) {
                "users"
            } else {
                "events"
            };
            let of = match bound.per {
                Per::Issue => "of an issue",
                Per::All => "in all",
            };
            format!("More than {} {what} {of} in {}", bound.more_than, span(bound.window_s))
        }
        When::CrashFree {
            of,
            below_milli,
            at_least,
            window_s,
        } => {
            let what = match of {
                Of::Sessions => "sessions",
                Of::Users => "users",
            };
            let (below, window) = (percent(*below_milli), span(*window_s));
            format!("Crash-free {what} are below {below} % in {window}, of at least {at_least}")
        }
        When::Duration {
            transaction,
            p95_above_ms,
            at_least,
            window_s,
        } => {
            let what = transaction.as_ref().map_or("A transaction", |glob| glob.text());
            let window = span(*window_s);
            format!("{what} takes more than {p95_above_ms} ms (95th percentile) in {window}, of at least {at_least}")
        }
        When::Poison => "An envelope cannot be digested".to_owned(),
        When::Queue {
            older_than_s,
            more_than,
        } => {
            let old = older_than_s.map(|s| format!("something has waited to be digested for more than {}", span(s)));
            let many = more_than.map(|bound| format!("more than {bound} envelopes wait to be digested"));
            let parts: Vec<String> = [old, many].into_iter().flatten().collect();
            let text = parts.join(" or ");
            let mut chars = text.chars();
            chars
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        }
    };
    let conditions: Vec<String> = rule.conditions.iter().map(words_of).collect();
    if conditions.is_empty() {
        format!("{when}.")
    } else {
        format!("{when}, if {}.", conditions.join(" and "))
    }
}

fn words_of(condition: &Condition) -> String {
    match condition {
        Condition::LatestRelease => "it is new in the latest release".to_owned(),
        Condition::Says { key, how, value } => {
            let what = match key {
                crate::alerts::rule::Key::Tag(key) => format!("the tag {key}"),
                key => format!("the {}", key.name()),
            };
            let how = match how {
                How::Is => "is",
                How::IsNot => "is not",
                How::Contains => "contains",
                How::StartsWith => "starts with",
                How::Matches => "matches",
            };
            format!("{what} {how} {value}")
        }
    }
}

/// Where an action tells, without secrets.
fn place_of(action: &Action) -> String {
    match action {
        Action::Slack { url } => format!("Slack, {}", host(url)),
        Action::Email { to } => some(to, ", "),
        Action::Webhook { url, .. } => format!("Webhook, {}", host(url)),
    }
}

/// The first places of a rule, and how many more there are.
fn places_of(actions: &[Action]) -> Vec<String> {
    let mut places: Vec<String> = actions.iter().take(MOST_PLACES).map(place_of).collect();
    if actions.len() > MOST_PLACES {
        places.push(format!("and {} more", actions.len() - MOST_PLACES));
    }
    places
}

/// The first of a list, and how many more there are.
fn some(list: &[String], between: &str) -> String {
    let first = list.iter().take(MOST_PLACES).map(String::as_str);
    let first = first.collect::<Vec<_>>().join(between);
    match list.len().checked_sub(MOST_PLACES) {
        None | Some(0) => first,
        Some(more) => format!("{first} and {more} more"),
    }
}

fn host(url: &str) -> String {
    let host = url::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_default()
}
