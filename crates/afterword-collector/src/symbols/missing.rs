//! Which modules of crashes had no debug file, and which events that were.

use afterword_symbols::caches::ObjectInfo;
use afterword_symbols::{Module, ProcessedCrash, SymbolState};
use sqlx::{AnyConnection, FromRow};

use super::Symbols;
use super::assemble::STALE_MS;
use crate::database::Query;
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// Modules noted of one event.
const MAX_MODULES: usize = 64;

/// Events that are digested again by themselves when a file arrives that they lacked; others when asked.
const MAX_AGAIN: i64 = 1000;

/// How often an event is tried.
const MAX_TRIES: i64 = 3;

/// The newest event that is due, unless more files of its project are being taken in: a debug file and its sources come one
/// after the other, and all events are to have both.
const NEXT: &str = "SELECT event_row, tries FROM digest_again WHERE due_at <= $1 AND NOT EXISTS (
        SELECT 1 FROM events JOIN assemblies ON assemblies.project_id = events.project_id
        WHERE events.id = event_row AND error IS NULL AND changed_at > $2)
    ORDER BY due_at, event_row DESC LIMIT 1";

/// A module without symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lacking {
    pub(crate) debug_id: String,
    pub(crate) code_id: String,
    pub(crate) name: String,
    pub(crate) in_app: bool,
}

/// The modules that a crash lacked symbols of: those in which frames lie.
pub(crate) fn lacking(crash: &ProcessedCrash) -> Vec<Lacking> {
    let missing = crash
        .modules
        .iter()
        .filter(|module| module.symbols == SymbolState::Missing);
    // Nothing can ever arrive for what has no id.
    let missing = missing.filter(|module| module.debug_id.is_some() || module.code_id.is_some());
    let of_module = |module: &Module| Lacking {
        debug_id: module.debug_id.clone().unwrap_or_default(),
        code_id: module.code_id.clone().unwrap_or_default().to_ascii_lowercase(),
        name: module.name.clone(),
        in_app: module.in_app,
    };
    let mut lacking: Vec<Lacking> = missing.map(of_module).collect();
    lacking.sort_by_key(|lacking| !lacking.in_app);
    lacking.truncate(MAX_MODULES);
    lacking
}

/// Notes what an event lacked, within the transaction that writes it.
pub(crate) async fn note(
    connection: &mut AnyConnection,
    project_id: i64,
    event_id: &str,
    lacking: &[Lacking],
) -> Result<(), Error> {
    let operation = "note missing symbols";
    for missing in lacking {
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO missing_symbols (project_id, release, debug_id, code_id, name, in_app, first_seen, last_seen)
             SELECT project_id, COALESCE(release, ''), $1, $2, $3, $4, occurred_at, occurred_at FROM events
             WHERE project_id = $5 AND event_id = $6
             ON CONFLICT (project_id, release, debug_id, code_id, name) DO UPDATE SET
                in_app = excluded.in_app,
                first_seen = CASE WHEN excluded.first_seen < missing_symbols.first_seen THEN excluded.first_seen
                    ELSE missing_symbols.first_seen END,
                last_seen = CASE WHEN excluded.last_seen > missing_symbols.last_seen THEN excluded.last_seen
                    ELSE missing_symbols.last_seen END
             RETURNING id",
        )
        .bind(&missing.debug_id)
        .bind(&missing.code_id)
        .bind(&missing.name)
        .bind(i64::from(missing.in_app))
        .bind(project_id)
        .bind(event_id)
        .fetch_optional(&mut *connection)
        .await
        .or_failed(operation)?;
        let Some(id) = id else { continue };
        sqlx::query(
            "INSERT INTO missing_symbol_events (missing_id, event_row)
             SELECT $1, id FROM events WHERE project_id = $2 AND event_id = $3 ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(project_id)
        .bind(event_id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    }
    Ok(())
}

/// Forgets what an event lacked; modules that no event lacks any more are forgotten, too.
pub(crate) async fn forget(connection: &mut AnyConnection, event_row: i64) -> Result<(), Error> {
    let operation = "forget missing symbols";
    let missing: Vec<(i64,)> =
        sqlx::query_as("DELETE FROM missing_symbol_events WHERE event_row = $1 RETURNING missing_id")
            .bind(event_row)
            .fetch_all(&mut *connection)
            .await
            .or_failed(operation)?;
    let mut query = Query::new("DELETE FROM missing_symbols WHERE ");
    query.bind_in("id", missing.into_iter().map(|(id,)| id));
    query.push(" AND NOT EXISTS (SELECT 1 FROM missing_symbol_events WHERE missing_id = missing_symbols.id)");
    query.execute_on(connection, operation).await?;
    Ok(())
}

/// A module without symbols in a release, for a list.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Listed {
    pub(crate) release: String,
    pub(crate) debug_id: String,
    pub(crate) code_id: String,
    pub(crate) name: String,
    pub(crate) in_app: i64,
    pub(crate) events: i64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
}

