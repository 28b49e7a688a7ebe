//! Putting a file together of its chunks, and taking it in.
//!
//! A client asks with the SHA-1 of the file and of its chunks, sends what is missing, and asks again until the file is there.
//! Each question may be asked any number of times, of any collector: what is worked on is a row, which counts for as long as it
//! was touched lately. An error is told once, so that the next upload of the file begins anew.

use std::io::{Seek as _, Write as _};
use std::path::Path;

use afterword_symbols::caches::{CacheFile, ObjectInfo, objects};
use sha1::{Digest as _, Sha1};

use super::chunks::chunk_blob;
use super::files::{self, DebugFile};
use super::{MAX_FILE_BYTES, Symbols, hex};
use crate::error::{OrFailed as _, chain};
use crate::{Error, blocking, now_ms};

/// Work that was not touched for so long has ended with its collector.
pub(super) const STALE_MS: i64 = 15 * 60_000;

/// A file that a client wants to be there.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) organization_id: i64,
    pub(crate) project_id: i64,
    pub(crate) sha1: String,
    pub(crate) name: String,
    pub(crate) chunks: Vec<String>,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Assembled {
    /// It is there, with these objects.
    Ok(Vec<DebugFile>),
    /// These chunks are missing.
    NotFound(Vec<String>),
    /// Work on it has begun just now.
    Created,
    /// It is worked on.
    Assembling,
    /// It could not be taken in, for this reason.
    Error(String),
}

impl Symbols {
    /// Says what became of a file, and begins to put it together if all of it is there.
    pub(crate) async fn assemble(&self, wanted: Wanted) -> Result<Assembled, Error> {
        let objects = self.by_sha1(wanted.project_id, &wanted.sha1).await?;
        if !objects.is_empty() {
            return Ok(Assembled::Ok(objects));
        }
        let under_way: Option<(Option<String>, i64)> =
            sqlx::query_as("SELECT error, changed_at FROM assemblies WHERE project_id = $1 AND sha1 = $2")
                .bind(wanted.project_id)
                .bind(&wanted.sha1)
                .fetch_optional(&self.inner.database.read)
                .await
                .or_failed("look for an assembly")?;
        match under_way {
            Some((Some(error), _)) => {
                self.end(&wanted).await?;
                return Ok(Assembled::Error(error));
            }
            Some((None, changed_at)) if now_ms() - changed_at < STALE_MS => return Ok(Assembled::Assembling),
            Some((None, _)) => self.end(&wanted).await?,
            None => {}
        }
        let missing = self.missing_chunks(wanted.organization_id, &wanted.chunks).await?;
        if !missing.is_empty() || wanted.chunks.is_empty() {
            return Ok(Assembled::NotFound(missing));
        }
        if !self.begin(&wanted).await? {
            return Ok(Assembled::Assembling);
        }
        let symbols = self.clone();
        tokio::spawn(async move { symbols.work_on(wanted).await });
        Ok(Assembled::Created)
    }

