//! Which issue an event is in, and what an issue tells of its events.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{AnyConnection, AssertSqlSafe};

use super::events::New;
use super::{Caches, Touched, Written};
use crate::Error;
use crate::database::{Query, chunks, placeholders};
use crate::digest::row::EventRow;
use crate::error::OrFailed as _;

/// Where the events with one key go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) group_id: i64,
    pub(super) issue_id: i64,
    /// The issue was made just now.
    pub(super) is_new: bool,
}

/// By project and key.
pub(super) type Places = HashMap<(i64, String), Place>;

/// Finds the issues of these events; makes those that are missing, without any event yet.
pub(super) async fn places(connection: &mut AnyConnection, events: &[New<'_>]) -> Result<Places, Error> {
    let mut wanted: BTreeMap<i64, BTreeMap<&str, &New<'_>>> = BTreeMap::new();
    for new in events {
        let of_project = wanted.entry(new.project_id).or_default();
        of_project.entry(&new.row.grouping.key).or_insert(new);
    }
    let mut places = Places::new();
    for (project_id, wanted) in wanted {
        find(connection, project_id, wanted.keys().copied(), &mut places).await?;
        let is_missing = |key: &&str| !places.contains_key(&(project_id, (*key).to_owned()));
        let missing: BTreeSet<&str> = wanted.keys().copied().filter(is_missing).collect();
        if !missing.is_empty() {
            make(connection, project_id, &wanted, missing, &mut places).await?;
        }
    }
    Ok(places)
}

async fn find(
    connection: &mut AnyConnection,
    project_id: i64,
    keys: impl Iterator<Item = &str>,
    places: &mut Places,
) -> Result<(), Error> {
    let mut query = Query::new("SELECT id, issue_id, group_key FROM issue_groups WHERE project_id = ");
    query.bind(project_id).push(" AND ").bind_in("group_key", keys);
    let rows: Vec<(i64, i64, String)> = query.fetch_all_on(connection, "find the issues of events").await?;
    for (group_id, issue_id, key) in rows {
        let place = Place {
            group_id,
            issue_id,
            is_new: false,
        };
        places.insert((project_id, key), place);
    }
    Ok(())
}

async fn make(
    connection: &mut AnyConnection,
    project_id: i64,
    wanted: &BTreeMap<&str, &New<'_>>,
    mut missing: BTreeSet<&str>,
    places: &mut Places,
) -> Result<(), Error> {
    let operation = "make an issue";
    // Who makes issues of a project holds its row, so that two collectors do not make the same one.
    let made: i64 =
        sqlx::query_scalar("UPDATE projects SET issues_made = issues_made + 0 WHERE id = $1 RETURNING issues_made")
            .bind(project_id)
            .fetch_one(&mut *connection)
            .await
            .or_failed(operation)?;
    find(connection, project_id, missing.iter().copied(), places).await?;
    missing.retain(|key| !places.contains_key(&(project_id, (*key).to_owned())));
    let mut number = made;
    for key in missing {
        let Some(new) = wanted.get(key) else { continue };
        number += 1;
        let place = make_one(connection, new, number).await?;
        places.insert((project_id, key.to_owned()), place);
    }
    sqlx::query("UPDATE projects SET issues_made = $1 WHERE id = $2")
        .bind(number)
        .bind(project_id)
        .execute(connection)
        .await
        .or_failed(operation)?;
    Ok(())
}

async fn make_one(connection: &mut AnyConnection, new: &New<'_>, number: i64) -> Result<Place, Error> {
    let operation = "make an issue";
    let row = new.row;
    let issue_id: i64 = sqlx::query_scalar(
        "INSERT INTO issues (project_id, number, grouped_by, title, culprit, signature, level, platform, event_count,
            first_seen, last_seen, first_release)
         VALUES ($1, $2, $3, '', '', $4, $5, $6, 0, $7, $7, $8) RETURNING id",
    )
    .bind(new.project_id)
    .bind(number)
    .bind(row.grouping.by)
    .bind(row.grouping.signature.as_deref())
    .bind(&row.level)
    .bind(&row.platform)
    .bind(row.occurred_at)
    .bind(row.release.as_deref())
    .fetch_one(&mut *connection)
    .await
    .or_failed(operation)?;
    let group_id: i64 = sqlx::query_scalar(
        "INSERT INTO issue_groups (project_id, group_key, issue_id, grouped_by, why) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(new.project_id)
    .bind(&row.grouping.key)
    .bind(issue_id)
    .bind(row.grouping.by)
    .bind(&row.grouping.why)
    .fetch_one(connection)
    .await
    .or_failed(operation)?;
    Ok(Place {
        group_id,
        issue_id,
        is_new: true,
    })
}

/// An event that was written, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored<'e> {
    pub(super) project_id: i64,
    pub(super) row: &'e EventRow,
    pub(super) place: Place,
}

