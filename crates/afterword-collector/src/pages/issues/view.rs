//! The pages of this room.

use askama::Template;

use super::asked::Asked;
use super::line::{Beside, Line};
use super::menus::{Entry, Menu, menus, tabs};
use super::people::Assignee;
use super::{Found, Said, bulk, may_change};
use crate::access::Scope;
use crate::pages::frame::Frame;
use crate::pages::paging::Paging;
use crate::pages::words::count;
use crate::queries::Issue;
use crate::search::Wrong;
use crate::search::issues::MAX_HITS;

/// The page at `/`.
#[derive(Template)]
#[template(path = "issues/list.html")]
pub(super) struct Page {
    frame: Frame,
    said: Said,
    /// What is typed into the field of the search.
    query: String,
    /// The rest of the question, which a search keeps.
    kept: Vec<(String, String)>,
    mistake: Option<Mistake>,
    tabs: Vec<Entry>,
    menus: Vec<Menu>,
    /// How many there are.
    summary: String,
    lines: Vec<Line>,
    /// Where there are none.
    nothing: Option<Nothing>,
    /// The search ended before its end.
    is_cut: bool,
    paging: Paging,
    /// What can be done to them; `None`: nothing, by who looks.
    bulk: Option<Bulk>,
    suggest_url: String,
    news_url: String,
}

/// What is wrong about a search: the text before it, where it begins, and what follows.
struct Mistake {
    before: String,
    at: String,
    after: String,
    what: String,
}

