//! What events are tagged with: the spread over an issue's newest events, and the keys and values of a project.

use std::collections::{BTreeMap, HashMap};

use super::lists;
use crate::Error;
use crate::database::{Database, Query};
use crate::digest::index::WORDS;
use crate::search::Pattern;

/// So many of an issue's events are looked at, the newest.
pub(crate) const MAX_EVENTS: i64 = 1000;

/// The most keys of a project, values of a key, and how far values are counted.
const MAX_KEYS: usize = 200;
const MAX_VALUES: i64 = 100;
const MAX_COUNTED: i64 = 1000;

/// Values that are looked through for one that holds a text.
const MAX_LOOKED_THROUGH: i64 = 50_000;

const HOUR_MS: i64 = 3_600_000;

/// A value, how many events have it, and when the first and the last of them happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) value: String,
    pub(crate) events: i64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
}

/// What an issue's events are tagged with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Spread {
    /// How many events were looked at.
    pub(crate) events: i64,
    /// By key; the most frequent value first.
    pub(crate) keys: BTreeMap<String, Vec<Counted>>,
}

/// The spread over the newest [`MAX_EVENTS`] of an issue, of some environments if any are named.
pub(crate) async fn of_issue(database: &Database, issue_id: i64, environments: &[String]) -> Result<Spread, Error> {
    let mut query = Query::new("SELECT tags, occurred_at FROM events WHERE issue_id = ");
    query.bind(issue_id);
    if !environments.is_empty() {
        query.push(" AND ").bind_in("environment", environments.iter().cloned());
    }
    query.push(&format!(" ORDER BY occurred_at DESC, id DESC LIMIT {MAX_EVENTS}"));
    let rows: Vec<(String, i64)> = query.fetch_all(&database.read, "read the tags of events").await?;
    let mut by_id: HashMap<i64, (i64, i64, i64)> = HashMap::new();
    for (tags, at) in &rows {
        for id in lists::tag_ids(tags) {
            let (events, first, last) = by_id.entry(id).or_insert((0, *at, *at));
            *events += 1;
            *first = (*first).min(*at);
            *last = (*last).max(*at);
        }
    }
    let tags = lists::tags(database, by_id.keys().copied().collect()).await?;
    let mut spread = Spread {
        events: i64::try_from(rows.len()).unwrap_or(MAX_EVENTS),
        keys: BTreeMap::new(),
    };
    for (id, (key, value)) in tags {
        let Some((events, first_seen, last_seen)) = by_id.get(&id).copied() else {
            continue;
        };
        spread.keys.entry(key).or_default().push(Counted {
            value,
            events,
            first_seen,
            last_seen,
        });
    }
    for values in spread.keys.values_mut() {
        sort(values);
    }
    Ok(spread)
}

fn sort(values: &mut [Counted]) {
    values.sort_by(|one, other| other.events.cmp(&one.events).then_with(|| one.value.cmp(&other.value)));
}

/// The keys of a project and how many values each has, counted up to [`MAX_COUNTED`].
pub(crate) async fn keys(database: &Database, project_id: i64) -> Result<Vec<(String, i64)>, Error> {
    let operation = "list tags";
    let mut keys: Vec<(String, i64)> = Vec::new();
    let mut before = WORDS.to_owned();
    // From one to the next through the index, which holds as many rows as there are values.
    while keys.len() < MAX_KEYS {
        let mut query = Query::new("SELECT key FROM tags WHERE project_id = ");
        query.bind(project_id).push(" AND key > ").bind(before.clone());
        query.push(" ORDER BY key LIMIT 1");
        let found: Vec<(String,)> = query.fetch_all(&database.read, operation).await?;
        let Some((key,)) = found.into_iter().next() else {
            break;
        };
        let mut query = Query::new("SELECT COUNT(*) FROM (SELECT 1 AS one FROM tags WHERE project_id = ");
        query.bind(project_id).push(" AND key = ").bind(key.clone());
        query.push(&format!(" LIMIT {MAX_COUNTED}) AS counted"));
        let count: Vec<(i64,)> = query.fetch_all(&database.read, operation).await?;
        before.clone_from(&key);
        keys.push((key, count.first().map_or(0, |(count,)| *count)));
    }
    Ok(keys)
}

