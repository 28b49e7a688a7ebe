//! Bounds on events and users in the past: event by event where there are not too many, else by the hour.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Looking, MOST, Moment};
use crate::Error;
use crate::alerts::engine::seen::{COLUMNS, Event};
use crate::alerts::firing::Mark;
use crate::alerts::rule::{Bound, Per, When};
use crate::alerts::telling;
use crate::database::Query;
use crate::performance::HOUR_MS;

/// The most events that are looked at one by one, the newest, and how many at once.
const MAX_EVENTS: usize = 20_000;
const PIECE: usize = 2000;
/// The most hours of issues that are read.
const MAX_HOURS: i64 = 50_000;
/// The most issues that are named.
const MAX_ISSUES: usize = 2000;

/// Events within a window as it moves on.
#[derive(Debug, Default)]
struct Sliding {
    within: VecDeque<(i64, Option<String>)>,
    users: HashMap<String, usize>,
}

impl Sliding {
    /// Forgets what is older than the window.
    fn advance(&mut self, at: i64, window_ms: i64) {
        while self.within.front().is_some_and(|(then, _)| *then <= at - window_ms) {
            if let Some((_, Some(user))) = self.within.pop_front()
                && let Some(count) = self.users.get_mut(&user)
            {
                *count -= 1;
                if *count == 0 {
                    self.users.remove(&user);
                }
            }
        }
    }

    fn add(&mut self, at: i64, user: Option<String>) {
        if let Some(user) = &user {
            *self.users.entry(user.clone()).or_default() += 1;
        }
        self.within.push_back((at, user));
    }

    fn count(&self, users: bool) -> i64 {
        let count = if users { self.users.len() } else { self.within.len() };
        i64::try_from(count).unwrap_or(i64::MAX)
    }
}

