//! Several firings in one message: because the rule collects them, or because it found more than it may tell one by one.

use sqlx::AnyConnection;

use super::{Loaded, MOST_MESSAGES, RATE_MS, deliver, stored};
use crate::Error;
use crate::alerts::Alert;
use crate::error::OrFailed as _;

/// The most others that a summary names.
const MAX_OTHERS: usize = 50;
/// The most firings of a summary that are read.
const MAX_COLLECTED: i64 = 10_000;

/// When the summary is due in which something is told that was just found; `None`: it is a message of its own.
pub(super) async fn collects(connection: &mut AnyConnection, rule: &Loaded, now: i64) -> Result<Option<i64>, Error> {
    if rule.rule.summary_s > 0 {
        return Ok(Some(now.saturating_add(rule.rule.summary_s * 1000)));
    }
    let (messages, since): (i64, i64) = sqlx::query_as(
        "INSERT INTO alert_rates (rule_id, since, messages) VALUES ($1, $2, 1)
         ON CONFLICT (rule_id) DO UPDATE SET
            messages = CASE WHEN alert_rates.since > $3 AND alert_rates.since <= excluded.since
                THEN alert_rates.messages + 1 ELSE 1 END,
            since = CASE WHEN alert_rates.since > $3 AND alert_rates.since <= excluded.since
                THEN alert_rates.since ELSE excluded.since END
         RETURNING messages, since",
    )
    .bind(rule.id)
    .bind(now)
    .bind(now - RATE_MS)
    .fetch_one(connection)
    .await
    .or_failed("count the messages of a rule")?;
    Ok((messages > MOST_MESSAGES).then_some(since + RATE_MS))
}

/// Has a summary sent at that time, unless one is due already. Who sends that one waits until this is written, or this begins
/// another: none of the two forgets what was collected.
pub(super) async fn begin(connection: &mut AnyConnection, rule_id: i64, due_at: i64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO alert_summaries (rule_id, due_at) VALUES ($1, $2)
         ON CONFLICT (rule_id) DO UPDATE SET due_at = alert_summaries.due_at",
    )
    .bind(rule_id)
    .bind(due_at)
    .execute(connection)
    .await
    .or_failed("begin a summary")?;
    Ok(())
}

/// Sends what was collected for a rule, if that is due and nobody else did. `rule`: `None` if it is gone or disabled.
pub(in crate::alerts) async fn summary(
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
    let rule = rule.filter(|rule| !rule.is_muted(now));
    let told = if rule.is_some() { "sent" } else { "muted" };
    // What is marked is what is read: another collector may write a firing at any moment.
    let mut firings: Vec<(i64, String)> = sqlx::query_as(
        "UPDATE alert_firings SET told = $1 WHERE id IN
            (SELECT id FROM alert_firings WHERE rule_id = $2 AND told = 'collected' ORDER BY id LIMIT $3)
         RETURNING id, alert",
    )
    .bind(told)
    .bind(rule_id)
    .bind(MAX_COLLECTED)
    .fetch_all(&mut *connection)
    .await
    .or_failed(operation)?;
    firings.sort_unstable_by_key(|(id, _)| *id);
    let rest = sqlx::query("UPDATE alert_firings SET told = $1 WHERE rule_id = $2 AND told = 'collected'")
        .bind(told)
        .bind(rule_id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    let rest = usize::try_from(rest.rows_affected()).unwrap_or(usize::MAX);
    let (Some(rule), Some((first, _))) = (rule, firings.first()) else {
        return Ok(false);
    };
    // What cannot be read was written by a newer version, and stays in the history.
    let alerts = firings.iter().filter_map(|(_, alert)| serde_json::from_str(alert).ok());
    let Some(alert) = together(alerts.collect(), rest) else {
        return Ok(false);
    };
    deliver(connection, rule_id, *first, &rule.rule.actions, &stored(&alert)?, now).await?;
    Ok(true)
}

/// One alert that tells all of them: the first, with the others; `rest`: how many there are besides.
fn together(alerts: Vec<Alert>, rest: usize) -> Option<Alert> {
    let mut alerts = alerts.into_iter();
    let mut first = alerts.next()?;
    let others: Vec<Alert> = alerts.collect();
    let left = others.len().saturating_sub(MAX_OTHERS).saturating_add(rest);
    first.others = others
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
