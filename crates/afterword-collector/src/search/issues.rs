//! Searching issues.

use super::conditions::{Condition, ISSUES, Kind, Project, conditions};
use super::driver::Plan;
use super::walk::{Along, Bounds, Failure, Page, Walked, merge};
use super::{Of, Range, Search};
use crate::database::Database;

/// No more are counted.
pub(crate) const MAX_HITS: i64 = 1000;

/// What issues are ordered by; always the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    LastSeen,
    FirstSeen,
    Events,
    Users,
}

impl Sort {
    /// As Sentry names it.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "date" => Self::LastSeen,
            "new" => Self::FirstSeen,
            "freq" => Self::Events,
            "user" => Self::Users,
            _ => return None,
        })
    }

    const fn column(self) -> &'static str {
        match self {
            Self::LastSeen => "last_seen",
            Self::FirstSeen => "first_seen",
            Self::Events => "event_count",
            Self::Users => "user_count",
        }
    }
}

/// The statuses, each walked along by itself: the index begins with them.
pub(super) const STATUSES: [(&str, &str); 3] = [
    ("unresolved", " AND issues.status = 'unresolved'"),
    ("resolved", " AND issues.status = 'resolved'"),
    ("ignored", " AND issues.status = 'ignored'"),
];

/// The places of the issues that a search finds in these projects, and how many there are: at most [`MAX_HITS`] are
/// counted, and those of a search that passes many only as far as it goes.
pub(crate) async fn search(
    database: &Database,
    projects: &[Project],
    search: &Search,
    sort: Sort,
    page: Page,
) -> Result<(Walked, i64), Failure> {
    let mut walks = Vec::new();
    for project in projects {
        let Some(conditions) = conditions(database, project, search, Of::Issues).await? else {
            continue;
        };
        for (_, also) in STATUSES.into_iter().filter(|(status, _)| may_be(&conditions, status)) {
            let along = along(project.id, also, sort);
            walks.push((along, conditions.clone()));
        }
    }
    let bounds = Bounds::new(walks.len());
    let mut parts = Vec::with_capacity(walks.len());
    let mut hits = 0;
    for (along, conditions) in &walks {
        let plan = Plan::new(database, ISSUES, along, conditions).await?;
        let part = plan.run(database, page, bounds).await?;
        hits += if page.from.is_none() && (part.cut.is_some() || part.places.len() <= page.limit) {
            i64::try_from(part.places.len()).unwrap_or(MAX_HITS)
        } else if hits < MAX_HITS {
            plan.count(database, MAX_HITS - hits, bounds).await?
        } else {
            0
        };
        parts.push(part);
    }
    Ok((merge(parts, page), hits.min(MAX_HITS)))
}

pub(super) fn along(project_id: i64, status: &'static str, sort: Sort) -> Along {
    Along {
        table: "issues",
        value: sort.column(),
        fixed: vec![("project_id", project_id)],
        also: status,
        range: Range::default(),
    }
}

fn may_be(conditions: &[Condition], status: &str) -> bool {
    conditions
        .iter()
        .all(|condition| match (&condition.kind, condition.negated) {
            (Kind::Is(states), false) => states.iter().any(|state| state.may_be(status)),
            _ => true,
        })
}
