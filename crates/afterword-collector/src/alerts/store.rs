//! Rules as they are kept.

use serde_json::Value;
use sqlx::{AnyConnection, FromRow};

use super::firing::stored;
use super::rule::{MAX_RULES, Rule, Wrong};
use crate::access::{Scope, Who};
use crate::api::Failure;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// Muted until then is muted for ever.
pub(crate) const FOR_EVER: i64 = i64::MAX;

const TURNED_OFF: &str = "the rule was turned off before it was sent";

const COLUMNS: &str =
    "id, organization_id, project_id, name, rule, enabled, muted_until, created_by, created_at, changed_at";

/// A rule as it is kept.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Stored {
    pub(crate) id: i64,
    pub(crate) organization_id: i64,
    /// 0: all of the organisation.
    pub(crate) project_id: i64,
    pub(crate) name: String,
    rule: String,
    enabled: i64,
    muted_until: Option<i64>,
    pub(crate) created_by: String,
    /// This and the next: milliseconds since 1970.
    pub(crate) created_at: i64,
    pub(crate) changed_at: i64,
}

/// What a rule is to be.
#[derive(Debug, Clone)]
pub(crate) struct New<'a> {
    pub(crate) project_id: i64,
    pub(crate) name: &'a str,
    pub(crate) rule: &'a Rule,
    pub(crate) enabled: bool,
}

impl Stored {
    /// The rule.
    ///
    /// # Errors
    /// If it cannot be read, as after an older version was started again.
    pub(crate) fn rule(&self) -> Result<Rule, Wrong> {
        Rule::read(&self.json())
    }

    /// The rule as JSON, with its secrets.
    pub(crate) fn json(&self) -> Value {
        // What is no JSON is no rule, and said to be none when it is read.
        serde_json::from_str(&self.rule).unwrap_or_default()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled != 0
    }

    /// Until when it is muted, if it is at this moment.
    pub(crate) fn muted_until(&self, now: i64) -> Option<i64> {
        self.muted_until.filter(|until| *until > now)
    }
}

/// Whether somebody may see a rule of a project, or (0) over all of an organisation.
///
/// # Errors
/// 404 for what one may not see, 403 that names the scope.
pub(crate) fn may_read(who: &Who, organization_id: i64, project_id: i64) -> Result<(), Failure> {
    if project_id == 0 {
        who.may_in(organization_id, Scope::OrgRead)
    } else {
        who.may_in_project(organization_id, project_id, Scope::ProjectRead)
    }
}

/// Whether somebody may see what such a rule found, too, or would have: that is what events say.
///
/// # Errors
/// 404 for what one may not see, 403 that names the scope.
pub(crate) fn may_read_findings(who: &Who, organization_id: i64, project_id: i64) -> Result<(), Failure> {
    may_read(who, organization_id, project_id)?;
    if project_id == 0 {
        who.may_in(organization_id, Scope::EventRead)
    } else {
        who.may_in_project(organization_id, project_id, Scope::EventRead)
    }
}

/// Whether somebody may change such a rule.
///
/// # Errors
/// 404 for what one may not see, 403 that names the scope.
pub(crate) fn may_write(who: &Who, organization_id: i64, project_id: i64) -> Result<(), Failure> {
    if project_id == 0 {
        who.may_in(organization_id, Scope::OrgWrite)
    } else {
        who.may_in_project(organization_id, project_id, Scope::ProjectWrite)
    }
}

/// All rules that are enabled, of all organisations.
pub(super) async fn enabled(database: &Database) -> Result<Vec<Stored>, Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM alert_rules WHERE enabled = 1 ORDER BY id"
    )))
    .fetch_all(&database.read)
    .await
    .or_failed("read rules")
}

/// The rules of an organisation, by name.
pub(crate) async fn of_organization(database: &Database, organization_id: i64) -> Result<Vec<Stored>, Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM alert_rules WHERE organization_id = $1 ORDER BY LOWER(name), id LIMIT $2"
    )))
    .bind(organization_id)
    .bind(MAX_RULES)
    .fetch_all(&database.read)
    .await
    .or_failed("list rules")
}

/// A rule, of any organisation.
pub(crate) async fn any(database: &Database, id: i64) -> Result<Option<Stored>, Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM alert_rules WHERE id = $1"
    )))
    .bind(id)
    .fetch_optional(&database.read)
    .await
    .or_failed("read a rule")
}

/// A rule of an organisation.
pub(crate) async fn one(database: &Database, organization_id: i64, id: i64) -> Result<Option<Stored>, Error> {
    sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM alert_rules WHERE organization_id = $1 AND id = $2"
    )))
    .bind(organization_id)
    .bind(id)
    .fetch_optional(&database.read)
    .await
    .or_failed("read a rule")
}

