//! Which tags of a project a search means.

use super::{Of, Pattern, Wrong};
use crate::Error;
use crate::database::{Database, Query};
use crate::digest::index::{MAX_VALUE_CHARS, WORDS, cut, words};
use crate::releases::order::{Dated, newest_first};

/// More words than these are not looked for, and more tags of issues not named one by one.
const MAX_IDS: usize = 200;

/// The same of tags of events: going through all tags of a row is faster then.
const MAX_TAGS: usize = 40;

/// Of a tag with more values, those that hold something anywhere are not looked for.
const MAX_LOOKED_THROUGH: i64 = 200_000;

/// Of so many releases the newest is looked for.
const MAX_RELEASES: i64 = 1000;

/// Tags of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tags {
    /// These; maybe none.
    Ids(Vec<i64>),
    /// More than are named one by one: any with such a key, and such a value if some are given.
    Many {
        keys: Vec<String>,
        values: Option<Vec<Pattern>>,
    },
}

/// Why there are none.
pub(super) enum Failure {
    Wrong(String),
    Failed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Failure {
    /// With the term at which it stands.
    pub(super) fn at(self, at: usize) -> super::walk::Failure {
        match self {
            Self::Wrong(what) => super::walk::Failure::Wrong(Wrong { at, what }),
            Self::Failed(error) => super::walk::Failure::Failed(error),
        }
    }
}

/// The tags with one of these keys, and with one of these values if some are given.
pub(super) async fn find(
    database: &Database,
    project_id: i64,
    keys: &[String],
    values: Option<&[Pattern]>,
    of: Of,
) -> Result<Tags, Failure> {
    let kept = |text: &str| cut(text.trim(), MAX_VALUE_CHARS);
    let values: Option<Vec<Pattern>> = values.map(|values| values.iter().map(|value| value.map(kept)).collect());
    let mut ids = Vec::new();
    match &values {
        None => ids = some(database, start(project_id, keys)).await?,
        Some(values) => {
            let mut exact: Vec<String> = values.iter().filter_map(Pattern::exact).map(str::to_owned).collect();
            if keys.iter().any(|key| key == "release") && exact.iter().any(|value| value == "latest") {
                exact.extend(latest(database, project_id).await?);
            }
            if !exact.is_empty() {
                let mut query = start(project_id, keys);
                query.push(" AND ").bind_in("value", exact);
                ids = some(database, query).await?;
            }
            for value in values.iter().filter(|value| value.exact().is_none()) {
                let mut query = start(project_id, keys);
                match value.prefix() {
                    Some(prefix) => {
                        query.push(" AND value >= ").bind(prefix.to_owned());
                        query.push(" AND value < ").bind(format!("{prefix}\u{10ffff}"));
                    }
                    None => {
                        few_enough(database, project_id, keys).await?;
                        query
                            .push(" AND LOWER(value) LIKE ")
                            .bind(value.like())
                            .push(" ESCAPE '\\'");
                    }
                }
                ids.extend(some(database, query).await?);
            }
        }
    }
    ids.sort_unstable();
    ids.dedup();
    // Words are not among what an event says of itself, and an issue says nothing.
    let by_event = of == Of::Events && keys.iter().all(|key| key != WORDS);
    let most = if by_event { MAX_TAGS } else { MAX_IDS };
    if ids.len() > most {
        return Ok(Tags::Many {
            keys: keys.to_vec(),
            values,
        });
    }
    Ok(Tags::Ids(ids))
}

/// The words that begin like this one.
pub(super) async fn beginning(database: &Database, project_id: i64, word: &str) -> Result<Vec<i64>, Failure> {
    let values = [Pattern::new(vec![word.to_owned(), String::new()])];
    match find(database, project_id, &[WORDS.to_owned()], Some(&values), Of::Issues).await? {
        Tags::Ids(ids) => Ok(ids),
        Tags::Many { .. } => Err(Failure::Wrong(format!(
            "too many different words begin with {word:?}: write more of it"
        ))),
    }
}

/// What a text is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Words that are in the index, each by its beginning.
    pub(super) words: Vec<String>,
    /// These are all of it. If not, the title is to hold the text itself.
    pub(super) are_all: bool,
}

impl Words {
    pub(super) fn of(text: &Pattern) -> Self {
        let Some(text) = text.exact().or_else(|| text.prefix()) else {
            return Self {
                words: Vec::new(),
                are_all: false,
            };
        };
        let parts = text
            .split(|char: char| !char.is_alphanumeric())
            .filter(|part| !part.is_empty());
        let mut parts: Vec<String> = parts.map(str::to_lowercase).collect();
        parts.sort_unstable();
        parts.dedup();
        let words = words([text]);
        Self {
            are_all: !words.is_empty() && words.len() == parts.len(),
            words,
        }
    }
}

fn start(project_id: i64, keys: &[String]) -> Query {
    let mut query = Query::new("SELECT id FROM tags WHERE project_id = ");
    query
        .bind(project_id)
        .push(" AND ")
        .bind_in("key", keys.iter().cloned());
    query
}

async fn some(database: &Database, mut query: Query) -> Result<Vec<i64>, Error> {
    query.push(&format!(" LIMIT {}", MAX_IDS + 1));
    let ids: Vec<(i64,)> = query.fetch_all(&database.read, "look for tags").await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

async fn few_enough(database: &Database, project_id: i64, keys: &[String]) -> Result<(), Failure> {
    let mut query = Query::new("SELECT COUNT(*) FROM (SELECT 1 FROM tags WHERE project_id = ");
    query
        .bind(project_id)
        .push(" AND ")
        .bind_in("key", keys.iter().cloned());
    query.push(&format!(" LIMIT {}) AS counted", MAX_LOOKED_THROUGH + 1));
    let count: Vec<(i64,)> = query.fetch_all(&database.read, "count tags").await?;
    if count.first().is_some_and(|(count,)| *count > MAX_LOOKED_THROUGH) {
        let keys = keys.join(", ");
        return Err(Failure::Wrong(format!(
            "{keys} has too many values to look within: write how it begins, as in text*"
        )));
    }
    Ok(())
}

/// The newest release of a project, of those that came last.
pub(crate) async fn latest(database: &Database, project_id: i64) -> Result<Option<String>, Error> {
    let mut query = Query::new(
        "SELECT version, COALESCE(released_at, first_seen, created_at) AS at FROM release_projects
         JOIN releases ON releases.id = release_id WHERE project_id = ",
    );
    query.bind(project_id);
    query.push(&format!(" ORDER BY at DESC, releases.id DESC LIMIT {MAX_RELEASES}"));
    let mut found: Vec<(String, i64)> = query.fetch_all(&database.read, "look for the newest release").await?;
    newest_first(&mut found, |(version, at)| Dated { version, at: *at });
    Ok(found.into_iter().next().map(|(version, _)| version))
}
