//! Writing events: into their issue, into the index, and counted. One whose id is there already changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sqlx::{AnyConnection, AssertSqlSafe};

use super::caches::Tag;
use super::counts::{Counts, HOUR_MS};
use super::issues::{self, Places, Stored};
use super::{Caches, Written};
use crate::Error;
use crate::database::{Query, chunks, placeholders};
use crate::digest::prepare::Prepared;
use crate::digest::row::EventRow;
use crate::error::OrFailed as _;

/// An event that is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct New<'e> {
    pub(super) project_id: i64,
    pub(super) received_at: i64,
    pub(super) row: &'e EventRow,
}

/// Ids of tags.
pub(super) type Tags = HashMap<Tag, i64>;

/// Writes the events of a batch.
pub(super) async fn write(
    connection: &mut AnyConnection,
    prepared: &[Prepared],
    caches: &Caches,
    written: &mut Written,
    counts: &mut Counts,
) -> Result<(), Error> {
    let mut seen = HashSet::new();
    let events = prepared.iter().filter_map(|Prepared { claimed, contents, .. }| {
        let row = contents.event.as_ref()?;
        // Twice in a batch is once.
        seen.insert((claimed.project_id, row.event_id.as_str())).then_some(New {
            project_id: claimed.project_id,
            received_at: claimed.received_at,
            row,
        })
    });
    let events: Vec<New<'_>> = events.collect();
    let events = without_known(connection, events).await?;
    if events.is_empty() {
        return Ok(());
    }
    let places = issues::places(connection, &events).await?;
    let tags = tags(connection, &events, caches, written).await?;
    let stored = insert(connection, &events, &places, &tags).await?;
    index(connection, &stored, &tags, caches, written, counts).await?;
    for (row, stored) in &stored {
        written.events.entry(stored.place.issue_id).or_default().push(*row);
    }
    let stored: Vec<Stored<'_>> = stored.into_iter().map(|(_, stored)| stored).collect();
    issues::count(connection, &stored, caches, written).await
}

async fn without_known<'e>(connection: &mut AnyConnection, events: Vec<New<'e>>) -> Result<Vec<New<'e>>, Error> {
    let mut by_project: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for new in &events {
        by_project.entry(new.project_id).or_default().push(&new.row.event_id);
    }
    let mut known: HashSet<(i64, String)> = HashSet::new();
    for (project_id, ids) in by_project {
        let mut query = Query::new("SELECT event_id FROM events WHERE project_id = ");
        query.bind(project_id).push(" AND ").bind_in("event_id", ids);
        let rows: Vec<(String,)> = query.fetch_all_on(connection, "look for events").await?;
        known.extend(rows.into_iter().map(|(id,)| (project_id, id)));
    }
    let is_new = |new: &New<'_>| !known.contains(&(new.project_id, new.row.event_id.clone()));
    Ok(events.into_iter().filter(is_new).collect())
}

