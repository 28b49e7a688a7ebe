//! What rules found and told: the history.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{Action, Alert};
use crate::Error;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::search::Range;
use crate::search::walk::{self, Along, Page, Walked};

/// Kept for so long.
const KEPT_MS: i64 = 90 * 86_400_000;
/// Rows that a statement removes.
const PIECE: i64 = 500;
/// The most firings of a rule that are kept, the newest.
const MOST_OF_RULE: i64 = 10_000;

/// A firing.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Firing {
    pub(crate) id: i64,
    pub(crate) rule_id: i64,
    /// Milliseconds since 1970.
    pub(crate) fired_at: i64,
    /// `sent`, `collected`, `muted`, `cooling` or `test`.
    pub(crate) told: String,
    alert: String,
    #[sqlx(skip)]
    pub(crate) deliveries: Vec<Delivery>,
}

/// A place where it was told.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Delivery {
    pub(crate) id: i64,
    pub(crate) firing_id: i64,
    action: String,
    /// `waiting`, `sent` or `failed`.
    pub(crate) state: String,
    pub(crate) tries: i64,
    /// This and the next two: milliseconds since 1970.
    pub(crate) next_at: i64,
    pub(crate) created_at: i64,
    pub(crate) answered_at: Option<i64>,
    pub(crate) status: Option<i64>,
    pub(crate) answer: Option<String>,
    pub(crate) sent: Option<String>,
}

impl Firing {
    /// What was found; `None` if a newer version wrote it.
    pub(crate) fn alert(&self) -> Option<Alert> {
        serde_json::from_str(&self.alert).ok()
    }
}

impl Delivery {
    /// Where it was sent, with its secrets; `None` if a newer version wrote it.
    pub(crate) fn action(&self) -> Option<Action> {
        serde_json::from_str(&self.action).ok()
    }
}

/// What a rule found, the latest first.
pub(crate) async fn of_rule(database: &Database, rule_id: i64, page: Page) -> Result<(Walked, Vec<Firing>), Error> {
    let along = Along {
        table: "alert_firings",
        value: "fired_at",
        fixed: vec![("rule_id", rule_id)],
        also: "",
        range: Range::default(),
    };
    let walked = walk::all(database, &[along], page).await?;
    let ids: Vec<i64> = walked.places.iter().map(|place| place.id).collect();
    let firings = read(database, &ids).await?;
    Ok((walked, firings))
}

/// Firings, in the order of these ids.
pub(crate) async fn read(database: &Database, ids: &[i64]) -> Result<Vec<Firing>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    // Deliveries first: of what is told already, it is then known that it is.
    let mut query = Query::new(
        "SELECT id, firing_id, action, state, tries, next_at, created_at, answered_at, status, answer, sent
         FROM alert_deliveries WHERE ",
    );
    query.bind_in("firing_id", ids.iter().copied()).push(" ORDER BY id");
    let deliveries: Vec<Delivery> = query.fetch_all(&database.read, "read what was sent").await?;
    let mut query = Query::new("SELECT id, rule_id, fired_at, told, alert FROM alert_firings WHERE ");
    query.bind_in("id", ids.iter().copied());
    let found: Vec<Firing> = query.fetch_all(&database.read, "read the history of a rule").await?;
    let mut by_id: HashMap<i64, Firing> = found.into_iter().map(|firing| (firing.id, firing)).collect();
    for delivery in deliveries {
        if let Some(firing) = by_id.get_mut(&delivery.firing_id) {
            firing.deliveries.push(delivery);
        }
    }
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// When each rule of an organisation fired last.
pub(crate) async fn last_fired(database: &Database, organization_id: i64) -> Result<HashMap<i64, i64>, Error> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT id, fired_at FROM (SELECT alert_rules.id, (SELECT MAX(fired_at) FROM alert_firings
            WHERE rule_id = alert_rules.id) AS fired_at FROM alert_rules WHERE organization_id = $1) AS rules
         WHERE fired_at IS NOT NULL",
    )
    .bind(organization_id)
    .fetch_all(&database.read)
    .await
    .or_failed("look when rules fired")?;
    Ok(rows.into_iter().collect())
}

/// Removes what is old, and of a rule that fires all the time also what is not. Returns how many firings went.
pub(crate) async fn remove_old(database: &Database, now: i64) -> Result<u64, Error> {
    let cutoff = now.saturating_sub(KEPT_MS);
    let mut gone = 0;
    loop {
        let old: Vec<i64> =
            sqlx::query_scalar("SELECT id FROM alert_firings WHERE fired_at < $1 ORDER BY fired_at LIMIT $2")
                .bind(cutoff)
                .bind(PIECE)
                .fetch_all(&database.read)
                .await
                .or_failed("look for old alerts")?;
        if old.is_empty() {
            break;
        }
        gone += remove(database, &old).await?;
    }
    loop {
        // Of rules that went with their project.
        let orphans: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM alert_firings WHERE rule_id NOT IN (SELECT id FROM alert_rules) LIMIT $1",
        )
        .bind(PIECE)
        .fetch_all(&database.read)
        .await
        .or_failed("look for old alerts")?;
        if orphans.is_empty() {
            break;
        }
        gone += remove(database, &orphans).await?;
    }
    let rules: Vec<i64> = sqlx::query_scalar("SELECT id FROM alert_rules ORDER BY id")
        .fetch_all(&database.read)
        .await
        .or_failed("list rules")?;
    for rule in rules {
        loop {
            let beyond: Vec<i64> = sqlx::query_scalar(
                "SELECT id FROM alert_firings WHERE rule_id = $1 ORDER BY fired_at DESC, id DESC LIMIT $2 OFFSET $3",
            )
            .bind(rule)
            .bind(PIECE)
            .bind(MOST_OF_RULE)
            .fetch_all(&database.read)
            .await
            .or_failed("look for old alerts")?;
            if beyond.is_empty() {
                break;
            }
            gone += remove(database, &beyond).await?;
        }
    }
    // After the firings, whose marks are counted here.
    sqlx::query("DELETE FROM alert_states WHERE changed_at < $1 OR rule_id NOT IN (SELECT id FROM alert_rules)")
        .bind(cutoff - 86_400_000)
        .execute(&database.write)
        .await
        .or_failed("remove how rules stood")?;
    sqlx::query("DELETE FROM alert_rates WHERE rule_id NOT IN (SELECT id FROM alert_rules)")
        .execute(&database.write)
        .await
        .or_failed("remove how much rules sent")?;
    Ok(gone)
}

async fn remove(database: &Database, firings: &[i64]) -> Result<u64, Error> {
    let operation = "remove old alerts";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let mut query = Query::new("DELETE FROM alert_deliveries WHERE ");
    query.bind_in("firing_id", firings.iter().copied());
    query.execute_on(&mut transaction, operation).await?;
    let mut query = Query::new("DELETE FROM alert_firings WHERE ");
    query.bind_in("id", firings.iter().copied());
    let gone = query.execute_on(&mut transaction, operation).await?;
    transaction.commit().await.or_failed(operation)?;
    Ok(gone.rows_affected())
}
