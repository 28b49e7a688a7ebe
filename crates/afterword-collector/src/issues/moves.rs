//! Events that go to another issue, or out, some at a time. Counts are right before the first of them goes; until the last
//! has gone, a row names an issue that is no more its own. A move that was begun is finished, by another collector or after
//! the next start if need be.

use sqlx::AnyConnection;

use super::remove;
use crate::Error;
use crate::database::{Database, Dialect, Query};
use crate::error::OrFailed as _;

/// So many events go in one transaction.
const PIECE: i64 = 500;

/// Begins a move of the events whose rows name `from`, of one group or, with 0, of all; to another issue, or out.
pub(super) async fn begin(
    connection: &mut AnyConnection,
    from: i64,
    group_id: i64,
    to: Option<i64>,
) -> Result<(), Error> {
    let operation = "begin to move events";
    // Those that are on their way to it go where it goes.
    let mut query = Query::new("UPDATE issue_moves SET to_id = ");
    if group_id == 0 {
        query.bind(to).push(" WHERE to_id = ").bind(from);
        query.execute_on(connection, operation).await?;
    }
    sqlx::query("INSERT INTO issue_moves (from_id, group_id, to_id) VALUES ($1, $2, $3)")
        .bind(from)
        .bind(group_id)
        .bind(to)
        .execute(connection)
        .await
        .or_failed(operation)?;
    Ok(())
}

/// Finishes all moves that were begun. Returns how many events went.
pub(crate) async fn finish(database: &Database) -> Result<u64, Error> {
    let mut went = 0;
    while let Some(piece) = piece(database).await? {
        went += piece;
    }
    Ok(went)
}

/// Moves some events; `None` if there is nothing to move.
pub(super) async fn piece(database: &Database) -> Result<Option<u64>, Error> {
    let operation = "move events";
    let open: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM issue_moves")
        .fetch_one(&database.read)
        .await
        .or_failed(operation)?;
    if open == 0 {
        return Ok(None);
    }
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let mut query = Query::new("SELECT id, from_id, group_id, to_id FROM issue_moves ORDER BY id LIMIT 1");
    if database.dialect == Dialect::Postgres {
        // One collector after the other.
        query.push(" FOR UPDATE");
    }
    let rows: Vec<(i64, i64, i64, Option<i64>)> = query.fetch_all_on(&mut transaction, operation).await?;
    let Some(&(id, from, group_id, to)) = rows.first() else {
        // Another has finished it meanwhile; there may be more.
        return Ok(Some(0));
    };
    let mut query = Query::new("SELECT id FROM events WHERE issue_id = ");
    query.bind(from);
    if group_id != 0 {
        query.push(" AND group_id = ").bind(group_id);
    }
    query.push(" ORDER BY occurred_at LIMIT ").bind(PIECE);
    let rows: Vec<(i64,)> = query.fetch_all_on(&mut transaction, operation).await?;
    let rows: Vec<i64> = rows.into_iter().map(|(row,)| row).collect();
    if rows.is_empty() {
        if to.is_none() {
            remove::last(&mut transaction, from).await?;
        }
        sqlx::query("DELETE FROM issue_moves WHERE id = $1")
            .bind(id)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
    } else if let Some(to) = to {
        let mut query = Query::new("UPDATE events SET issue_id = ");
        query.bind(to).push(" WHERE ").bind_in("id", rows.iter().copied());
        query.execute_on(&mut transaction, operation).await?;
    } else {
        remove::events(&mut transaction, from, &rows).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    Ok(Some(rows.len() as u64))
}
