//! How many people there were and how many of them had a crash, which is all that pages of releases tell of people. Counted by
//! release or by interval in the order in which the sums by day lie there, so that nothing is sorted: in a third of the time that
//! the worst that happened to each takes.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{DAYS, Figures, Filter, MAX_SLOTS, push_groups, push_source, push_units};
use crate::Error;
use crate::database::{Database, Query};
use crate::performance::DAY_MS;

/// Releases of one query: SQLite knows a limit to the parts of a union, and to the values of a query.
const MOST_RELEASES: usize = 50;

/// Each once, however many of its sessions there are.
const DISTINCT: &str =
    "COUNT(DISTINCT person) AS \"all\", COUNT(DISTINCT CASE WHEN crashed > 0 THEN person END) AS crashed";

/// So many, of which so many crashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub(crate) struct Crashed {
    pub(crate) all: i64,
    pub(crate) crashed: i64,
}

impl From<Figures> for Crashed {
    fn from(figures: Figures) -> Self {
        Self {
            all: figures.all,
            crashed: figures.crashed,
        }
    }
}

#[derive(FromRow)]
struct OfRelease {
    place: i64,
    #[sqlx(flatten)]
    people: Crashed,
}

#[derive(FromRow)]
struct OfSlot {
    slot: i64,
    #[sqlx(flatten)]
    people: Crashed,
}

/// Counts the users of each of these releases in its project, over the filter's period and in its environments; one for each.
pub(crate) async fn of_releases(
    database: &Database,
    filter: &Filter,
    releases: &[(i64, &str)],
) -> Result<Vec<Crashed>, Error> {
    let mut people = Vec::with_capacity(releases.len());
    for releases in releases.chunks(MOST_RELEASES) {
        let mut query = Query::new("");
        for (place, (project_id, release)) in releases.iter().enumerate() {
            let own = Filter {
                projects: vec![*project_id],
                releases: vec![(*release).to_owned()],
                ..filter.clone()
            };
            query.push(if place > 0 { " UNION ALL " } else { "" });
            query.push(&format!("SELECT CAST({place} AS BIGINT) AS place, {DISTINCT} FROM "));
            push_source(&mut query, &own, &DAYS);
            query.push(" WHERE sessions > 0");
        }
        let rows: Vec<OfRelease> = query.fetch_all(&database.read, "count users of releases").await?;
        let rows: HashMap<i64, Crashed> = rows.into_iter().map(|row| (row.place, row.people)).collect();
        let of = |(place, _)| rows.get(&place).copied().unwrap_or_default();
        people.extend((0..).zip(releases).map(of));
    }
    Ok(people)
}

/// Counts users by interval, each once in each; the filter's period is made of whole intervals.
pub(crate) async fn by_interval(
    database: &Database,
    filter: &Filter,
    interval_ms: i64,
) -> Result<HashMap<i64, Crashed>, Error> {
    let whole_days = interval_ms % DAY_MS == 0 && filter.start % DAY_MS == 0;
    let (table, column, unit_ms) = if whole_days {
        (DAYS.table, DAYS.column, DAYS.unit_ms)
    } else {
        ("session_figures", "started_at", 1)
    };
    let (first, behind) = (filter.start / unit_ms, filter.end.div_euclid(unit_ms) + 1);
    let mut query = Query::new(format!("SELECT ({column} - "));
    query.bind(first).push(") / ").bind(interval_ms / unit_ms);
    query.push(&format!(
        " AS slot, {DISTINCT} FROM {table} WHERE person <> 0 AND sessions > 0 AND "
    ));
    push_groups(&mut query, filter);
    push_units(&mut query, filter, column, first, behind);
    // By the column itself where an interval is a unit: its rows lie together.
    let unit = if interval_ms == unit_ms { column } else { "slot" };
    query.push(&format!(" GROUP BY {unit} LIMIT {MAX_SLOTS}"));
    let rows: Vec<OfSlot> = query.fetch_all(&database.read, "count users by interval").await?;
    Ok(rows.into_iter().map(|row| (row.slot, row.people)).collect())
}
