//! The pepper: a secret of this installation that goes into the hash of whom a session belongs to. What clients send as
//! `did` is often an e-mail address or a small number; hashed without a secret, it could be found by trying.

use sqlx::AnyPool;
use uuid::Uuid;

use crate::Error;
use crate::blobs::sha256_hex;
use crate::error::OrFailed as _;

/// The secret; clones are the same.
#[derive(Clone)]
pub(crate) struct Pepper(String);

impl Pepper {
    /// Reads the secret, which the first start makes: 244 random bits.
    pub(crate) async fn open(write: &AnyPool) -> Result<Self, Error> {
        let operation = "make or read the installation's secret";
        let fresh = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        sqlx::query("INSERT INTO secrets (name, value) VALUES ('pepper', $1) ON CONFLICT DO NOTHING")
            .bind(fresh)
            .execute(write)
            .await
            .or_failed(operation)?;
        sqlx::query_scalar("SELECT value FROM secrets WHERE name = 'pepper'")
            .fetch_one(write)
            .await
            .or_failed(operation)
            .map(Self)
    }

    /// One that needs no database.
    #[cfg(test)]
    pub(crate) fn of_tests() -> Self {
        Self("salt and ".to_owned())
    }

    /// What stands for `did` in the database: the same for the same person, and nothing else can be told from it.
    pub(crate) fn hash(&self, did: &str) -> String {
        sha256_hex(format!("{}{did}", self.0).as_bytes())
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pepper(…)")
    }
}

#[cfg(test)]
mod tests {
    use crate::database::Database;

    use super::*;

    #[tokio::test]
    async fn stays_the_same_and_is_another_elsewhere() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut hashes = Vec::new();
        for folder in [&here, &here, &there] {
            let database = Database::open(&folder.path().join("a.db")).await.unwrap();
            let pepper = Pepper::open(&database.write).await.unwrap();
            assert!(!format!("{pepper:?}").contains(&pepper.0));
            hashes.push(pepper.hash("anna@example.com"));
        }
        assert_eq!(hashes[0], hashes[1]);
        assert_ne!(hashes[0], hashes[2]);
        assert_ne!(hashes[0], sha256_hex(b"anna@example.com"));
    }
}
