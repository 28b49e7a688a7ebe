//! Notes of the digest: which rules take the events in them, and which of those fire.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::counting::{self, Latest, Window};
use super::seen::{self, Event};
use super::{Engine, Memory, Outcome, of_issue};
use crate::Error;
use crate::alerts::firing::{self, Decision, Found, Mark};
use crate::alerts::index::{Index, Loaded, Measure};
use crate::alerts::rule::{Bound, Condition, Per, When};
use crate::alerts::telling::{self, Issue, Teller};
use crate::alerts::work::{Touched, Waiting};
use crate::error::OrFailed as _;
use crate::now_ms;

/// Events that came so long ago are late: the window is counted as it was when they came, and as it is.
const LATE_MS: i64 = 2000;

/// What comes within so long is looked at together.
const TOGETHER_MS: i64 = 10_000;

/// Events of a rule with a bound, by what is counted together.
struct Hit {
    rule: Arc<Loaded>,
    /// `None`: all that the rule looks at.
    issue: Option<i64>,
    bound: Bound,
    events: i64,
    /// When the first and the last came.
    first_at: i64,
    last_at: i64,
    /// The last, by its place.
    event: usize,
}

/// What is known in a turn of a measure and an issue.
#[derive(Debug, Clone, Copy)]
enum Known {
    /// It is not more.
    AtMost(i64),
    Exactly(i64),
}

/// By measure, issue (0: all) and the moment until when.
type Counted = HashMap<(usize, i64, i64), Known>;

