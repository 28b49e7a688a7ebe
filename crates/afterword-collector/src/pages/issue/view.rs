//! The page of an event of an issue.

use askama::Template;

use super::assignees::{self, Assignee};
use super::crumbs::{self, Crumb};
use super::glance::{self, Fact};
use super::history::{self, Banner, Step};
use super::look::Look;
use super::modules::{self, ModuleView};
use super::side::{self, Comment, File, Section};
use super::spread::{self, KeyView, search_url};
use super::stack::StackView;
use super::text;
use super::threads::{self, ThreadView};
use super::why::{self, GroupView};
use crate::api::short_id;
use crate::event::Event;
use crate::pages::chart::{Picture, spark};
use crate::pages::frame::Frame;
use crate::pages::room::{Room, short, weight};
use crate::pages::said::Said;
use crate::pages::words::{When, count, grouped, level_class};

/// What the parts of the page may take of it, in bytes. Together with the page's frame and forms it is less than 150 KB.
const STACK_BYTES: usize = 26 << 10;
const CAUSES_BYTES: usize = 8 << 10;
const CRUMBS_BYTES: usize = 12 << 10;
const THREADS_BYTES: usize = 16 << 10;
const MODULES_BYTES: usize = 7 << 10;
const SECTIONS_BYTES: usize = 13 << 10;
const SPREAD_BYTES: usize = 10 << 10;
const COMMENTS_BYTES: usize = 5 << 10;
const FILES_BYTES: usize = 4 << 10;
const GROUPS_BYTES: usize = 8 << 10;
const ACTIVITY_BYTES: usize = 9 << 10;

const REGISTERS_BYTES: usize = 5 << 10;
const PROBLEMS_BYTES: usize = 3 << 10;
const TRACED_BYTES: usize = 4 << 10;

/// Registers that are shown, and releases with their users.
const MAX_REGISTERS: usize = 64;
const MAX_RELEASES: usize = 6;

/// Several of something, and how many more there are that are not here.
pub(super) struct Part<T> {
    pub(super) shown: Vec<T>,
    pub(super) more: usize,
}

impl<T> Part<T> {
    fn with(self, more: usize) -> Self {
        Self {
            more: self.more + more,
            ..self
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty() && self.more == 0
    }
}

impl<T> From<(Vec<T>, usize)> for Part<T> {
    fn from((shown, more): (Vec<T>, usize)) -> Self {
        Self { shown, more }
    }
}

/// The page at `/issues/{id}/` and below.
#[derive(Template)]
#[template(path = "issue/page.html")]
pub(super) struct Page<'a> {
    frame: Frame,
    issue_id: i64,
    short_id: String,
    project: String,
    project_url: String,
    title: &'a str,
    banner: Option<Banner>,
    status: &'a str,
    level: String,
    level_class: &'static str,
    message: Option<String>,
    glance: Vec<Fact>,
    first_seen: When,
    last_seen: When,
    first_release: Option<(String, String)>,
    day: Picture,
    fortnight: Picture,
    day_words: String,
    fortnight_words: String,
    comments: Part<Comment>,
    other_comments: Part<Comment>,
    problems: Part<String>,
    stack: StackView,
    stack_title: String,
    stack_text: String,
    full: bool,
    causes: Part<Cause>,
    threads: Part<ThreadView>,
    registers: Vec<(String, String)>,
    modules: Part<ModuleView>,
    modules_summary: String,
    symbols_url: String,
    crumbs: Part<Crumb>,
    sections: Part<Section>,
    keys: Part<KeyView>,
    /// `Of the newest 1,000 events`
    looked_at: String,
    files: Part<File>,
    releases: Vec<ReleaseLine>,
    trace: Option<&'a str>,
    traced: Part<TracedLine>,
    groups: Part<GroupView>,
    same: Vec<(String, String, String)>,
    turns: Vec<Step>,
    steps: Part<Step>,
    older_url: Option<String>,
    newer_url: Option<String>,
    first_url: Option<String>,
    last_url: Option<String>,
    event_url: String,
    event_id: &'a str,
    occurred: When,
    received: When,
    share: &'a str,
    may_change: bool,
    may_delete: bool,
    assigned_to: Option<&'a str>,
    /// Too many for a list: an address is typed.
    assignees: Option<Vec<Assignee>>,
    said: &'a Said,
}