impl Symbols {
    /// The modules without symbols of a project, those of the application first, then by the last sight.
    pub(crate) async fn missing(
        &self,
        project_id: i64,
        release: Option<&str>,
        offset: i64,
        most: i64,
    ) -> Result<Vec<Listed>, Error> {
        let mut query = Query::new(
            "SELECT release, debug_id, code_id, name, in_app, first_seen, last_seen, CAST((SELECT COUNT(*) FROM missing_symbol_events
                WHERE missing_id = missing_symbols.id) AS BIGINT) AS events FROM missing_symbols WHERE project_id = ",
        );
        query.bind(project_id);
        if let Some(release) = release {
            query.push(" AND release = ").bind(release.to_owned());
        }
        query
            .push(" ORDER BY in_app DESC, last_seen DESC, id DESC LIMIT ")
            .bind(most);
        query.push(" OFFSET ").bind(offset);
        query.fetch_all(&self.inner.database.read, "list missing symbols").await
    }

    /// Puts the newest events that lacked one of these into the queue of those to be digested again.
    pub(super) async fn digest_what_lacked(&self, project_id: i64, objects: &[ObjectInfo]) -> Result<i64, Error> {
        let debug_ids: Vec<&str> = objects.iter().map(|object| object.debug_id.as_str()).collect();
        self.digest_again(project_id, Some(&debug_ids), MAX_AGAIN).await
    }

    /// Puts events that lacked symbols (of these debug ids, or any) into the queue, the newest first; returns how many.
    pub(crate) async fn digest_again(
        &self,
        project_id: i64,
        debug_ids: Option<&[&str]>,
        most: i64,
    ) -> Result<i64, Error> {
        let operation = "have events digested again";
        let mut query = Query::new("INSERT INTO digest_again (event_row, tries, due_at) SELECT event_row, 0, ");
        query.bind(now_ms()).push(
            " FROM (SELECT DISTINCT event_row FROM missing_symbol_events JOIN missing_symbols ON missing_symbols.id = missing_id
              WHERE project_id = ",
        );
        query.bind(project_id);
        if let Some(debug_ids) = debug_ids {
            query.push(" AND ").bind_in("debug_id", debug_ids.iter().copied());
        }
        query.push(" ORDER BY event_row DESC LIMIT ").bind(most);
        // SQLite wants a WHERE between a query and ON CONFLICT.
        query.push(") AS lacking WHERE 1 = 1 ON CONFLICT DO NOTHING");
        let mut connection = self.inner.database.write.acquire().await.or_failed(operation)?;
        let put = query.execute_on(&mut connection, operation).await?;
        drop(connection);
        self.inner.again.notify_one();
        Ok(i64::try_from(put.rows_affected()).unwrap_or(i64::MAX))
    }

    /// Puts one event into the queue. `false` if there is no such event.
    pub(crate) async fn digest_event_again(&self, project_id: i64, event_id: &str) -> Result<bool, Error> {
        let put = sqlx::query(
            "INSERT INTO digest_again (event_row, tries, due_at) SELECT id, 0, $1 FROM events
             WHERE project_id = $2 AND event_id = $3
             ON CONFLICT (event_row) DO UPDATE SET tries = 0, due_at = excluded.due_at",
        )
        .bind(now_ms())
        .bind(project_id)
        .bind(event_id)
        .execute(&self.inner.database.write)
        .await
        .or_failed("have an event digested again")?;
        self.inner.again.notify_one();
        Ok(put.rows_affected() > 0)
    }

    /// The next event to digest again, put back for a while: who does not come to its end leaves it to another. One that was
    /// tried too often is dropped from the queue.
    pub(crate) async fn next_again(&self) -> Result<Option<i64>, Error> {
        const LEASE_MS: i64 = 5 * 60_000;
        let operation = "take an event to digest again";
        let now = now_ms();
        loop {
            let next: Option<(i64, i64)> = sqlx::query_as(NEXT)
                .bind(now)
                .bind(now - STALE_MS)
                .fetch_optional(&self.inner.database.read)
                .await
                .or_failed(operation)?;
            let Some((event_row, tries)) = next else {
                return Ok(None);
            };
            if tries >= MAX_TRIES {
                tracing::warn!(event_row, "an event could not be digested again");
                self.done_again(event_row).await?;
                continue;
            }
            // Who changes the row is who has it.
            let taken = sqlx::query(
                "UPDATE digest_again SET tries = tries + 1, due_at = $1 WHERE event_row = $2 AND tries = $3 AND due_at <= $4",
            )
            .bind(now + LEASE_MS)
            .bind(event_row)
            .bind(tries)
            .bind(now)
            .execute(&self.inner.database.write)
            .await
            .or_failed(operation)?;
            if taken.rows_affected() > 0 {
                return Ok(Some(event_row));
            }
        }
    }

    /// Takes an event out of the queue.
    pub(crate) async fn done_again(&self, event_row: i64) -> Result<(), Error> {
        sqlx::query("DELETE FROM digest_again WHERE event_row = $1")
            .bind(event_row)
            .execute(&self.inner.database.write)
            .await
            .or_failed("take an event out of the queue")?;
        Ok(())
    }
}
