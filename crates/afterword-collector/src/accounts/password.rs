//! Passwords: what is good enough for one, and their hashes.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::{Argon2, PasswordHash, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::api::Failure;
use crate::{Error, blocking};

const MIN_CHARS: usize = 12;
/// Hashing reads all of it.
const MAX_CHARS: usize = 256;
/// Of one character again and again, or two in turn, is no password.
const MIN_DISTINCT: usize = 5;

/// How many are hashed at once: each takes 19 MiB and some ten milliseconds of a processor.
const AT_ONCE: usize = 2;

/// How many may wait for that; more are sent away.
const WAITING: usize = 64;
/// How long these are asked to wait.
const BUSY: Duration = Duration::from_secs(5);

/// What a password is compared with where there is none to compare with, so that this takes as long.
static NOBODYS: LazyLock<Option<String>> = LazyLock::new(|| {
    Argon2::default()
        .hash_password(b"nobody's")
        .ok()
        .map(|hash| hash.to_string())
});

/// Hashes a bounded number of passwords at a time; clones share the bound.
#[derive(Debug, Clone)]
pub(crate) struct Hashing {
    permits: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
        }
    }
}

impl Hashing {
    /// A turn to hash, as long as it is held.
    ///
    /// # Errors
    /// 429 if too many wait already.
    async fn turn(&self) -> Result<[Option<SemaphorePermit<'_>>; 2], Failure> {
        let place = self.places.try_acquire().map_err(|_| Failure::TooMany(BUSY))?;
        // It is never closed; without a permit it would only be less bounded.
        Ok([Some(place), self.permits.acquire().await.ok()])
    }

    /// A hash to keep: Argon2id with the parameters that OWASP names (19 MiB, 2 passes), which it says itself.
    ///
    /// # Errors
    /// 429 if too many wait already.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Failure> {
        let _turn = self.turn().await?;
        Ok(hash(password).await?)
    }

    /// Whether this is the password of the hash. Of no hash, it is not, after as long a time.
    ///
    /// # Errors
    /// 429 if too many wait already.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Failure> {
        if password.chars().count() > MAX_CHARS {
            return Ok(false);
        }
        let _turn = self.turn().await?;
        let same = blocking(move || {
            let known = hash.is_some();
            let Some(hash) = hash.or_else(|| NOBODYS.clone()) else {
                return Ok(false);
            };
            let unreadable = |source: argon2::password_hash::phc::Error| Error::Password {
                reason: source.to_string(),
            };
            let hash = PasswordHash::new(&hash).map_err(unreadable)?;
            let same = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            Ok(same && known)
        })
        .await?;
        Ok(same)
    }
}

/// A hash to keep, made at once: for who is alone.
pub(crate) async fn hash(password: String) -> Result<String, Error> {
    blocking(move || {
        let hash = Argon2::default().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|source| Error::Password {
            reason: source.to_string(),
        })
    })
    .await
}

/// Whether a password may be chosen. Long ones are good ones: there are no rules about kinds of characters.
///
/// # Errors
/// 400 that says what to choose instead.
pub(crate) fn check_password(password: &str, email: &str) -> Result<(), Failure> {
    let wrong = |why: &str| Err(Failure::Wrong(format!("The password {why}")));
    let chars = password.chars().count();
    if chars < MIN_CHARS {
        return wrong("is too short: use 12 characters or more, for example four words");
    }
    if chars > MAX_CHARS {
        return wrong("is too long: use at most 256 characters");
    }
    let distinct: std::collections::HashSet<char> = password.chars().collect();
    if distinct.len() < MIN_DISTINCT {
        return wrong("repeats few characters: use more different ones");
    }
    if !email.is_empty() && password.to_lowercase().contains(&email.to_lowercase()) {
        return wrong("contains the e-mail address: use something else");
    }
    let lower = password.to_lowercase();
    let runs = [
        "12345678901234567890",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjkl",
    ];
    if runs.iter().any(|run| run.contains(&lower)) || lower.starts_with("password123") {
        return wrong("is one of the first that are tried: use something else");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_are_argon2id_and_know_their_password() {
        let hashing = Hashing::default();
        let hash = hashing.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(
            hash,
            hashing.hash("correct horse battery".to_owned()).await.unwrap(),
            "salted"
        );
        let verify = |password: &str, hash: Option<&str>| hashing.verify(password.to_owned(), hash.map(str::to_owned));
        assert!(verify("correct horse battery", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse batterz", Some(&hash)).await.unwrap());
        assert!(!verify("", Some(&hash)).await.unwrap());
        assert!(!verify(&"x".repeat(300), Some(&hash)).await.unwrap());
        assert!(!verify("nobody's", None).await.unwrap());
        assert!(verify("x", Some("rubbish")).await.is_err());
    }

    #[tokio::test]
    async fn more_than_can_be_hashed_soon_are_sent_away() {
        let hashing = Hashing::default();
        let held: Vec<_> = (0..AT_ONCE + WAITING)
            .map(|_| hashing.places.try_acquire().unwrap())
            .collect();
        let asked = || hashing.verify("correct horse battery".to_owned(), None);
        assert!(matches!(asked().await, Err(Failure::TooMany(_))));
        drop(held);
        assert!(!asked().await.unwrap());
    }

    #[test]
    fn what_may_be_a_password() {
        let email = "anna@example.com";
        for good in ["correct horse battery", "ünïcödé wörds", "x8#kQ!92mmZp"] {
            assert!(check_password(good, email).is_ok(), "{good}");
        }
        let long = "abcdefgh".repeat(40);
        for bad in [
            "",
            "elevenchars",
            "aaaaaaaaaaaaaaaa",
            "Anna@example.com1",
            "123456789012",
            "Password1234",
            &long,
        ] {
            assert!(check_password(bad, email).is_err(), "{bad}");
        }
    }
}