impl Looking<'_> {
    pub(super) async fn counted(&mut self) -> Result<(), Error> {
        let Some(bound) = self.rule.rule.when.bound() else {
            return Ok(());
        };
        let from = self.since - bound.window_s * 1000;
        let (events, cut) = self.events(from).await?;
        let is_users = matches!(self.rule.rule.when, When::Users(_));
        if let Some(cut) = cut {
            if !is_users && !self.has_conditions() && !self.rule.rule.of_latest_release() {
                self.note("There are too many events to look at each: they were counted by the hour.");
                return self.by_hours(bound, from).await;
            }
            let hours = (self.now - cut) / HOUR_MS;
            self.note(format!(
                "There are too many events to look at all: only those of the last {} were.",
                telling::span(hours.max(1) * 3600)
            ));
        }
        self.one_by_one(bound, is_users, events).await
    }

    /// The events since a moment, the oldest first; and since when, if that is later.
    async fn events(&mut self, from: i64) -> Result<(Vec<Event>, Option<i64>), Error> {
        let mut events: Vec<Event> = Vec::new();
        let mut cut: Option<i64> = None;
        let projects = self.rule.projects.clone();
        let most = (MAX_EVENTS / projects.len().max(1)).max(PIECE);
        for project in projects {
            let mut of_project: Vec<Event> = Vec::new();
            loop {
                let mut query = Query::new(format!("SELECT {COLUMNS} FROM events WHERE project_id = "));
                query.bind(project).push(" AND received_at > ").bind(from);
                if let Some(last) = of_project.last() {
                    let (at, id) = (last.received_at, last.id);
                    query.push(" AND received_at <= ").bind(at);
                    query.push(" AND (received_at < ").bind(at);
                    query.push(" OR id < ").bind(id).push(")");
                }
                query.push(&format!(" ORDER BY received_at DESC, id DESC LIMIT {PIECE}"));
                let piece: Vec<Event> = query.fetch_all(&self.database.read, "read events of the past").await?;
                let is_last = piece.len() < PIECE;
                of_project.extend(piece);
                if is_last {
                    break;
                }
                if of_project.len() >= most || self.is_over() {
                    let since = of_project.last().map(|event| event.received_at);
                    cut = cut.max(since);
                    break;
                }
            }
            events.extend(of_project);
        }
        if let Some(cut) = cut {
            events.retain(|event| event.received_at >= cut);
        }
        events.sort_by_key(|event| (event.received_at, event.id));
        Ok((events, cut))
    }

    async fn one_by_one(&mut self, bound: Bound, is_users: bool, mut events: Vec<Event>) -> Result<(), Error> {
        if self.has_conditions() {
            self.tags.agree(self.database).await?;
            self.tags.look_up(self.database, &mut events).await?;
            events.retain(|event| event.is_taken(&self.rule.rule.conditions));
        }
        let mut ids: Vec<i64> = events.iter().map(|event| event.issue_id).collect();
        ids.sort_unstable();
        ids.dedup();
        if self.rule.rule.of_latest_release() {
            let issues = telling::issues(self.database, ids.iter().copied()).await?;
            events.retain(|event| {
                issues
                    .get(&event.issue_id)
                    .is_some_and(|issue| self.is_of_latest(issue))
            });
        }
        let window_ms = bound.window_s * 1000;
        let mut windows: HashMap<i64, Sliding> = HashMap::new();
        let mut passed: Vec<(usize, i64, bool)> = Vec::new();
        for (place, event) in events.iter().enumerate() {
            let subject = if bound.per == Per::Issue { event.issue_id } else { 0 };
            let window = windows.entry(subject).or_default();
            window.advance(event.received_at, window_ms);
            let kept = window.count(is_users) <= bound.more_than;
            window.add(event.received_at, event.user_key.clone());
            let count = window.count(is_users);
            if count > bound.more_than {
                passed.push((place, count, kept));
            }
        }
        let mut named: Vec<i64> = passed.iter().map(|(place, _, _)| events[*place].issue_id).collect();
        named.sort_unstable();
        named.dedup();
        named.truncate(MAX_ISSUES);
        let issues = telling::issues(self.database, named).await?;
        for (place, count, kept) in passed {
            let event = &events[place];
            let of_issue = bound.per == Per::Issue;
            let issue = issues.get(&event.issue_id).filter(|_| of_issue);
            // What only stays passed is told again after a cooldown, and is nothing else.
            if !kept && self.rule.rule.cooldown_s == 0 || of_issue && issue.is_none() {
                continue;
            }
            let alert = self
                .teller(event.received_at)
                .bound(&self.rule, bound, count, issue, Some(event));
            let subject = if of_issue { event.issue_id } else { 0 };
            self.moments.push(Moment {
                at: event.received_at,
                subject: format!("issue:{subject}"),
                mark: Mark::Passed {
                    kept,
                    as_of: event.received_at,
                },
                alert,
            });
        }
        Ok(())
    }

    /// By the sums of hours: a bound is taken to be passed in the hour that passes it with those before it in the window.
    async fn by_hours(&mut self, bound: Bound, from: i64) -> Result<(), Error> {
        let mut query = if bound.per == Per::Issue {
            let mut query =
                Query::new("SELECT issue_id, hour, events FROM issue_hours JOIN issues ON issues.id = issue_id WHERE ");
            query.bind_in("project_id", self.rule.projects.iter().copied());
            query.push(" AND last_seen >= ").bind(from);
            query
        } else {
            let mut query = Query::new(
                "SELECT CAST(0 AS BIGINT) AS issue_id, hour, quantity AS events FROM project_hours
                 WHERE category = 'error' AND outcome = 'accepted' AND ",
            );
            query.bind_in("project_id", self.rule.projects.iter().copied());
            query
        };
        query.push(" AND hour >= ").bind(from.div_euclid(HOUR_MS));
        query.push(" ORDER BY hour DESC LIMIT ").bind(MAX_HOURS);
        let rows: Vec<(i64, i64, i64)> = query.fetch_all(&self.database.read, "count events of the past").await?;
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) >= MAX_HOURS {
            self.note("There are too many issues: only the latest hours were looked at.");
        }
        let mut hours: HashMap<i64, BTreeMap<i64, i64>> = HashMap::new();
        for (subject, hour, events) in rows {
            *hours.entry(subject).or_default().entry(hour).or_default() += events;
        }
        let width = (bound.window_s * 1000 + HOUR_MS - 1) / HOUR_MS;
        let mut passed: Vec<(i64, i64, i64, bool)> = Vec::new();
        for (subject, by_hour) in &hours {
            let mut before: Option<i64> = None;
            for hour in by_hour.keys() {
                let count: i64 = by_hour.range(hour - width + 1..=*hour).map(|(_, events)| events).sum();
                if count > bound.more_than {
                    let kept = before.is_none_or(|before| before + width <= *hour);
                    before = Some(*hour);
                    if kept || self.rule.rule.cooldown_s > 0 {
                        passed.push((*subject, *hour, count, kept));
                    }
                }
            }
        }
        passed.sort_by_key(|(_, hour, _, _)| std::cmp::Reverse(*hour));
        if i64::try_from(passed.len()).unwrap_or(i64::MAX) > 10 * MOST {
            passed.truncate(usize::try_from(10 * MOST).unwrap_or_default());
            self.note("Only the latest were looked at.");
        }
        let mut named: Vec<i64> = passed.iter().map(|(subject, _, _, _)| *subject).collect();
        named.sort_unstable();
        named.dedup();
        named.truncate(MAX_ISSUES);
        let issues = telling::issues(self.database, named).await?;
        for (subject, hour, count, kept) in passed {
            let issue = issues.get(&subject);
            if bound.per == Per::Issue && issue.is_none() {
                continue;
            }
            let at = hour * HOUR_MS;
            let alert = self.teller(at).bound(&self.rule, bound, count, issue, None);
            self.moments.push(Moment {
                at,
                subject: format!("issue:{subject}"),
                mark: Mark::Passed { kept, as_of: at },
                alert,
            });
        }
        Ok(())
    }
}
