//! Figures of release health, and what clients discarded.

use std::collections::HashMap;

use sqlx::FromRow;

use crate::Error;
use crate::database::{Database, Query};

/// The most groups of one answer.
pub(crate) const MAX_GROUPS: usize = 1000;

/// Which sessions are counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) projects: Vec<i64>,
    /// Any if empty; '' is "none".
    pub(crate) environments: Vec<String>,
    pub(crate) release: Option<String>,
    /// Milliseconds since 1970, both included.
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// What sessions are counted by.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct By {
    pub(crate) project: bool,
    pub(crate) release: bool,
    pub(crate) environment: bool,
}

/// What a count is of; empty or 0 where sessions are not counted by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, FromRow)]
pub(crate) struct Group {
    pub(crate) project_id: i64,
    pub(crate) release: String,
    pub(crate) environment: String,
}

/// So many, of which so many are in one of three states; each in one at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Figures {
    pub(crate) all: i64,
    pub(crate) crashed: i64,
    pub(crate) abnormal: i64,
    pub(crate) errored: i64,
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    group: Group,
    #[sqlx(flatten)]
    figures: Figures,
}

/// So many of a category were discarded for a reason.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Discarded {
    pub(crate) project_id: i64,
    pub(crate) reason: String,
    pub(crate) category: String,
    pub(crate) quantity: i64,
}

impl By {
    /// The columns that are asked for, and constants in the place of others.
    fn columns(self) -> String {
        let column = |is: bool, name: &str, none: &str| {
            if is {
                name.to_owned()
            } else {
                format!("{none} AS {name}")
            }
        };
        [
            column(self.project, "project_id", "0"),
            column(self.release, "release", "''"),
            column(self.environment, "environment", "''"),
        ]
        .join(", ")
    }

    /// ` GROUP BY …` of these columns and another, if there are any.
    fn grouping(self, also: Option<&str>) -> String {
        let names = [
            self.project.then_some("project_id"),
            self.release.then_some("release"),
            self.environment.then_some("environment"),
            also,
        ];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        if names.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {}", names.join(", "))
        }
    }
}

/// Counts sessions; the group with the most first. At most [`MAX_GROUPS`] and one, which says that there are more.
pub(crate) async fn sessions(database: &Database, filter: &Filter, by: By) -> Result<Vec<(Group, Figures)>, Error> {
    let mut query = Query::new(format!(
        "SELECT {}, CAST(COALESCE(SUM(sessions), 0) AS BIGINT) AS \"all\",
            CAST(COALESCE(SUM(crashed), 0) AS BIGINT) AS crashed,
            CAST(COALESCE(SUM(abnormal), 0) AS BIGINT) AS abnormal,
            CAST(COALESCE(SUM(errored), 0) AS BIGINT) AS errored
         FROM session_figures WHERE ",
        by.columns()
    ));
    push_filter(&mut query, filter);
    query.push(&by.grouping(None));
    query.push(&format!(" ORDER BY \"all\" DESC, 1, 2, 3 LIMIT {}", MAX_GROUPS + 1));
    let rows: Vec<Row> = query.fetch_all(&database.read, "count sessions").await?;
    Ok(rows.into_iter().map(|row| (row.group, row.figures)).collect())
}

/// Counts users: each once a group, by the worst that happened to them.
pub(crate) async fn users(database: &Database, filter: &Filter, by: By) -> Result<HashMap<Group, Figures>, Error> {
    let mut query = Query::new(format!(
        "SELECT project_id, release, environment, COUNT(*) AS \"all\",
            COUNT(CASE WHEN crashed > 0 THEN 1 END) AS crashed,
            COUNT(CASE WHEN crashed = 0 AND abnormal > 0 THEN 1 END) AS abnormal,
            COUNT(CASE WHEN crashed = 0 AND abnormal = 0 AND errored > 0 THEN 1 END) AS errored
         FROM (SELECT {}, did, SUM(crashed) AS crashed, SUM(abnormal) AS abnormal, SUM(errored) AS errored
            FROM session_figures WHERE did <> '' AND ",
        by.columns()
    ));
    push_filter(&mut query, filter);
    query.push(&by.grouping(Some("did")));
    query.push(") AS people GROUP BY project_id, release, environment");
    let rows: Vec<Row> = query.fetch_all(&database.read, "count users").await?;
    Ok(rows.into_iter().map(|row| (row.group, row.figures)).collect())
}

fn push_filter(query: &mut Query, filter: &Filter) {
    query.bind_in("project_id", filter.projects.iter().copied());
    query.push(" AND started_at >= ").bind(filter.start);
    query.push(" AND started_at <= ").bind(filter.end);
    if !filter.environments.is_empty() {
        query.push(" AND ");
        query.bind_in("environment", filter.environments.iter().map(String::as_str));
    }
    if let Some(release) = &filter.release {
        query.push(" AND release = ").bind(release.clone());
    }
}

/// What clients discarded, by project, reason and category, the most first; at most [`MAX_GROUPS`]. Days count as a
/// whole.
pub(crate) async fn discarded(database: &Database, filter: &Filter) -> Result<Vec<Discarded>, Error> {
    let mut query = Query::new(
        "SELECT project_id, reason, category, CAST(SUM(quantity) AS BIGINT) AS quantity FROM client_discards WHERE ",
    );
    query.bind_in("project_id", filter.projects.iter().copied());
    query
        .push(" AND day >= ")
        .bind(filter.start - filter.start.rem_euclid(86_400_000));
    query.push(" AND day <= ").bind(filter.end);
    query.push(&format!(
        " GROUP BY project_id, reason, category ORDER BY quantity DESC, reason, category LIMIT {MAX_GROUPS}"
    ));
    query.fetch_all(&database.read, "count what clients discarded").await
}
