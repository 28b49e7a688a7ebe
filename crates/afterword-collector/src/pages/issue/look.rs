//! All that the page of an event is made of, read from where it is.

use axum::response::Response;

use super::view;
use crate::access::Scope;
use crate::accounts::people::{self, Member};
use crate::api::raw;
use crate::digest::index;
use crate::digest::row::trace_id;
use crate::event::Whole;
use crate::issues::activity::{self, Activity};
use crate::issues::groups::{self, Group};
use crate::pages::frame::Frame;
use crate::pages::said::Said;
use crate::pages::{Failure, render};
use crate::projects::Project;
use crate::queries::around::{self, Newest, Traced};
use crate::queries::tags::Spread;
use crate::queries::trend::{self, Steps, Trend};
use crate::queries::{self, Attachment, Feedback, Issue, StoredEvent, tags};
use crate::{App, now_ms};

const DAY_MS: i64 = 86_400_000;

/// An event of an issue, and what is around it.
pub(super) struct Look {
    pub(super) issue: Issue,
    pub(super) project: Project,
    pub(super) stored: StoredEvent,
    pub(super) whole: Whole,
    pub(super) older: Option<String>,
    pub(super) newer: Option<String>,
    pub(super) first: Option<String>,
    pub(super) last: Option<String>,
    pub(super) attachments: Vec<Attachment>,
    pub(super) feedback: Vec<Feedback>,
    pub(super) other_feedback: Vec<Feedback>,
    pub(super) groups: Vec<Group>,
    /// Of the event.
    pub(super) group: Option<i64>,
    pub(super) newest: Newest,
    pub(super) spread: Spread,
    /// What the event is found by.
    pub(super) tags: Vec<(String, String)>,
    pub(super) activity: Vec<Activity>,
    /// Of 24 hours by the hour, and of 14 days by the day.
    pub(super) day: Trend,
    pub(super) fortnight: Trend,
    pub(super) trace: Option<String>,
    pub(super) traced: Vec<Traced>,
    /// Issues with the same signature: id, number, title.
    pub(super) same: Vec<(i64, i64, String)>,
    pub(super) members: Vec<Member>,
    pub(super) may_change: bool,
    pub(super) may_delete: bool,
    /// The page's address, for others.
    pub(super) share: String,
    pub(super) said: Said,
    pub(super) now: i64,
}

/// The page of an event.
pub(super) async fn page(
    app: &App,
    frame: Frame,
    issue: Issue,
    stored: StoredEvent,
    said: Said,
) -> Result<Response, Failure> {
    let look = look(app, &frame, issue, stored, said).await?;
    let page = render(&view::page(frame, &look));
    Ok(Said::answer(look.said.is_wrong(), page))
}

/// An event as it is shown, with the project's rules of what is the application's.
pub(super) async fn whole(app: &App, stored: &StoredEvent) -> Result<Whole, Failure> {
    let mut whole = Whole::read(&raw(&stored.shown()));
    let rules = app.caches.in_app.of(&app.database, [stored.project_id]).await?;
    if let Some(rules) = rules.get(&stored.project_id) {
        rules.apply(&mut whole.event);
    }
    Ok(whole)
}

async fn look(app: &App, frame: &Frame, issue: Issue, stored: StoredEvent, said: Said) -> Result<Look, Failure> {
    let database = &app.database;
    let project = frame.project(issue.project_id).ok_or(Failure::NotFound)?.clone();
    let now = now_ms();
    let whole = whole(app, &stored).await?;
    let (older, newer) = queries::neighbours(database, &stored).await?;
    let (first, last) = around::ends(database, issue.id).await?;
    let trace = whole.event.context("trace", "trace_id").and_then(trace_id);
    let mut traced = match &trace {
        Some(trace) => around::of_trace(database, trace, &stored.event_id).await?,
        None => Vec::new(),
    };
    traced.retain(|error| frame.project(error.project_id).is_some());
    let same = match &issue.signature {
        Some(signature) => around::same_signature(database, project.id, &tag_value(signature.trim()), issue.id).await?,
        None => Vec::new(),
    };
    let may = |scope| frame.may_in(&project, scope);
    let may_change = may(Scope::EventWrite);
    let may_see_members = frame.who.may_in(project.organization_id, Scope::MemberRead).is_ok();
    let members = if may_change && may_see_members {
        people::members(database, project.organization_id).await?
    } else {
        Vec::new()
    };
    let trend = async |days: i64| {
        let steps = Steps::of(days * DAY_MS);
        let trends = trend::of_issues(database, std::slice::from_ref(&issue), steps, now).await?;
        Ok::<_, Failure>(trends.into_iter().next().unwrap_or_default())
    };
    let group = groups::of_event(database, stored.project_id, &stored.event_id).await?;
    Ok(Look {
        attachments: queries::attachments(database, &stored).await?,
        feedback: queries::feedback(database, &stored).await?,
        other_feedback: around::other_feedback(database, project.id, issue.id, &stored.event_id).await?,
        groups: groups::of(database, issue.id).await?,
        group: group.map(|group| group.id),
        newest: around::newest(database, issue.id).await?,
        spread: tags::of_issue(database, issue.id, &[]).await?,
        activity: activity::of(database, issue.id).await?,
        day: trend(1).await?,
        fortnight: trend(14).await?,
        may_delete: may(Scope::EventAdmin),
        share: format!("{}/issues/{}/events/{}/", app.url, issue.id, stored.event_id),
        may_change,
        members,
        older,
        newer,
        first,
        last,
        trace,
        traced,
        same,
        tags: index::of(&whole.event, issue.signature.as_deref()),
        whole,
        stored,
        project,
        issue,
        said,
        now,
    })
}

/// A value as it is indexed.
fn tag_value(value: &str) -> String {
    index::cut(value, index::MAX_VALUE_CHARS)
}
