//! What came and what became of it, by the hour.

use sqlx::FromRow;

use crate::Error;
use crate::database::{Database, Query};

const HOUR_MS: i64 = 3_600_000;

/// So many of a category came to an end of this kind in a step of time.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(crate) struct Came {
    pub(crate) project_id: i64,
    /// The first millisecond of the step, which is of whole hours.
    pub(crate) at: i64,
    pub(crate) category: String,
    pub(crate) outcome: String,
    pub(crate) quantity: i64,
}

/// What came to these projects from one moment to another (both in milliseconds since 1970, and included as whole hours), in
/// steps of so many hours.
pub(crate) async fn came(
    database: &Database,
    projects: &[i64],
    categories: &[&str],
    from: i64,
    to: i64,
    step_hours: i64,
) -> Result<Vec<Came>, Error> {
    let mut query = Query::new(format!(
        "SELECT project_id, hour / {step_hours} * {} AS at, category, outcome, CAST(SUM(quantity) AS BIGINT) AS quantity
         FROM project_hours WHERE ",
        step_hours.saturating_mul(HOUR_MS)
    ));
    query.bind_in("project_id", projects.iter().copied());
    query.push(" AND hour >= ").bind(from.div_euclid(HOUR_MS));
    query.push(" AND hour <= ").bind(to.div_euclid(HOUR_MS));
    if !categories.is_empty() {
        query
            .push(" AND ")
            .bind_in("category", categories.iter().map(|name| (*name).to_owned()));
    }
    query.push(" GROUP BY 1, 2, 3, 4 ORDER BY 2, 1, 3, 4");
    query.fetch_all(&database.read, "count what came").await
}
