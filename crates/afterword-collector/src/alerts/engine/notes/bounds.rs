//! Bounds on events and users: whether what came passed them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::counting::{self, Latest, Window};
use super::hits::{Hit, hits};
use super::search::Search;
use super::{Engine, Event, Outcome, is_of_latest, of_issue};
use crate::Error;
use crate::alerts::firing::{self, Decision, Found, Mark};
use crate::alerts::index::Index;
use crate::alerts::rule::When;
use crate::alerts::telling::{self, Issue, Teller};
use crate::error::{OrFailed as _, chain};
use crate::now_ms;

/// A measure and an issue (0: all).
type Counts = (usize, i64);

/// What is known in a turn.
#[derive(Default)]
struct Counted {
    at_most: HashMap<Counts, i64>,
    exactly: HashMap<(Counts, Window), i64>,
}

/// What is known of the moment.
struct Moment<'a> {
    index: &'a Index,
    latest: Latest,
    now: i64,
}

impl Engine {
    /// Events and users that may have passed a bound. What cannot be asked of one rule is left out: the others are asked.
    pub(super) async fn bounds(&mut self, index: &Index, events: &[Event], outcome: &mut Outcome) -> Result<(), Error> {
        let hits = hits(index, events);
        let of_issues: HashSet<i64> = hits
            .values()
            .filter(|hit| hit.rule.rule.of_latest_release() || matches!(hit.rule.rule.when, When::Users(_)))
            .filter_map(|hit| hit.issue)
            .collect();
        let mut issues = telling::issues(&self.database, of_issues).await?;
        let moment = Moment {
            index,
            latest: self
                .latest_of(index, events.iter().map(|event| event.project_id))
                .await?,
            now: now_ms(),
        };
        let mut counted = Counted::default();
        let mut passed: Vec<(&Hit, i64)> = Vec::new();
        for hit in hits.values() {
            let issue = hit.issue.and_then(|id| issues.get(&id));
            if issue.is_some_and(|issue| !is_of_latest(&hit.rule, issue, &moment.latest)) {
                continue;
            }
            // No more were ever affected.
            let is_users = matches!(hit.rule.rule.when, When::Users(_));
            let too_few = is_users && issue.is_some_and(|issue| issue.user_count <= hit.bound.more_than);
            let count = if too_few {
                Ok(None)
            } else {
                self.more(&moment, hit, &mut counted).await
            };
            match count {
                Ok(Some(count)) => passed.push((hit, count)),
                Ok(None) => self.keep(hit, outcome),
                Err(error) => leave_out(hit, error)?,
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
            match self.passed(&moment, hit, count, events, &issues).await {
                Ok(found) => outcome.found.extend(found),
                Err(error) => leave_out(hit, error)?,
            }
        }
        Ok(())
    }

    /// How many a hit counts, where that is more than its bound at one of its moments.
    async fn more(&mut self, moment: &Moment<'_>, hit: &Hit, counted: &mut Counted) -> Result<Option<i64>, Error> {
        let Some(at) = hit.rule.measure else { return Ok(None) };
        let Some((measure, most)) = moment.index.measures.get(at) else {
            return Ok(None);
        };
        let key = (at, hit.issue.unwrap_or(0));
        // Rules that count the same are asked one after the other.
        let known = match counted.at_most.get(&key) {
            Some(known) => Some(*known),
            None => {
                let known = self.memory.as_mut().and_then(|memory| memory.at_most.get_mut(&key));
                known.map(|known| {
                    *known = known.saturating_add(hit.events);
                    counted.at_most.insert(key, *known);
                    *known
                })
            }
        };
        if known.is_some_and(|known| known <= hit.bound.more_than) {
            return Ok(None);
        }
        let moments = hit.moments(moment.now);
        let mut search = Search::new(&moments, hit.length(), hit.bound.more_than);
        let mut is_first = true;
        while let Some(window) = search.next() {
            let count = match counted.exactly.get(&(key, window)) {
                Some(count) => *count,
                None => {
                    let latest = &moment.latest;
                    let count = counting::count(&self.database, measure, hit.issue, window, latest, *most + 1).await?;
                    counted.exactly.insert((key, window), count);
                    count
                }
            };
            if is_first {
                // What is counted now is in this one, whatever its end.
                counted.at_most.insert(key, count);
                // Just after rules changed another collector may not yet note what they want to know.
                if let Some(memory) = &mut self.memory
                    && !memory.index.is_younger(moment.now)
                {
                    memory.at_most.put(key, count);
                }
                is_first = false;
            }
            if let Some(count) = search.answer(count) {
                return Ok(Some(count));
            }
        }
        Ok(None)
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
    async fn passed(
        &mut self,
        moment: &Moment<'_>,
        hit: &Hit,
        count: i64,
        events: &[Event],
        issues: &HashMap<i64, Issue>,
    ) -> Result<Option<Found>, Error> {
        let now = moment.now;
        let key = (hit.rule.id, subject(hit.issue));
        let stands = self
            .memory
            .as_ref()
            .is_some_and(|memory| memory.standing.contains(&key));
        let subject = key.1;
        let as_of = if hit.is_open(now) { now_ms() } else { hit.last_at };
        let mut kept = false;
        if stands {
            let standing = {
                let mut connection = self.database.read.acquire().await.or_failed("read how a rule stands")?;
                firing::standing(&mut connection, hit.rule.id, &subject).await?
            };
            // What came before it fired was counted then, also if its note comes only now.
            kept = hit.first_at > standing.as_of && self.was_kept(moment, hit).await?;
            let mark = Mark::Passed { kept, as_of };
            let is_muted = hit.rule.is_muted(now);
            if firing::decide(standing, &mark, hit.rule.rule.cooldown_s, is_muted, now) == Decision::Nothing {
                return Ok(None);
            }
        }
        let issue = hit.issue.and_then(|id| issues.get(&id));
        if hit.issue.is_some() && issue.is_none() {
            // Removed meanwhile.
            return Ok(None);
        }
        let teller = Teller {
            index: moment.index,
            url: &self.url,
            now,
        };
        let alert = teller.bound(&hit.rule, hit.bound, count, issue, events.get(hit.event));
        Ok(Some(Found {
            rule: Arc::clone(&hit.rule),
            subject,
            mark: Mark::Passed { kept, as_of },
            alert,
        }))
    }

    /// Whether the bound was kept just before the first of these events came.
    async fn was_kept(&self, moment: &Moment<'_>, hit: &Hit) -> Result<bool, Error> {
        let measure = hit.rule.measure.and_then(|at| moment.index.measures.get(at));
        let Some((measure, _)) = measure else { return Ok(false) };
        let window = Window {
            after: hit.first_at - hit.length(),
            until: hit.first_at - 1,
        };
        let most = hit.bound.more_than + 1;
        let before = counting::count(&self.database, measure, hit.issue, window, &moment.latest, most).await?;
        Ok(before <= hit.bound.more_than)
    }
}

/// A rule that cannot be asked; where no rule can, that is an error of all.
fn leave_out(hit: &Hit, error: Error) -> Result<(), Error> {
    if error.is_of_storage() {
        return Err(error);
    }
    tracing::warn!(rule = hit.rule.id, error = chain(&error), "a rule cannot be asked");
    Ok(())
}

fn subject(issue: Option<i64>) -> String {
    issue.map_or_else(|| "all".to_owned(), of_issue)
}
