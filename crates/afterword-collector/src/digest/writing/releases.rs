//! Releases by first sight: an event, a session or a transaction names one, and it is known from then on.

use std::collections::BTreeMap;

use sqlx::AnyConnection;

use super::{Caches, Written};
use crate::Error;
use crate::digest::prepare::Prepared;
use crate::error::OrFailed as _;
use crate::releases::is_version;

/// What a batch saw of a release in a project.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    first: i64,
    last: i64,
    events: i64,
}

/// Notes the releases that a batch names.
pub(super) async fn seen<'p>(
    connection: &mut AnyConnection,
    prepared: &'p [Prepared],
    caches: &Caches,
    written: &mut Written,
) -> Result<(), Error> {
    let mut seen: BTreeMap<(i64, &'p str), Seen> = BTreeMap::new();
    for Prepared { claimed, contents, .. } in prepared {
        let mut add = |release: Option<&'p str>, at: i64, events: i64| {
            // What cannot be asked for by its name is none.
            let Some(release) = release.filter(|release| is_version(release)) else {
                return;
            };
            let entry = seen.entry((claimed.project_id, release)).or_insert(Seen {
                first: at,
                last: at,
                events: 0,
            });
            entry.first = entry.first.min(at);
            entry.last = entry.last.max(at);
            entry.events += events;
        };
        if let Some(event) = &contents.event {
            add(event.release.as_deref(), event.occurred_at, 1);
        }
        for session in &contents.sessions {
            add(Some(&session.release), session.started_at, 0);
        }
        for aggregate in contents.counts.iter().flat_map(|counts| &counts.aggregates) {
            add(Some(&aggregate.release), aggregate.started_at, 0);
        }
        if let Some(transaction) = &contents.transaction {
            add(transaction.release.as_deref(), transaction.started_us / 1000, 0);
        }
        for span in &contents.spans {
            add(span.release.as_deref(), span.started_us / 1000, 0);
        }
    }
    for ((project_id, version), seen) in seen {
        note(connection, project_id, version, seen, caches).await?;
        written.releases.push((project_id, version.to_owned()));
    }
    Ok(())
}

async fn note(
    connection: &mut AnyConnection,
    project_id: i64,
    version: &str,
    seen: Seen,
    caches: &Caches,
) -> Result<(), Error> {
    let operation = "note a release";
    if !caches.has_release(project_id, version) {
        sqlx::query(
            "INSERT INTO releases (organization_id, version, created_at)
             SELECT organization_id, $2, $3 FROM projects WHERE id = $1 ON CONFLICT DO NOTHING",
        )
        .bind(project_id)
        .bind(version)
        .bind(seen.first)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    }
    sqlx::query(
        "INSERT INTO release_projects (release_id, project_id, first_seen, last_seen, events)
         SELECT releases.id, projects.id, $3, $4, $5 FROM projects
         JOIN releases ON releases.organization_id = projects.organization_id AND version = $2 WHERE projects.id = $1
         ON CONFLICT (release_id, project_id) DO UPDATE SET
            first_seen = CASE WHEN release_projects.first_seen < excluded.first_seen THEN release_projects.first_seen
                ELSE excluded.first_seen END,
            last_seen = CASE WHEN release_projects.last_seen > excluded.last_seen THEN release_projects.last_seen
                ELSE excluded.last_seen END,
            events = release_projects.events + excluded.events",
    )
    .bind(project_id)
    .bind(version)
    .bind(seen.first)
    .bind(seen.last)
    .bind(seen.events)
    .execute(connection)
    .await
    .or_failed(operation)?;
    Ok(())
}
