//! Tokens of the API. A token is secret: it is shown once, when it is made, and kept as its SHA-256 (it is 244 random
//! bits, so there is nothing to guess that a slow hash would protect). It may what its scopes say, in the organisation it is
//! of; one that a person made may no more than that person.

use std::collections::HashMap;

use sqlx::{AnyConnection, FromRow};
use uuid::Uuid;

use super::scope::{Role, Scopes};
use super::who::{By, Reach, User, Who};
use crate::Error;
use crate::blobs::sha256_hex;
use crate::database::{Database, Query};
use crate::error::{OrFailed as _, chain};

/// That a token was used is written at most so often.
const USE_NOTED_MS: i64 = 60_000;

/// A token that is to be made.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewToken<'a> {
    pub(crate) label: &'a str,
    /// `None`: of all organisations, as far as its person goes.
    pub(crate) organization_id: Option<i64>,
    /// Who makes it; `None`: the command line.
    pub(crate) user_id: Option<i64>,
    /// With spaces between; '' for all.
    pub(crate) scopes: &'a str,
    /// Milliseconds since 1970; `None`: never.
    pub(crate) expires_at: Option<i64>,
}

#[derive(Debug, FromRow)]
struct Found {
    id: i64,
    scopes: String,
    organization_id: Option<i64>,
    user_id: Option<i64>,
    last_used_at: Option<i64>,
    email: Option<String>,
    name: Option<String>,
}