    /// `false` if another was quicker.
    async fn begin(&self, wanted: &Wanted) -> Result<bool, Error> {
        let made = sqlx::query(
            "INSERT INTO assemblies (project_id, sha1, changed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(wanted.project_id)
        .bind(&wanted.sha1)
        .bind(now_ms())
        .execute(&self.inner.database.write)
        .await
        .or_failed("begin an assembly")?;
        Ok(made.rows_affected() > 0)
    }

    async fn touch(&self, wanted: &Wanted, error: Option<&str>) -> Result<(), Error> {
        sqlx::query("UPDATE assemblies SET changed_at = $1, error = $2 WHERE project_id = $3 AND sha1 = $4")
            .bind(now_ms())
            .bind(error)
            .bind(wanted.project_id)
            .bind(&wanted.sha1)
            .execute(&self.inner.database.write)
            .await
            .or_failed("note an assembly")?;
        Ok(())
    }

    async fn end(&self, wanted: &Wanted) -> Result<(), Error> {
        sqlx::query("DELETE FROM assemblies WHERE project_id = $1 AND sha1 = $2")
            .bind(wanted.project_id)
            .bind(&wanted.sha1)
            .execute(&self.inner.database.write)
            .await
            .or_failed("end an assembly")?;
        Ok(())
    }

    async fn work_on(&self, wanted: Wanted) {
        let outcome = match self.take_in(&wanted).await {
            Ok(()) => self.end(&wanted).await,
            Err(Refused::Because(words)) => self.touch(&wanted, Some(&words)).await,
            Err(Refused::Failed(error)) => {
                tracing::error!(
                    sha1 = wanted.sha1,
                    error = chain(&error),
                    "could not take in a debug file"
                );
                self.touch(&wanted, Some("the server could not store it; try again"))
                    .await
            }
        };
        if let Err(error) = outcome {
            // The work counts as ended once its row is stale.
            tracing::error!(
                sha1 = wanted.sha1,
                error = chain(&error),
                "could not note what became of a debug file"
            );
        }
        // Events that wait for what is being taken in need not wait for this any more.
        self.inner.again.notify_one();
    }

    async fn take_in(&self, wanted: &Wanted) -> Result<(), Refused> {
        // Closed never.
        let _permit = self.inner.at_work.acquire().await;
        let (file, size_bytes) = self.gather(wanted).await?;
        let path = file.path().to_owned();
        let found = blocking(move || Ok(look_into(&path))).await??;
        let Some(first) = found.first() else {
            return Err(Refused::Because("there is no debug information in it".to_owned()));
        };
        let blob = files::blob_of(first, &wanted.sha1);
        self.inner.blobs.put_file(&blob, file.path()).await?;
        self.touch(wanted, None).await?;
        for object in &found {
            // Looking into it does not fail its upload: a crash is told that the file could not be read.
            self.make_caches_of(file.path(), &wanted.sha1, object).await?;
            self.touch(wanted, None).await?;
        }
        let mut connection = self.inner.database.write.begin().await.or_failed("note a debug file")?;
        files::insert(
            &mut connection,
            wanted.project_id,
            &wanted.sha1,
            &wanted.name,
            size_bytes,
            &blob,
            &found,
        )
        .await?;
        connection.commit().await.or_failed("note a debug file")?;
        self.remove_chunks(wanted.organization_id, &wanted.chunks).await?;
        self.digest_what_lacked(wanted.project_id, &found).await?;
        Ok(())
    }

    /// The chunks one behind the other, in a file of the work folder.
    async fn gather(&self, wanted: &Wanted) -> Result<(tempfile::NamedTempFile, u64), Refused> {
        let mut file = self.work_file()?;
        let mut sha1 = Sha1::new();
        let mut size_bytes = 0;
        for chunk in &wanted.chunks {
            let bytes = self.inner.blobs.get(&chunk_blob(wanted.organization_id, chunk)).await?;
            size_bytes += bytes.len() as u64;
            if size_bytes > MAX_FILE_BYTES {
                return Err(Refused::Because(format!("it is larger than {MAX_FILE_BYTES} bytes")));
            }
            (file, sha1) = blocking(move || {
                sha1.update(&bytes);
                file.write_all(&bytes).map_err(|source| Error::Folder {
                    path: file.path().to_owned(),
                    source,
                })?;
                Ok((file, sha1))
            })
            .await?;
        }
        let found = hex(&sha1.finalize());
        if found != wanted.sha1 {
            return Err(Refused::Because(format!(
                "its SHA-1 is {found}: the chunks are not those of this file"
            )));
        }
        file.rewind().map_err(|source| Error::Folder {
            path: file.path().to_owned(),
            source,
        })?;
        Ok((file, size_bytes))
    }
}

/// The objects of a file that are good for something.
fn look_into(path: &Path) -> Result<Vec<ObjectInfo>, Refused> {
    let mapped = CacheFile::open(path).map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })?;
    let found = objects(mapped.bytes()).map_err(|error| Refused::Because(chain(&error)))?;
    Ok(found
        .into_iter()
        .filter(|object| !object.features.is_empty() && !is_nil(&object.debug_id))
        .collect())
}

fn is_nil(debug_id: &str) -> bool {
    debug_id.bytes().all(|byte| matches!(byte, b'0' | b'-'))
}

/// Why a file was not taken in.
enum Refused {
    /// The client is told.
    Because(String),
    /// The log is told.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
