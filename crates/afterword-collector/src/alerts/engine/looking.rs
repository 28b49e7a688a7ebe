//! What no single event tells: health, durations and the queue, looked at every few seconds, by a task of its own: what takes
//! long to read holds up nothing else. A few rules at a time, in turn, and each figure once for all that look at the same.

mod asking;
mod shared;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::writing::{self, Outcome};
use super::{HELD_MS, begins, gives_back, holding};
use crate::alerts::Alerts;
use crate::alerts::firing::{self, Decision, Found, Mark};
use crate::alerts::index::{Index, Loaded};
use crate::alerts::rule::{Rule, When};
use crate::alerts::telling::Teller;
use crate::database::{Database, Query};
use crate::error::{OrFailed as _, chain};
use crate::life::lease::Lease;
use crate::{Error, now_ms};

use asking::{State, States};

pub(in crate::alerts) use asking::{durations, is_below, p95_above_us};
pub(in crate::alerts) use shared::Shared;

/// How often each rule is asked, if that is not too much.
const EVERY: Duration = Duration::from_secs(4);
/// Figures are shared for so long.
const SHARED_MS: i64 = 4000;
/// The most rules of a turn, and after how long no other one is begun.
const FEW: usize = 100;
const AT_ONCE: Duration = Duration::from_millis(500);
/// It rests for so many times as long as it read.
const RESTS: u32 = 2;

/// What asks these rules.
struct Looker {
    database: Database,
    alerts: Alerts,
    url: Arc<str>,
    lease: Lease,
    memory: Option<Memory>,
    shared: Shared,
    /// The rule that was asked last; 0 before a round.
    after: i64,
    /// Of rules that look at less than there is, those of which that was said.
    cut: HashSet<i64>,
}

/// What is remembered of these rules.
struct Memory {
    index: Arc<Index>,
    /// Their subjects whose bound is passed, each with the moment since when nothing is said of it.
    standing: HashMap<i64, HashMap<String, Option<i64>>>,
}

/// Asks rules until `stop` says so.
pub(super) async fn run(database: Database, alerts: Alerts, url: Arc<str>, mut stop: watch::Receiver<bool>) {
    let lease = Lease::for_so_long("alerts by time", HELD_MS);
    let mut looker = Looker {
        database: database.clone(),
        alerts,
        url,
        lease: lease.clone(),
        memory: None,
        shared: Shared::new(0),
        after: 0,
        cut: HashSet::new(),
    };
    while !*stop.borrow() {
        let begun = Instant::now();
        let more = holding(&lease, &database, looker.turn()).await.unwrap_or_else(|error| {
            tracing::error!(error = chain(&error), "could not ask the rules that look at figures");
            looker.memory = None;
            false
        });
        let rest = begun.elapsed() * RESTS;
        let rest = if more { rest } else { rest.max(EVERY) };
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            _ = stop.changed() => {}
        }
    }
    gives_back(&lease, &database).await;
}

impl Looker {
    /// Asks the next rules. `true` if there are more in this round.
    async fn turn(&mut self) -> Result<bool, Error> {
        let index = self.alerts.refresh(&self.database).await?;
        let rules: Vec<Arc<Loaded>> = index
            .of_kind(|when| !when.is_of_events() && *when != When::Poison)
            .cloned()
            .collect();
        if !begins(&self.lease, &self.database).await? {
            self.memory = None;
            return Ok(false);
        }
        if !self
            .memory
            .as_ref()
            .is_some_and(|memory| Arc::ptr_eq(&memory.index, &index))
        {
            let before = self.memory.take();
            self.memory = Some(Memory::of(&index, &rules, &self.database, before).await?);
        }
        let now = now_ms();
        if !(0..SHARED_MS).contains(&(now - self.shared.as_of())) {
            self.shared = Shared::new(now);
        }
        let teller = Teller {
            index: &index,
            url: &Arc::clone(&self.url),
            now: self.shared.as_of(),
        };
        let mut outcome = Outcome::default();
        let begun = Instant::now();
        // They are in the order of their ids.
        let left = rules.get(rules.partition_point(|rule| rule.id <= self.after)..);
        let left = left.unwrap_or_default();
        let mut asked = 0;
        let mut ended = Ok(());
        for rule in left.iter().take(FEW) {
            if asked > 0 && begun.elapsed() > AT_ONCE {
                break;
            }
            asked += 1;
            let result = match self.ask(rule, &teller).await {
                Ok(states) => self.settle(rule, states, now, &mut outcome).await,
                Err(error) => Err(error),
            };
            match result {
                // The next turn goes on with the next.
                Err(error) if error.is_of_storage() => {
                    ended = Err(error);
                    break;
                }
                Err(error) => tracing::warn!(rule = rule.id, error = chain(&error), "a rule cannot be asked"),
                Ok(()) => {}
            }
        }
        let more = asked < left.len();
        let last = left.get(asked.saturating_sub(1)).map_or(0, |rule| rule.id);
        self.after = if more { last } else { 0 };
        self.write(outcome).await?;
        ended.map(|()| more)
    }