/// An exception that led to the one on top.
struct Cause {
    title: String,
    stack: StackView,
}

/// Events and users of a release.
struct ReleaseLine {
    release: String,
    url: Option<String>,
    events: String,
    users: String,
}

/// An error of the same trace.
struct TracedLine {
    title: String,
    level_class: &'static str,
    url: String,
    when: When,
}

/// Makes the page.
pub(super) fn page(frame: Frame, look: &Look) -> Page<'_> {
    let (issue, stored, event, now) = (&look.issue, &look.stored, &look.whole.event, look.now);
    let slug = look.project.slug.as_str();
    let event_url = format!("/issues/{}/events/{}/", issue.id, stored.event_id);
    // Nowhere, if it is the event that is shown.
    let to = |id: &Option<String>| {
        let id = id.as_ref().filter(|id| **id != stored.event_id)?;
        Some(format!("/issues/{}/events/{id}/", issue.id))
    };
    let comments = |list, link| side::comments(list, issue.id, link, Room::of(COMMENTS_BYTES), now).into();
    let full = frame.asked("frames") == Some("all");
    let (day, day_words) = trend(&look.day, "an hour", "24 hours");
    let (fortnight, fortnight_words) = trend(&look.fortnight, "a day", "14 days");
    let keys = Part::from(spread::keys(&look.spread, &look.tags, slug, Room::of(SPREAD_BYTES)));
    let activity = history::some(&look.activity, Room::of(ACTIVITY_BYTES), now);
    Page {
        issue_id: issue.id,
        short_id: short_id(issue),
        project: frame.name_of(&look.project),
        project_url: format!("/?project={}", frame.key_of(&look.project)),
        title: &stored.title,
        banner: history::banner(issue, &look.activity, event.release.as_deref(), now),
        status: &issue.status,
        level: glance::level(event),
        level_class: level_class(&event.level),
        message: glance::message(event, &stored.title),
        glance: glance::facts(look),
        first_seen: When::of(issue.first_seen, now),
        last_seen: When::of(issue.last_seen, now),
        first_release: issue
            .first_release
            .as_deref()
            .map(|release| (short(release, 120), search_url("release", release, slug))),
        day,
        fortnight,
        day_words,
        fortnight_words,
        comments: comments(&look.feedback, false),
        other_comments: comments(&look.other_feedback, true),
        problems: problems(look),
        stack: StackView::main(event.main_stack(), Room::of(STACK_BYTES), full),
        stack_title: glance::stack_title(event),
        stack_text: text::text(stored, event, &look.share, text::ON_PAGE_BYTES),
        full,
        causes: causes(event),
        threads: Part::from(threads::some(event, Room::of(THREADS_BYTES))).with(look.whole.more_threads),
        registers: registers(event.registers()),
        modules: Part::from(modules::some(&event.modules, Room::of(MODULES_BYTES))).with(look.whole.more_modules),
        modules_summary: modules::summary(&event.modules),
        symbols_url: format!(
            "/settings/{}/{}/symbols/",
            look.project.organization_slug, look.project.slug
        ),
        crumbs: Part::from(crumbs::some(
            &event.breadcrumbs,
            event.occurred_at.or(Some(stored.occurred_at)),
            Room::of(CRUMBS_BYTES),
        ))
        .with(look.whole.more_breadcrumbs),
        sections: side::sections(
            event,
            slug,
            |key, value| is_shown(&keys, key, value),
            Room::of(SECTIONS_BYTES),
        )
        .into(),
        keys,
        looked_at: match look.spread.events {
            1 => "Of its one event".to_owned(),
            events if events >= issue.event_count => format!("Of all {} events", grouped(events)),
            events => format!("Of the newest {} events", grouped(events)),
        },
        files: side::files(&look.attachments, &event_url, Room::of(FILES_BYTES)).into(),
        releases: releases(look),
        trace: look.trace.as_deref(),
        traced: traced(look).into(),
        groups: why::groups(&look.groups, look.group, issue.id, &look.newest, Room::of(GROUPS_BYTES)).into(),
        same: same(look),
        turns: history::turns(&look.activity, now),
        steps: activity.into(),
        older_url: to(&look.older),
        newer_url: to(&look.newer),
        first_url: to(&look.first),
        last_url: to(&look.last),
        event_url,
        event_id: &stored.event_id,
        occurred: When::of(stored.occurred_at, now),
        received: When::of(stored.received_at, now),
        share: &look.share,
        may_change: look.may_change,
        may_delete: look.may_delete,
        assigned_to: issue.assigned_to.as_deref(),
        assignees: assignees::of(&frame, issue, &look.members),
        said: &look.said,
        frame,
    }
}