/// Makes a rule; `None` if the organisation has as many as it may.
pub(crate) async fn make(
    database: &Database,
    organization_id: i64,
    new: &New<'_>,
    by: &str,
) -> Result<Option<i64>, Error> {
    let operation = "make a rule";
    let now = now_ms();
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    changed(&mut transaction).await?;
    let made: Option<i64> = sqlx::query_scalar(
        "INSERT INTO alert_rules (organization_id, project_id, name, rule, enabled, created_by, created_at, changed_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $7
         WHERE (SELECT COUNT(*) FROM alert_rules WHERE organization_id = $1) < $8 RETURNING id",
    )
    .bind(organization_id)
    .bind(new.project_id)
    .bind(new.name)
    .bind(new.rule.to_json().to_string())
    .bind(i64::from(new.enabled))
    .bind(by)
    .bind(now)
    .bind(MAX_RULES)
    .fetch_optional(&mut *transaction)
    .await
    .or_failed(operation)?;
    transaction.commit().await.or_failed(operation)?;
    Ok(made)
}

/// Puts a rule in the place of what it was. How it stands with its subjects begins anew: what holds now is told again. What
/// waits to be sent where it tells no more is given up. `false` if it is gone.
pub(crate) async fn change(database: &Database, id: i64, new: &New<'_>) -> Result<bool, Error> {
    let operation = "change a rule";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    changed(&mut transaction).await?;
    let done = sqlx::query(
        "UPDATE alert_rules SET project_id = $1, name = $2, rule = $3, enabled = $4, changed_at = $5 WHERE id = $6",
    )
    .bind(new.project_id)
    .bind(new.name)
    .bind(new.rule.to_json().to_string())
    .bind(i64::from(new.enabled))
    .bind(now_ms())
    .bind(id)
    .execute(&mut *transaction)
    .await
    .or_failed(operation)?;
    sqlx::query("UPDATE alert_states SET standing = 0, told_at = NULL, muted = 0 WHERE rule_id = $1")
        .bind(id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    if new.enabled {
        let still = new.rule.actions.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        give_up(&mut transaction, id, &still, "the rule was changed before it was sent").await?;
    } else {
        give_up(&mut transaction, id, &[], TURNED_OFF).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    Ok(done.rows_affected() > 0)
}

/// Enables or disables a rule. What waits to be sent for one that is disabled is given up.
pub(crate) async fn enable(database: &Database, id: i64, enabled: bool) -> Result<(), Error> {
    let operation = "enable a rule";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    changed(&mut transaction).await?;
    sqlx::query("UPDATE alert_rules SET enabled = $1, changed_at = $2 WHERE id = $3")
        .bind(i64::from(enabled))
        .bind(now_ms())
        .bind(id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    if !enabled {
        give_up(&mut transaction, id, &[], TURNED_OFF).await?;
    }
    transaction.commit().await.or_failed(operation)
}

/// Mutes a rule until a moment, or no longer: what it finds is only noted, and what waits to be sent is given up.
pub(crate) async fn mute(database: &Database, id: i64, until: Option<i64>) -> Result<(), Error> {
    let operation = "mute a rule";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    changed(&mut transaction).await?;
    sqlx::query("UPDATE alert_rules SET muted_until = $1, changed_at = $2 WHERE id = $3")
        .bind(until)
        .bind(now_ms())
        .bind(id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    if until.is_some() {
        give_up(&mut transaction, id, &[], "the rule was muted before it was sent").await?;
    }
    transaction.commit().await.or_failed(operation)
}

/// Gives up what waits to be sent for a rule, but for these places; why is in the history. What is on its way at this moment
/// is not tried again, and is noted as sent if it arrives.
async fn give_up(connection: &mut AnyConnection, rule_id: i64, but: &[String], why: &str) -> Result<(), Error> {
    let mut query = Query::new("UPDATE alert_deliveries SET state = 'failed', answered_at = ");
    query.bind(now_ms()).push(", answer = ").bind(why.to_owned());
    query.push(" WHERE state = 'waiting' AND rule_id = ").bind(rule_id);
    query.push(" AND NOT ").bind_in("action", but.iter().cloned());
    query
        .execute_on(connection, "give up what waits for a rule")
        .await
        .map(drop)
}

/// Removes a rule and its history.
pub(crate) async fn remove(database: &Database, id: i64) -> Result<(), Error> {
    let operation = "remove a rule";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    changed(&mut transaction).await?;
    for text in [
        "DELETE FROM alert_rules WHERE id = $1",
        "DELETE FROM alert_summaries WHERE rule_id = $1",
        "DELETE FROM alert_states WHERE rule_id = $1",
        "DELETE FROM alert_rates WHERE rule_id = $1",
        "DELETE FROM alert_deliveries WHERE rule_id = $1",
        "DELETE FROM alert_firings WHERE rule_id = $1",
    ] {
        sqlx::query(text)
            .bind(id)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
    }
    transaction.commit().await.or_failed(operation)
}

/// Which change of rules was the last.
pub(super) async fn changes(database: &Database) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT changes FROM alert_changes WHERE id = 1")
        .fetch_one(&database.read)
        .await
        .or_failed("look whether rules changed")
}

async fn changed(connection: &mut AnyConnection) -> Result<(), Error> {
    sqlx::query("UPDATE alert_changes SET changes = changes + 1 WHERE id = 1")
        .execute(connection)
        .await
        .or_failed("say that rules changed")?;
    Ok(())
}