type Hits = HashMap<(i64, Option<i64>), Hit>;

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
                            .push(found(rule, &teller, issue, event, regression.to_string()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Events and users that may have passed a bound.
    async fn bounds(&mut self, index: &Arc<Index>, events: &[Event], outcome: &mut Outcome) -> Result<(), Error> {
        let hits = hits(index, events);
        let of_issues: HashSet<i64> = hits
            .values()
            .filter(|hit| hit.rule.rule.of_latest_release() || matches!(hit.rule.rule.when, When::Users(_)))
            .filter_map(|hit| hit.issue)
            .collect();
        let mut issues = telling::issues(&self.database, of_issues).await?;
        let latest = self
            .latest_of(index, events.iter().map(|event| event.project_id))
            .await?;
        let mut counted = Counted::new();
        let mut passed: Vec<(&Hit, i64)> = Vec::new();
        let now = now_ms();
        for hit in hits.values() {
            if let Some(issue) = hit.issue.and_then(|id| issues.get(&id))
                && !is_of_latest(&hit.rule, issue, &latest)
            {
                continue;
            }
            let affected = hit.issue.and_then(|id| issues.get(&id)).map(|issue| issue.user_count);
            let count = match affected {
                // No more were ever affected.
                Some(users) if matches!(hit.rule.rule.when, When::Users(_)) && users <= hit.bound.more_than => users,
                _ => self.at_most(index, hit, &latest, &mut counted, now).await?,
            };
            if count > hit.bound.more_than {
                passed.push((hit, count));
            } else {
                self.keep(hit, outcome);
            }
        }
        if passed.is_empty() {
            return Ok(());
        }
        let missing: Vec<i64> = passed
            .iter()
            .filter_map(|(hit, _)| hit.issue)
            .filter(|id| !issues.contains_key(id))
            .collect();
        issues.extend(telling::issues(&self.database, missing).await?);
        for (hit, count) in passed {
            let found = self.passed(index, hit, count, events, &issues, &latest, now).await?;
            outcome.found.extend(found);
        }
        Ok(())
    }

    /// What a hit counts, or something that is not below it and keeps the bound.
    async fn at_most(
        &mut self,
        index: &Index,
        hit: &Hit,
        latest: &Latest,
        counted: &mut Counted,
        now: i64,
    ) -> Result<i64, Error> {
        let Some(at) = hit.rule.measure else { return Ok(0) };
        let Some((measure, most)) = index.measures.get(at) else {
            return Ok(0);
        };
        let key = (at, hit.issue.unwrap_or(0));
        let turn = (key.0, key.1, hit.last_at);
        // Rules that count the same are asked one after the other.
        let known = match counted.get(&turn) {
            Some(Known::Exactly(count)) => return Ok(*count),
            Some(Known::AtMost(count)) => Some(*count),
            None => {
                let known = self.memory.as_mut().and_then(|memory| memory.at_most.get_mut(&key));
                known.map(|known| {
                    *known = known.saturating_add(hit.events);
                    counted.insert(turn, Known::AtMost(*known));
                    *known
                })
            }
        };
        if let Some(known) = known.filter(|known| *known <= hit.bound.more_than) {
            return Ok(known);
        }
        let mut count = 0;
        for window in windows(measure, hit.last_at, now) {
            let in_window = counting::count(
                &self.database,
                &mut self.tags,
                measure,
                hit.issue,
                window,
                latest,
                *most + 1,
            )
            .await?;
            count = count.max(in_window);
        }
        counted.insert(turn, Known::Exactly(count));
        // Just after rules changed another collector may not yet note what they want to know.
        if let Some(memory) = self.memory.as_mut().filter(|memory| !memory.index.is_younger(now)) {
            memory.at_most.put(key, count);
        }
        Ok(count)
    }

    fn keep(&self, hit: &Hit, outcome: &mut Outcome) {
        let key = (hit.rule.id, subject(hit.issue));
        let stands = self
            .memory
            .as_ref()
            .is_some_and(|memory| memory.standing.contains(&key));
        if stands {
            outcome.kept.push(key);
        }
    }

    /// Whether a rule whose bound is passed fires.
    #[expect(clippy::too_many_arguments, reason = "what is known of the moment")]
    async fn passed(
        &mut self,
        index: &Index,
        hit: &Hit,
        count: i64,
        events: &[Event],
        issues: &HashMap<i64, Issue>,
        latest: &Latest,
        now: i64,
    ) -> Result<Option<Found>, Error> {
        let subject = subject(hit.issue);
        let key = (hit.rule.id, subject);
        let stands = self
            .memory
            .as_ref()
            .is_some_and(|memory| memory.standing.contains(&key));
        let subject = key.1;
        let as_of = if is_open(hit, now) { now_ms() } else { hit.last_at };
        let mut kept = false;
        if stands {
            let standing = {
                let mut connection = self.database.read.acquire().await.or_failed("read how a rule stands")?;
                firing::standing(&mut connection, hit.rule.id, &subject).await?
            };
            // What came before it fired was counted then, also if its note comes only now.
            kept = hit.first_at > standing.as_of && self.was_kept(index, hit, latest).await?;
            let mark = Mark::Passed { kept, as_of };
            if firing::decide(standing, &mark, hit.rule.rule.cooldown_s, now) == Decision::Nothing {
                return Ok(None);
            }
        }
        let mark = Mark::Passed { kept, as_of };
        let issue = hit.issue.and_then(|id| issues.get(&id));
        if hit.issue.is_some() && issue.is_none() {
            // Removed meanwhile.
            return Ok(None);
        }
        let teller = Teller {
            index,
            url: &self.url,
            now,
        };
        let alert = teller.bound(&hit.rule, hit.bound, count, issue, events.get(hit.event));
        Ok(Some(Found {
            rule: Arc::clone(&hit.rule),
            subject,
            mark,
            alert,
        }))
    }

    /// Whether the bound was kept just before the first of these events came.
    async fn was_kept(&mut self, index: &Index, hit: &Hit, latest: &Latest) -> Result<bool, Error> {
        let measure = hit.rule.measure.and_then(|at| index.measures.get(at));
        let Some((measure, _)) = measure else { return Ok(false) };
        let window = Window {
            after: hit.first_at - measure.window_s * 1000,
            until: Some(hit.first_at - 1),
        };
        let most = hit.bound.more_than + 1;
        let before = counting::count(&self.database, &mut self.tags, measure, hit.issue, window, latest, most).await?;
        Ok(before <= hit.bound.more_than)
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

fn subject(issue: Option<i64>) -> String {
    issue.map_or_else(|| "all".to_owned(), of_issue)
}

fn is_of_latest(rule: &Loaded, issue: &Issue, latest: &Latest) -> bool {
    !rule.rule.of_latest_release()
        || issue.first_release.is_some() && issue.first_release.as_ref() == latest.get(&issue.project_id)
}

/// Whether what is counted goes until now.
fn is_open(hit: &Hit, now: i64) -> bool {
    let late = now - hit.last_at;
    late <= LATE_MS || late < hit.bound.window_s * 1000
}

/// The windows in which an event that came then may have passed a bound.
fn windows(measure: &Measure, at: i64, now: i64) -> Vec<Window> {
    let length = measure.window_s * 1000;
    let late = now - at;
    if late <= LATE_MS {
        return vec![Window {
            after: at - length,
            until: None,
        }];
    }
    let mut windows = vec![Window {
        after: at - length,
        until: Some(at),
    }];
    if late < length {
        windows.push(Window {
            after: now - length,
            until: None,
        });
    }
    windows
}

/// Which rules with a bound take which of these events, which are in the order in which they came.
fn hits(index: &Index, events: &[Event]) -> Hits {
    let mut hits = Hits::new();
    let mut by_issue: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        by_issue.entry((event.project_id, event.issue_id)).or_default().push(at);
    }
    for ((project, _), places) in by_issue {
        for group in index.groups(project) {
            for rule in &group.any {
                hit(&mut hits, index, *rule, events, &places);
            }
            if group.some.is_empty() && group.exact.is_empty() {
                continue;
            }
            for place in &places {
                let event = &events[*place];
                let exact = event.said.iter().filter_map(|(key, value)| {
                    let of_key = group.exact.get(&**key)?;
                    of_key.get(&**value)
                });
                for rule in exact.flatten().chain(&group.some) {
                    let takes = index
                        .rules
                        .get(*rule)
                        .is_some_and(|loaded| event.is_taken(&loaded.rule.conditions));
                    if takes {
                        hit(&mut hits, index, *rule, events, &[*place]);
                    }
                }
            }
        }
    }
    hits
}

/// Adds events to what a rule counts; `places` are in order and not empty.
fn hit(hits: &mut Hits, index: &Index, rule: usize, events: &[Event], places: &[usize]) {
    let Some(rule) = index.rules.get(rule) else { return };
    let (Some(bound), Some(first), Some(last)) = (rule.rule.when.bound(), places.first(), places.last()) else {
        return;
    };
    let (first, last) = (&events[*first], (&events[*last], *last));
    let issue = (bound.per == Per::Issue).then_some(first.issue_id);
    let added = i64::try_from(places.len()).unwrap_or(i64::MAX);
    let hit = hits.entry((rule.id, issue)).or_insert_with(|| Hit {
        rule: Arc::clone(rule),
        issue,
        bound,
        events: 0,
        first_at: first.received_at,
        last_at: i64::MIN,
        event: last.1,
    });
    hit.events += added;
    hit.first_at = hit.first_at.min(first.received_at);
    if last.0.received_at >= hit.last_at {
        hit.last_at = last.0.received_at;
        hit.event = last.1;
    }
}