/// Whether the spread shows this tag of the event.
fn is_shown(keys: &Part<KeyView>, key: &str, value: &str) -> bool {
    let of_key = keys.shown.iter().filter(|view| view.key == key);
    of_key
        .flat_map(|view| &view.values)
        .any(|shown| shown.here && shown.value == value)
}

/// A picture of a trend, and how many there were.
fn trend(trend: &[(i64, i64)], each: &str, span: &str) -> (Picture, String) {
    let values: Vec<i64> = trend.iter().map(|(_, events)| *events).collect();
    let most = values.iter().max().copied().unwrap_or(0);
    let label = format!("Events {each}: {} at most", grouped(most));
    let words = format!("{} in {span}", count(values.iter().sum(), "event"));
    (spark(&values, &label), words)
}

/// The exceptions below the one on top, the nearest first.
fn causes(event: &Event) -> Part<Cause> {
    let below = event.exceptions.iter().rev().skip(1);
    let causes = below.map(|exception| {
        let words = [exception.kind.as_deref(), exception.value.as_deref()];
        let title = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
        Cause {
            title: short(&title, 600),
            stack: StackView::other(&exception.stack, Room::of(CAUSES_BYTES / 2)),
        }
    });
    let causes = causes.filter(|cause| !cause.title.is_empty() || !cause.stack.is_empty());
    let fit = Room::of(CAUSES_BYTES).fit(causes, |cause| {
        let frames = cause.stack.runs.iter().flat_map(|run| &run.frames);
        250 + weight(&cause.title) + frames.map(super::stack::FrameView::weight).sum::<usize>()
    });
    fit.into()
}

/// Names and values, as far as a page shows them.
pub(super) fn registers(registers: &[(String, String)]) -> Vec<(String, String)> {
    let registers = registers.iter().take(MAX_REGISTERS);
    let registers = registers.map(|(name, value)| (short(name, 16), short(value, 40)));
    let weight = |(name, value): &(String, String)| 45 + weight(name) + weight(value);
    Room::of(REGISTERS_BYTES).fit(registers, weight).0
}

fn releases(look: &Look) -> Vec<ReleaseLine> {
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let releases = look.newest.releases.iter().take(MAX_RELEASES);
    releases
        .map(|(release, events, users)| ReleaseLine {
            url: (!release.is_empty()).then(|| search_url("release", release, &look.project.slug)),
            release: if release.is_empty() {
                "without a release".to_owned()
            } else {
                short(release, 120)
            },
            events: grouped(number(*events)),
            users: grouped(number(*users)),
        })
        .collect()
}

fn problems(look: &Look) -> Part<String> {
    let problems = look.whole.problems.iter().map(|problem| short(problem, 300));
    let fit = Room::of(PROBLEMS_BYTES).fit(problems, |problem| 20 + weight(problem));
    fit.into()
}

/// At most as many as were read, of which the last only says that there are more.
fn traced(look: &Look) -> (Vec<TracedLine>, usize) {
    let lines = look.traced.iter().map(|error| TracedLine {
        title: error.title.clone(),
        level_class: level_class(&error.level),
        url: format!("/issues/{}/events/{}/", error.issue_id, error.event_id),
        when: When::of(error.occurred_at, look.now),
    });
    Room::of(TRACED_BYTES).fit(lines, |line| 330 + weight(&line.title))
}

/// Address, name and title of issues that may be the same.
fn same(look: &Look) -> Vec<(String, String, String)> {
    let name = |number: i64| format!("{}-{number}", look.issue.project.to_uppercase());
    let same = look.same.iter();
    same.map(|(id, number, title)| (format!("/issues/{id}/"), name(*number), title.clone()))
        .collect()
}