/// Makes a token; returns its id and the token itself, which is not kept.
pub(crate) async fn make(connection: &mut AnyConnection, new: &NewToken<'_>, now: i64) -> Result<(i64, String), Error> {
    let token = format!("afterword_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let id = sqlx::query_scalar(
        "INSERT INTO api_tokens (hash, label, organization_id, user_id, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(new.label)
    .bind(new.organization_id)
    .bind(new.user_id)
    .bind(new.scopes)
    .bind(now)
    .bind(new.expires_at)
    .fetch_one(connection)
    .await
    .or_failed("make a token")?;
    Ok((id, token))
}

/// Who has this token. `None` if nobody has it or its time is over.
pub(crate) async fn who(database: &Database, token: &str, now: i64) -> Result<Option<Who>, Error> {
    let found: Option<Found> = sqlx::query_as(
        "SELECT api_tokens.id, scopes, organization_id, user_id, last_used_at, email, users.name
         FROM api_tokens LEFT JOIN users ON users.id = user_id
         WHERE hash = $1 AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(now)
    .fetch_optional(&database.read)
    .await
    .or_failed("look up a token")?;
    let Some(found) = found else {
        return Ok(None);
    };
    let user = match (found.user_id, found.email) {
        (Some(id), Some(email)) => Some(User {
            id,
            email,
            name: found.name.unwrap_or_default(),
        }),
        // Of a person who is gone.
        (Some(_), None) => return Ok(None),
        (None, _) => None,
    };
    if found.last_used_at.is_none_or(|at| at <= now - USE_NOTED_MS) {
        note_use(database.clone(), found.id, now);
    }
    let reach = match (&user, found.organization_id) {
        (Some(user), only) => reach(database, user.id, only).await?,
        (None, None) => Reach::Everything,
        (None, Some(id)) => Reach::Some {
            organizations: HashMap::from([(id, Role::Owner)]),
            projects: HashMap::new(),
        },
    };
    Ok(Some(Who::new(
        By::Token(found.id),
        user,
        Scopes::read(&found.scopes),
        reach,
    )))
}

/// Whose tokens: those of a person, or those of nobody's, within an organisation or everywhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mine {
    pub(crate) user_id: Option<i64>,
    pub(crate) organization_id: Option<i64>,
}

/// A token in a list.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Listed {
    pub(crate) id: i64,
    pub(crate) label: String,
    pub(crate) scopes: String,
    /// By its name in paths.
    pub(crate) organization: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

/// Tokens, newest first.
pub(crate) async fn list(database: &Database, mine: &Mine) -> Result<Vec<Listed>, Error> {
    let mut query = Query::new(
        "SELECT api_tokens.id, label, scopes, slug AS organization, api_tokens.created_at, last_used_at, expires_at
         FROM api_tokens LEFT JOIN organizations ON organizations.id = organization_id WHERE ",
    );
    whose(&mut query, mine);
    query.push(" ORDER BY api_tokens.id DESC LIMIT 1000");
    query.fetch_all(&database.read, "list tokens").await
}

/// Revokes a token. `false` if there is none of theirs with this id.
pub(crate) async fn revoke(database: &Database, mine: &Mine, id: i64) -> Result<bool, Error> {
    let operation = "revoke a token";
    let mut query = Query::new("DELETE FROM api_tokens WHERE id = ");
    query.bind(id).push(" AND ");
    whose(&mut query, mine);
    let mut connection = database.write.acquire().await.or_failed(operation)?;
    Ok(query.execute_on(&mut connection, operation).await?.rows_affected() > 0)
}

fn whose(query: &mut Query, mine: &Mine) {
    match mine.user_id {
        Some(id) => query.push("user_id = ").bind(id),
        None => query.push("user_id IS NULL"),
    };
    if let Some(id) = mine.organization_id {
        query.push(" AND organization_id = ").bind(id);
    }
}

/// How far a person goes, at most within one organisation.
pub(crate) async fn reach(database: &Database, user_id: i64, only: Option<i64>) -> Result<Reach, Error> {
    let operation = "look up what a person may";
    let organizations: Vec<(i64, String)> =
        sqlx::query_as("SELECT organization_id, role FROM members WHERE user_id = $1")
            .bind(user_id)
            .fetch_all(&database.read)
            .await
            .or_failed(operation)?;
    let projects: Vec<(i64, String)> = sqlx::query_as("SELECT project_id, role FROM project_roles WHERE user_id = $1")
        .bind(user_id)
        .fetch_all(&database.read)
        .await
        .or_failed(operation)?;
    let roles = |rows: Vec<(i64, String)>| {
        let rows = rows.into_iter();
        rows.filter_map(|(id, role)| Some((id, Role::named(&role)?)))
    };
    Ok(Reach::Some {
        organizations: roles(organizations)
            .filter(|(id, _)| only.is_none_or(|only| only == *id))
            .collect(),
        projects: roles(projects).collect(),
    })
}

/// Apart from the request, which need not wait for the one connection that writes.
fn note_use(database: Database, id: i64, now: i64) {
    tokio::spawn(async move {
        let noted = sqlx::query(
            "UPDATE api_tokens SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)",
        )
        .bind(now)
        .bind(id)
        .bind(now - USE_NOTED_MS)
        .execute(&database.write)
        .await
        .or_failed("note that a token was used");
        match noted {
            Ok(_) => {}
            // The collector ends.
            Err(Error::Database {
                source: sqlx::Error::PoolClosed,
                ..
            }) => {}
            Err(error) => tracing::warn!(error = chain(&error), "the use of a token is not noted"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::scope::Scope;

    #[tokio::test]
    async fn scopes_organisation_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let mut connection = database.write.acquire().await.unwrap();
        let limited = NewToken {
            label: "ci",
            organization_id: Some(7),
            scopes: "org:ci",
            expires_at: Some(2000),
            ..NewToken::default()
        };
        let (_, limited) = make(&mut connection, &limited, 1000).await.unwrap();
        let gone = NewToken {
            user_id: Some(99),
            ..NewToken::default()
        };
        let (_, gone) = make(&mut connection, &gone, 1000).await.unwrap();
        let (id, all) = make(&mut connection, &NewToken::default(), 1000).await.unwrap();
        drop(connection);

        let found = who(&database, &limited, 1999).await.unwrap().unwrap();
        assert!(found.may_in(7, Scope::ProjectReleases).is_ok() && found.may_in(7, Scope::EventRead).is_err());
        assert!(matches!(
            found.may_in(8, Scope::OrgRead),
            Err(crate::api::Failure::NotFound)
        ));
        assert!(
            who(&database, &limited, 2000).await.unwrap().is_none(),
            "its time is over"
        );
        assert!(
            who(&database, &gone, 1000).await.unwrap().is_none(),
            "its person is gone"
        );
        assert!(who(&database, "afterword_x", 1000).await.unwrap().is_none());

        assert!(who(&database, &all, 5000).await.unwrap().is_some());
        let used = |database: Database| async move {
            loop {
                let at: Option<i64> = sqlx::query_scalar("SELECT last_used_at FROM api_tokens WHERE id = $1")
                    .bind(id)
                    .fetch_one(&database.read)
                    .await
                    .unwrap();
                match at {
                    Some(at) => return at,
                    None => tokio::task::yield_now().await,
                }
            }
        };
        assert_eq!(used(database.clone()).await, 5000);
        who(&database, &all, 5000 + USE_NOTED_MS - 1).await.unwrap();
        // Whatever was still to be written is written once the one connection is ours.
        drop(database.write.acquire().await.unwrap());
        assert_eq!(used(database.clone()).await, 5000, "at most once a minute");
    }
}
