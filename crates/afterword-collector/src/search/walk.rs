//! Walking along an index from a place, newest or greatest first, and putting walks along several indexes together.
//!
//! A page begins behind a place and not at a number, so that what comes or goes meanwhile shifts nothing. A walk that
//! finds little ends after a bounded number of rows: such a page is not full, or even empty, and says where to go on.

use std::time::{Duration, Instant};

use super::{Range, Wrong};
use crate::Error;
use crate::database::{Database, Query};

/// How many rows of an index a walk looks at before it sees whether its time is over.
const LOOKS: i64 = 10_000;

/// How many rows are gone through where they are only counted.
pub(super) const MAX_COUNTED: i64 = 50_000;

/// When a walk that found little ends: at the first window that ends after this time.
const PATIENCE: Duration = Duration::from_millis(40);

/// Where something stands in a list: by its value, then by its id; the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) value: i64,
    pub(crate) id: i64,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// What is behind this place; `None`: from the start.
    pub(crate) from: Option<Place>,
    /// What is before it, instead.
    pub(crate) back: bool,
    pub(crate) limit: usize,
}

impl Page {
    /// The first one, of any size.
    pub(crate) const FIRST: Self = Self {
        from: None,
        back: false,
        limit: 0,
    };
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Walked {
    /// The greatest first, whichever way was walked.
    pub(crate) places: Vec<Place>,
    /// Behind (or, walking back, before) this place there may be more.
    pub(crate) more: Option<Place>,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum Failure {
    Wrong(Wrong),
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An index: of which table, by what, and what is the same for all of its rows that are walked along.
#[derive(Debug, Clone)]
pub(crate) struct Along {
    pub(crate) table: &'static str,
    /// The column it is ordered by, before `id`.
    pub(crate) value: &'static str,
    /// Columns with the value they have.
    pub(crate) fixed: Vec<(&'static str, i64)>,
    /// More of the kind.
    pub(crate) also: &'static str,
    /// Between which values.
    pub(crate) range: Range,
}

/// How far a search goes: shared by all of its walks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    until: Instant,
    walks: i64,
}

impl Bounds {
    /// Of a search that begins now and has so many walks.
    pub(super) fn new(walks: usize) -> Self {
        Self {
            until: Instant::now() + PATIENCE,
            walks: i64::try_from(walks).unwrap_or(i64::MAX).max(1),
        }
    }

    /// So many rows a time, each of which takes so many looks.
    pub(super) fn rows(self, looks: i64) -> i64 {
        (LOOKS / self.walks / looks.max(1)).max(100)
    }

    pub(super) fn are_reached(self) -> bool {
        Instant::now() >= self.until
    }
}

/// What one walk found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// In the order it was walked.
    pub(super) places: Vec<Place>,
    /// It ended here, though there is more.
    pub(super) cut: Option<Place>,
}

impl Along {
    /// ` WHERE …`: what is the same for all rows, and the part of the page.
    pub(super) fn push_where(&self, query: &mut Query, page: Page, end: Option<Place>) {
        query.push(" WHERE ");
        for (number, (column, value)) in self.fixed.iter().enumerate() {
            let and = if number == 0 { "" } else { " AND " };
            query.push(&format!("{and}{}.{column} = ", self.table)).bind(*value);
        }
        query.push(self.also);
        let least = self.range.from.map(|value| Place { value, id: 0 });
        let most = self.range.to.map(|value| Place { value, id: i64::MAX });
        // The nearest on each side, so that the index is entered there. No row has one of these ids.
        let (low, low_sign, high, high_sign) = if page.back {
            (page.from.max(least), ">", nearest(end, most), "<=")
        } else {
            (end.max(least), ">=", nearest(page.from, most), "<")
        };
        for (sign, place) in [(low_sign, low), (high_sign, high)] {
            if let Some(place) = place {
                query.push(&format!(" AND ({}, {}.id) {sign} (", self.column(), self.table));
                query.bind(place.value).push(", ").bind(place.id).push(")");
            }
        }
    }

    /// ` ORDER BY …`
    pub(super) fn push_order(&self, query: &mut Query, page: Page) {
        let way = if page.back { "ASC" } else { "DESC" };
        query.push(&format!(" ORDER BY {} {way}, {}.id {way}", self.column(), self.table));
    }

    pub(super) fn column(&self) -> String {
        format!("{}.{}", self.table, self.value)
    }

    /// `SELECT place`, without what it is selected from.
    pub(super) fn select(&self) -> String {
        format!("SELECT {}, {}.id", self.column(), self.table)
    }

    /// The place of the row after so many rows of a page, if there are more.
    pub(super) async fn after(&self, database: &Database, page: Page, rows: i64) -> Result<Option<Place>, Error> {
        let mut query = Query::new(format!("{} FROM {}", self.select(), self.table));
        self.push_where(&mut query, page, None);
        self.push_order(&mut query, page);
        query.push(&format!(" LIMIT 1 OFFSET {rows}"));
        let end: Vec<(i64, i64)> = query.fetch_all(&database.read, "find where a search ends").await?;
        Ok(end.first().map(|(value, id)| Place { value: *value, id: *id }))
    }
}

fn nearest(one: Option<Place>, other: Option<Place>) -> Option<Place> {
    one.into_iter().chain(other).min()
}

/// A page of all that lies along these.
pub(crate) async fn all(database: &Database, along: &[Along], page: Page) -> Result<Walked, Error> {
    let mut parts = Vec::with_capacity(along.len());
    for along in along {
        let mut query = Query::new(format!("{} FROM {}", along.select(), along.table));
        along.push_where(&mut query, page, None);
        along.push_order(&mut query, page);
        parts.push(run(database, query, page, None).await?);
    }
    Ok(merge(parts, page))
}

/// Runs a walk: at most one row more than the page holds.
pub(super) async fn run(database: &Database, mut query: Query, page: Page, end: Option<Place>) -> Result<Part, Error> {
    let limit = page.limit.saturating_add(1);
    query.push(&format!(" LIMIT {limit}"));
    let places: Vec<(i64, i64)> = query.fetch_all(&database.read, "search").await?;
    let places: Vec<Place> = places.into_iter().map(|(value, id)| Place { value, id }).collect();
    Ok(Part {
        cut: end.filter(|_| places.len() < limit),
        places,
    })
}

/// Puts walks together. What lies behind the place where one of them was cut is left for the next page.
pub(super) fn merge(parts: Vec<Part>, page: Page) -> Walked {
    let behind = |one: &Place, other: &Place| if page.back { one > other } else { one < other };
    let cut = parts.iter().filter_map(|part| part.cut);
    let cut = cut.reduce(|one, other| if behind(&one, &other) { other } else { one });
    let mut places: Vec<Place> = parts.into_iter().flat_map(|part| part.places).collect();
    places.sort_unstable_by(|one, other| if page.back { one.cmp(other) } else { other.cmp(one) });
    places.dedup();
    if let Some(cut) = cut {
        places.retain(|place| !behind(place, &cut));
    }
    let more = if places.len() > page.limit {
        places.truncate(page.limit);
        places.last().copied()
    } else {
        cut
    };
    if page.back {
        places.reverse();
    }
    Walked { places, more }
}
