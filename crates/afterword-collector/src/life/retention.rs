//! What goes after its time: events and what came beside them by age and count of their project, traces and sessions, what
//! was set aside, and projects that were given up. Once an hour and at the start, by one collector, in small steps.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use tokio::sync::watch;

use super::lease::Lease;
use super::removing::{self, BATCH, COLUMNS, Going, Gone};
use super::{Retention, retention_of};
use crate::alerts::history;
use crate::blobs::Blobs;
use crate::database::{Database, Dialect, Query};
use crate::error::{OrFailed as _, chain};
use crate::performance::retention as performance;
use crate::{App, Error, now_ms};

const OPERATION: &str = "remove what is old";
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// Between rounds.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Rows that a statement removes of what is not events.
const ROWS: i64 = 1000;

/// What was under way when a project was given up has arrived by then.
const UNDER_WAY_MS: i64 = 10 * 60_000;

/// A round, as far as it comes.
struct Round<'a> {
    app: &'a App,
    lease: &'a Lease,
    stop: &'a watch::Receiver<bool>,
    now: i64,
    /// Projects with a greater id are left out.
    newest: i64,
}

/// Removes attachments that no row names any more: those of issues that were deleted, and what a process that died did not
/// come to name. Returns how many.
async fn remove_unnamed(database: &Database, blobs: &Blobs, now: i64) -> Result<usize, Error> {
    let mut removed = 0;
    for shard in 0..=u8::MAX {
        for old in blobs.old_attachments(shard, now).await?.chunks(256) {
            let mut query = Query::new("SELECT DISTINCT sha256 FROM attachments WHERE ");
            query.bind_in("sha256", old.iter().map(|(_, sha256)| sha256.as_str()));
            let named: Vec<(String,)> = query.fetch_all(&database.read, OPERATION).await?;
            let named: BTreeSet<String> = named.into_iter().map(|(sha256,)| sha256).collect();
            for (name, _) in old.iter().filter(|(_, sha256)| !named.contains(sha256)) {
                blobs.delete(name).await?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// The newest project there is: 0 without any.
///
/// # Errors
/// If the database fails.
pub(crate) async fn newest_project(database: &Database) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM projects")
        .fetch_one(&database.read)
        .await
        .or_failed(OPERATION)
}

/// Removes what is old until `stop` says so. The first round, which begins with the collector, is for the projects that there
/// were then (up to `newest`): it takes its time beside the first requests, and is no part of what becomes of these.
pub(crate) async fn run(app: App, newest: i64, mut stop: watch::Receiver<bool>) {
    let lease = Lease::new("retention");
    let mut newest = newest;
    while !*stop.borrow() {
        let round = Round {
            app: &app,
            lease: &lease,
            stop: &stop,
            now: now_ms(),
            newest: std::mem::replace(&mut newest, i64::MAX),
        };
        match round.run().await {
            Ok(Some(gone)) if gone != Gone::default() => tracing::info!(?gone, "removed what was old"),
            Ok(_) => {}
            Err(error) => tracing::error!(error = chain(&error), "could not remove what is old, will try again"),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = app.life.wanted.notified() => {}
            _ = stop.changed() => {}
        }
    }
}

impl Round<'_> {
    /// `None` if another collector does it.
    async fn run(&self) -> Result<Option<Gone>, Error> {
        let database = &self.app.database;
        if !self.lease.hold(database).await? {
            return Ok(None);
        }
        let done = self.all().await;
        self.lease.give_back(database).await?;
        done.map(Some)
    }

    async fn all(&self) -> Result<Gone, Error> {
        let projects: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM projects WHERE id <= $1 AND id NOT IN (SELECT project_id FROM deletions) ORDER BY id",
        )
        .bind(self.newest)
        .fetch_all(&self.app.database.read)
        .await
        .or_failed(OPERATION)?;
        let mut gone = Gone::default();
        for project in projects {
            gone.add(self.project(project).await?);
        }
        let given_up: Vec<(i64, i64)> = sqlx::query_as("SELECT project_id, asked_at FROM deletions ORDER BY asked_at")
            .fetch_all(&self.app.database.read)
            .await
            .or_failed(OPERATION)?;
        for (project, asked_at) in given_up {
            gone.add(self.given_up(project, asked_at).await?);
        }
        let alerts = history::remove_old(&self.app.database, self.now).await?;
        if alerts > 0 {
            tracing::info!(alerts, "removed old alerts");
        }
        let removed = remove_unnamed(&self.app.database, &self.app.blobs, self.now).await?;
        if removed > 0 {
            tracing::info!(removed, "removed files of attachments that nothing names");
        }
        Ok(gone)
    }

    /// Whether to go on: nobody wants an end, and the lease is still ours.
    async fn goes_on(&self) -> Result<bool, Error> {
        Ok(!*self.stop.borrow() && self.lease.hold(&self.app.database).await?)
    }

    async fn project(&self, project: i64) -> Result<Gone, Error> {
        let Retention { days, events } = retention_of(&self.app.database, project).await?;
        let cutoff = self.now - days * DAY_MS;
        let mut gone = self.events(project, cutoff, i64::MAX).await?;
        if let Some(most) = events {
            let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM events WHERE project_id = $1")
                .bind(project)
                .fetch_one(&self.app.database.read)
                .await
                .or_failed(OPERATION)?;
            if count > most {
                gone.add(self.events(project, i64::MAX, count - most).await?);
            }
        }
        gone.add(self.beside(project, cutoff).await?);
        Ok(gone)
    }

    /// Removes the oldest events that came before a time, at most so many.
    async fn events(&self, project: i64, before: i64, mut most: i64) -> Result<Gone, Error> {
        let mut gone = Gone::default();
        let mut after = (i64::MIN, 0);
        while most > 0 && self.goes_on().await? {
            let text = format!(
                "SELECT {COLUMNS} FROM events WHERE project_id = $1 AND received_at < $2
                 AND (received_at > $3 OR (received_at = $3 AND id > $4)) ORDER BY received_at, id LIMIT $5"
            );
            let batch: Vec<Going> = sqlx::query_as(AssertSqlSafe(text))
                .bind(project)
                .bind(before)
                .bind(after.0)
                .bind(after.1)
                .bind(most.min(BATCH))
                .fetch_all(&self.app.database.read)
                .await
                .or_failed(OPERATION)?;
            let Some(last) = batch.last() else {
                break;
            };
            after = (last.received_at, last.id);
            most -= i64::try_from(batch.len()).unwrap_or(i64::MAX);
            gone.add(removing::remove(self.app, &batch).await?);
        }
        Ok(gone)
    }

    /// Removes what came before a time and is no event.
    async fn beside(&self, project: i64, cutoff: i64) -> Result<Gone, Error> {
        let database = &self.app.database;
        let mut gone = Gone::default();
        let attachments = "DELETE FROM attachments WHERE id IN (SELECT id FROM attachments WHERE project_id = $1
            AND received_at < $2 ORDER BY received_at LIMIT $3) RETURNING sha256";
        loop {
            let named = self.texts(attachments, project, cutoff).await?;
            let count = named.len() as u64;
            gone.attachments += count;
            removing::remove_unnamed(self.app, named.into_iter().collect::<BTreeSet<_>>()).await?;
            if count == 0 || !self.goes_on().await? {
                break;
            }
        }
        let set_aside = "DELETE FROM set_aside WHERE id IN (SELECT id FROM set_aside WHERE project_id = $1
            AND received_at < $2 ORDER BY id LIMIT $3) RETURNING COALESCE(blob, '')";
        loop {
            let blobs = self.texts(set_aside, project, cutoff).await?;
            for blob in blobs.iter().filter(|blob| !blob.is_empty()) {
                self.app.blobs.delete(blob).await?;
            }
            if blobs.is_empty() || !self.goes_on().await? {
                break;
            }
        }
        gone.feedback += self
            .rows(
                "DELETE FROM feedback WHERE id IN (SELECT id FROM feedback WHERE project_id = $1 AND received_at < $2
                    ORDER BY received_at LIMIT $3)",
                project,
                cutoff,
            )
            .await?;
        self.rows(
            "DELETE FROM project_hours WHERE (project_id, hour, category, outcome) IN (
                SELECT project_id, hour, category, outcome FROM project_hours WHERE project_id = $1 AND hour < $2 LIMIT $3)",
            project,
            cutoff.div_euclid(HOUR_MS),
        )
        .await?;
        while performance::remove_before(database, project, cutoff, ROWS).await? > 0 && self.goes_on().await? {}
        while performance::remove_health_before(database, project, cutoff, ROWS).await? > 0 && self.goes_on().await? {}
        Ok(gone)
    }

    async fn texts(&self, text: &'static str, project: i64, until: i64) -> Result<Vec<String>, Error> {
        sqlx::query_scalar(text)
            .bind(project)
            .bind(until)
            .bind(ROWS)
            .fetch_all(&self.app.database.write)
            .await
            .or_failed(OPERATION)
    }

    async fn rows(&self, text: &'static str, project: i64, until: i64) -> Result<u64, Error> {
        let mut gone = 0;
        loop {
            let done = sqlx::query(text)
                .bind(project)
                .bind(until)
                .bind(ROWS)
                .execute(&self.app.database.write)
                .await
                .or_failed(OPERATION)?
                .rows_affected();
            gone += done;
            if done == 0 || !self.goes_on().await? {
                return Ok(gone);
            }
        }
    }

    /// Removes a project that was given up: what is many first, in small steps, then whatever names it.
    async fn given_up(&self, project: i64, asked_at: i64) -> Result<Gone, Error> {
        let database = &self.app.database;
        let mut gone = self.events(project, i64::MAX, i64::MAX).await?;
        gone.add(self.beside(project, i64::MAX / 2).await?);
        if !self.goes_on().await? {
            return Ok(gone);
        }
        // What the digest had in hand may have come meanwhile: the row stays until that is over.
        let is_over = self.now > asked_at + UNDER_WAY_MS;
        for table in tables_of_projects(database).await? {
            let text = format!("DELETE FROM {table} WHERE project_id = $1");
            sqlx::query(AssertSqlSafe(text))
                .bind(project)
                .execute(&database.write)
                .await
                .or_failed(OPERATION)?;
        }
        if is_over {
            for text in [
                "DELETE FROM projects WHERE id = $1",
                "DELETE FROM deletions WHERE project_id = $1",
            ] {
                sqlx::query(text)
                    .bind(project)
                    .execute(&database.write)
                    .await
                    .or_failed(OPERATION)?;
            }
            tracing::info!(project, "a project that was given up is gone");
        }
        Ok(gone)
    }
}

