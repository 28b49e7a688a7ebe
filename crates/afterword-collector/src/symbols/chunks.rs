//! Pieces of files on their way. They belong to an organisation: who uploads to one does not learn of another's.

use std::collections::HashSet;

use bytes::Bytes;

use super::{Symbols, sha1_hex};
use crate::database::Query;
use crate::error::OrFailed as _;
use crate::{Error, now_ms};

/// The size of a chunk, which clients are told.
pub(crate) const MAX_CHUNK_BYTES: usize = 8 << 20;

/// A chunk that nobody has asked for since then is removed.
const KEPT_MS: i64 = 86_400_000;

/// Names of one query.
const NAMES: usize = 500;

impl Symbols {
    /// Keeps a chunk; returns its SHA-1. One that is there already is kept for another day.
    pub(crate) async fn put_chunk(&self, organization_id: i64, bytes: Bytes) -> Result<String, Error> {
        let sha1 = sha1_hex(&bytes);
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        self.inner.blobs.put(&chunk_blob(organization_id, &sha1), bytes).await?;
        sqlx::query(
            "INSERT INTO chunks (organization_id, sha1, size_bytes, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (organization_id, sha1) DO UPDATE SET created_at = excluded.created_at",
        )
        .bind(organization_id)
        .bind(&sha1)
        .bind(size)
        .bind(now_ms())
        .execute(&self.inner.database.write)
        .await
        .or_failed("note a chunk")?;
        Ok(sha1)
    }

    /// Those of these chunks that are not there, in their order.
    pub(super) async fn missing_chunks(&self, organization_id: i64, wanted: &[String]) -> Result<Vec<String>, Error> {
        let mut known: HashSet<String> = HashSet::new();
        for names in wanted.chunks(NAMES) {
            let mut query = Query::new("SELECT sha1 FROM chunks WHERE organization_id = ");
            query.bind(organization_id).push(" AND ").bind_in("sha1", names);
            let rows: Vec<(String,)> = query.fetch_all(&self.inner.database.read, "look for chunks").await?;
            known.extend(rows.into_iter().map(|(sha1,)| sha1));
        }
        Ok(wanted.iter().filter(|sha1| !known.contains(*sha1)).cloned().collect())
    }

    /// Removes chunks: their rows first, so that nobody counts on what is about to go.
    pub(super) async fn remove_chunks(&self, organization_id: i64, chunks: &[String]) -> Result<(), Error> {
        for names in chunks.chunks(NAMES) {
            let mut query = Query::new("DELETE FROM chunks WHERE organization_id = ");
            query.bind(organization_id).push(" AND ").bind_in("sha1", names);
            let mut connection = self.inner.database.write.acquire().await.or_failed("remove chunks")?;
            query.execute_on(&mut connection, "remove chunks").await?;
        }
        for sha1 in chunks {
            self.inner.blobs.delete(&chunk_blob(organization_id, sha1)).await?;
        }
        Ok(())
    }

    /// Removes what was never put together. Returns how many.
    pub(super) async fn remove_old_chunks(&self) -> Result<usize, Error> {
        let old: Vec<(i64, String)> =
            sqlx::query_as("SELECT organization_id, sha1 FROM chunks WHERE created_at < $1 LIMIT 10000")
                .bind(now_ms() - KEPT_MS)
                .fetch_all(&self.inner.database.read)
                .await
                .or_failed("look for old chunks")?;
        for (organization_id, sha1) in &old {
            self.remove_chunks(*organization_id, std::slice::from_ref(sha1)).await?;
        }
        Ok(old.len())
    }
}

pub(super) fn chunk_blob(organization_id: i64, sha1: &str) -> String {
    let shard = sha1.get(..2).unwrap_or("00");
    format!("chunks/{organization_id}/{shard}/{sha1}")
}