/// Keys of a project that begin like this, in the order of the alphabet.
pub(crate) async fn keys_beginning(
    database: &Database,
    project_id: i64,
    beginning: &str,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let mut keys: Vec<String> = Vec::new();
    // From one to the next through the index: some keys have as many values as there are users.
    while keys.len() < limit {
        let mut query = Query::new("SELECT key FROM tags WHERE project_id = ");
        query.bind(project_id);
        match keys.last() {
            Some(before) => query.push(" AND key > ").bind(before.clone()),
            None => query.push(" AND key >= ").bind(beginning.to_owned()),
        };
        query.push(" AND key < ").bind(format!("{beginning}\u{10ffff}"));
        query.push(" AND key <> ").bind(WORDS);
        query.push(" ORDER BY key LIMIT 1");
        let found: Vec<(String,)> = query.fetch_all(&database.read, "look for keys of tags").await?;
        let Some((key,)) = found.into_iter().next() else {
            break;
        };
        keys.push(key);
    }
    Ok(keys)
}

/// Values of a key that begin like this; the last of the alphabet first if that is wanted, as for versions.
pub(crate) async fn values_beginning(
    database: &Database,
    project_id: i64,
    key: &str,
    beginning: &str,
    last_first: bool,
    limit: usize,
) -> Result<Vec<String>, Error> {
    let mut query = Query::new("SELECT value FROM tags WHERE project_id = ");
    query.bind(project_id).push(" AND key = ").bind(key.to_owned());
    query.push(" AND value >= ").bind(beginning.to_owned());
    query.push(" AND value < ").bind(format!("{beginning}\u{10ffff}"));
    query.push(if last_first {
        " ORDER BY value DESC"
    } else {
        " ORDER BY value"
    });
    query.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(MAX_VALUES));
    let found: Vec<(String,)> = query.fetch_all(&database.read, "look for values of tags").await?;
    Ok(found.into_iter().map(|(value,)| value).collect())
}

/// Values of a key that hold a text, with their events: the first [`MAX_VALUES`] in the order of the alphabet, then sorted
/// by their events. Beginnings come before what is found within.
pub(crate) async fn values(database: &Database, project_id: i64, key: &str, text: &str) -> Result<Vec<Counted>, Error> {
    let operation = "list values of a tag";
    let start = |select: &str| {
        let mut query = Query::new(format!("{select} FROM tags WHERE project_id = "));
        query.bind(project_id).push(" AND key = ").bind(key.to_owned());
        query
    };
    let mut query = start("SELECT id, value");
    query.push(" AND value >= ").bind(text.to_owned());
    query.push(" AND value < ").bind(format!("{text}\u{10ffff}"));
    query.push(&format!(" ORDER BY value LIMIT {MAX_VALUES}"));
    let mut found: Vec<(i64, String)> = query.fetch_all(&database.read, operation).await?;
    if !text.is_empty() && found.len() < 10 {
        let mut query = start("SELECT id, value FROM (SELECT id, value");
        query.push(&format!(
            " ORDER BY value LIMIT {MAX_LOOKED_THROUGH}) AS counted WHERE LOWER(value) LIKE "
        ));
        query.bind(Pattern::exactly(text).like_within()).push(" ESCAPE '\\'");
        query.push(&format!(" ORDER BY value LIMIT {MAX_VALUES}"));
        let within: Vec<(i64, String)> = query.fetch_all(&database.read, operation).await?;
        let known: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
        found.extend(within.into_iter().filter(|(id, _)| !known.contains(id)));
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut query =
        Query::new("SELECT tag_id, CAST(SUM(events) AS BIGINT), MIN(hour), MAX(hour) FROM tag_hours WHERE ");
    query
        .bind_in("tag_id", found.iter().map(|(id, _)| *id))
        .push(" GROUP BY tag_id");
    let hours: Vec<(i64, i64, i64, i64)> = query.fetch_all(&database.read, operation).await?;
    let hours: HashMap<i64, (i64, i64, i64)> = hours
        .into_iter()
        .map(|(id, events, first, last)| (id, (events, first, last)))
        .collect();
    let counted = found.into_iter().filter_map(|(id, value)| {
        let (events, first, last) = hours.get(&id).copied()?;
        Some(Counted {
            value,
            events,
            first_seen: first.saturating_mul(HOUR_MS),
            last_seen: last.saturating_mul(HOUR_MS),
        })
    });
    let mut counted: Vec<Counted> = counted.collect();
    sort(&mut counted);
    counted.truncate(usize::try_from(MAX_VALUES).unwrap_or(usize::MAX));
    Ok(counted)
}
