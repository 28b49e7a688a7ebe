//! Accounts: the people who look at what applications send, and how they come in.
//!
//! A person has an e-mail address, a name and a password, is a member of organisations with a role
//! ([`crate::access::Role`]), and may have another role in some of their projects. The first one is made by a link that the
//! server prints when it knows nobody (`setup`), others by an invitation that an owner hands on (`invitations`) or on the
//! command line (`people`). Signing in makes a row of `sign_ins` and a cookie.
//!
//! # Invariants
//!
//! - Passwords are kept as Argon2id, hashed on threads that may compute, a bounded number at a time: each takes 19 MiB.
//! - Of everything that opens something (cookies, links, tokens), only the SHA-256 is kept.
//! - Failed sign-ins are bounded by address and account; an account that is not there costs as much time as a wrong password.
//! - An organisation that has an owner keeps one.

mod attempts;
pub(crate) mod command;
pub(crate) mod invitations;
mod password;
pub(crate) mod people;
pub(crate) mod setup;
pub(crate) mod sign_in;

use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;

use crate::access::User;
use crate::api::Failure;
use crate::database::Database;

pub(crate) use attempts::Attempts;
pub(crate) use password::{Hashing, check_password};

/// The longest e-mail address and name.
const MAX_EMAIL_BYTES: usize = 254;
const MAX_NAME_CHARS: usize = 100;

/// What accounts hold in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) hashing: Hashing,
    attempts: Arc<Attempts>,
}

impl Accounts {
    /// The person with this e-mail address and password.
    ///
    /// # Errors
    /// 401 if there is none, in the same words whichever of the two is wrong; 429 after too many failures, and while too many
    /// others wait.
    pub(crate) async fn check(
        &self,
        database: &Database,
        from: IpAddr,
        email: &str,
        password: &str,
    ) -> Result<User, Failure> {
        let email = email.trim().to_lowercase();
        self.attempts.take(from, &email).map_err(Failure::TooMany)?;
        let found = people::by_email(database, &email).await?;
        let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
        let verified = self.hashing.verify(password.to_owned(), hash).await;
        let good = verified.inspect_err(|_| self.attempts.give_back(from, &email))?;
        match found {
            Some((user, _)) if good => {
                self.attempts.succeeded(from, &email);
                Ok(user)
            }
            _ => {
                tracing::info!(%from, "a sign-in failed");
                Err(Failure::Unauthorized(
                    "There is no account with this e-mail address and password".to_owned(),
                ))
            }
        }
    }
}

/// An e-mail address as it is kept: in lower case.
///
/// # Errors
/// 400 for what is none. Only mail itself could tell for sure.
pub(crate) fn email(text: &str) -> Result<String, Failure> {
    let email = text.trim().to_lowercase();
    let good = email.len() <= MAX_EMAIL_BYTES
        && !email.chars().any(|char| char.is_whitespace() || char.is_control())
        && email
            .rsplit_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && !host.is_empty() && !host.starts_with('.'));
    if good {
        Ok(email)
    } else {
        Err(Failure::wrong("e-mail address", text))
    }
}

/// A name as it is kept: in one line, cut.
pub(crate) fn name(text: &str) -> String {
    let line: Vec<&str> = text
        .split(|char: char| char.is_whitespace() || char.is_control())
        .collect();
    let line: Vec<&str> = line.into_iter().filter(|word| !word.is_empty()).collect();
    line.join(" ").chars().take(MAX_NAME_CHARS).collect()
}

/// Something that opens something: 244 random bits.
pub(crate) fn secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names() {
        assert_eq!(email(" Anna@Example.com ").unwrap(), "anna@example.com");
        for wrong in [
            "",
            "anna",
            "@example.com",
            "anna@",
            "an na@example.com",
            "a\n@b",
            &format!("{}@b", "a".repeat(300)),
        ] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
        assert_eq!(name("  Anna \n Example\u{0}"), "Anna Example");
        assert_eq!(name(&"x".repeat(500)).len(), MAX_NAME_CHARS);
        assert_ne!(secret(), secret());
    }
}