/// Every table with a column for the project, but for the one that says that it is given up.
async fn tables_of_projects(database: &Database) -> Result<Vec<String>, Error> {
    let text = match database.dialect {
        Dialect::Sqlite => {
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'project_id'
             WHERE m.type = 'table' AND m.name <> 'deletions' ORDER BY m.name"
        }
        Dialect::Postgres => {
            "SELECT CAST(c.table_name AS TEXT) FROM information_schema.columns c
             JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
             WHERE c.table_schema = current_schema() AND c.column_name = 'project_id' AND t.table_type = 'BASE TABLE'
             AND c.table_name <> 'deletions' ORDER BY 1"
        }
    };
    sqlx::query_scalar(text)
        .fetch_all(&database.read)
        .await
        .or_failed(OPERATION)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[tokio::test]
    async fn files_that_no_row_names_go_once_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).await.unwrap();
        let named = blobs.put_attachment(Bytes::from_static(b"named")).await.unwrap();
        let unnamed = blobs
            .put_attachment(Bytes::from_static(b"of a deleted issue"))
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO attachments (project_id, event_id, name, kind, size_bytes, sha256, received_at)
             VALUES (1, 'e', 'a', 'event.attachment', 5, $1, 0)",
        )
        .bind(&named)
        .execute(&database.write)
        .await
        .unwrap();

        let now = now_ms();
        assert_eq!(
            remove_unnamed(&database, &blobs, now).await.unwrap(),
            0,
            "they are young"
        );
        assert_eq!(remove_unnamed(&database, &blobs, now + 2 * HOUR_MS).await.unwrap(), 1);
        assert!(blobs.attachment(&named).await.is_ok());
        assert!(blobs.attachment(&unnamed).await.is_err());
    }
}
