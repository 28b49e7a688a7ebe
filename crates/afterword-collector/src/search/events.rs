//! Searching events: those that happened last first.

use super::conditions::{Condition, EVENTS, Kind, Project, conditions};
use super::driver::Plan;
use super::terms::Field;
use super::walk::{Along, Bounds, Failure, Page, Walked, merge};
use super::{Of, Range, Search};
use crate::database::Database;

/// The places of the events that a search finds in these projects: their time and row.
pub(crate) async fn search(
    database: &Database,
    projects: &[Project],
    issue_id: Option<i64>,
    search: &Search,
    page: Page,
) -> Result<Walked, Failure> {
    let mut walks = Vec::new();
    for project in projects {
        if let Some(conditions) = conditions(database, project, search, Of::Events).await? {
            let along = along(project, issue_id, &conditions);
            walks.extend(along.into_iter().map(|along| (along, conditions.clone())));
        }
    }
    let bounds = Bounds::new(walks.len());
    let mut parts = Vec::with_capacity(walks.len());
    for (along, conditions) in &walks {
        let plan = Plan::new(database, EVENTS, along, conditions).await?;
        parts.push(plan.run(database, page, bounds).await?);
    }
    Ok(merge(parts, page))
}

/// Along the time of the project, or of each issue that is asked for.
pub(super) fn along(project: &Project, issue_id: Option<i64>, conditions: &[Condition]) -> Vec<Along> {
    let mut range = Range::default();
    let mut issues: Option<Vec<i64>> = issue_id.map(|id| vec![id]);
    for condition in conditions.iter().filter(|condition| !condition.negated) {
        match &condition.kind {
            Kind::Within(Field::Timestamp, within) => range = range.and(*within),
            Kind::Issues(ids) if issues.is_none() => issues = Some(ids.clone()),
            _ => {}
        }
    }
    let along = |fixed| Along {
        table: "events",
        value: "occurred_at",
        fixed,
        also: "",
        range,
    };
    match issues {
        None => vec![along(vec![("project_id", project.id)])],
        Some(issues) => {
            // Not the project as well: there is an index for that, too, and SQLite might take it.
            issues.into_iter().map(|id| along(vec![("issue_id", id)])).collect()
        }
    }
}
