//! Accounts for who has the shell of the server: what the command line does to the database itself, while the collector
//! runs or not.

use super::password::hash;
use super::people::Person;
use super::{check_password, people};
use crate::access::Role;
use crate::api::Failure;
use crate::collector::Config;
use crate::database::Database;
use crate::error::OrFailed as _;
use crate::{Error, accounts, now_ms, projects};

/// A person as the command line lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// The address that they sign in with.
    pub email: String,
    /// The name, which may be empty.
    pub name: String,
}

/// Who has an account.
///
/// # Errors
/// If the database cannot be opened or asked.
pub async fn list_users(config: &Config) -> Result<Vec<Listed>, Error> {
    let database = open(config).await?;
    let people = people::list(&database).await?;
    database.close().await;
    let listed = |Person { email, name, .. }| Listed { email, name };
    Ok(people.into_iter().map(listed).collect())
}

/// Makes an account: a member of the organisation, which is made unless it is there, with a role: `owner`, `member` or
/// `viewer`.
///
/// # Errors
/// If something is not as it should be, there is such an account, or the database fails.
pub async fn add_user(
    config: &Config,
    email: &str,
    name: &str,
    password: &str,
    organization: &str,
    role: &str,
) -> Result<(), Error> {
    let operation = "make an account";
    let email = accounts::email(email).map_err(told)?;
    let role = Role::named(role).ok_or_else(|| wrong("the role is owner, member or viewer"))?;
    check_password(password, &email).map_err(told)?;
    let hash = hash(password.to_owned()).await?;
    let database = open(config).await?;
    let now = now_ms();
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    let organization = projects::make_organization(&mut transaction, organization, now).await?;
    let made = people::add(&mut transaction, &email, &accounts::name(name), &hash, now).await?;
    let id = made.ok_or_else(|| wrong("there is an account with this e-mail address"))?;
    people::set_role(&mut transaction, organization, id, role, now).await?;
    transaction.commit().await.or_failed(operation)?;
    database.close().await;
    Ok(())
}

/// Changes a password and ends all sign-ins of the account.
///
/// # Errors
/// If there is no such account, the password cannot be one, or the database fails.
pub async fn set_password(config: &Config, email: &str, password: &str) -> Result<(), Error> {
    let email = accounts::email(email).map_err(told)?;
    check_password(password, &email).map_err(told)?;
    let database = open(config).await?;
    let (user, _) = people::by_email(&database, &email)
        .await?
        .ok_or_else(|| nobody(&email))?;
    let hash = hash(password.to_owned()).await?;
    people::set_password(&database, user.id, &hash).await?;
    database.close().await;
    Ok(())
}

/// Removes an account with its tokens and sign-ins.
///
/// # Errors
/// If there is no such account or the database fails.
pub async fn remove_user(config: &Config, email: &str) -> Result<(), Error> {
    let operation = "remove an account";
    let email = accounts::email(email).map_err(told)?;
    let database = open(config).await?;
    let (user, _) = people::by_email(&database, &email)
        .await?
        .ok_or_else(|| nobody(&email))?;
    let mut transaction = database.write.begin().await.or_failed(operation)?;
    people::remove(&mut transaction, user.id).await?;
    transaction.commit().await.or_failed(operation)?;
    database.close().await;
    Ok(())
}

async fn open(config: &Config) -> Result<Database, Error> {
    match &config.database {
        Some(url) => Database::connect(url).await,
        None => {
            let path = config.data.join("afterword.db");
            if !path.is_file() {
                return Err(wrong(&format!(
                    "there is no database in {}: name another folder with --data",
                    config.data.display()
                )));
            }
            Database::open(&path).await
        }
    }
}

fn nobody(email: &str) -> Error {
    wrong(&format!("there is no account with the e-mail address {email}"))
}

fn told(failure: Failure) -> Error {
    match failure {
        Failure::Wrong(reason) => wrong(&reason),
        Failure::Failed(error) => error,
        _ => wrong("this is not possible"),
    }
}

fn wrong(reason: &str) -> Error {
    Error::Account {
        reason: reason.to_owned(),
    }
}
