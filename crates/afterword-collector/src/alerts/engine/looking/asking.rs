//! How it is with the subjects of a rule.

use std::sync::Arc;

use super::Looker;
use crate::Error;
use crate::alerts::Alert;
use crate::alerts::index::Loaded;
use crate::alerts::rule::{Rule, When};
use crate::alerts::telling::Teller;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::performance::reading::Named;
use crate::queries::health::Figures;

/// How it is with a subject of a rule.
pub(super) enum State {
    /// The bound is passed.
    Passed(Box<Alert>),
    /// It is kept.
    Kept,
    /// There is too little to say.
    Unsaid,
}

/// How it is with all of them; one that is not here is no more, unless there are too many.
pub(super) struct States {
    pub(super) of: Vec<(String, State)>,
    pub(super) is_cut: bool,
}

impl Looker {
    /// How it is with the subjects of a rule.
    pub(super) async fn ask(&mut self, rule: &Arc<Loaded>, teller: &Teller<'_>) -> Result<States, Error> {
        let of = match &rule.rule.when {
            When::CrashFree {
                at_least, below_milli, ..
            } => {
                let figures = self
                    .shared
                    .crash_free(&self.database, &rule.rule, &rule.projects)
                    .await?;
                let state = if figures.all < *at_least {
                    Some(State::Unsaid).filter(|_| figures.all > 0)
                } else if is_below(&figures, *below_milli) {
                    teller
                        .crash_free(rule, figures.all, figures.crashed)
                        .map(|alert| State::Passed(Box::new(alert)))
                } else {
                    Some(State::Kept)
                };
                state.map(|state| ("all".to_owned(), state)).into_iter().collect()
            }
            When::Duration {
                p95_above_ms, at_least, ..
            } => {
                let lists = self
                    .shared
                    .transactions(&self.database, &rule.rule, &rule.projects)
                    .await?;
                let all = lists.iter().flat_map(|list| durations(&rule.rule, list));
                all.filter_map(|(named, p95_us)| {
                    let subject = format!("transaction:{}:{}", named.project_id, named.name);
                    let count = named.figures.transactions;
                    let state = if count < *at_least {
                        State::Unsaid
                    } else if p95_us > p95_above_us(*p95_above_ms) {
                        let alert = teller.duration(rule, named.project_id, &named.name, p95_us, count)?;
                        State::Passed(Box::new(alert))
                    } else {
                        State::Kept
                    };
                    Some((subject, state))
                })
                .collect()
            }
            When::Queue {
                older_than_s,
                more_than,
            } => {
                let (waiting, oldest_s) = queue(&self.database, *more_than, teller.now).await?;
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
        let is_cut = self.shared.was_cut();
        if is_cut && self.cut.insert(rule.id) {
            tracing::warn!(
                rule = rule.id,
                "there are more releases, environments or transactions than a rule looks at: make it about fewer"
            );
        }
        Ok(States { of, is_cut })
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

/// Whether too many crashed.
pub(in crate::alerts) fn is_below(figures: &Figures, below_milli: i64) -> bool {
    let free = i128::from(figures.all - figures.crashed) * 100_000;
    free < i128::from(below_milli) * i128::from(figures.all)
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
