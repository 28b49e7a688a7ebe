//! Writing what a rule found, once: the firing, how it stands with its subject, and a delivery for each action, in one
//! transaction with what it was made of.

mod summary;

use std::sync::Arc;

use sqlx::{AnyConnection, FromRow};

use super::index::Loaded;
use super::{Action, Alert};
use crate::Error;
use crate::error::OrFailed as _;

pub(super) use summary::summary;

/// The most messages of a rule in an hour, which begins with the first of them; what it finds then is told in one more.
pub(super) const MOST_MESSAGES: i64 = 60;
pub(super) const RATE_MS: i64 = 3_600_000;

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
    /// 1: nobody was told that it fired, since it was muted.
    pub(super) muted: i64,
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

/// Whether a rule fires. Pure. What a rule that is muted finds is no message, so that no cooldown begins with it; what still
/// holds when it is muted no longer is told.
pub(super) fn decide(standing: Standing, mark: &Mark, cooldown_s: i64, is_muted: bool, now: i64) -> Decision {
    let cooldown_ms = cooldown_s.saturating_mul(1000);
    let is_cooling = cooldown_ms > 0
        && standing
            .told_at
            .is_some_and(|told_at| (0..cooldown_ms).contains(&now.saturating_sub(told_at)));
    let was_muted = standing.muted == 1;
    let fires = match mark {
        Mark::Once(_) => true,
        Mark::Passed { kept, .. } if standing.standing == 0 || *kept => true,
        Mark::Passed { .. } if was_muted => !is_muted,
        // A bound that is passed for long is told of again after each cooldown.
        Mark::Passed { .. } => cooldown_ms > 0 && !is_cooling,
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
        "SELECT firings, standing, told_at, muted, as_of FROM alert_states WHERE rule_id = $1 AND subject = $2",
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
    let told = match decide(was, &found.mark, rule.rule.cooldown_s, rule.is_muted(now), now) {
        Decision::Nothing => return Ok(false),
        Decision::Cooling => "cooling",
        Decision::Tell if rule.is_muted(now) => "muted",
        Decision::Tell => "collected",
    };
    // Marks of two kinds are different: a rule may have been changed from one to the other.
    let mark = match &found.mark {
        Mark::Once(mark) => mark.clone(),
        Mark::Passed { .. } => format!("passed:{}", was.firings + 1),
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
            "INSERT INTO alert_states (rule_id, subject, firings, standing, told_at, muted, as_of, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (rule_id, subject) DO UPDATE SET firings = excluded.firings, standing = excluded.standing,
                told_at = COALESCE(excluded.told_at, alert_states.told_at), muted = excluded.muted, as_of = excluded.as_of,
                changed_at = excluded.changed_at",
        )
        .bind(rule.id)
        .bind(&found.subject)
        .bind(was.firings + 1)
        .bind(stands)
        .bind((told == "collected").then_some(now))
        .bind(i64::from(told == "muted"))
        .bind(as_of)
        .bind(now)
        .execute(&mut *connection)
        .await
        .or_failed("note how a rule stands")?;
    }
    if told != "collected" {
        return Ok(false);
    }
    if let Some(due_at) = summary::collects(connection, rule, now).await? {
        summary::begin(connection, rule.id, due_at).await?;
        return Ok(false);
    }
    sqlx::query("UPDATE alert_firings SET told = 'sent' WHERE id = $1")
        .bind(firing)
        .execute(&mut *connection)
        .await
        .or_failed("note that a firing is told")?;
    deliver(connection, rule.id, firing, &rule.rule.actions, &alert, now).await?;
    Ok(true)
}

/// `None`: it was written before, or the rule is gone.
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
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM alert_rules WHERE id = $1)
         ON CONFLICT (rule_id, subject, mark) DO NOTHING RETURNING id",
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
    sqlx::query("UPDATE alert_states SET standing = 0, muted = 0, changed_at = $1 WHERE rule_id = $2 AND subject = $3")
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

/// As it is kept.
pub(super) fn stored<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|source| Error::Setting {
        name: "alert".to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
