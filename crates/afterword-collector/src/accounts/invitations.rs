//! Invitations: a link that makes whoever opens it a member, once, within a week. It goes from hand to hand: the server
//! sends no mail of its own here.

use sqlx::FromRow;

use crate::access::{Role, User};
use crate::api::Failure;
use crate::blobs::sha256_hex;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{App, Error, accounts, now_ms};

use super::{check_password, people, secret};

/// How long one can be accepted.
const OPEN_MS: i64 = 7 * 86_400_000;

/// An invitation that nobody has accepted yet.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Invitation {
    pub(crate) id: i64,
    pub(crate) organization_id: i64,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

/// Invites somebody; an invitation before to the same address is void. Returns its id and what opens it.
pub(crate) async fn invite(
    database: &Database,
    organization_id: i64,
    email: &str,
    role: Role,
    invited_by: Option<i64>,
    now: i64,
) -> Result<(Invitation, String), Error> {
    let token = secret();
    let invitation = sqlx::query_as(
        "INSERT INTO invitations (organization_id, email, role, hash, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (organization_id, email) DO UPDATE SET role = excluded.role, hash = excluded.hash,
            invited_by = excluded.invited_by, created_at = excluded.created_at, expires_at = excluded.expires_at
         RETURNING id, organization_id, email, role, created_at, expires_at",
    )
    .bind(organization_id)
    .bind(email)
    .bind(role.name())
    .bind(sha256_hex(token.as_bytes()))
    .bind(invited_by)
    .bind(now)
    .bind(now + OPEN_MS)
    .fetch_one(&database.write)
    .await
    .or_failed("invite somebody")?;
    Ok((invitation, token))
}

/// Those of an organisation that are not accepted, the expired included.
pub(crate) async fn of_organization(database: &Database, organization_id: i64) -> Result<Vec<Invitation>, Error> {
    sqlx::query_as(
        "SELECT id, organization_id, email, role, created_at, expires_at FROM invitations
         WHERE organization_id = $1 ORDER BY email LIMIT 10000",
    )
    .bind(organization_id)
    .fetch_all(&database.read)
    .await
    .or_failed("list invitations")
}

/// Takes an invitation back. `false` if there is none.
pub(crate) async fn withdraw(database: &Database, organization_id: i64, id: i64) -> Result<bool, Error> {
    let removed = sqlx::query("DELETE FROM invitations WHERE organization_id = $1 AND id = $2")
        .bind(organization_id)
        .bind(id)
        .execute(&database.write)
        .await
        .or_failed("withdraw an invitation")?;
    Ok(removed.rows_affected() > 0)
}

/// The invitation that this opens now, with the name of its organisation.
pub(crate) async fn opened(database: &Database, token: &str, now: i64) -> Result<Option<(Invitation, String)>, Error> {
    let found: Option<Invitation> = sqlx::query_as(
        "SELECT id, organization_id, email, role, created_at, expires_at FROM invitations
         WHERE hash = $1 AND expires_at > $2",
    )
    .bind(sha256_hex(token.as_bytes()))
    .bind(now)
    .fetch_optional(&database.read)
    .await
    .or_failed("look up an invitation")?;
    let Some(found) = found else {
        return Ok(None);
    };
    let slug = sqlx::query_scalar("SELECT slug FROM organizations WHERE id = $1")
        .bind(found.organization_id)
        .fetch_one(&database.read)
        .await
        .or_failed("look up an organisation")?;
    Ok(Some((found, slug)))
}

/// Accepts an invitation: makes the person, or takes one who is there already, whose password it has to be.
///
/// # Errors
/// 404 if it opens nothing (any more), 400 for a password that cannot be one, 401 for a wrong one, 429 after too many.
pub(crate) async fn accept(
    app: &App,
    from: std::net::IpAddr,
    token: &str,
    name: &str,
    password: &str,
) -> Result<User, Failure> {
    let operation = "accept an invitation";
    let now = now_ms();
    let (invitation, _) = opened(&app.database, token, now).await?.ok_or(Failure::NotFound)?;
    let role = Role::named(&invitation.role).ok_or(Failure::NotFound)?;
    let known = people::by_email(&app.database, &invitation.email).await?;
    let known = match known {
        Some(_) => Some(
            app.accounts
                .check(&app.database, from, &invitation.email, password)
                .await?,
        ),
        None => None,
    };
    let hash = if known.is_none() {
        check_password(password, &invitation.email)?;
        app.accounts.hashing.hash(password.to_owned()).await?
    } else {
        String::new()
    };
    let mut transaction = app.database.write.begin().await.or_failed(operation)?;
    let used = sqlx::query("DELETE FROM invitations WHERE id = $1 AND hash = $2")
        .bind(invitation.id)
        .bind(sha256_hex(token.as_bytes()))
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    if used.rows_affected() == 0 {
        return Err(Failure::NotFound);
    }
    let user = match known {
        Some(user) => user,
        None => {
            let name = accounts::name(name);
            let id = people::add(&mut transaction, &invitation.email, &name, &hash, now).await?;
            let id = id.ok_or_else(|| Failure::Conflict("This account was just made: try again".to_owned()))?;
            User {
                id,
                email: invitation.email.clone(),
                name,
            }
        }
    };
    people::set_role(&mut transaction, invitation.organization_id, user.id, role, now).await?;
    transaction.commit().await.or_failed(operation)?;
    Ok(user)
}
