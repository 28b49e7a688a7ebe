//! Keys of projects: what a DSN carries. Public, since it is in every shipped application; one that is abused is rotated.

use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

use crate::Error;
use crate::database::Database;
use crate::error::OrFailed as _;

/// Keys of a project, at most.
pub(crate) const MAX_KEYS: i64 = 100;

/// A key.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Key {
    pub(crate) project_id: i64,
    pub(crate) public_key: String,
    pub(crate) label: String,
    /// 1: lets events in.
    pub(crate) enabled: i64,
    /// So many events …
    pub(crate) quota_events: Option<i64>,
    /// … in so many seconds.
    pub(crate) quota_window_s: Option<i64>,
    pub(crate) created_at: i64,
}

/// The keys of a project, the oldest first.
pub(crate) async fn list(database: &Database, project_id: i64) -> Result<Vec<Key>, Error> {
    sqlx::query_as(
        "SELECT project_id, public_key, label, enabled, quota_events, quota_window_s, created_at
         FROM project_keys WHERE project_id = $1 ORDER BY id LIMIT $2",
    )
    .bind(project_id)
    .bind(MAX_KEYS)
    .fetch_all(&database.read)
    .await
    .or_failed("list keys")
}

/// A key of a project.
pub(crate) async fn get(database: &Database, project_id: i64, public_key: &str) -> Result<Option<Key>, Error> {
    let keys = list(database, project_id).await?;
    Ok(keys.into_iter().find(|key| key.public_key == public_key))
}

/// Makes a key; returns it.
pub(crate) async fn make(
    connection: &mut AnyConnection,
    project_id: i64,
    label: &str,
    quota: Option<(i64, i64)>,
    now: i64,
) -> Result<Key, Error> {
    sqlx::query_as(
        "INSERT INTO project_keys (project_id, public_key, label, quota_events, quota_window_s, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING project_id, public_key, label, enabled, quota_events, quota_window_s, created_at",
    )
    .bind(project_id)
    .bind(Uuid::new_v4().simple().to_string())
    .bind(label)
    .bind(quota.map(|(events, _)| events))
    .bind(quota.map(|(_, window_s)| window_s))
    .bind(now)
    .fetch_one(connection)
    .await
    .or_failed("make a key")
}

/// Writes what can be changed of a key.
pub(crate) async fn change(connection: &mut AnyConnection, key: &Key) -> Result<(), Error> {
    sqlx::query(
        "UPDATE project_keys SET label = $1, enabled = $2, quota_events = $3, quota_window_s = $4
         WHERE project_id = $5 AND public_key = $6",
    )
    .bind(&key.label)
    .bind(key.enabled)
    .bind(key.quota_events)
    .bind(key.quota_window_s)
    .bind(key.project_id)
    .bind(&key.public_key)
    .execute(connection)
    .await
    .or_failed("change a key")?;
    Ok(())
}

/// Removes a key. What comes with it is refused from now on.
pub(crate) async fn remove(database: &Database, project_id: i64, public_key: &str) -> Result<bool, Error> {
    let removed = sqlx::query("DELETE FROM project_keys WHERE project_id = $1 AND public_key = $2")
        .bind(project_id)
        .bind(public_key)
        .execute(&database.write)
        .await
        .or_failed("remove a key")?;
    Ok(removed.rows_affected() > 0)
}

/// A new key with label and quota of an old one, which is disabled: what is shipped with the old one is refused.
pub(crate) async fn rotate(database: &Database, old: &Key, now: i64) -> Result<Key, Error> {
    let operation = "rotate a key";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let quota = old.quota_events.zip(old.quota_window_s);
    let new = make(&mut transaction, old.project_id, &old.label, quota, now).await?;
    let disabled = Key {
        enabled: 0,
        ..old.clone()
    };
    change(&mut transaction, &disabled).await?;
    transaction.commit().await.or_failed(operation)?;
    Ok(new)
}
