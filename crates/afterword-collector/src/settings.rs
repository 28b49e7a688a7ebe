//! What a project has chosen, by name, as JSON: kept apart from its row, so that a choice more needs no migration.
//!
//! Project 0 is for all projects: what one has not chosen itself comes from there, and else from the program.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::{Error, now_ms};

/// For all projects.
pub(crate) const ALL_PROJECTS: i64 = 0;

/// The longest value, in bytes of JSON.
pub(crate) const MAX_VALUE_BYTES: usize = 64 << 10;

/// What a project has chosen under this name, else what is chosen for all, else `None`. What cannot be read counts as not
/// chosen, and is logged.
pub(crate) async fn get<T: DeserializeOwned>(
    database: &Database,
    project_id: i64,
    name: &str,
) -> Result<Option<T>, Error> {
    let value: Option<String> = sqlx::query_scalar(
        "SELECT value FROM settings WHERE project_id IN ($1, $2) AND name = $3 ORDER BY project_id DESC LIMIT 1",
    )
    .bind(project_id)
    .bind(ALL_PROJECTS)
    .bind(name)
    .fetch_optional(&database.read)
    .await
    .or_failed("read a setting")?;
    Ok(value.and_then(|value| match serde_json::from_str(&value) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!(project_id, name, error = chain(&error), "a setting cannot be read");
            None
        }
    }))
}

/// Keeps a choice, in place of the one before.
pub(crate) async fn set<T: Serialize>(
    database: &Database,
    project_id: i64,
    name: &str,
    value: &T,
) -> Result<(), Error> {
    let value = serde_json::to_string(value).map_err(|source| Error::Setting {
        name: name.to_owned(),
        source,
    })?;
    sqlx::query(
        "INSERT INTO settings (project_id, name, value, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at",
    )
    .bind(project_id)
    .bind(name)
    .bind(value)
    .bind(now_ms())
    .execute(&database.write)
    .await
    .or_failed("keep a setting")?;
    Ok(())
}

/// Forgets a choice.
pub(crate) async fn remove(database: &Database, project_id: i64, name: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM settings WHERE project_id = $1 AND name = $2")
        .bind(project_id)
        .bind(name)
        .execute(&database.write)
        .await
        .or_failed("forget a setting")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_projects_choice_goes_before_that_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let days = |project| {
            let database = &database;
            async move { get::<i64>(database, project, "days").await.unwrap() }
        };
        assert_eq!(days(7).await, None);
        set(&database, ALL_PROJECTS, "days", &90).await.unwrap();
        set(&database, 7, "days", &30).await.unwrap();
        set(&database, 7, "days", &31).await.unwrap();
        assert_eq!((days(7).await, days(8).await), (Some(31), Some(90)));
        remove(&database, 7, "days").await.unwrap();
        assert_eq!(days(7).await, Some(90));
        set(&database, 7, "days", &"many").await.unwrap();
        assert_eq!(days(7).await, None, "what cannot be read is no choice");
    }
}
