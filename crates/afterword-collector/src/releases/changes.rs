//! Making and changing releases, their commits and their deploys.

use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::Release;
use crate::Error;
use crate::database::{Database, chunks, placeholders};
use crate::error::OrFailed as _;
use crate::issues::next_release;

/// What a request says of a release; what it does not say stays as it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// Projects that it is in from now on.
    pub(crate) projects: Vec<i64>,
    pub(crate) status: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) url: Option<String>,
    /// Milliseconds since 1970, as the next.
    pub(crate) started_at: Option<i64>,
    pub(crate) released_at: Option<i64>,
    /// In the place of those that it has, the newest first.
    pub(crate) commits: Option<Vec<Commit>>,
}

/// A change of the code.
#[derive(Debug, Clone, Default, FromRow)]
pub(crate) struct Commit {
    #[sqlx(rename = "commit_id")]
    pub(crate) id: String,
    pub(crate) repository: Option<String>,
    pub(crate) author_name: Option<String>,
    pub(crate) author_email: Option<String>,
    pub(crate) message: Option<String>,
    /// How many files it changed.
    pub(crate) files: i64,
    /// Milliseconds since 1970.
    pub(crate) at: Option<i64>,
}

/// A release that went somewhere.
#[derive(Debug, Clone, Default, FromRow)]
pub(crate) struct Deploy {
    pub(crate) id: i64,
    pub(crate) release_id: i64,
    pub(crate) environment: String,
    pub(crate) name: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) started_at: Option<i64>,
    pub(crate) finished_at: i64,
}

