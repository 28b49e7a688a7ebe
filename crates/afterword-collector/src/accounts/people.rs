//! People and what they are members of.

use sqlx::{AnyConnection, FromRow};

use crate::Error;
use crate::access::{Role, User};
use crate::database::Database;
use crate::error::OrFailed as _;

/// A person as lists show them.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) last_sign_in_at: Option<i64>,
}

/// A person in an organisation.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct Member {
    #[sqlx(flatten)]
    pub(crate) person: Person,
    pub(crate) role: String,
    pub(crate) member_since: i64,
}

/// Whether there is nobody yet.
pub(crate) async fn is_nobody(database: &Database) -> Result<bool, Error> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users")
        .fetch_one(&database.read)
        .await
        .or_failed("count the people")?;
    Ok(count == 0)
}

/// A person and the hash of their password. The address is in lower case.
pub(crate) async fn by_email(database: &Database, email: &str) -> Result<Option<(User, Option<String>)>, Error> {
    let found: Option<(i64, String, String, Option<String>)> =
        sqlx::query_as("SELECT id, email, name, password FROM users WHERE email = $1")
            .bind(email)
            .fetch_optional(&database.read)
            .await
            .or_failed("look up a person")?;
    Ok(found.map(|(id, email, name, hash)| (User { id, email, name }, hash)))
}

/// Everybody, by their address.
pub(crate) async fn list(database: &Database) -> Result<Vec<Person>, Error> {
    sqlx::query_as("SELECT id, email, name, created_at, last_sign_in_at FROM users ORDER BY email LIMIT 10000")
        .fetch_all(&database.read)
        .await
        .or_failed("list people")
}

/// Makes a person; `None` if there is one with this address.
pub(crate) async fn add(
    connection: &mut AnyConnection,
    email: &str,
    name: &str,
    password: &str,
    now: i64,
) -> Result<Option<i64>, Error> {
    sqlx::query_scalar(
        "INSERT INTO users (email, name, password, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (email) DO NOTHING RETURNING id",
    )
    .bind(email)
    .bind(name)
    .bind(password)
    .bind(now)
    .fetch_optional(connection)
    .await
    .or_failed("make a person")
}

/// Changes a name.
pub(crate) async fn set_name(database: &Database, user_id: i64, name: &str) -> Result<(), Error> {
    sqlx::query("UPDATE users SET name = $1 WHERE id = $2")
        .bind(name)
        .bind(user_id)
        .execute(&database.write)
        .await
        .or_failed("change a name")?;
    Ok(())
}

/// Changes a password and ends all sign-ins. `false` if there is no such person.
pub(crate) async fn set_password(database: &Database, user_id: i64, hash: &str) -> Result<bool, Error> {
    let operation = "change a password";
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let changed = sqlx::query("UPDATE users SET password = $1 WHERE id = $2")
        .bind(hash)
        .bind(user_id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    sqlx::query("DELETE FROM sign_ins WHERE user_id = $1")
        .bind(user_id)
        .execute(&mut *transaction)
        .await
        .or_failed(operation)?;
    transaction.commit().await.or_failed(operation)?;
    Ok(changed.rows_affected() > 0)
}

/// Removes a person with their tokens, sign-ins and roles.
pub(crate) async fn remove(connection: &mut AnyConnection, user_id: i64) -> Result<(), Error> {
    for statement in [
        "DELETE FROM sign_ins WHERE user_id = $1",
        "DELETE FROM api_tokens WHERE user_id = $1",
        "DELETE FROM project_roles WHERE user_id = $1",
        "DELETE FROM members WHERE user_id = $1",
        "DELETE FROM users WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(user_id)
            .execute(&mut *connection)
            .await
            .or_failed("remove a person")?;
    }
    Ok(())
}

/// The members of an organisation, by their address.
pub(crate) async fn members(database: &Database, organization_id: i64) -> Result<Vec<Member>, Error> {
    sqlx::query_as(
        "SELECT users.id, email, name, users.created_at, last_sign_in_at, role, members.created_at AS member_since
         FROM members JOIN users ON users.id = user_id WHERE organization_id = $1 ORDER BY email LIMIT 10000",
    )
    .bind(organization_id)
    .fetch_all(&database.read)
    .await
    .or_failed("list members")
}

/// Their other roles in projects of an organisation: `(person, project's name, role)`.
pub(crate) async fn project_roles(
    database: &Database,
    organization_id: i64,
) -> Result<Vec<(i64, String, String)>, Error> {
    sqlx::query_as(
        "SELECT user_id, slug, role FROM project_roles JOIN projects ON projects.id = project_id
         WHERE organization_id = $1 ORDER BY slug LIMIT 100000",
    )
    .bind(organization_id)
    .fetch_all(&database.read)
    .await
    .or_failed("list roles")
}

/// Makes somebody a member, or changes what they are.
pub(crate) async fn set_role(
    connection: &mut AnyConnection,
    organization_id: i64,
    user_id: i64,
    role: Role,
    now: i64,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO members (organization_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind(organization_id)
    .bind(user_id)
    .bind(role.name())
    .bind(now)
    .execute(connection)
    .await
    .or_failed("change a role")?;
    Ok(())
}

/// Sets a role in a project, or with `None` the one of the organisation again.
pub(crate) async fn set_project_role(
    connection: &mut AnyConnection,
    project_id: i64,
    user_id: i64,
    role: Option<Role>,
) -> Result<(), Error> {
    let query = match role {
        Some(role) => sqlx::query(
            "INSERT INTO project_roles (project_id, user_id, role) VALUES ($1, $2, $3)
             ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role",
        )
        .bind(project_id)
        .bind(user_id)
        .bind(role.name()),
        None => sqlx::query("DELETE FROM project_roles WHERE project_id = $1 AND user_id = $2")
            .bind(project_id)
            .bind(user_id),
    };
    query.execute(connection).await.or_failed("change a role")?;
    Ok(())
}

/// Takes somebody out of an organisation.
pub(crate) async fn remove_member(
    connection: &mut AnyConnection,
    organization_id: i64,
    user_id: i64,
) -> Result<(), Error> {
    for statement in [
        "DELETE FROM project_roles WHERE user_id = $2
         AND project_id IN (SELECT id FROM projects WHERE organization_id = $1)",
        "DELETE FROM api_tokens WHERE user_id = $2 AND organization_id = $1",
        "DELETE FROM members WHERE organization_id = $1 AND user_id = $2",
    ] {
        sqlx::query(statement)
            .bind(organization_id)
            .bind(user_id)
            .execute(&mut *connection)
            .await
            .or_failed("remove a member")?;
    }
    Ok(())
}

/// How many owners an organisation has besides this person. Within the transaction that is to remove one.
pub(crate) async fn other_owners(
    connection: &mut AnyConnection,
    organization_id: i64,
    user_id: i64,
) -> Result<i64, Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM members WHERE organization_id = $1 AND user_id <> $2 AND role = 'owner'")
        .bind(organization_id)
        .bind(user_id)
        .fetch_one(connection)
        .await
        .or_failed("count the owners")
}
