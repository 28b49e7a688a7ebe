//! The epoch of what collectors remember of the database (ids of tags, who is counted for an issue): it ends when such rows
//! are removed.
//!
//! Whoever writes events holds the epoch within the transaction that writes, and forgets what it remembers of another one.
//! Whoever removes rows locks it first, so that with PostgreSQL nobody writes meanwhile; with SQLite nobody does anyway.

use sqlx::AnyConnection;

use crate::Error;
use crate::database::Dialect;
use crate::error::OrFailed as _;

/// The epoch, which stays until the transaction ends.
pub(crate) async fn hold(connection: &mut AnyConnection, dialect: Dialect) -> Result<i64, Error> {
    let statement = match dialect {
        Dialect::Sqlite => "SELECT epoch FROM epochs WHERE id = 1",
        Dialect::Postgres => "SELECT epoch FROM epochs WHERE id = 1 FOR SHARE",
    };
    sqlx::query_scalar(statement)
        .fetch_one(connection)
        .await
        .or_failed("look up the epoch")
}

/// Waits until nobody holds it, and keeps others from it until the transaction ends.
pub(super) async fn lock(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), Error> {
    if dialect == Dialect::Postgres {
        sqlx::query_scalar::<_, i64>("SELECT epoch FROM epochs WHERE id = 1 FOR UPDATE")
            .fetch_one(connection)
            .await
            .or_failed("lock the epoch")?;
    }
    Ok(())
}

/// Begins another one.
pub(super) async fn end(connection: &mut AnyConnection) -> Result<(), Error> {
    sqlx::query("UPDATE epochs SET epoch = epoch + 1 WHERE id = 1")
        .execute(connection)
        .await
        .or_failed("end the epoch")?;
    Ok(())
}
