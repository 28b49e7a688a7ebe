//! What no single event tells: health, durations and the queue, looked at every few seconds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::counting::{self, Latest};
use super::{Engine, Outcome};
use crate::Error;
use crate::alerts::Alert;
use crate::alerts::firing::{self, Decision, Found, Mark};
use crate::alerts::index::Loaded;
use crate::alerts::rule::{Condition, Key, Of, Rule, When};
use crate::alerts::telling::Teller;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::now_ms;
use crate::performance::HOUR_MS;
use crate::performance::reading::{self, Named};
use crate::queries::health::{self, By, Figures, Filter, Group};

/// How often.
pub(super) const EVERY: Duration = Duration::from_secs(4);

/// The most releases and environments that conditions are tried on.
const MAX_GROUPS: i64 = 2000;

/// How it is with a subject of a rule.
enum State {
    /// The bound is passed.
    Passed(Box<Alert>),
    /// It is kept.
    Kept,
}

impl Engine {
    /// Looks at rules that no event makes fire.
    pub(super) async fn look(&mut self) -> Result<(), Error> {
        let Some(index) = self.memory.as_ref().map(|memory| Arc::clone(&memory.index)) else {
            return Ok(());
        };
        let now = now_ms();
        let teller = Teller {
            index: &index,
            url: &self.url.clone(),
            now,
        };
        let mut outcome = Outcome::default();
        let mut named: HashMap<String, Arc<Vec<Named>>> = HashMap::new();
        for rule in index.of_kind(|when| !when.is_of_events() && *when != When::Poison) {
            let states = match &rule.rule.when {
                When::CrashFree {
                    at_least, below_milli, ..
                } => {
                    let figures = crash_free(&self.database, &rule.rule, &rule.projects, now).await?;
                    figures
                        .filter(|figures| figures.all >= *at_least)
                        .map(|figures| {
                            let state = if is_below(&figures, *below_milli) {
                                teller
                                    .crash_free(rule, figures.all, figures.crashed)
                                    .map(|alert| State::Passed(Box::new(alert)))
                            } else {
                                Some(State::Kept)
                            };
                            ("all".to_owned(), state)
                        })
                        .into_iter()
                        .filter_map(|(subject, state)| Some((subject, state?)))
                        .collect()
                }
                When::Duration { .. } => self.long(rule, &teller, &mut named, now).await?,
                When::Queue {
                    older_than_s,
                    more_than,
                } => {
                    let (waiting, oldest_s) = queue(&self.database, *more_than, now).await?;
                    let passed = more_than.is_some_and(|bound| waiting > bound)
                        || older_than_s.is_some_and(|bound| oldest_s > bound);
                    let state = if passed {
                        teller
                            .queue(rule, waiting, oldest_s)
                            .map(|alert| State::Passed(Box::new(alert)))
                    } else {
                        Some(State::Kept)
                    };
                    state.map(|state| ("queue".to_owned(), state)).into_iter().collect()
                }
                _ => Vec::new(),
            };
            for (subject, state) in states {
                self.settle(rule, subject, state, now, &mut outcome).await?;
            }
        }
        self.write(outcome, &[]).await
    }