/// Counts written events into their issues, which are described by their newest event.
pub(super) async fn count(
    connection: &mut AnyConnection,
    stored: &[Stored<'_>],
    caches: &Caches,
    written: &mut Written,
) -> Result<(), Error> {
    let users = users(connection, stored, caches, written).await?;
    let mut by_issue: BTreeMap<i64, Vec<&Stored<'_>>> = BTreeMap::new();
    for event in stored {
        by_issue.entry(event.place.issue_id).or_default().push(event);
    }
    for (issue_id, events) in by_issue {
        let users = users.get(&issue_id).copied().unwrap_or(0);
        let touched = update(connection, issue_id, &events, users).await?;
        written.touched.extend(touched);
    }
    Ok(())
}

/// How many users more each issue affects.
async fn users(
    connection: &mut AnyConnection,
    stored: &[Stored<'_>],
    caches: &Caches,
    written: &mut Written,
) -> Result<HashMap<i64, i64>, Error> {
    let pairs = stored.iter().filter_map(|event| {
        let user_key = event.row.user_key.as_deref()?;
        let issue_id = event.place.issue_id;
        (!caches.has_issue_user(issue_id, user_key)).then(|| (issue_id, user_key.to_owned()))
    });
    let pairs: Vec<(i64, String)> = pairs.collect::<BTreeSet<_>>().into_iter().collect();
    let mut added = HashMap::new();
    for rows in chunks(&pairs, 2) {
        let text = format!(
            "INSERT INTO issue_users (issue_id, user_key) VALUES {} ON CONFLICT DO NOTHING RETURNING issue_id",
            placeholders(connection, rows.len(), 2)
        );
        let mut query = sqlx::query_scalar(AssertSqlSafe(text));
        for (issue_id, user_key) in rows {
            query = query.bind(*issue_id).bind(user_key);
        }
        let fresh: Vec<i64> = query
            .fetch_all(&mut *connection)
            .await
            .or_failed("count affected users")?;
        for issue_id in fresh {
            *added.entry(issue_id).or_default() += 1;
        }
    }
    written.issue_users.extend(pairs);
    Ok(added)
}

async fn update(
    connection: &mut AnyConnection,
    issue_id: i64,
    events: &[&Stored<'_>],
    users: i64,
) -> Result<Option<Touched>, Error> {
    let Some(newest) = events.iter().max_by_key(|event| event.row.occurred_at) else {
        return Ok(None);
    };
    let oldest_at = events
        .iter()
        .map(|event| event.row.occurred_at)
        .min()
        .unwrap_or_default();
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let row = newest.row;
    // The first comparison is with the value before this update: an event that came late does not describe the issue.
    sqlx::query(
        "UPDATE issues SET
            title = CASE WHEN $1 >= last_seen THEN $2 ELSE title END,
            culprit = CASE WHEN $1 >= last_seen THEN $3 ELSE culprit END,
            level = CASE WHEN $1 >= last_seen THEN $4 ELSE level END,
            type = CASE WHEN $1 >= last_seen THEN $5 ELSE type END,
            value = CASE WHEN $1 >= last_seen THEN $6 ELSE value END,
            function = CASE WHEN $1 >= last_seen THEN $7 ELSE function END,
            filename = CASE WHEN $1 >= last_seen THEN $8 ELSE filename END,
            release = CASE WHEN $1 >= last_seen THEN $9 ELSE release END,
            first_release = COALESCE(first_release, $9),
            event_count = event_count + $10,
            user_count = user_count + $11,
            first_seen = CASE WHEN $12 < first_seen THEN $12 ELSE first_seen END,
            last_seen = CASE WHEN $1 > last_seen THEN $1 ELSE last_seen END
         WHERE id = $13",
    )
    .bind(row.occurred_at)
    .bind(&row.title)
    .bind(&row.culprit)
    .bind(&row.level)
    .bind(row.kind.as_deref())
    .bind(row.value.as_deref())
    .bind(row.function.as_deref())
    .bind(row.filename.as_deref())
    .bind(row.release.as_deref())
    .bind(count)
    .bind(users)
    .bind(oldest_at)
    .bind(issue_id)
    .execute(connection)
    .await
    .or_failed("count events into their issue")?;
    let releases: BTreeSet<String> = events.iter().filter_map(|event| event.row.release.clone()).collect();
    Ok(Some(Touched {
        issue_id,
        project_id: newest.project_id,
        is_new: events.iter().any(|event| event.place.is_new),
        events: count,
        users,
        releases: releases.into_iter().collect(),
        newest_at: row.occurred_at,
    }))
}
