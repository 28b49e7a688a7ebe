//! Deleting what came from one person: events found by the user they name, with everything made of them; feedback by its
//! e-mail address; transactions and sessions by what stands for the person there.
//!
//! What waits in the inbox is digested first. What was set aside is not searched: it could not be read. Sums by the hour stay
//! where nobody can be told from them.

use std::time::{Duration, Instant};

use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::removing::{self, BATCH, COLUMNS, Going, Gone};
use crate::blobs::sha256_hex;
use crate::database::{Dialect, Query};
use crate::digest::index::{MAX_VALUE_CHARS, cut};
use crate::error::OrFailed as _;
use crate::pepper::Pepper;
use crate::performance::retention as performance;
use crate::{App, Error};

const OPERATION: &str = "delete what is of a person";

/// How long to wait for what was accepted before to be digested.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
const ROWS: i64 = 1000;

/// Who it is, in the words of the events: any of these.
#[derive(Debug, Clone, Default)]
pub(crate) struct Named {
    pub(crate) id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) ip_address: Option<String>,
}

/// What was deleted, and what could not be looked into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deleted {
    pub(crate) events: u64,
    pub(crate) issues: u64,
    pub(crate) attachments: u64,
    pub(crate) feedback: u64,
    pub(crate) transactions: u64,
    pub(crate) sessions: u64,
    /// Envelopes that wait, or were set aside, in the projects: not searched.
    pub(crate) waiting: i64,
    pub(crate) set_aside: i64,
}

impl Deleted {
    pub(super) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.issues += other.issues;
        self.attachments += other.attachments;
        self.feedback += other.feedback;
        self.transactions += other.transactions;
        self.sessions += other.sessions;
        self.waiting += other.waiting;
        self.set_aside += other.set_aside;
    }
}

impl Named {
    fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let names = [
            ("id", &self.id),
            ("email", &self.email),
            ("username", &self.username),
            ("ip_address", &self.ip_address),
        ];
        names
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// Deletes what is of a person in these projects.
pub(crate) async fn delete(app: &App, projects: &[i64], named: &Named) -> Result<Deleted, Error> {
    digested(app).await?;
    let pepper = Pepper::open(&app.database.write).await?;
    let mut deleted = Deleted::default();
    for project in projects {
        let mut gone = Gone::default();
        for (name, value) in named.names() {
            let user_key = sha256_hex(format!("{name}:{value}").as_bytes());
            while let batch = find(app, *project, name, value, &user_key).await?
                && !batch.is_empty()
            {
                gone.add(removing::remove(app, &batch).await?);
            }
            if name == "email" {
                gone.feedback += feedback(app, *project, value).await?;
            }
            loop {
                match performance::remove_user(&app.database, *project, &user_key, BATCH).await? {
                    0 => break,
                    some => deleted.transactions += some,
                }
            }
            let did = pepper.hash(value);
            loop {
                match performance::remove_person(&app.database, *project, &did, ROWS).await? {
                    0 => break,
                    some => deleted.sessions += some,
                }
            }
        }
        deleted.events += gone.events;
        deleted.issues += gone.issues;
        deleted.attachments += gone.attachments;
        deleted.feedback += gone.feedback;
    }
    deleted.waiting = count(app, "SELECT COUNT(*) FROM inbox WHERE ", projects).await?;
    deleted.set_aside = count(app, "SELECT COUNT(*) FROM set_aside WHERE ", projects).await?;
    if app.database.dialect == Dialect::Sqlite {
        // What is overwritten in the file is still in the log beside it.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_all(&app.database.write)
            .await
            .or_failed("bring the deletion into the file")?;
    }
    Ok(deleted)
}

/// Waits until what is in the inbox now is digested, for a bounded time.
async fn digested(app: &App) -> Result<(), Error> {
    let start = Instant::now();
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(id) FROM inbox")
        .fetch_one(&app.database.read)
        .await
        .or_failed(OPERATION)?;
    let Some(newest) = newest else {
        return Ok(());
    };
    loop {
        let waiting: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM inbox WHERE id <= $1")
            .bind(newest)
            .fetch_one(&app.database.read)
            .await
            .or_failed(OPERATION)?;
        if waiting == 0 || start.elapsed() > PATIENCE {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Events that name the person, some.
async fn find(app: &App, project: i64, name: &str, value: &str, user_key: &str) -> Result<Vec<Going>, Error> {
    let text = format!("SELECT {COLUMNS} FROM events WHERE user_key = $1 AND project_id = $2 LIMIT $3");
    let found: Vec<Going> = sqlx::query_as(AssertSqlSafe(text))
        .bind(user_key)
        .bind(project)
        .bind(BATCH)
        .fetch_all(&app.database.read)
        .await
        .or_failed(OPERATION)?;
    if !found.is_empty() {
        return Ok(found);
    }
    // Of an event that names an id and an address, only the id is in the key.
    let text = format!(
        "SELECT {COLUMNS} FROM tags JOIN event_tags ON tag_id = tags.id JOIN events ON events.id = event_row
         WHERE tags.project_id = $1 AND key = $2 AND value = $3 LIMIT $4"
    );
    sqlx::query_as(AssertSqlSafe(text))
        .bind(project)
        .bind(format!("user.{name}"))
        .bind(cut(value.trim(), MAX_VALUE_CHARS))
        .bind(BATCH)
        .fetch_all(&app.database.read)
        .await
        .or_failed(OPERATION)
}

async fn feedback(app: &App, project: i64, email: &str) -> Result<u64, Error> {
    let gone = sqlx::query("DELETE FROM feedback WHERE project_id = $1 AND LOWER(email) = LOWER($2)")
        .bind(project)
        .bind(email)
        .execute(&app.database.write)
        .await
        .or_failed(OPERATION)?;
    Ok(gone.rows_affected())
}

async fn count(app: &App, text: &str, projects: &[i64]) -> Result<i64, Error> {
    let mut query = Query::new(text);
    query.bind_in("project_id", projects.iter().copied());
    let rows: Vec<(i64,)> = query.fetch_all(&app.database.read, OPERATION).await?;
    Ok(rows.first().map_or(0, |(count,)| *count))
}