/// The ids of all tags of these events; those that are missing are made.
pub(super) async fn tags(
    connection: &mut AnyConnection,
    events: &[New<'_>],
    caches: &Caches,
    written: &mut Written,
) -> Result<Tags, Error> {
    let mut tags = Tags::new();
    let mut missing: BTreeSet<Tag> = BTreeSet::new();
    for new in events {
        for (key, value) in &new.row.tags {
            let tag = (new.project_id, key.clone(), value.clone());
            match caches.tag(&tag) {
                Some(id) => {
                    tags.insert(tag, id);
                }
                None => {
                    missing.insert(tag);
                }
            }
        }
    }
    let missing: Vec<Tag> = missing.into_iter().collect();
    for rows in chunks(&missing, 3) {
        // Said again rather than passed over, so that the ids of those that are there come back, too.
        let text = format!(
            "INSERT INTO tags (project_id, key, value) VALUES {}
             ON CONFLICT (project_id, key, value) DO UPDATE SET value = excluded.value
             RETURNING id, project_id, key, value",
            placeholders(connection, rows.len(), 3)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        for (project_id, key, value) in rows {
            query = query.bind(*project_id).bind(key).bind(value);
        }
        let found: Vec<(i64, i64, String, String)> = query.fetch_all(&mut *connection).await.or_failed("write tags")?;
        for (id, project_id, key, value) in found {
            tags.insert((project_id, key, value), id);
        }
    }
    written.tags.extend(tags.iter().map(|(tag, id)| (tag.clone(), *id)));
    Ok(tags)
}

/// The rows and their bodies. Returns those that were not there, with their row's id.
async fn insert<'e>(
    connection: &mut AnyConnection,
    events: &[New<'e>],
    places: &Places,
    tags: &Tags,
) -> Result<Vec<(i64, Stored<'e>)>, Error> {
    const COLUMNS: usize = 14;
    let mut stored = Vec::with_capacity(events.len());
    for rows in chunks(events, COLUMNS) {
        let text = format!(
            "INSERT INTO events (project_id, event_id, issue_id, group_id, title, level, platform, release, environment,
                user_key, trace_id, tags, occurred_at, received_at) VALUES {}
             ON CONFLICT DO NOTHING RETURNING id, project_id, event_id",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query_as(AssertSqlSafe(text));
        let mut by_id = HashMap::new();
        for new in rows {
            let row = new.row;
            let Some(place) = places.get(&(new.project_id, row.grouping.key.clone())).copied() else {
                continue;
            };
            let stored = Stored {
                project_id: new.project_id,
                row,
                place,
            };
            by_id.insert((new.project_id, row.event_id.as_str()), stored);
            query = query
                .bind(new.project_id)
                .bind(&row.event_id)
                .bind(place.issue_id)
                .bind(place.group_id)
                .bind(&row.title)
                .bind(&row.level)
                .bind(&row.platform)
                .bind(row.release.as_deref())
                .bind(row.environment.as_deref())
                .bind(row.user_key.as_deref())
                .bind(row.trace_id.as_deref())
                .bind(tag_ids(new, tags))
                .bind(row.occurred_at)
                .bind(new.received_at);
        }
        let made: Vec<(i64, i64, String)> = query.fetch_all(&mut *connection).await.or_failed("write events")?;
        let made = made.iter().filter_map(|(id, project_id, event_id)| {
            by_id
                .get(&(*project_id, event_id.as_str()))
                .map(|stored| (*id, *stored))
        });
        stored.extend(made);
    }
    for rows in chunks(&stored, 3) {
        let text = format!(
            "INSERT INTO event_bodies (event_row, raw, processed) VALUES {}",
            placeholders(connection, rows.len(), 3)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (id, stored) in rows {
            query = query
                .bind(*id)
                .bind(stored.row.raw.as_slice())
                .bind(stored.row.processed.as_deref());
        }
        query.execute(&mut *connection).await.or_failed("write payloads")?;
    }
    Ok(stored)
}

/// `[17,4]`: small enough to be read with the row.
pub(super) fn tag_ids(new: &New<'_>, tags: &Tags) -> String {
    let ids = new.row.tags.iter().filter(|(key, _)| !key.is_empty());
    let ids = ids.filter_map(|(key, value)| tags.get(&(new.project_id, key.clone(), value.clone())));
    let ids: Vec<String> = ids.map(i64::to_string).collect();
    format!("[{}]", ids.join(","))
}

/// What events and issues are found by, and the counts.
pub(super) async fn index(
    connection: &mut AnyConnection,
    stored: &[(i64, Stored<'_>)],
    tags: &Tags,
    caches: &Caches,
    written: &mut Written,
    counts: &mut Counts,
) -> Result<(), Error> {
    let mut of_events: Vec<(i64, i64)> = Vec::new();
    let mut of_issues: BTreeSet<(i64, i64)> = BTreeSet::new();
    for (event_row, stored) in stored {
        let (row, issue_id) = (stored.row, stored.place.issue_id);
        let hour = row.occurred_at.div_euclid(HOUR_MS);
        *counts.issue_hours.entry((issue_id, hour)).or_default() += 1;
        counts.add_event(stored.project_id, row.occurred_at);
        for (key, value) in &row.tags {
            let Some(id) = tags.get(&(stored.project_id, key.clone(), value.clone())).copied() else {
                continue;
            };
            of_events.push((id, *event_row));
            if !key.is_empty() {
                *counts.tag_hours.entry((id, hour)).or_default() += 1;
            }
            if !caches.has_issue_tag(id, issue_id) {
                of_issues.insert((id, issue_id));
            }
        }
    }
    of_events.sort_unstable();
    pairs(connection, "event_tags (tag_id, event_row)", &of_events).await?;
    let of_issues: Vec<(i64, i64)> = of_issues.into_iter().collect();
    pairs(connection, "issue_tags (tag_id, issue_id)", &of_issues).await?;
    written.issue_tags.extend(of_issues);
    Ok(())
}

async fn pairs(connection: &mut AnyConnection, table: &str, pairs: &[(i64, i64)]) -> Result<(), Error> {
    for rows in chunks(pairs, 2) {
        let text = format!(
            "INSERT INTO {table} VALUES {} ON CONFLICT DO NOTHING",
            placeholders(connection, rows.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (first, second) in rows {
            query = query.bind(*first).bind(*second);
        }
        query.execute(&mut *connection).await.or_failed("index events")?;
    }
    Ok(())
}
