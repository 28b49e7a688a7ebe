//! Figures of release health, and what clients discarded.
//!
//! A question about weeks reads sums by the hour, and for people by the day; only the hours (days) at its ends that it does
//! not cover as a whole are counted session by session. So every figure is exact, to the millisecond.

pub(crate) mod people;

use std::collections::HashMap;

use sqlx::FromRow;

use crate::Error;
use crate::database::{Database, Query};
use crate::performance::{DAY_MS, HOUR_MS};

/// The most groups of one answer.
pub(crate) const MAX_GROUPS: usize = 1000;
/// The most groups in intervals that are read.
const MAX_SLOTS: usize = 200_000;

/// The most hours or days that are asked for one by one; the days of a quarter, and some.
const MOST_NAMED_UNITS: i64 = 100;

/// Which sessions are counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) projects: Vec<i64>,
    /// Any if empty; '' is "none".
    pub(crate) environments: Vec<String>,
    /// Any if empty.
    pub(crate) releases: Vec<String>,
    /// Milliseconds since 1970, both included.
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Filter {
    /// How many intervals the period has.
    pub(crate) fn slots(&self, interval_ms: i64) -> i64 {
        (self.end - self.start) / interval_ms + 1
    }
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

impl Group {
    /// What counts of everything are of.
    pub(crate) fn all() -> Self {
        Self {
            project_id: 0,
            release: String::new(),
            environment: String::new(),
        }
    }
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

#[derive(FromRow)]
struct SlotRow {
    #[sqlx(flatten)]
    group: Group,
    slot: i64,
    #[sqlx(flatten)]
    figures: Figures,
}

/// What sessions are summed up in.
struct Sums {
    table: &'static str,
    column: &'static str,
    unit_ms: i64,
    /// By person, for those who are known.
    people: bool,
}

const HOURS: Sums = Sums {
    table: "session_hours",
    column: "hour",
    unit_ms: HOUR_MS,
    people: false,
};
const DAYS: Sums = Sums {
    table: "session_days",
    column: "day",
    unit_ms: DAY_MS,
    people: true,
};

const SUMS: &str = "CAST(COALESCE(SUM(sessions), 0) AS BIGINT) AS \"all\",
    CAST(COALESCE(SUM(crashed), 0) AS BIGINT) AS crashed, CAST(COALESCE(SUM(abnormal), 0) AS BIGINT) AS abnormal,
    CAST(COALESCE(SUM(errored), 0) AS BIGINT) AS errored";
/// Of a person.
const STATES: &str = "SUM(crashed) AS crashed, SUM(abnormal) AS abnormal, SUM(errored) AS errored";
/// Of people.
const WORST: &str = "COUNT(*) AS \"all\", COUNT(CASE WHEN crashed > 0 THEN 1 END) AS crashed,
    COUNT(CASE WHEN crashed = 0 AND abnormal > 0 THEN 1 END) AS abnormal,
    COUNT(CASE WHEN crashed = 0 AND abnormal = 0 AND errored > 0 THEN 1 END) AS errored";

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
    let mut query = Query::new(format!("SELECT {}, {SUMS} FROM ", by.columns()));
    push_source(&mut query, filter, &HOURS);
    query.push(&by.grouping(None));
    query.push(&format!(" ORDER BY \"all\" DESC, 1, 2, 3 LIMIT {}", MAX_GROUPS + 1));
    let rows: Vec<Row> = query.fetch_all(&database.read, "count sessions").await?;
    Ok(rows.into_iter().map(|row| (row.group, row.figures)).collect())
}

/// Counts users: each once a group, by the worst that happened to them.
pub(crate) async fn users(database: &Database, filter: &Filter, by: By) -> Result<HashMap<Group, Figures>, Error> {
    let mut query = Query::new(format!(
        "SELECT project_id, release, environment, {WORST} FROM (SELECT {}, person, {STATES} FROM ",
        by.columns()
    ));
    push_source(&mut query, filter, &DAYS);
    query.push(&by.grouping(Some("person")));
    query.push(" HAVING SUM(sessions) > 0) AS people GROUP BY project_id, release, environment");
    let rows: Vec<Row> = query.fetch_all(&database.read, "count users").await?;
    Ok(rows.into_iter().map(|row| (row.group, row.figures)).collect())
}

/// Counts sessions by group and interval; the filter's period is made of whole hours, an interval of so many.
pub(crate) async fn sessions_by_interval(
    database: &Database,
    filter: &Filter,
    by: By,
    interval_ms: i64,
) -> Result<HashMap<(Group, i64), Figures>, Error> {
    let mut query = Query::new(format!("SELECT {}, {SUMS}, (hour - ", by.columns()));
    query
        .bind(filter.start / HOUR_MS)
        .push(") / ")
        .bind(interval_ms / HOUR_MS);
    query.push(" AS slot FROM session_hours WHERE ");
    push_groups(&mut query, filter);
    query.push(" AND hour >= ").bind(filter.start / HOUR_MS);
    query.push(" AND hour <= ").bind(filter.end.div_euclid(HOUR_MS));
    query.push(&by.grouping(Some("slot")));
    slots(query, database, "count sessions by interval").await
}

/// Counts users by group and interval, each once in each; by whole days these are summed up beforehand.
pub(crate) async fn users_by_interval(
    database: &Database,
    filter: &Filter,
    by: By,
    interval_ms: i64,
) -> Result<HashMap<(Group, i64), Figures>, Error> {
    let whole_days = interval_ms % DAY_MS == 0 && filter.start % DAY_MS == 0;
    let (table, column, unit_ms) = if whole_days {
        ("session_days", "day", DAY_MS)
    } else {
        ("session_figures", "started_at", 1)
    };
    let mut query = Query::new(format!(
        "SELECT project_id, release, environment, slot, {WORST} FROM (SELECT {}, person, {STATES}, ({column} - ",
        by.columns()
    ));
    query
        .bind(filter.start / unit_ms)
        .push(") / ")
        .bind(interval_ms / unit_ms);
    query.push(&format!(" AS slot FROM {table} WHERE person <> 0 AND "));
    push_groups(&mut query, filter);
    push_units(
        &mut query,
        filter,
        column,
        filter.start / unit_ms,
        filter.end.div_euclid(unit_ms) + 1,
    );
    query.push(&by.grouping(Some("person, slot")));
    query.push(" HAVING SUM(sessions) > 0) AS people GROUP BY project_id, release, environment, slot");
    slots(query, database, "count users by interval").await
}

async fn slots(
    mut query: Query,
    database: &Database,
    operation: &'static str,
) -> Result<HashMap<(Group, i64), Figures>, Error> {
    query.push(&format!(" LIMIT {MAX_SLOTS}"));
    let rows: Vec<SlotRow> = query.fetch_all(&database.read, operation).await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.group, row.slot), row.figures))
        .collect())
}