    async fn settle(
        &mut self,
        rule: &Arc<Loaded>,
        states: States,
        now: i64,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let none = HashMap::new();
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let standing = memory.standing.get(&rule.id).unwrap_or(&none);
        let mut unsaid: HashSet<String> = HashSet::new();
        let mut gone: HashSet<String> = standing.keys().filter(|_| !states.is_cut).cloned().collect();
        for (subject, state) in states.of {
            gone.remove(&subject);
            let stands = standing.contains_key(&subject);
            match state {
                State::Kept if stands => outcome.kept.push((rule.id, subject)),
                State::Unsaid if stands => {
                    unsaid.insert(subject);
                }
                State::Kept | State::Unsaid => {}
                State::Passed(alert) => {
                    let mark = Mark::Passed {
                        kept: false,
                        as_of: now,
                    };
                    if stands {
                        let mut connection = self.database.read.acquire().await.or_failed("read how a rule stands")?;
                        let standing = firing::standing(&mut connection, rule.id, &subject).await?;
                        let (cooldown_s, is_muted) = (rule.rule.cooldown_s, rule.is_muted(now));
                        if firing::decide(standing, &mark, cooldown_s, is_muted, now) == Decision::Nothing {
                            continue;
                        }
                    }
                    outcome.found.push(Found {
                        rule: Arc::clone(rule),
                        subject,
                        mark,
                        alert: *alert,
                    });
                }
            }
        }
        outcome.kept.extend(gone.into_iter().map(|subject| (rule.id, subject)));
        // Of which nothing is said for a whole window, that is over.
        for (subject, since) in memory.standing.get_mut(&rule.id).into_iter().flatten() {
            *since = unsaid.contains(subject).then(|| since.unwrap_or(now));
            if since.is_some_and(|since| now - since >= window_ms(&rule.rule)) {
                outcome.kept.push((rule.id, subject.clone()));
            }
        }
        Ok(())
    }

    async fn write(&mut self, outcome: Outcome) -> Result<(), Error> {
        let written = writing::write(&self.database, &self.alerts, &outcome, &[]).await?;
        let Some(memory) = self.memory.as_mut().filter(|_| written) else {
            return Ok(());
        };
        for (rule, subject) in &outcome.kept {
            if let Some(of_rule) = memory.standing.get_mut(rule) {
                of_rule.remove(subject);
            }
        }
        for (rule, subject) in outcome.stands() {
            memory.standing.entry(rule).or_default().insert(subject, None);
        }
        Ok(())
    }
}

impl Memory {
    /// `before`: what was known, of which it is kept since when nothing is said.
    async fn of(
        index: &Arc<Index>,
        rules: &[Arc<Loaded>],
        database: &Database,
        before: Option<Self>,
    ) -> Result<Self, Error> {
        let mut query = Query::new("SELECT rule_id, subject FROM alert_states WHERE standing = 1 AND ");
        query.bind_in("rule_id", rules.iter().map(|rule| rule.id));
        query.push(" ORDER BY changed_at DESC LIMIT ").bind(super::MAX_STANDING);
        let rows: Vec<(i64, String)> = query.fetch_all(&database.read, "read how rules stand").await?;
        let mut before = before.map(|memory| memory.standing).unwrap_or_default();
        let mut standing: HashMap<i64, HashMap<String, Option<i64>>> = HashMap::new();
        for (rule, subject) in rows {
            let since = before.get_mut(&rule).and_then(|of_rule| of_rule.remove(&subject));
            standing.entry(rule).or_default().insert(subject, since.flatten());
        }
        Ok(Self {
            index: Arc::clone(index),
            standing,
        })
    }
}

fn window_ms(rule: &Rule) -> i64 {
    match rule.when {
        When::CrashFree { window_s, .. } | When::Duration { window_s, .. } => window_s * 1000,
        _ => 0,
    }
}
