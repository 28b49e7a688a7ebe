//! Where a search begins: at the index that the list is ordered by, or at a tag that few have.

use super::Of;
use super::conditions::{Condition, Kind, Target};
use super::walk::{Along, Bounds, MAX_COUNTED, Page, Part, Place, run};
use crate::Error;
use crate::database::{Database, Query};

/// Rows with a tag that are looked at one by one, rather than along the index of the list.
const RARE_EVENTS: i64 = 5000;
const RARE_ISSUES: i64 = 20_000;

/// All of them together, with what is looked up for each.
const RARE_LOOKS: i64 = 40_000;

/// Conditions on issues need the row itself.
const ROW_LOOKS: i64 = 3;

/// A search as it will be run.
#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    target: Target,
    along: &'a Along,
    conditions: &'a [Condition],
    /// The rarest tag: what is found is among the rows that have one of these.
    rare: Option<&'a [i64]>,
    /// How many rows of indexes are looked at for each row; 0: what is found is few, or all.
    looks: i64,
}

impl<'a> Plan<'a> {
    pub(super) async fn new(
        database: &Database,
        target: Target,
        along: &'a Along,
        conditions: &'a [Condition],
    ) -> Result<Self, Error> {
        let mut plan = Self {
            target,
            along,
            conditions,
            rare: None,
            looks: 0,
        };
        let is_few = |condition: &Condition| !condition.negated && condition.kind.is_few(target.of);
        if conditions.iter().any(is_few) {
            return Ok(plan);
        }
        plan.looks = conditions.iter().map(|condition| condition.kind.looks(target.of)).sum();
        if target.of == Of::Issues && plan.looks > 0 {
            plan.looks += ROW_LOOKS;
        }
        let mut rarest = match target.of {
            Of::Events => RARE_EVENTS,
            Of::Issues => RARE_ISSUES,
        };
        rarest = rarest.min(RARE_LOOKS / (1 + plan.looks));
        for ids in conditions.iter().flat_map(|condition| condition.tags(target)) {
            let count = count(database, target, ids, rarest).await?;
            if count < rarest {
                rarest = count;
                plan.rare = Some(ids);
            }
        }
        if plan.rare.is_some() {
            plan.looks = 0;
        }
        Ok(plan)
    }

    /// A page of it, as far as the bounds let it go.
    pub(super) async fn run(&self, database: &Database, page: Page, bounds: Bounds) -> Result<Part, Error> {
        let mut part = Part::default();
        let mut rest = page;
        loop {
            let end = self.end(database, rest, bounds).await?;
            let mut query = self.query(&self.along.select(), rest, end, database);
            self.along.push_order(&mut query, rest);
            let window = run(database, query, rest, end).await?;
            rest.limit = rest.limit.saturating_sub(window.places.len());
            part.places.extend(window.places);
            part.cut = window.cut;
            if part.cut.is_none() || bounds.are_reached() {
                return Ok(part);
            }
            rest.from = part.cut;
        }
    }

    async fn end(&self, database: &Database, page: Page, bounds: Bounds) -> Result<Option<Place>, Error> {
        if self.looks == 0 {
            return Ok(None);
        }
        self.along.after(database, page, bounds.rows(self.looks)).await
    }

    /// Where counting ends, if before its end.
    pub(super) async fn end_of_count(&self, database: &Database) -> Result<Option<Place>, Error> {
        if self.rare.is_some() {
            return Ok(None);
        }
        let rows = MAX_COUNTED / (1 + self.looks);
        self.along.after(database, Page::FIRST, rows).await
    }

    /// How many there are, counted up to `most`, and as far as a walk goes.
    pub(super) async fn count(&self, database: &Database, most: i64, bounds: Bounds) -> Result<i64, Error> {
        let page = Page::FIRST;
        let end = self.end(database, page, bounds).await?;
        let mut query = self.query("SELECT COUNT(*) FROM (SELECT 1 AS one", page, end, database);
        query.push(&format!(" LIMIT {most}) AS found"));
        let count: Vec<(i64,)> = query.fetch_all(&database.read, "count what a search finds").await?;
        Ok(count.first().map_or(0, |(count,)| *count))
    }

    /// Without an order.
    pub(super) fn query(&self, select: &str, page: Page, end: Option<Place>, database: &Database) -> Query {
        let Target { table, tags, row, .. } = self.target;
        let mut query = Query::new(format!("{select} FROM "));
        if let Some(rare) = self.rare {
            let distinct = if rare.len() > 1 { "DISTINCT " } else { "" };
            query.push(&format!("(SELECT {distinct}{row} FROM {tags} WHERE "));
            query.bind_in("tag_id", rare.iter().copied());
            // In this order: nothing else tells SQLite how few they are.
            query.push(&format!(") AS rare CROSS JOIN {table}"));
        } else {
            query.push(table);
        }
        self.along.push_where(&mut query, page, end);
        if self.rare.is_some() {
            query.push(&format!(" AND {table}.id = rare.{row}"));
        }
        self.target.push(&mut query, self.conditions, database.dialect);
        query
    }
}

impl Condition {
    /// Tags of which what is found must have one, for each of these lists.
    fn tags(&self, target: Target) -> Vec<&[i64]> {
        match &self.kind {
            _ if self.negated => Vec::new(),
            Kind::Tags(ids) => vec![ids],
            Kind::Text(texts) if target.of == Of::Events => match &texts[..] {
                [text] => text.words.iter().map(Vec::as_slice).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

async fn count(database: &Database, target: Target, ids: &[i64], most: i64) -> Result<i64, Error> {
    let mut query = Query::new(format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {} WHERE ",
        target.tags
    ));
    query.bind_in("tag_id", ids.iter().copied());
    query.push(&format!(" LIMIT {most}) AS found"));
    let count: Vec<(i64,)> = query.fetch_all(&database.read, "count what has a tag").await?;
    Ok(count.first().map_or(0, |(count,)| *count))
}
