//! Organisations and projects as the API lists and changes them.

use sqlx::{AnyConnection, FromRow};

use super::{check_slug, key};
use crate::database::{Database, Query};
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// The most rows of a list.
const MAX_ROWS: i64 = 1000;

/// An organisation.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Organization {
    pub(crate) id: i64,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) created_at: i64,
}

/// A project and the organisation it is of.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Project {
    pub(crate) id: i64,
    pub(crate) organization_id: i64,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) platform: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) organization_slug: String,
    pub(crate) organization_name: String,
}

/// What can be changed of a project, or is said of a new one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change<'a> {
    pub(crate) slug: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) platform: Option<&'a str>,
}

const PROJECTS: &str =
    "SELECT projects.id, organization_id, projects.slug, projects.name, platform, projects.created_at,
        organizations.slug AS organization_slug, organizations.name AS organization_name
     FROM projects JOIN organizations ON organizations.id = organization_id
     WHERE projects.id NOT IN (SELECT project_id FROM deletions)";

/// Organisations, by name; `only` of these, if it is given.
pub(crate) async fn organizations(database: &Database, only: Option<&[i64]>) -> Result<Vec<Organization>, Error> {
    let mut query = Query::new("SELECT id, slug, name, created_at FROM organizations WHERE ");
    match only {
        Some(ids) => query.bind_in("id", ids.iter().copied()),
        None => query.push("1 = 1"),
    };
    query.push(" ORDER BY slug LIMIT ").bind(MAX_ROWS);
    query.fetch_all(&database.read, "list organisations").await
}

/// Projects, by organisation and name; `only` of these organisations, if it is given.
pub(crate) async fn projects(database: &Database, only: Option<&[i64]>) -> Result<Vec<Project>, Error> {
    let mut query = Query::new(PROJECTS);
    if let Some(ids) = only {
        query.push(" AND ").bind_in("organization_id", ids.iter().copied());
    }
    query
        .push(" ORDER BY organizations.slug, projects.slug LIMIT ")
        .bind(MAX_ROWS);
    query.fetch_all(&database.read, "list projects").await
}

/// One project.
pub(crate) async fn project(database: &Database, id: i64) -> Result<Option<Project>, Error> {
    let mut query = Query::new(PROJECTS);
    query.push(" AND projects.id = ").bind(id);
    Ok(query.fetch_all(&database.read, "look up a project").await?.pop())
}

/// Makes an organisation unless it is there.
pub(crate) async fn make_organization(connection: &mut AnyConnection, slug: &str, now: i64) -> Result<i64, Error> {
    check_slug("an organisation", slug)?;
    sqlx::query_scalar(
        "INSERT INTO organizations (slug, created_at) VALUES ($1, $2)
         ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING id",
    )
    .bind(slug)
    .bind(now)
    .fetch_one(connection)
    .await
    .or_failed("make an organisation")
}

/// Changes the name of an organisation that people read.
pub(crate) async fn rename_organization(database: &Database, id: i64, name: &str) -> Result<(), Error> {
    sqlx::query("UPDATE organizations SET name = $1 WHERE id = $2")
        .bind(name)
        .bind(id)
        .execute(&database.write)
        .await
        .or_failed("change an organisation")?;
    Ok(())
}

/// Makes a project with a key; `None` if there is one of this name.
pub(crate) async fn make(
    database: &Database,
    organization_id: i64,
    slug: &str,
    change: &Change<'_>,
) -> Result<Option<i64>, Error> {
    check_slug("a project", slug)?;
    let operation = "make a project";
    let now = now_ms();
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let made: Option<i64> = sqlx::query_scalar(
        "INSERT INTO projects (organization_id, slug, name, platform, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organization_id, slug) DO NOTHING RETURNING id",
    )
    .bind(organization_id)
    .bind(slug)
    .bind(change.name.unwrap_or(""))
    .bind(change.platform)
    .bind(now)
    .fetch_optional(&mut *transaction)
    .await
    .or_failed(operation)?;
    let Some(id) = made else {
        return Ok(None);
    };
    key(&mut transaction, id, now).await?;
    transaction.commit().await.or_failed(operation)?;
    Ok(Some(id))
}

/// Changes a project. `false` if another one of its organisation has the new name.
pub(crate) async fn change(database: &Database, project: &Project, change: &Change<'_>) -> Result<bool, Error> {
    let operation = "change a project";
    let slug = change.slug.unwrap_or(&project.slug);
    check_slug("a project", slug)?;
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let taken: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM projects WHERE organization_id = $1 AND slug = $2 AND id <> $3")
            .bind(project.organization_id)
            .bind(slug)
            .bind(project.id)
            .fetch_one(&mut *transaction)
            .await
            .or_failed(operation)?;
    if taken > 0 {
        return Ok(false);
    }
    sqlx::query("UPDATE projects SET slug = $1, name = $2, platform = $3 WHERE id = $4")
        .bind(slug)
        .bind(change.name.unwrap_or(&project.name))
        .bind(change.platform.or(project.platform.as_deref()))
        .bind(project.id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    transaction.commit().await.or_failed(operation)?;
    Ok(true)
}

/// Gives a project up: its keys open nothing from now on, its name is free, nobody sees it; its rows go with the next round
/// of retention.
pub(crate) async fn give_up(database: &Database, project_id: i64, now: i64) -> Result<(), Error> {
    let operation = "delete a project";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    sqlx::query("INSERT INTO deletions (project_id, asked_at) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(project_id)
        .bind(now)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    sqlx::query("DELETE FROM project_keys WHERE project_id = $1")
        .bind(project_id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    // No name that anything else could have: those begin with a letter or digit.
    sqlx::query("UPDATE projects SET slug = $1 WHERE id = $2")
        .bind(format!("-deleted-{project_id}"))
        .bind(project_id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    transaction.commit().await.or_failed(operation)
}
