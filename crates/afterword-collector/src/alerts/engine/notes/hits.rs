//! Which rules with a bound take which events.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Event;
use crate::alerts::index::{Index, Loaded};
use crate::alerts::rule::{Bound, Per};

/// Moments that are nearer to each other than the window divided by this are one: the last of them.
const MOMENTS_OF_A_WINDOW: i64 = 600;

/// Events of a rule with a bound, by what is counted together.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) rule: Arc<Loaded>,
    /// `None`: all that the rule looks at.
    pub(super) issue: Option<i64>,
    pub(super) bound: Bound,
    pub(super) events: i64,
    /// When the first and the last came.
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    /// The last, by its place.
    pub(super) event: usize,
    /// When they came, each moment by its number.
    moments: BTreeMap<i64, i64>,
}

pub(super) type Hits = HashMap<(i64, Option<i64>), Hit>;

impl Hit {
    /// The length of the window in milliseconds.
    pub(super) fn length(&self) -> i64 {
        self.bound.window_s * 1000
    }

    /// Whether these events are still in the window.
    pub(super) fn is_open(&self, now: i64) -> bool {
        now - self.last_at < self.length()
    }

    /// When the bound may have been passed: as these events came, and now.
    pub(super) fn moments(&self, now: i64) -> Vec<i64> {
        let mut moments: Vec<i64> = self.moments.values().copied().collect();
        if self.is_open(now) && self.last_at < now {
            moments.push(now);
        }
        moments
    }
}

/// Which rules with a bound take which of these events, which are in the order in which they came.
pub(super) fn hits(index: &Index, events: &[Event]) -> Hits {
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
        moments: BTreeMap::new(),
    });
    hit.events += added;
    hit.first_at = hit.first_at.min(first.received_at);
    let width = (hit.length() / MOMENTS_OF_A_WINDOW).max(1);
    for place in places {
        let at = events[*place].received_at;
        let moment = hit.moments.entry(at.div_euclid(width)).or_insert(at);
        *moment = at.max(*moment);
    }
    if last.0.received_at >= hit.last_at {
        hit.last_at = last.0.received_at;
        hit.event = last.1;
    }
}
