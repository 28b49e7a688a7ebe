//! Where a search begins: at the index that the list is ordered by, or at a tag that few have.

use super::conditions::{Condition, Kind, Target};
use super::walk::{Along, Length, Page, Part, Place, run};
use crate::Error;
use crate::database::{Database, Query};

/// Events with a tag that are looked at one by one, rather than along time.
const RARE: i64 = 5000;

/// A search as it will be run.
#[derive(Debug, Clone)]
pub(super) struct Plan<'a> {
    target: Target,
    along: &'a Along,
    conditions: &'a [Condition],
    /// The rarest tag: what is found is among the rows that have one of these.
    rare: Option<&'a [i64]>,
    length: Length,
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
            length: Length::Whole,
        };
        let is_few =
            |condition: &Condition| !condition.negated && matches!(condition.kind, Kind::Events(_) | Kind::Issues(_));
        if conditions.iter().any(is_few) {
            return Ok(plan);
        }
        let mut rarest = RARE;
        for ids in conditions.iter().flat_map(|condition| condition.tags(target)) {
            let count = count(database, target, ids, rarest).await?;
            if count < rarest {
                rarest = count;
                plan.rare = Some(ids);
            }
        }
        if plan.rare.is_none() {
            let lengths = conditions.iter().map(|condition| condition.kind.length(target.of));
            plan.length = lengths.max().unwrap_or(Length::Whole);
        }
        Ok(plan)
    }

    /// The same, though every row is wanted, ended after so many rows.
    pub(super) fn at_most(mut self, length: Length) -> Self {
        if self.rare.is_none() && self.length < length {
            self.length = length;
        }
        self
    }

    /// Where it ends, if before its end.
    pub(super) async fn end(&self, database: &Database, page: Page) -> Result<Option<Place>, Error> {
        self.along.end(database, page, self.length).await
    }

    /// A page of it.
    pub(super) async fn run(&self, database: &Database, page: Page) -> Result<Part, Error> {
        let end = self.end(database, page).await?;
        let mut query = self.query(&self.along.select(), page, end, database);
        self.along.push_order(&mut query, page);
        run(database, query, page, end).await
    }

    /// How many there are, counted up to `most`, and as far as a walk goes.
    pub(super) async fn count(&self, database: &Database, most: i64) -> Result<i64, Error> {
        let page = Page::FIRST;
        let end = self.end(database, page).await?;
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
            Kind::Text(texts) if target.of == super::Of::Events => match &texts[..] {
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
