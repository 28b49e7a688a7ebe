//! Notes of the digest: which rules take the events in them, and which of those fire.

mod bounds;
mod hits;
mod search;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::counting::{self, Latest};
use super::seen::{self, Event};
use super::{Engine, Memory, Outcome, of_issue};
use crate::Error;
use crate::alerts::firing::{Found, Mark};
use crate::alerts::index::{Index, Loaded};
use crate::alerts::rule::{Condition, When};
use crate::alerts::telling::{self, Issue, Teller};
use crate::alerts::work::{Touched, Waiting};
use crate::error::OrFailed as _;
use crate::now_ms;

/// What came within so long is looked at together.
const TOGETHER_MS: i64 = 10_000;

impl Engine {
    /// Asks the rules about notes, and takes them away.
    pub(super) async fn notes(&mut self, waiting: &[Waiting]) -> Result<(), Error> {
        let rows: Vec<i64> = waiting
            .iter()
            .flat_map(|waiting| &waiting.note.issues)
            .flat_map(|touched| touched.rows.iter().copied())
            .collect();
        self.learn_of_projects(waiting).await?;
        let Some(index) = self.memory.as_ref().map(|memory| Arc::clone(&memory.index)) else {
            return Ok(());
        };
        let mut events = if index.rules.is_empty() {
            Vec::new()
        } else {
            seen::read(&self.database, &rows).await?
        };
        if index.has_conditions {
            self.tags.agree(&self.database).await?;
            self.tags.look_up(&self.database, &mut events).await?;
        }
        // What waited for long, as when no collector ran, is taken in the order in which it came.
        let mut begin = 0;
        events.sort_by_key(|event| (event.received_at, event.id));
        let mut outcome = Outcome::default();
        self.changes(&index, waiting, &events, &mut outcome).await?;
        while let Some(first) = events.get(begin) {
            let until = first.received_at.saturating_add(TOGETHER_MS);
            let length = events[begin..].partition_point(|event| event.received_at <= until);
            self.bounds(&index, &events[begin..begin + length], &mut outcome)
                .await?;
            begin += length;
        }
        self.set_aside(&index, waiting, &mut outcome).await?;
        let ids: Vec<i64> = waiting.iter().map(|waiting| waiting.id).collect();
        self.write(outcome, &ids).await
    }

    /// Reads rules and projects again if there is a project that was made since.
    async fn learn_of_projects(&mut self, waiting: &[Waiting]) -> Result<(), Error> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let projects: HashSet<i64> = waiting
            .iter()
            .flat_map(|waiting| &waiting.note.issues)
            .map(|touched| touched.project)
            .collect();
        if memory.index.is_older(now_ms()) && projects.iter().any(|id| !memory.index.knows(*id)) {
            let index = self.alerts.read(&self.database).await?;
            self.memory = Some(Memory::of(index, &self.database).await?);
        }
        Ok(())
    }

    /// Issues that are new or came back.
    async fn changes(
        &mut self,
        index: &Index,
        waiting: &[Waiting],
        events: &[Event],
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let touched = waiting.iter().flat_map(|waiting| &waiting.note.issues);
        let changed: Vec<&Touched> = touched
            .filter(|touched| touched.new || touched.regression.is_some())
            .filter(|touched| {
                index
                    .groups(touched.project)
                    .any(|group| !group.new.is_empty() || !group.regressions.is_empty())
            })
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        let by_row: HashMap<i64, &Event> = events.iter().map(|event| (event.id, event)).collect();
        let issues = telling::issues(&self.database, changed.iter().map(|touched| touched.issue)).await?;
        let latest = self
            .latest_of(index, changed.iter().map(|touched| touched.project))
            .await?;
        let teller = Teller {
            index,
            url: &self.url,
            now: now_ms(),
        };
        for touched in changed {
            let Some(issue) = issues.get(&touched.issue) else {
                continue;
            };
            let of_issue_now = touched.rows.iter().filter_map(|row| by_row.get(row).copied());
            let first = of_issue_now.clone().next();
            for group in index.groups(touched.project) {
                let new = group
                    .new
                    .iter()
                    .filter(|_| touched.new)
                    .map(|at| (at, "new".to_owned(), first));
                for (at, mark, event) in new {
                    let Some(rule) = index.rules.get(*at) else { continue };
                    let takes = event.is_some_and(|event| event.is_taken(&rule.rule.conditions));
                    if takes && is_of_latest(rule, issue, &latest) {
                        outcome.found.push(found(rule, &teller, issue, event, mark));
                    }
                }
                let Some(regression) = touched.regression else { continue };
                for at in &group.regressions {
                    let Some(rule) = index.rules.get(*at) else { continue };
                    let event = of_issue_now.clone().find(|event| event.is_taken(&rule.rule.conditions));
                    if event.is_some() && is_of_latest(rule, issue, &latest) {
                        outcome
                            .found
                            .push(found(rule, &teller, issue, event, format!("regression:{regression}")));
                    }
                }
            }
        }
        Ok(())
    }

    /// The latest releases, if a rule wants to know them.
    async fn latest_of(&self, index: &Index, projects: impl Iterator<Item = i64>) -> Result<Latest, Error> {
        if !index.has_latest {
            return Ok(Latest::new());
        }
        let mut wanted: HashSet<i64> = projects.collect();
        for (measure, _) in &index.measures {
            if measure.conditions.contains(&Condition::LatestRelease) {
                wanted.extend(&measure.projects);
            }
        }
        counting::latest(&self.database, wanted).await
    }

    /// Envelopes that were set aside.
    async fn set_aside(&self, index: &Index, waiting: &[Waiting], outcome: &mut Outcome) -> Result<(), Error> {
        let mut by_project: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
        for waiting in waiting {
            if let Some((project, row)) = waiting.note.set_aside {
                by_project.entry(project).or_default().push((waiting.id, row));
            }
        }
        let teller = Teller {
            index,
            url: &self.url,
            now: now_ms(),
        };
        for (project, rows) in by_project {
            let Some((note, row)) = rows.last() else { continue };
            let rules: Vec<&Arc<Loaded>> = index
                .of_kind(|when| *when == When::Poison)
                .filter(|rule| rule.projects.contains(&project))
                .collect();
            if rules.is_empty() {
                continue;
            }
            let error: Option<String> = sqlx::query_scalar("SELECT error FROM set_aside WHERE id = $1")
                .bind(*row)
                .fetch_optional(&self.database.read)
                .await
                .or_failed("read what was set aside")?;
            for rule in rules {
                outcome.found.push(Found {
                    rule: Arc::clone(rule),
                    subject: format!("project:{project}"),
                    mark: Mark::Once(format!("note:{note}")),
                    alert: teller.poison(rule, project, rows.len(), error.clone()),
                });
            }
        }
        Ok(())
    }
}

fn found(rule: &Arc<Loaded>, teller: &Teller<'_>, issue: &Issue, event: Option<&Event>, mark: String) -> Found {
    Found {
        rule: Arc::clone(rule),
        subject: of_issue(issue.id),
        mark: Mark::Once(mark),
        alert: teller.issue(rule, issue, event),
    }
}

fn is_of_latest(rule: &Loaded, issue: &Issue, latest: &Latest) -> bool {
    !rule.rule.of_latest_release()
        || issue.first_release.is_some() && issue.first_release.as_ref() == latest.get(&issue.project_id)
}
