//! Writing what a rule found, once: the firing, how it stands with its subject, and a delivery for each action, in one
//! transaction with what it was made of.

use std::sync::Arc;

use sqlx::{AnyConnection, FromRow};

use super::index::Loaded;
use super::{Action, Alert};
use crate::Error;
use crate::error::OrFailed as _;

/// The most others that a summary names.
const MAX_OTHERS: usize = 50;
/// The most firings of a summary that are counted.
const MAX_COLLECTED: i64 = 10_000;

/// What a rule found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) rule: Arc<Loaded>,
    /// `issue:17`
    pub(super) subject: String,
    pub(super) mark: Mark,
    pub(super) alert: Alert,
}

/// What tells one firing for a subject from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// This, which comes once.
    Once(String),
    /// That a bound was passed, as of this moment. `kept`: it was kept since the rule fired last.
    Passed { kept: bool, as_of: i64 },
}

/// How it stands with a subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub(super) struct Standing {
    pub(super) firings: i64,
    /// 1: the bound was not kept again since it fired.
    pub(super) standing: i64,
    pub(super) told_at: Option<i64>,
    /// What came until then has had its effect.
    pub(super) as_of: i64,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It fired for this already.
    Nothing,
    /// Within the cooldown: it is only noted.
    Cooling,
    Tell,
}

/// Whether a rule fires. Pure.
pub(super) fn decide(standing: Standing, mark: &Mark, cooldown_s: i64, now: i64) -> Decision {
    let cooldown_ms = cooldown_s.saturating_mul(1000);
    let is_cooling = cooldown_ms > 0
        && standing
            .told_at
            .is_some_and(|told_at| (0..cooldown_ms).contains(&now.saturating_sub(told_at)));
    let fires = match mark {
        Mark::Once(_) => true,
        // A bound that is passed for long is told of again after each cooldown.
        Mark::Passed { kept, .. } => standing.standing == 0 || *kept || cooldown_ms > 0 && !is_cooling,
    };
    match (fires, is_cooling) {
        (false, _) => Decision::Nothing,
        (true, true) => Decision::Cooling,
        (true, false) => Decision::Tell,
    }
}

/// How it stands with a subject.
pub(super) async fn standing(connection: &mut AnyConnection, rule_id: i64, subject: &str) -> Result<Standing, Error> {
    let known: Option<Standing> = sqlx::query_as(
        "SELECT firings, standing, told_at, as_of FROM alert_states WHERE rule_id = $1 AND subject = $2",
    )
    .bind(rule_id)
    .bind(subject)
    .fetch_optional(connection)
    .await
    .or_failed("read how a rule stands")?;
    Ok(known.unwrap_or_default())
}

