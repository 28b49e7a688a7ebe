//! What happens to issues without an event: the time they were ignored for is over, what is new is no longer, and moves that
//! were begun are finished.

use std::time::Duration;

use sqlx::AnyConnection;
use tokio::sync::watch;

use serde_json::json;

use super::{activity, moves};
use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::{Error, now_ms};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(30);

/// After so long an issue is no longer new, nor is that it came back.
const SETTLED_MS: i64 = 7 * 86_400_000;

/// So many issues in one transaction.
const PIECE: i64 = 200;

/// Looks from time to time, until `stop` says so.
pub(crate) async fn run(database: Database, mut stop: watch::Receiver<bool>) {
    let mut looks: u32 = 0;
    while !*stop.borrow() {
        let look = async {
            while !*stop.borrow() && moves::piece(&database).await?.is_some() {}
            look(&database, looks.is_multiple_of(120), now_ms()).await
        };
        if let Err(error) = look.await {
            tracing::error!(error = chain(&error), "could not look after issues");
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Looks once; `settle`: also for what is no longer new, which takes a look at all issues.
async fn look(database: &Database, settle: bool, now: i64) -> Result<(), Error> {
    wake(database, now).await?;
    if settle {
        settle_all(database, now).await?;
    }
    Ok(())
}

/// Opens ignored issues whose time is over.
async fn wake(database: &Database, now: i64) -> Result<(), Error> {
    let operation = "open issues whose time is over";
    loop {
        let due: Vec<i64> = sqlx::query_scalar("SELECT issue_id FROM issue_waits WHERE until <= $1 LIMIT $2")
            .bind(now)
            .bind(PIECE)
            .fetch_all(&database.read)
            .await
            .or_failed(operation)?;
        if due.is_empty() {
            return Ok(());
        }
        let mut transaction = database.write.begin().await.or_failed(operation)?;
        for issue_id in due {
            wake_one(&mut transaction, issue_id, now).await?;
        }
        transaction.commit().await.or_failed(operation)?;
    }
}

async fn wake_one(connection: &mut AnyConnection, issue_id: i64, now: i64) -> Result<(), Error> {
    let operation = "open an issue whose time is over";
    // Whoever deletes the row opens the issue: others may look at the same time.
    let waits = sqlx::query("DELETE FROM issue_waits WHERE issue_id = $1 AND until <= $2")
        .bind(issue_id)
        .bind(now)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    if waits.rows_affected() == 0 {
        return Ok(());
    }
    let opened = sqlx::query(
        "UPDATE issues SET status = 'unresolved', substatus = 'ongoing', status_at = $1, status_detail = NULL
         WHERE id = $2 AND status = 'ignored'",
    )
    .bind(now)
    .bind(issue_id)
    .execute(&mut *connection)
    .await
    .or_failed(operation)?;
    if opened.rows_affected() > 0 {
        let new = activity::New {
            issue_id,
            kind: "set_unresolved",
            actor: None,
            detail: json!({ "because": "time" }),
            at: now,
        };
        activity::note(connection, new).await?;
    }
    Ok(())
}

async fn settle_all(database: &Database, now: i64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE issues SET substatus = 'ongoing' WHERE status = 'unresolved'
         AND ((substatus = 'new' AND first_seen < $1) OR (substatus IN ('regressed', 'escalating') AND status_at < $1))",
    )
    .bind(now.saturating_sub(SETTLED_MS))
    .execute(&database.write)
    .await
    .or_failed("let issues settle")?;
    Ok(())
}
