//! What the address of the list asks for: a tab, a search, how it is sorted, of which time and environment.

use crate::pages::frame::Frame;
use crate::pages::{Failure, paging};
use crate::search::issues::Sort;
use crate::search::walk::Page;
use crate::search::{Of, Project, Range, Search, What, Wrong};

/// So many lines a page.
const LINES: usize = 25;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// A value of a field of the address, and what people read.
pub(super) type Choice<T> = (&'static str, &'static str, T);

/// Each tab with what it searches for. The first of all of these is what is shown unless asked.
pub(super) const TABS: [Choice<&str>; 7] = [
    ("unresolved", "Unresolved", "is:unresolved"),
    ("new", "New", "is:new"),
    ("regressed", "Regressed", "is:regressed"),
    ("resolved", "Resolved", "is:resolved"),
    ("ignored", "Ignored", "is:ignored"),
    (MINE, "Assigned to me", "is:unresolved assigned:me"),
    (ALL, "All", ""),
];
pub(super) const SORTS: [Choice<Sort>; 4] = [
    ("date", "Last seen", Sort::LastSeen),
    ("new", "First seen", Sort::FirstSeen),
    ("freq", "Events", Sort::Events),
    ("user", "Users", Sort::Users),
];
pub(super) const PERIODS: [Choice<Option<i64>>; 6] = [
    ("", "Any time", None),
    ("1h", "Last hour", Some(HOUR_MS)),
    ("24h", "Last 24 hours", Some(DAY_MS)),
    ("7d", "Last 7 days", Some(7 * DAY_MS)),
    ("30d", "Last 30 days", Some(30 * DAY_MS)),
    ("90d", "Last 90 days", Some(90 * DAY_MS)),
];
pub(super) const TRENDS: [Choice<i64>; 2] = [("24h", "24 hours", DAY_MS), ("14d", "14 days", 14 * DAY_MS)];

/// The tab of one's own issues, which only a person has.
pub(super) const MINE: &str = "mine";
const ALL: &str = "all";

/// What is asked for.
#[derive(Debug)]
pub(super) struct Asked {
    /// What is typed into the field.
    pub(super) query: String,
    pub(super) tab: Choice<&'static str>,
    /// The search says itself of which state, so the tab does not count.
    pub(super) says_state: bool,
    pub(super) sort: Choice<Sort>,
    pub(super) period: Choice<Option<i64>>,
    pub(super) environment: Option<String>,
    pub(super) trend: Choice<i64>,
    pub(super) page: Page,
    /// All of it together, or what is wrong about what was typed.
    pub(super) search: Result<Search, Wrong>,
}

impl Asked {
    pub(super) fn of(frame: &Frame, now: i64) -> Result<Self, Failure> {
        let query = frame.asked("query").unwrap_or_default().to_owned();
        let tab = choice(frame, "tab", &TABS)?;
        let sort = choice(frame, "sort", &SORTS)?;
        let period = choice(frame, "period", &PERIODS)?;
        let trend = choice(frame, "trend", &TRENDS)?;
        let environment = frame.asked("environment").map(str::to_owned);
        let me = frame.who.user().map(|user| user.email.as_str());
        if tab.0 == MINE && me.is_none() {
            return Err(Failure::Wrong(
                "Nobody is signed in here, so that no issue can be yours.".to_owned(),
            ));
        }
        let mut says_state = false;
        let search = Search::parse(&query, Of::Issues, me, now).and_then(|mut search| {
            says_state = search.terms.iter().any(|term| says_state_of(&term.what));
            if !says_state {
                search.terms.extend(Search::parse(tab.2, Of::Issues, me, now)?.terms);
            }
            let time = period.2.map(|period| Range {
                from: Some(now.saturating_sub(period)),
                to: None,
            });
            search.limit(environment.as_deref(), time);
            Ok(search)
        });
        Ok(Self {
            query,
            tab,
            says_state,
            sort,
            period,
            environment,
            trend,
            page: paging::page(frame, LINES)?,
            search,
        })
    }

    /// Whether nothing but a tab is asked for.
    pub(super) fn is_plain(&self) -> bool {
        self.query.is_empty() && self.period.0.is_empty() && self.environment.is_none()
    }
}

/// The projects that are searched.
pub(super) fn projects(frame: &Frame) -> Vec<Project> {
    let ids = frame.project_ids().into_iter();
    let project = |id: i64| {
        let slug = frame.project(id)?.slug.clone();
        Some(Project { id, slug })
    };
    ids.filter_map(project).collect()
}

/// Who asks for a state, or for one issue by name, means it whichever tab was open.
fn says_state_of(what: &What) -> bool {
    matches!(
        what,
        What::Is(_) | What::Issue(_) | What::Event(_) | What::Trace(_) | What::EventOrTrace(_)
    )
}

fn choice<T: Copy>(frame: &Frame, name: &str, choices: &[Choice<T>]) -> Result<Choice<T>, Failure> {
    let asked = frame.asked(name);
    let found = choices.iter().find(|(key, ..)| asked.is_none_or(|asked| asked == *key));
    found.copied().ok_or_else(|| {
        let known: Vec<&str> = choices
            .iter()
            .map(|(key, ..)| *key)
            .filter(|key| !key.is_empty())
            .collect();
        Failure::Wrong(format!(
            "The address asks for a {name} that is not known. Known are {}.",
            known.join(", ")
        ))
    })
}