/// Writes what was found, unless another did. `true` if there is something to send.
pub(super) async fn write(connection: &mut AnyConnection, found: &Found, now: i64) -> Result<bool, Error> {
    let rule = &found.rule;
    let was = standing(connection, rule.id, &found.subject).await?;
    let decision = decide(was, &found.mark, rule.rule.cooldown_s, now);
    let told = match decision {
        Decision::Nothing => return Ok(false),
        Decision::Cooling => "cooling",
        Decision::Tell if rule.is_muted(now) => "muted",
        Decision::Tell if rule.rule.summary_s > 0 => "collected",
        Decision::Tell => "sent",
    };
    let mark = match &found.mark {
        Mark::Once(mark) => mark.clone(),
        Mark::Passed { .. } => (was.firings + 1).to_string(),
    };
    let alert = stored(&found.alert)?;
    let Some(firing) = insert(connection, found, &mark, told, &alert, now).await? else {
        return Ok(false);
    };
    let (stands, as_of) = match found.mark {
        Mark::Passed { as_of, .. } => (1, as_of),
        Mark::Once(_) => (0, now),
    };
    // What comes once and needs no cooldown leaves nothing to remember.
    if stands == 1 || rule.rule.cooldown_s > 0 {
        sqlx::query(
            "INSERT INTO alert_states (rule_id, subject, firings, standing, told_at, as_of, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (rule_id, subject) DO UPDATE SET firings = excluded.firings, standing = excluded.standing,
                told_at = COALESCE(excluded.told_at, alert_states.told_at), as_of = excluded.as_of, changed_at = excluded.changed_at",
        )
        .bind(rule.id)
        .bind(&found.subject)
        .bind(was.firings + 1)
        .bind(stands)
        .bind((decision == Decision::Tell).then_some(now))
        .bind(as_of)
        .bind(now)
        .execute(&mut *connection)
        .await
        .or_failed("note how a rule stands")?;
    }
    match told {
        "sent" => {
            deliver(connection, rule.id, firing, &rule.rule.actions, &alert, now).await?;
            Ok(true)
        }
        "collected" => {
            sqlx::query("INSERT INTO alert_summaries (rule_id, due_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(rule.id)
                .bind(now.saturating_add(rule.rule.summary_s * 1000))
                .execute(connection)
                .await
                .or_failed("begin a summary")?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

async fn insert(
    connection: &mut AnyConnection,
    found: &Found,
    mark: &str,
    told: &str,
    alert: &str,
    now: i64,
) -> Result<Option<i64>, Error> {
    sqlx::query_scalar(
        "INSERT INTO alert_firings (rule_id, subject, mark, issue_id, fired_at, told, alert)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (rule_id, subject, mark) DO NOTHING RETURNING id",
    )
    .bind(found.rule.id)
    .bind(&found.subject)
    .bind(mark)
    .bind(found.alert.issue_id)
    .bind(now)
    .bind(told)
    .bind(alert)
    .fetch_optional(connection)
    .await
    .or_failed("write that a rule fired")
}

async fn deliver(
    connection: &mut AnyConnection,
    rule_id: i64,
    firing: i64,
    actions: &[Action],
    alert: &str,
    now: i64,
) -> Result<(), Error> {
    for action in actions {
        sqlx::query(
            "INSERT INTO alert_deliveries (firing_id, rule_id, action, alert, state, tries, next_at, created_at)
             VALUES ($1, $2, $3, $4, 'waiting', 0, $5, $5)",
        )
        .bind(firing)
        .bind(rule_id)
        .bind(stored(action)?)
        .bind(alert)
        .bind(now)
        .execute(&mut *connection)
        .await
        .or_failed("have an alert sent")?;
    }
    Ok(())
}

/// The bound of a subject is kept again.
pub(super) async fn kept(connection: &mut AnyConnection, rule_id: i64, subject: &str, now: i64) -> Result<(), Error> {
    sqlx::query("UPDATE alert_states SET standing = 0, changed_at = $1 WHERE rule_id = $2 AND subject = $3")
        .bind(now)
        .bind(rule_id)
        .bind(subject)
        .execute(connection)
        .await
        .or_failed("note that a bound is kept")?;
    Ok(())
}

/// Writes a test: a firing and its deliveries. Returns the firing's id.
pub(super) async fn test(connection: &mut AnyConnection, found: &Found, now: i64) -> Result<i64, Error> {
    let alert = stored(&found.alert)?;
    let mark = uuid::Uuid::new_v4().simple().to_string();
    let firing = insert(connection, found, &mark, "test", &alert, now).await?;
    let firing = firing.ok_or(Error::Database {
        operation: "write a test",
        source: sqlx::Error::RowNotFound,
    })?;
    deliver(connection, found.rule.id, firing, &found.rule.rule.actions, &alert, now).await?;
    Ok(firing)
}

/// Sends what was collected for a rule, if that is due and nobody else did. `rule`: `None` if it is gone or disabled.
pub(super) async fn summary(
    connection: &mut AnyConnection,
    rule_id: i64,
    rule: Option<&Loaded>,
    now: i64,
) -> Result<bool, Error> {
    let operation = "write a summary";
    let taken = sqlx::query("DELETE FROM alert_summaries WHERE rule_id = $1 AND due_at <= $2")
        .bind(rule_id)
        .bind(now)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    if taken.rows_affected() == 0 {
        return Ok(false);
    }
    let firings: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, alert FROM alert_firings WHERE rule_id = $1 AND told = 'collected' ORDER BY id LIMIT $2",
    )
    .bind(rule_id)
    .bind(MAX_COLLECTED)
    .fetch_all(&mut *connection)
    .await
    .or_failed(operation)?;
    let rule = rule.filter(|rule| !rule.is_muted(now));
    sqlx::query("UPDATE alert_firings SET told = $1 WHERE rule_id = $2 AND told = 'collected'")
        .bind(if rule.is_some() { "sent" } else { "muted" })
        .bind(rule_id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    let (Some(rule), Some((first, _))) = (rule, firings.first()) else {
        return Ok(false);
    };
    // What cannot be read was written by a newer version, and stays in the history.
    let alerts = firings.iter().filter_map(|(_, alert)| serde_json::from_str(alert).ok());
    let Some(alert) = together(alerts.collect()) else {
        return Ok(false);
    };
    deliver(connection, rule_id, *first, &rule.rule.actions, &stored(&alert)?, now).await?;
    Ok(true)
}

/// One alert that tells all of them: the first, with the others.
pub(super) fn together(alerts: Vec<Alert>) -> Option<Alert> {
    let mut alerts = alerts.into_iter();
    let mut first = alerts.next()?;
    let rest: Vec<Alert> = alerts.collect();
    let left = rest.len().saturating_sub(MAX_OTHERS);
    first.others = rest
        .into_iter()
        .take(MAX_OTHERS)
        .map(|alert| (alert.headline, alert.url))
        .collect();
    if left > 0 {
        first
            .reasons
            .push(format!("{left} more are in the history of the rule."));
    }
    Some(first)
}

fn stored<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|source| Error::Setting {
        name: "alert".to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_stays_passed_is_told_once_and_again_after_the_cooldown() {
        let passed = Mark::Passed { kept: false, as_of: 0 };
        let anew = Mark::Passed { kept: true, as_of: 0 };
        let never = Standing::default();
        let told = Standing {
            firings: 1,
            standing: 1,
            told_at: Some(1_000_000),
            as_of: 1_000_000,
        };
        let kept = Standing { standing: 0, ..told };
        for (standing, mark, cooldown_s, now, expected) in [
            (never, &passed, 0, 0, Decision::Tell),
            (never, &passed, 60, 0, Decision::Tell),
            (told, &passed, 0, 9_000_000, Decision::Nothing),
            (told, &anew, 0, 1_000_001, Decision::Tell),
            (kept, &passed, 0, 1_000_001, Decision::Tell),
            (told, &passed, 60, 1_059_999, Decision::Nothing),
            (told, &anew, 60, 1_059_999, Decision::Cooling),
            (kept, &passed, 60, 1_059_999, Decision::Cooling),
            (told, &passed, 60, 1_060_000, Decision::Tell),
            (kept, &passed, 60, 1_060_000, Decision::Tell),
            // A clock that was set back.
            (told, &passed, 60, 0, Decision::Tell),
        ] {
            assert_eq!(
                decide(standing, mark, cooldown_s, now),
                expected,
                "{standing:?} {mark:?} {cooldown_s} {now}"
            );
        }
        let once = Mark::Once("new".to_owned());
        assert_eq!(decide(told, &once, 60, 1_000_001), Decision::Cooling);
        assert_eq!(decide(told, &once, 0, 1_000_001), Decision::Tell);
    }
}
