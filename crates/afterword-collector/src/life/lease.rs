//! Work that one collector does for all that share a database: whoever holds the lease does it, and says again and again
//! that it still does; one that died loses it by time.

use std::convert::Infallible;
use std::time::Duration;

use uuid::Uuid;

use crate::database::Database;
use crate::error::{OrFailed as _, chain};
use crate::{Error, now_ms};

/// Held for so long after it was last heard of.
const HELD_MS: i64 = 120_000;

/// A lease that this collector may hold.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    name: &'static str,
    held_ms: i64,
    holder: String,
}

impl Lease {
    pub(crate) fn new(name: &'static str) -> Self {
        Self::for_so_long(name, HELD_MS)
    }

    /// One that is held for so long after its holder was last heard of.
    pub(crate) fn for_so_long(name: &'static str, held_ms: i64) -> Self {
        Self {
            name,
            held_ms,
            holder: Uuid::new_v4().simple().to_string(),
        }
    }

    /// Takes it, or says that it is still needed. `false` if another collector holds it.
    pub(crate) async fn hold(&self, database: &Database) -> Result<bool, Error> {
        self.hold_at(database, now_ms()).await
    }

    async fn hold_at(&self, database: &Database, now: i64) -> Result<bool, Error> {
        let held: Option<String> = sqlx::query_scalar(
            "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE leases.until <= $4 OR leases.holder = excluded.holder RETURNING holder",
        )
        .bind(self.name)
        .bind(&self.holder)
        .bind(now + self.held_ms)
        .bind(now)
        .fetch_optional(&database.write)
        .await
        .or_failed("take a lease")?;
        Ok(held.is_some())
    }

    /// Does something for as long as it takes, and says meanwhile that the lease is still needed. Who lost it anyway goes on.
    pub(crate) async fn keep<T>(&self, database: &Database, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = self.renew(database) => match never {},
        }
    }

    async fn renew(&self, database: &Database) -> Infallible {
        let every = Duration::from_millis(u64::try_from(self.held_ms / 4).unwrap_or_default());
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.hold(database).await {
                tracing::warn!(error = chain(&error), "could not renew a lease");
            }
        }
    }

    /// Gives it back.
    pub(crate) async fn give_back(&self, database: &Database) -> Result<(), Error> {
        sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2")
            .bind(self.name)
            .bind(&self.holder)
            .execute(&database.write)
            .await
            .or_failed("give a lease back")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holds_it_until_it_falls_silent() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let [one, other] = [Lease::new("x"), Lease::new("x")];
        assert!(one.hold_at(&database, 0).await.unwrap());
        assert!(!other.hold_at(&database, HELD_MS - 1).await.unwrap());
        assert!(one.hold_at(&database, HELD_MS - 1).await.unwrap());
        assert!(
            !other.hold_at(&database, HELD_MS).await.unwrap(),
            "it was heard of since"
        );
        assert!(other.hold_at(&database, 2 * HELD_MS).await.unwrap());
        assert!(!one.hold_at(&database, 2 * HELD_MS).await.unwrap());
        other.give_back(&database).await.unwrap();
        assert!(one.hold_at(&database, 2 * HELD_MS).await.unwrap());
    }

    #[tokio::test]
    async fn it_is_renewed_during_what_takes_long() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("a.db")).await.unwrap();
        let lease = Lease::for_so_long("x", 400);
        let until = async || {
            let until: i64 = sqlx::query_scalar("SELECT until FROM leases WHERE name = 'x'")
                .fetch_one(&database.read)
                .await
                .unwrap();
            until
        };
        assert!(lease.hold(&database).await.unwrap());
        let first = until().await;
        let work = async {
            while until().await == first {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            "done"
        };
        let work = tokio::time::timeout(Duration::from_secs(60), work);
        assert_eq!(lease.keep(&database, work).await.unwrap(), "done");
    }
}
