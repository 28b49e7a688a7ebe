//! What a release brought over time.

use crate::Error;
use crate::database::{Database, Query};
use crate::performance::HOUR_MS;
use crate::queries::health::Filter;

use super::summary::cut;

/// Events of a release by interval (of so many hours) from the first hour of the period on, which is of whole hours: interval and
/// count.
pub(crate) async fn events(
    database: &Database,
    filter: &Filter,
    version: &str,
    interval: i64,
) -> Result<Vec<(i64, i64)>, Error> {
    let mut query = Query::new("SELECT (hour - ");
    query.bind(filter.start.div_euclid(HOUR_MS)).push(") / ").bind(interval);
    query.push(
        " AS slot, CAST(SUM(events) AS BIGINT) FROM tags JOIN tag_hours ON tag_id = tags.id WHERE key = 'release' AND ",
    );
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND value = ").bind(cut(version));
    query.push(" AND hour >= ").bind(filter.start.div_euclid(HOUR_MS));
    query.push(" AND hour <= ").bind(filter.end.div_euclid(HOUR_MS));
    query.push(" GROUP BY slot ORDER BY slot");
    query.fetch_all(&database.read, "count events of a release").await
}

/// Issues that a release brought, by interval in the same way.
pub(crate) async fn new_issues(
    database: &Database,
    filter: &Filter,
    version: &str,
    interval: i64,
) -> Result<Vec<(i64, i64)>, Error> {
    let mut query = Query::new("SELECT (first_seen - ");
    query.bind(filter.start).push(") / ").bind(interval * HOUR_MS);
    query.push(" AS slot, COUNT(*) FROM issues WHERE ");
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND first_release = ").bind(version);
    query.push(" AND first_seen >= ").bind(filter.start);
    query.push(" AND first_seen <= ").bind(filter.end);
    query.push(" GROUP BY slot ORDER BY slot");
    query.fetch_all(&database.read, "count new issues of a release").await
}
