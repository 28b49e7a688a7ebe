//! Organisations, projects and their keys. A key is public: it is in the DSN of every shipped application and only lets
//! events in.

pub(crate) mod keys;
mod list;

use sqlx::AnyConnection;
use uuid::Uuid;

use crate::access::{NewToken, token};
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

pub(crate) use list::{
    Change, Organization, Project, change, give_up, make, make_organization, organizations, project, projects,
    rename_organization,
};

/// How many tokens made by bootstrapping stay valid; the oldest above are revoked.
const BOOTSTRAP_TOKENS: i64 = 16;
const BOOTSTRAP_LABEL: &str = "bootstrap";

/// What bootstrapping made or found: what a DSN and the API need.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) project_id: i64,
    pub(crate) public_key: String,
    pub(crate) token: String,
}

/// Makes organisation, project and key unless they are there, and a new token: those made before stay valid, up to
/// [`BOOTSTRAP_TOKENS`].
pub(crate) async fn bootstrap(database: &Database, org: &str, project: &str) -> Result<Access, Error> {
    check_slug("a project", project)?;
    let operation = "make the project";
    let now = now_ms();
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let organization_id = make_organization(&mut transaction, org, now).await?;
    let project_id: i64 = sqlx::query_scalar(
        "INSERT INTO projects (organization_id, slug, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (organization_id, slug) DO UPDATE SET slug = excluded.slug RETURNING id",
    )
    .bind(organization_id)
    .bind(project)
    .bind(now)
    .fetch_one(&mut *transaction)
    .await
    .or_failed(operation)?;
    let public_key = key(&mut transaction, project_id, now).await?;
    let token = new_token(&mut transaction, now).await?;
    transaction.commit().await.or_failed(operation)?;
    Ok(Access {
        project_id,
        public_key,
        token,
    })
}

/// An organisation and its project by the names in a path.
pub(crate) async fn by_slugs(database: &Database, org: &str, project: &str) -> Result<Option<(i64, i64)>, Error> {
    sqlx::query_as(
        "SELECT organization_id, projects.id FROM projects JOIN organizations ON organizations.id = organization_id
         WHERE organizations.slug = $1 AND projects.slug = $2
         AND projects.id NOT IN (SELECT project_id FROM deletions)",
    )
    .bind(org)
    .bind(project)
    .fetch_optional(&database.read)
    .await
    .or_failed("look up a project")
}

/// An organisation by its name in a path.
pub(crate) async fn organization(database: &Database, org: &str) -> Result<Option<i64>, Error> {
    sqlx::query_scalar("SELECT id FROM organizations WHERE slug = $1")
        .bind(org)
        .fetch_optional(&database.read)
        .await
        .or_failed("look up an organisation")
}

/// The organisation that a project belongs to.
pub(crate) async fn organization_of(database: &Database, project_id: i64) -> Result<Option<i64>, Error> {
    sqlx::query_scalar(
        "SELECT organization_id FROM projects WHERE id = $1 AND id NOT IN (SELECT project_id FROM deletions)",
    )
    .bind(project_id)
    .fetch_optional(&database.read)
    .await
    .or_failed("look up a project")
}

/// The projects of an organisation: `(id, name)`.
pub(crate) async fn of_organization(database: &Database, organization_id: i64) -> Result<Vec<(i64, String)>, Error> {
    sqlx::query_as(
        "SELECT id, slug FROM projects WHERE organization_id = $1 AND id NOT IN (SELECT project_id FROM deletions)
         ORDER BY id LIMIT 1000",
    )
    .bind(organization_id)
    .fetch_all(&database.read)
    .await
    .or_failed("list projects")
}

async fn key(transaction: &mut AnyConnection, project_id: i64, now: i64) -> Result<String, Error> {
    let operation = "make the project's key";
    let known: Option<String> = sqlx::query_scalar(
        "SELECT public_key FROM project_keys WHERE project_id = $1 AND enabled = 1 ORDER BY id LIMIT 1",
    )
    .bind(project_id)
    .fetch_optional(&mut *transaction)
    .await
    .or_failed(operation)?;
    if let Some(known) = known {
        return Ok(known);
    }
    let public_key = Uuid::new_v4().simple().to_string();
    sqlx::query("INSERT INTO project_keys (project_id, public_key, created_at) VALUES ($1, $2, $3)")
        .bind(project_id)
        .bind(&public_key)
        .bind(now)
        .execute(transaction)
        .await
        .or_failed(operation)?;
    Ok(public_key)
}

async fn new_token(transaction: &mut AnyConnection, now: i64) -> Result<String, Error> {
    let new = NewToken {
        label: BOOTSTRAP_LABEL,
        ..NewToken::default()
    };
    let (_, token) = token::make(transaction, &new, now).await?;
    sqlx::query(
        "DELETE FROM api_tokens WHERE label = $1 AND user_id IS NULL
         AND id NOT IN (SELECT id FROM api_tokens WHERE label = $1 AND user_id IS NULL ORDER BY id DESC LIMIT $2)",
    )
    .bind(BOOTSTRAP_LABEL)
    .bind(BOOTSTRAP_TOKENS)
    .execute(transaction)
    .await
    .or_failed("revoke old tokens")?;
    Ok(token)
}

/// Names that are none: what stands in their place in the addresses of the pages.
const RESERVED: [(&str, &[&str]); 2] = [
    ("an organisation", &["account", "server", "mail"]),
    ("a project", &["new"]),
];

/// Whether this can be a name in paths.
pub(crate) fn check_slug(of: &'static str, slug: &str) -> Result<(), Error> {
    let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = slug.as_bytes();
    let good = bytes.len() <= 50
        && bytes.first().is_some_and(|&byte| first(byte))
        && bytes.iter().all(|&byte| first(byte) || byte == b'-' || byte == b'_');
    let is_reserved = RESERVED
        .iter()
        .any(|(what, names)| *what == of && names.contains(&slug));
    if good && !is_reserved {
        Ok(())
    } else {
        Err(Error::Slug {
            of,
            slug: slug.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_paths() {
        for good in ["a", "my-app_2", "0", &"x".repeat(50)] {
            assert!(check_slug("a project", good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a/b", "..", "a b", "ä", &"x".repeat(51)] {
            assert!(check_slug("a project", bad).is_err(), "{bad}");
        }
        assert!(check_slug("a project", "new").is_err() && check_slug("an organisation", "server").is_err());
        assert!(check_slug("a project", "server").is_ok() && check_slug("an organisation", "new").is_ok());
    }

    #[tokio::test]
    async fn tokens_are_hashed_and_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let first = bootstrap(&database, "o", "p").await.unwrap();
        let mut last = bootstrap(&database, "o", "p").await.unwrap();
        assert_eq!(
            (first.project_id, &first.public_key),
            (last.project_id, &last.public_key)
        );
        let is_token = async |token: &str| token::who(&database, token, now_ms()).await.unwrap().is_some();
        assert!(is_token(&first.token).await);
        for _ in 0..15 {
            last = bootstrap(&database, "o", "p").await.unwrap();
        }
        assert!(!is_token(&first.token).await);
        assert!(is_token(&last.token).await);
        let stored: Vec<String> = sqlx::query_scalar("SELECT hash FROM api_tokens")
            .fetch_all(&database.read)
            .await
            .unwrap();
        assert!(stored.iter().all(|hash| hash.len() == 64 && !last.token.contains(hash)));
    }
}
