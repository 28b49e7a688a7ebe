//! Environments that are known of projects, to choose from.

use std::collections::BTreeSet;

use crate::Error;
use crate::database::{Database, Query};

/// The most to choose from.
const MOST: i64 = 50;

/// Environments that events of these projects named, or sessions and transactions from this hour (since 1970) on, in order.
pub(crate) async fn known(database: &Database, projects: &[i64], from_hour: i64) -> Result<Vec<String>, Error> {
    let mut known = BTreeSet::new();
    let mut tags = Query::new("SELECT DISTINCT value FROM tags WHERE key = 'environment' AND ");
    tags.bind_in("project_id", projects.iter().copied());
    tags.push(" ORDER BY value LIMIT ").bind(MOST);
    let mut sessions = Query::new("SELECT DISTINCT environment FROM session_hours WHERE ");
    sessions.bind_in("project_id", projects.iter().copied());
    sessions.push(" AND hour >= ").bind(from_hour);
    sessions.push(" ORDER BY environment LIMIT ").bind(MOST);
    let mut transactions = Query::new("SELECT DISTINCT environment FROM transaction_figures WHERE width = 24 AND ");
    transactions.bind_in("project_id", projects.iter().copied());
    transactions.push(" AND hour >= ").bind(from_hour);
    transactions.push(" ORDER BY environment LIMIT ").bind(MOST);
    for query in [tags, sessions, transactions] {
        let found: Vec<(String,)> = query.fetch_all(&database.read, "list environments").await?;
        known.extend(found.into_iter().map(|(name,)| name).filter(|name| !name.is_empty()));
    }
    Ok(known
        .into_iter()
        .take(usize::try_from(MOST).unwrap_or(usize::MAX))
        .collect())
}