    async fn settle(
        &self,
        rule: &Arc<Loaded>,
        subject: String,
        state: State,
        now: i64,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let key = (rule.id, subject);
        let stands = self
            .memory
            .as_ref()
            .is_some_and(|memory| memory.standing.contains(&key));
        let (rule_id, subject) = key;
        match state {
            State::Kept if stands => outcome.kept.push((rule_id, subject)),
            State::Kept => {}
            State::Passed(alert) => {
                let mark = Mark::Passed {
                    kept: false,
                    as_of: now,
                };
                if stands {
                    let mut connection = self.database.read.acquire().await.or_failed("read how a rule stands")?;
                    let standing = firing::standing(&mut connection, rule_id, &subject).await?;
                    if firing::decide(standing, &mark, rule.rule.cooldown_s, now) == Decision::Nothing {
                        return Ok(());
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
        Ok(())
    }

    /// The transactions of a rule, those that take long and those that do not.
    async fn long(
        &self,
        rule: &Arc<Loaded>,
        teller: &Teller<'_>,
        known: &mut HashMap<String, Arc<Vec<Named>>>,
        now: i64,
    ) -> Result<Vec<(String, State)>, Error> {
        let When::Duration {
            p95_above_ms, at_least, ..
        } = rule.rule.when
        else {
            return Ok(Vec::new());
        };
        let Some(filter) = filter(&self.database, &rule.rule, &rule.projects, now).await? else {
            return Ok(Vec::new());
        };
        // Rules that look at the same figures read them once.
        let key = format!("{filter:?}");
        let names = match known.get(&key) {
            Some(names) => Arc::clone(names),
            None => {
                let names = Arc::new(reading::names(&self.database, &filter).await?.0);
                known.insert(key, Arc::clone(&names));
                names
            }
        };
        Ok(durations(&rule.rule, &names)
            .filter(|(named, _)| named.figures.transactions >= at_least)
            .filter_map(|(named, p95_us)| {
                let subject = format!("transaction:{}:{}", named.project_id, named.name);
                let passed = p95_us > p95_above_us(p95_above_ms);
                let state = if passed {
                    let count = named.figures.transactions;
                    State::Passed(Box::new(teller.duration(
                        rule,
                        named.project_id,
                        &named.name,
                        p95_us,
                        count,
                    )?))
                } else {
                    State::Kept
                };
                Some((subject, state))
            })
            .collect())
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a day")]
pub(in crate::alerts) fn p95_above_us(ms: i64) -> f64 {
    (ms * 1000) as f64
}

/// The transactions that a rule is about, each with its 95th percentile in microseconds.
pub(in crate::alerts) fn durations<'n>(
    rule: &'n Rule,
    names: &'n [Named],
) -> impl Iterator<Item = (&'n Named, f64)> + 'n {
    let glob = match &rule.when {
        When::Duration { transaction, .. } => transaction.as_ref(),
        _ => None,
    };
    names
        .iter()
        .filter(move |named| glob.is_none_or(|glob| glob.matches(&named.name)))
        .filter_map(|named| {
            let [p95] = named.figures.durations.quantiles([0.95])?;
            Some((named, p95))
        })
}

/// The sessions or users that a rule is about, until a moment; `None` if there can be none.
pub(in crate::alerts) async fn crash_free(
    database: &Database,
    rule: &Rule,
    projects: &[i64],
    until: i64,
) -> Result<Option<Figures>, Error> {
    let When::CrashFree { of, .. } = rule.when else {
        return Ok(None);
    };
    let Some(filter) = filter(database, rule, projects, until).await? else {
        return Ok(None);
    };
    let by = By::default();
    match of {
        Of::Sessions => {
            let groups = health::sessions(database, &filter, by).await?;
            Ok(groups.first().map(|(_, figures)| *figures))
        }
        Of::Users => Ok(health::users(database, &filter, by).await?.get(&Group::all()).copied()),
    }
}

/// Whether too many crashed.
pub(in crate::alerts) fn is_below(figures: &Figures, below_milli: i64) -> bool {
    let free = i128::from(figures.all - figures.crashed) * 100_000;
    free < i128::from(below_milli) * i128::from(figures.all)
}

/// What the conditions of such a rule leave, in its window. `None`: nothing.
pub(in crate::alerts) async fn filter(
    database: &Database,
    rule: &Rule,
    projects: &[i64],
    until: i64,
) -> Result<Option<Filter>, Error> {
    let (window_s, table) = match rule.when {
        When::CrashFree { window_s, .. } => (window_s, "session_hours"),
        When::Duration { window_s, .. } => (window_s, "transaction_figures"),
        _ => return Ok(None),
    };
    let mut filter = Filter {
        projects: projects.to_vec(),
        environments: Vec::new(),
        releases: Vec::new(),
        start: until - window_s * 1000 + 1,
        end: until,
    };
    let wants = |key: &Key| {
        let of_key = |condition: &&Condition| matches!(condition, Condition::Says { key: known, .. } if known == key);
        rule.conditions.iter().filter(of_key).count() > 0
    };
    let latest = if rule.of_latest_release() {
        counting::latest(database, projects.iter().copied()).await?
    } else {
        Latest::new()
    };
    if wants(&Key::Release) || rule.of_latest_release() {
        filter.releases = there_are(database, table, "release", &filter).await?;
        filter.releases.retain(|release| {
            holds(&rule.conditions, &Key::Release, release)
                && (!rule.of_latest_release() || latest.values().any(|version| version == release))
        });
        if filter.releases.is_empty() {
            return Ok(None);
        }
    }
    if wants(&Key::Environment) {
        filter.environments = there_are(database, table, "environment", &filter).await?;
        filter
            .environments
            .retain(|name| holds(&rule.conditions, &Key::Environment, name));
        if filter.environments.is_empty() {
            return Ok(None);
        }
    }
    Ok(Some(filter))
}

fn holds(conditions: &[Condition], key: &Key, said: &str) -> bool {
    let said = Some(said).filter(|said| !said.is_empty());
    conditions.iter().all(|condition| match condition {
        Condition::Says { key: known, how, value } if known == key => how.holds(said, value),
        _ => true,
    })
}

/// The different values of a column in the hours of a window.
async fn there_are(database: &Database, table: &str, column: &str, filter: &Filter) -> Result<Vec<String>, Error> {
    let mut query = Query::new(format!("SELECT DISTINCT {column} FROM {table} WHERE "));
    query.bind_in("project_id", filter.projects.iter().copied());
    if table == "transaction_figures" {
        query.push(" AND width = 1");
    }
    query.push(" AND hour >= ").bind(filter.start.div_euclid(HOUR_MS));
    query.push(" AND hour <= ").bind(filter.end.div_euclid(HOUR_MS));
    query.push(" LIMIT ").bind(MAX_GROUPS);
    let found: Vec<(String,)> = query
        .fetch_all(&database.read, "list what conditions are tried on")
        .await?;
    Ok(found.into_iter().map(|(value,)| value).collect())
}

/// How many wait, as far as that matters, and for how long the oldest, in seconds.
async fn queue(database: &Database, more_than: Option<i64>, now: i64) -> Result<(i64, i64), Error> {
    let operation = "look at the queue";
    let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 AS one FROM inbox LIMIT $1) AS counted")
        .bind(more_than.unwrap_or(0) + 1)
        .fetch_one(&database.read)
        .await
        .or_failed(operation)?;
    let mut oldest = now;
    for heavy in [0_i64, 1] {
        let at: Option<i64> = sqlx::query_scalar("SELECT received_at FROM inbox WHERE heavy = $1 ORDER BY id LIMIT 1")
            .bind(heavy)
            .fetch_optional(&database.read)
            .await
            .or_failed(operation)?;
        oldest = oldest.min(at.unwrap_or(now));
    }
    Ok((waiting, (now - oldest) / 1000))
}