/// Why a list is empty, and what may be tried.
struct Nothing {
    title: String,
    text: &'static str,
    ways: Vec<(&'static str, String)>,
}

/// The form around the list.
struct Bulk {
    url: String,
    me: Option<String>,
    assignees: Vec<Assignee>,
    may_delete: bool,
    units: [(&'static str, &'static str); 5],
}

/// What the page shows besides what was found.
pub(super) struct Around {
    pub(super) said: Said,
    pub(super) environments: Vec<String>,
    pub(super) assignees: Vec<Assignee>,
    /// For [`super::news`].
    pub(super) since: String,
    pub(super) now: i64,
}

/// Makes the page.
pub(super) fn page(frame: Frame, asked: Asked, found: Result<Found, Wrong>, around: Around) -> Page {
    let (mistake, found) = match found {
        Ok(found) => (None, Some(found)),
        Err(wrong) => (Some(Mistake::of(&asked.query, wrong)), None),
    };
    let is_cut = found
        .as_ref()
        .is_some_and(|found| found.walked.more.is_some() && found.issues.len() < asked.page.limit);
    let lines = found
        .as_ref()
        .map(|found| lines(&frame, &asked, found, &around))
        .unwrap_or_default();
    let nothing = found
        .as_ref()
        .filter(|_| lines.is_empty() && !is_cut)
        .map(|_| nothing(&frame, &asked));
    let paging = found
        .as_ref()
        .map(|found| Paging::of(&frame, asked.page, &found.walked));
    let question = question(&frame);
    let me = frame.who.user().map(|user| user.email.clone());
    let bulk = may_change(&frame).then(|| Bulk {
        url: format!("/issues/change?{question}"),
        me,
        assignees: around.assignees,
        may_delete: frame.may(Scope::EventAdmin),
        units: bulk::UNITS,
    });
    Page {
        kept: kept(&frame),
        tabs: tabs(&frame, &asked),
        menus: menus(&frame, &asked, &around.environments),
        summary: found.as_ref().map(|found| summary(found, is_cut)).unwrap_or_default(),
        said: around.said,
        query: asked.query,
        mistake,
        lines,
        nothing,
        is_cut,
        paging: paging.unwrap_or_default(),
        bulk,
        suggest_url: frame.to("/issues/suggest"),
        news_url: format!("/issues/news?{question}&since={}", around.since),
        frame,
    }
}

/// The query of this page without what was done before.
fn question(frame: &Frame) -> String {
    let pairs = frame
        .query
        .iter()
        .filter(|(key, value)| key != "done" && key != "since" && !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn kept(frame: &Frame) -> Vec<(String, String)> {
    let fields = ["project", "tab", "sort", "period", "environment", "trend"];
    let pair = |name: &str| Some((name.to_owned(), frame.asked(name)?.to_owned()));
    fields.into_iter().filter_map(pair).collect()
}

fn summary(found: &Found, is_cut: bool) -> String {
    match found.hits {
        _ if is_cut => "Found so far".to_owned(),
        hits if hits >= MAX_HITS => format!("{} or more", count(MAX_HITS, "issue")),
        hits => count(hits, "issue"),
    }
}

fn lines(frame: &Frame, asked: &Asked, found: &Found, around: &Around) -> Vec<Line> {
    let several = frame.chosen.is_none() && frame.projects.len() > 1;
    let line = |(issue, trend): (&Issue, _)| {
        let project = frame.project(issue.project_id);
        let beside = Beside {
            project: project.filter(|_| several).map(|project| frame.name_of(project)),
            trend,
            period: asked.trend.1,
            notes: found.notes.get(&issue.id).copied().unwrap_or_default(),
            may_change: project.is_some_and(|project| frame.may_in(project, Scope::EventWrite)),
            chosen: around.said.chosen.contains(&issue.id),
            now: around.now,
        };
        Line::of(issue, beside)
    };
    found.issues.iter().zip(&found.trends).map(line).collect()
}

/// What an empty list says: what was looked for, and how to look further.
fn nothing(frame: &Frame, asked: &Asked) -> Nothing {
    let mut ways = Vec::new();
    if asked.page.from.is_some() {
        return Nothing {
            title: "Nothing more here".to_owned(),
            text: "The list ends before this place: what was here went elsewhere.",
            ways: vec![("To the start of the list", frame.with("cursor", None))],
        };
    }
    let is_all = asked.says_state || asked.tab.2.is_empty();
    if !asked.query.is_empty() {
        ways.push(("Without the search", frame.with("query", None)));
    }
    if !is_all {
        ways.push(("In all states", frame.with("tab", Some("all"))));
    }
    if asked.period.2.is_some() {
        ways.push(("At any time", frame.with("period", None)));
    }
    if asked.environment.is_some() {
        ways.push(("In all environments", frame.with("environment", None)));
    }
    if frame.chosen.is_some() && frame.projects.len() > 1 {
        ways.push(("In all projects", frame.with("project", None)));
    }
    let (title, text) = match (asked.is_plain(), asked.tab.0) {
        (true, "unresolved") => (
            "Nothing is open".to_owned(),
            "Every issue is resolved or ignored. One that comes back, and every new one, will be here.",
        ),
        (true, "mine") => ("Nothing is yours".to_owned(), "No open issue is assigned to you."),
        (true, _) => (
            format!("No issue is here under “{}”", asked.tab.1),
            "Choose another tab to see the others.",
        ),
        (false, _) => (
            "No issue fits".to_owned(),
            "All terms of a search must be true of an issue. Look further:",
        ),
    };
    Nothing { title, text, ways }
}

impl Mistake {
    fn of(query: &str, wrong: Wrong) -> Self {
        let chars: Vec<char> = query.chars().collect();
        let at = wrong.at.saturating_sub(1).min(chars.len());
        let rest = chars.get(at..).unwrap_or_default();
        let length = rest.iter().position(|char| char.is_whitespace()).unwrap_or(rest.len());
        let text = |chars: &[char]| chars.iter().collect::<String>();
        let mut what = wrong.what;
        if !what.ends_with(['.', '…']) {
            what.push('.');
        }
        Self {
            before: text(chars.get(..at).unwrap_or_default()),
            at: text(rest.get(..length).unwrap_or_default()),
            after: text(rest.get(length..).unwrap_or_default()),
            what,
        }
    }
}

/// The page of who sees no project and can make none.
#[derive(Template)]
#[template(path = "issues/no_project.html")]
pub(super) struct NoProject {
    frame: Frame,
}

impl NoProject {
    pub(super) fn of(frame: Frame) -> Self {
        Self { frame }
    }
}

/// The page of projects without an event.
#[derive(Template)]
#[template(path = "issues/waiting.html")]
pub(super) struct Waiting {
    pub(super) frame: Frame,
    /// The project that the rest is about.
    pub(super) name: String,
    /// Where more is said, and the first event is waited for.
    pub(super) start: String,
    pub(super) dsn: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        let of = |query: &str, at: usize| {
            let what = "no".to_owned();
            let Mistake {
                before,
                at,
                after,
                what,
            } = Mistake::of(query, Wrong { at, what });
            assert_eq!(what, "no.");
            (before, at, after)
        };
        let parts = |before: &str, at: &str, after: &str| (before.to_owned(), at.to_owned(), after.to_owned());
        assert_eq!(of("ü is:x y", 3), parts("ü ", "is:x", " y"));
        assert_eq!(of("is:x", 1), parts("", "is:x", ""));
        assert_eq!(of("is:x", 2001), parts("is:x", "", ""));
    }
}