/// Sessions of the filter as `project_id, release, environment, person, sessions, crashed, abnormal, errored`: out of the
/// sums for all units that lie in the period as a whole, and one by one for what is left at its ends.
fn push_source(query: &mut Query, filter: &Filter, sums: &Sums) {
    let (start, end) = (filter.start, filter.end.saturating_add(1));
    let first = start.div_euclid(sums.unit_ms) + i64::from(start.rem_euclid(sums.unit_ms) > 0);
    let last = end.div_euclid(sums.unit_ms);
    let columns = if sums.people { "person" } else { "0 AS person" };
    let columns =
        format!("SELECT project_id, release, environment, {columns}, sessions, crashed, abnormal, errored FROM ");
    let people = if sums.people { "person <> 0 AND " } else { "" };
    let one_by_one = |query: &mut Query, from: i64, until: i64| {
        query.push(&columns).push("session_figures WHERE ").push(people);
        push_groups(query, filter);
        query
            .push(" AND started_at >= ")
            .bind(from)
            .push(" AND started_at < ")
            .bind(until);
    };
    query.push("(");
    if first < last {
        query.push(&columns).push(sums.table).push(" WHERE ");
        push_groups(query, filter);
        push_units(query, filter, sums.column, first, last);
        for (from, until) in [(start, first * sums.unit_ms), (last * sums.unit_ms, end)] {
            if from < until {
                query.push(" UNION ALL ");
                one_by_one(query, from, until);
            }
        }
    } else {
        one_by_one(query, start, end);
    }
    query.push(") AS figures");
}

/// ` AND` the units of a period, from `first` to before `behind`. Where releases are asked for and the units are few, each by
/// itself: so only the rows of these releases are read, which the index has behind each unit.
fn push_units(query: &mut Query, filter: &Filter, column: &str, first: i64, behind: i64) {
    query.push(" AND ");
    if !filter.releases.is_empty() && behind.saturating_sub(first) <= MOST_NAMED_UNITS {
        query.bind_in(column, first..behind);
    } else {
        query.push(&format!("{column} >= ")).bind(first);
        query.push(&format!(" AND {column} < ")).bind(behind);
    }
}

fn push_groups(query: &mut Query, filter: &Filter) {
    query.bind_in("project_id", filter.projects.iter().copied());
    if !filter.environments.is_empty() {
        query.push(" AND ");
        query.bind_in("environment", filter.environments.iter().map(String::as_str));
    }
    if !filter.releases.is_empty() {
        query.push(" AND ");
        query.bind_in("release", filter.releases.iter().map(String::as_str));
    }
}

/// What stands for a hashed `did` where people are counted: its first 60 bits; 0 for nobody known. Of a million people two are taken
/// for one with a chance of one in two millions.
pub(crate) fn person(did: &str) -> i64 {
    did.get(..15)
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .unwrap_or_default()
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
