//! Releases: versions of what is developed here. Known by first sight (see the digest) or by the API, of an organisation,
//! and in one or several of its projects; with what went into them (commits) and where they went (deploys).

pub(crate) mod brought;
pub(crate) mod changes;
pub(crate) mod days;
pub(crate) mod order;
pub(crate) mod summary;

use sqlx::FromRow;

use crate::Error;
use crate::database::{Database, Query};
use crate::error::OrFailed as _;

/// The longest version, in characters; Sentry's bound.
pub(crate) const MAX_VERSION_CHARS: usize = 250;

/// A release.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Release {
    pub(crate) id: i64,
    pub(crate) version: String,
    /// `open` or `archived`.
    pub(crate) status: String,
    #[sqlx(rename = "ref")]
    pub(crate) reference: Option<String>,
    pub(crate) url: Option<String>,
    /// This and the next two: milliseconds since 1970.
    pub(crate) created_at: i64,
    pub(crate) started_at: Option<i64>,
    /// It is finalised.
    pub(crate) released_at: Option<i64>,
}

/// What a list of releases is to hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Of these projects; of all if empty.
    pub(crate) projects: Vec<i64>,
    /// In these environments deployed or seen is not asked: the text is a part of the version, without case.
    pub(crate) part: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) offset: i64,
    pub(crate) most: i64,
}

/// Whether a text can be a version: not empty, not a step in a path, nothing that is not shown, and not too long.
pub(crate) fn is_version(text: &str) -> bool {
    let known = text.trim();
    !known.is_empty()
        && known == text
        && ![".", "..", "latest"].contains(&known)
        && text.chars().count() <= MAX_VERSION_CHARS
        && !text.chars().any(char::is_control)
}

/// Releases of an organisation, or of all whose projects are wanted, the newest (by release, else by creation) first.
pub(crate) async fn list(
    database: &Database,
    organization_id: Option<i64>,
    wanted: &Wanted,
) -> Result<Vec<Release>, Error> {
    let mut query =
        Query::new("SELECT id, version, status, ref, url, created_at, started_at, released_at FROM releases WHERE ");
    match organization_id {
        Some(organization_id) => query.push("organization_id = ").bind(organization_id),
        None => query.push("1 = 1"),
    };
    if !wanted.projects.is_empty() {
        query.push(" AND id IN (SELECT release_id FROM release_projects WHERE ");
        query.bind_in("project_id", wanted.projects.iter().copied()).push(")");
    }
    if let Some(part) = &wanted.part {
        let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query
            .push(" AND LOWER(version) LIKE LOWER(")
            .bind(format!("%{escaped}%"))
            .push(") ESCAPE '\\'");
    }
    if let Some(status) = &wanted.status {
        query.push(" AND status = ").bind(status.as_str());
    }
    query
        .push(" ORDER BY COALESCE(released_at, created_at) DESC, id DESC LIMIT ")
        .bind(wanted.most);
    query.push(" OFFSET ").bind(wanted.offset);
    query.fetch_all(&database.read, "list releases").await
}

/// A release by its version. `project_id`: only if it is in that project.
pub(crate) async fn find(
    database: &Database,
    organization_id: i64,
    version: &str,
    project_id: Option<i64>,
) -> Result<Option<Release>, Error> {
    let mut query = Query::new(
        "SELECT id, version, status, ref, url, created_at, started_at, released_at FROM releases WHERE organization_id = ",
    );
    query.bind(organization_id).push(" AND version = ").bind(version);
    if let Some(project_id) = project_id {
        query.push(" AND id IN (SELECT release_id FROM release_projects WHERE project_id = ");
        query.bind(project_id).push(")");
    }
    let found: Vec<Release> = query.fetch_all(&database.read, "read a release").await?;
    Ok(found.into_iter().next())
}

/// The newest release before this one that has commits and is in one of its projects.
pub(crate) async fn previous_with_commits(database: &Database, release: &Release) -> Result<Option<Release>, Error> {
    sqlx::query_as(
        "SELECT id, version, status, ref, url, created_at, started_at, released_at FROM releases
         WHERE id <> $1 AND created_at <= $2 AND EXISTS (SELECT 1 FROM release_commits WHERE release_id = releases.id)
            AND EXISTS (SELECT 1 FROM release_projects AS ours JOIN release_projects AS theirs
                ON theirs.project_id = ours.project_id WHERE ours.release_id = releases.id AND theirs.release_id = $1)
         ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(release.id)
    .bind(release.created_at)
    .fetch_optional(&database.read)
    .await
    .or_failed("find the release before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_names_that_can_be_shown_and_asked_for() {
        for good in ["1", "editor@1.4.0+17", "a/b", "2.0 rc 1", "ä", &"x".repeat(250)] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "",
            " ",
            ".",
            "..",
            "latest",
            " 1",
            "1 ",
            "a\nb",
            "a\tb",
            "a\0",
            &"x".repeat(251),
        ] {
            assert!(!is_version(bad), "{bad:?}");
        }
    }
}