/// Makes a release, or changes it if it is there. `true`: it was made.
pub(crate) async fn put(
    database: &Database,
    organization_id: i64,
    version: &str,
    said: &Said,
    now: i64,
) -> Result<(Release, bool), Error> {
    let operation = "write a release";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let made = sqlx::query(
        "INSERT INTO releases (organization_id, version, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(organization_id)
    .bind(version)
    .bind(now)
    .execute(&mut *transaction)
    .await
    .or_failed(operation)?;
    let release: Release = sqlx::query_as(
        "UPDATE releases SET status = COALESCE($1, status), ref = COALESCE($2, ref), url = COALESCE($3, url),
            started_at = COALESCE($4, started_at), released_at = COALESCE($5, released_at)
         WHERE organization_id = $6 AND version = $7
         RETURNING id, version, status, ref, url, created_at, started_at, released_at",
    )
    .bind(said.status.as_deref())
    .bind(said.reference.as_deref())
    .bind(said.url.as_deref())
    .bind(said.started_at)
    .bind(said.released_at)
    .bind(organization_id)
    .bind(version)
    .fetch_one(&mut *transaction)
    .await
    .or_failed(operation)?;
    for project_id in &said.projects {
        let is_new =
            sqlx::query("INSERT INTO release_projects (release_id, project_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(release.id)
                .bind(project_id)
                .execute(&mut *transaction)
                .await
                .or_failed(operation)?;
        if is_new.rows_affected() > 0 {
            next_release::appeared(&mut transaction, *project_id, &[version], now).await?;
        }
    }
    if let Some(commits) = &said.commits {
        set_commits(&mut transaction, release.id, commits).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    Ok((release, made.rows_affected() > 0))
}

async fn set_commits(connection: &mut AnyConnection, release_id: i64, commits: &[Commit]) -> Result<(), Error> {
    const COLUMNS: usize = 9;
    let operation = "write commits";
    sqlx::query("DELETE FROM release_commits WHERE release_id = $1")
        .bind(release_id)
        .execute(&mut *connection)
        .await
        .or_failed(operation)?;
    let commits: Vec<(i64, &Commit)> = (0..).zip(commits).collect();
    for rows in chunks(&commits, COLUMNS) {
        let text = format!(
            "INSERT INTO release_commits (release_id, position, commit_id, repository, author_name, author_email, message,
                files, at) VALUES {}",
            placeholders(connection, rows.len(), COLUMNS)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (position, commit) in rows {
            query = query
                .bind(release_id)
                .bind(*position)
                .bind(&commit.id)
                .bind(commit.repository.as_deref())
                .bind(commit.author_name.as_deref())
                .bind(commit.author_email.as_deref())
                .bind(commit.message.as_deref())
                .bind(commit.files)
                .bind(commit.at);
        }
        query.execute(&mut *connection).await.or_failed(operation)?;
    }
    Ok(())
}

/// Removes a release with its commits and deploys, unless something came from it: an event, a session or a transaction
/// names it then. `false`: it stays.
pub(crate) async fn delete(database: &Database, release: &Release) -> Result<bool, Error> {
    let operation = "remove a release";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    // First, so that the digest waits for the end of this, or this for the end of the digest.
    let seen: Vec<i64> = sqlx::query_scalar(
        "UPDATE release_projects SET events = events WHERE release_id = $1 AND first_seen IS NOT NULL RETURNING project_id",
    )
    .bind(release.id)
    .fetch_all(&mut *transaction)
    .await
    .or_failed(operation)?;
    if !seen.is_empty() {
        return Ok(false);
    }
    for text in [
        "DELETE FROM release_projects WHERE release_id = $1",
        "DELETE FROM release_commits WHERE release_id = $1",
        "DELETE FROM deploys WHERE release_id = $1",
        "DELETE FROM releases WHERE id = $1",
    ] {
        sqlx::query(text)
            .bind(release.id)
            .execute(&mut *transaction)
            .await
            .or_failed(operation)?;
    }
    transaction.commit().await.or_failed(operation)?;
    Ok(true)
}

/// Notes that a release went somewhere. Returns it with its id.
pub(crate) async fn deploy(database: &Database, deploy: Deploy, now: i64) -> Result<Deploy, Error> {
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO deploys (release_id, environment, name, url, started_at, finished_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(deploy.release_id)
    .bind(&deploy.environment)
    .bind(deploy.name.as_deref())
    .bind(deploy.url.as_deref())
    .bind(deploy.started_at)
    .bind(deploy.finished_at)
    .bind(now)
    .fetch_one(&database.write)
    .await
    .or_failed("write a deploy")?;
    Ok(Deploy { id, ..deploy })
}

/// How many deploys a release has.
pub(crate) async fn deploys_count(database: &Database, release: &Release) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM deploys WHERE release_id = $1")
        .bind(release.id)
        .fetch_one(&database.read)
        .await
        .or_failed("count deploys")
}

/// The deploys of a release, the newest first.
pub(crate) async fn deploys(
    database: &Database,
    release: &Release,
    offset: i64,
    most: i64,
) -> Result<Vec<Deploy>, Error> {
    sqlx::query_as(
        "SELECT id, release_id, environment, name, url, started_at, finished_at FROM deploys WHERE release_id = $1
         ORDER BY finished_at DESC, id DESC LIMIT $2 OFFSET $3",
    )
    .bind(release.id)
    .bind(most)
    .bind(offset)
    .fetch_all(&database.read)
    .await
    .or_failed("list deploys")
}

/// How many changes of files the commits of a release say.
pub(crate) async fn files_changed(database: &Database, release: &Release) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT CAST(COALESCE(SUM(files), 0) AS BIGINT) FROM release_commits WHERE release_id = $1")
        .bind(release.id)
        .fetch_one(&database.read)
        .await
        .or_failed("count changed files")
}

/// The commits of a release, the newest first.
pub(crate) async fn commits(
    database: &Database,
    release: &Release,
    offset: i64,
    most: i64,
) -> Result<Vec<Commit>, Error> {
    sqlx::query_as(
        "SELECT commit_id, repository, author_name, author_email, message, files, at FROM release_commits
         WHERE release_id = $1 ORDER BY position LIMIT $2 OFFSET $3",
    )
    .bind(release.id)
    .bind(most)
    .bind(offset)
    .fetch_all(&database.read)
    .await
    .or_failed("list commits")
}
