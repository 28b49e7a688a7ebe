//! The first start: a link, printed where only who runs the server sees it, that makes its opener the owner. It works once,
//! is another at each start until it was used, and opens nothing once there is anybody.

use crate::access::{Role, User};
use crate::api::Failure;
use crate::blobs::sha256_hex;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{App, Error, accounts, now_ms, projects};

use super::{check_password, people, secret};

const NAME: &str = "setup";

/// Who is to be the owner, and of what.
#[derive(Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: &'a str,
    pub(crate) name: &'a str,
    /// The name in paths; made unless it is there.
    pub(crate) organization: &'a str,
}

/// What opens the link, if nobody has an account yet.
pub(crate) async fn offer(database: &Database) -> Result<Option<String>, Error> {
    if !people::is_nobody(database).await? {
        return Ok(None);
    }
    let token = secret();
    sqlx::query(
        "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(NAME)
    .bind(sha256_hex(token.as_bytes()))
    .execute(&database.write)
    .await
    .or_failed("offer the first account")?;
    Ok(Some(token))
}

/// Whether this opens the link now.
pub(crate) async fn is_open(database: &Database, token: &str) -> Result<bool, Error> {
    let found: Option<String> = sqlx::query_scalar("SELECT name FROM secrets WHERE name = $1 AND value = $2")
        .bind(NAME)
        .bind(sha256_hex(token.as_bytes()))
        .fetch_optional(&database.read)
        .await
        .or_failed("look up the link of the first account")?;
    Ok(found.is_some() && people::is_nobody(database).await?)
}

/// Makes the owner: of the named organisation and of those that are there already, which belong to nobody.
///
/// # Errors
/// 404 if the link opens nothing (any more), 400 if something is not as it should be.
pub(crate) async fn make_owner(app: &App, token: &str, owner: &Owner<'_>) -> Result<User, Failure> {
    if !is_open(&app.database, token).await? {
        return Err(Failure::NotFound);
    }
    let email = accounts::email(owner.email)?;
    let name = accounts::name(owner.name);
    check_password(owner.password, &email)?;
    projects::check_slug("an organisation", owner.organization).map_err(Failure::of_slug)?;
    let hash = app.accounts.hashing.hash(owner.password.to_owned()).await?;

    let operation = "make the first account";
    let now = now_ms();
    let mut transaction = app.database.write.begin().await.or_failed(operation)?;
    // Of two that come at the same time, the row lets one through.
    let used = sqlx::query("DELETE FROM secrets WHERE name = $1 AND value = $2")
        .bind(NAME)
        .bind(sha256_hex(token.as_bytes()))
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    if used.rows_affected() == 0 {
        return Err(Failure::NotFound);
    }
    projects::make_organization(&mut transaction, owner.organization, now).await?;
    let made = people::add(&mut transaction, &email, &name, &hash, now).await?;
    let id = made.ok_or(Failure::NotFound)?;
    let all: Vec<i64> = sqlx::query_scalar("SELECT id FROM organizations")
        .fetch_all(&mut *transaction)
        .await
        .or_failed(operation)?;
    for organization_id in all {
        people::set_role(&mut transaction, organization_id, id, Role::Owner, now).await?;
    }
    transaction.commit().await.or_failed(operation)?;
    tracing::info!(user = id, "the first account is made");
    Ok(User { id, email, name })
}
