//! Blobs: bytes under a name, in a local folder or an S3-compatible store that several collectors share.
//!
//! ```text
//! envelopes/<uuid>                   an accepted envelope that is too large for a row, until it is digested
//! attachments/<2 digits>/<sha256>    an attachment, named by what is in it, so that writing it twice is once
//! symbols/…                          debug files and what is made of them, see `symbols`
//! ```
//!
//! A blob is whole or not there: a local file is written under another name, synced and renamed, and its folder synced.
//! Names are made by us, never taken from outside.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use crate::{Error, blocking};

/// A blob that was written since may belong to a row that is being written.
const YOUNG_MS: i64 = 3_600_000;

/// The store; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
}

/// A blob in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) size_bytes: u64,
    /// Milliseconds since 1970.
    pub(crate) modified_at: i64,
}

impl Blobs {
    /// Blobs in a local folder, which is made; what a crash left half written there is removed.
    pub(crate) async fn open(root: &FilePath) -> Result<Self, Error> {
        let folder = root.to_owned();
        blocking(move || {
            make_folder(&folder)?;
            remove_half_written(&folder, 0).map_err(|source| Error::Folder {
                path: folder.clone(),
                source,
            })
        })
        .await?;
        let store = LocalFileSystem::new_with_prefix(root)
            .map_err(failed("open", &root.display().to_string()))?
            .with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Blobs in a bucket: `s3://bucket` or `s3://bucket/prefix`. Region, credentials and, for stores that are not
    /// Amazon's, `AWS_ENDPOINT` and `AWS_ALLOW_HTTP` come from the environment. Fails if it cannot be listed.
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        // An error means that the process has one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = || Error::BlobsUrl { url: url.to_owned() };
        let parsed = url::Url::parse(url).map_err(|_| wrong())?;
        let bucket = parsed
            .host_str()
            .filter(|_| parsed.scheme() == "s3")
            .ok_or_else(wrong)?;
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .build()
            .map_err(failed("open", url))?;
        let prefix = parsed.path().trim_matches('/');
        let blobs = Self {
            store: if prefix.is_empty() {
                Arc::new(store)
            } else {
                Arc::new(PrefixStore::new(store, Path::from(prefix)))
            },
        };
        // A store that cannot be used is to be known at the start, not with the first crash.
        let mut first = blobs.store.list(Some(&Path::from("envelopes")));
        first.try_next().await.map_err(failed("list", url))?;
        drop(first);
        Ok(blobs)
    }

    /// Writes a blob, durably, over one of the same name.
    pub(crate) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), Error> {
        let put = self.store.put(&Path::from(name), bytes.into()).await;
        put.map(|_| ()).map_err(failed("write", name))
    }

    /// Writes a blob from a file, durably, in pieces.
    pub(crate) async fn put_file(&self, name: &str, file: &FilePath) -> Result<(), Error> {
        let read = |source: std::io::Error| Error::Folder {
            path: file.to_owned(),
            source,
        };
        let mut from = tokio::fs::File::open(file).await.map_err(read)?;
        let mut into = BufWriter::new(Arc::clone(&self.store), Path::from(name));
        tokio::io::copy(&mut from, &mut into).await.map_err(read)?;
        into.shutdown().await.map_err(read)
    }

    /// Reads a blob into a file, in pieces.
    pub(crate) async fn get_to_file(&self, name: &str, file: &FilePath) -> Result<(), Error> {
        let write = |source: std::io::Error| Error::Folder {
            path: file.to_owned(),
            source,
        };
        let got = self.store.get(&Path::from(name)).await.map_err(failed("read", name))?;
        let mut pieces = got.into_stream();
        let mut into = tokio::fs::File::create(file).await.map_err(write)?;
        while let Some(piece) = pieces.try_next().await.map_err(failed("read", name))? {
            into.write_all(&piece).await.map_err(write)?;
        }
        into.flush().await.map_err(write)
    }

    /// Reads a blob.
    pub(crate) async fn get(&self, name: &str) -> Result<Bytes, Error> {
        let got = self.store.get(&Path::from(name)).await.map_err(failed("read", name))?;
        got.bytes().await.map_err(failed("read", name))
    }

    /// Whether there is a blob of this name.
    #[cfg(test)]
    pub(crate) async fn exists(&self, name: &str) -> Result<bool, Error> {
        Ok(self.modified_at(name).await?.is_some())
    }

    /// Removes a blob; one that is gone already is no error.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.store.delete(&Path::from(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("remove", name)(error)),
        }
    }

    /// The blobs whose names begin with this folder, at most so many.
    pub(crate) async fn list(&self, folder: &str, most: usize) -> Result<Vec<Listed>, Error> {
        let mut listed = Vec::new();
        let mut all = self.store.list(Some(&Path::from(folder)));
        while listed.len() < most {
            match all.try_next().await.map_err(failed("list", folder))? {
                Some(meta) => listed.push(Listed::of(&meta)),
                None => break,
            }
        }
        Ok(listed)
    }

    /// Writes an envelope, durably; returns the blob's name.
    pub(crate) async fn put_envelope(&self, bytes: Bytes) -> Result<String, Error> {
        let name = format!("envelopes/{}", Uuid::new_v4().simple());
        self.put(&name, bytes).await?;
        Ok(name)
    }

    /// Writes an attachment, durably, unless it is there; returns its SHA-256 in hexadecimal. One that is old is written
    /// again: it may be about to be removed because no row names it.
    pub(crate) async fn put_attachment(&self, bytes: Bytes) -> Result<String, Error> {
        let sha256 = sha256_hex(&bytes);
        let name = attachment_name(&sha256);
        let young_since = crate::now_ms() - YOUNG_MS / 2;
        if self.modified_at(&name).await?.is_none_or(|at| at < young_since) {
            self.put(&name, bytes).await?;
        }
        Ok(sha256)
    }

    /// Of the attachments in one of the 256 folders those that nothing was written to for an hour: `(name, SHA-256)`.
    pub(crate) async fn old_attachments(&self, shard: u8, now: i64) -> Result<Vec<(String, String)>, Error> {
        let listed = self.list(&format!("attachments/{shard:02x}"), usize::MAX).await?;
        let old = listed.into_iter().filter(|blob| blob.modified_at < now - YOUNG_MS);
        Ok(old
            .filter_map(|blob| {
                let sha256 = blob.name.rsplit('/').next()?.to_owned();
                Some((blob.name, sha256))
            })
            .collect())
    }

    /// When a blob was written, in milliseconds since 1970; `None` if it is not there.
    async fn modified_at(&self, name: &str) -> Result<Option<i64>, Error> {
        match self.store.head(&Path::from(name)).await {
            Ok(meta) => Ok(Some(meta.last_modified.timestamp_millis())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("look for", name)(error)),
        }
    }

    /// Reads the attachment with this SHA-256.
    pub(crate) async fn attachment(&self, sha256: &str) -> Result<Bytes, Error> {
        self.get(&attachment_name(sha256)).await
    }

    /// Removes the envelopes that are older than this and not in `known`: their sender was never told that they were
    /// accepted, or they are digested. Returns how many.
    pub(crate) async fn remove_envelopes_but(
        &self,
        known: &std::collections::HashSet<String>,
        age: Duration,
    ) -> Result<usize, Error> {
        let before = crate::now_ms() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let mut removed = 0;
        for blob in self.list("envelopes", usize::MAX).await? {
            if blob.modified_at <= before && !known.contains(&blob.name) {
                self.delete(&blob.name).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

impl Listed {
    fn of(meta: &ObjectMeta) -> Self {
        Self {
            name: meta.location.to_string(),
            size_bytes: meta.size,
            modified_at: meta.last_modified.timestamp_millis(),
        }
    }
}

/// The name of an attachment's blob.
pub(crate) fn attachment_name(sha256: &str) -> String {
    let shard = sha256.get(..2).unwrap_or("00");
    format!("attachments/{shard}/{sha256}")
}

fn failed(operation: &'static str, name: &str) -> impl FnOnce(object_store::Error) -> Error + use<> {
    let name = name.to_owned();
    move |source| Error::Blob {
        operation,
        name,
        source: Box::new(source),
    }
}

/// The SHA-256 of these bytes in hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// Makes a folder and those above it, for this user only where the system knows of that.
pub(crate) fn make_folder(path: &FilePath) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    private(&mut builder);
    builder.create(path).map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}

#[cfg(unix)]
fn private(builder: &mut std::fs::DirBuilder) {
    use std::os::unix::fs::DirBuilderExt as _;
    builder.mode(0o700);
}

#[cfg(not(unix))]
fn private(_builder: &mut std::fs::DirBuilder) {}

/// A file that is being written has a `#` in its name, which no blob of ours has.
fn remove_half_written(folder: &FilePath, depth: usize) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if depth < 4 {
                remove_half_written(&entry.path(), depth + 1)?;
            }
        } else if entry.file_name().to_string_lossy().contains('#') {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    async fn open() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).await.unwrap();
        (folder, blobs)
    }

    #[tokio::test]
    async fn an_attachment_written_twice_is_one_file() {
        let (_folder, blobs) = open().await;
        let first = blobs.put_attachment(Bytes::from_static(b"abc")).await.unwrap();
        assert_eq!(
            first,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(blobs.put_attachment(Bytes::from_static(b"abc")).await.unwrap(), first);
        assert_eq!(blobs.attachment(&first).await.unwrap(), &b"abc"[..]);
        assert_eq!(blobs.list("attachments", 10).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_was_half_written_goes_at_the_next_start() {
        let (folder, blobs) = open().await;
        let kept = blobs.put_envelope(Bytes::from_static(b"whole")).await.unwrap();
        let orphan = blobs.put_envelope(Bytes::from_static(b"never answered")).await.unwrap();
        let half = folder.path().join("blobs/envelopes/left#1");
        std::fs::write(&half, b"half").unwrap();

        let blobs = Blobs::open(&folder.path().join("blobs")).await.unwrap();
        assert!(!half.exists());
        let known = HashSet::from([kept.clone()]);
        let young = Duration::from_secs(60);
        assert_eq!(blobs.remove_envelopes_but(&known, young).await.unwrap(), 0);
        assert_eq!(blobs.remove_envelopes_but(&known, Duration::ZERO).await.unwrap(), 1);
        assert_eq!(blobs.get(&kept).await.unwrap(), &b"whole"[..]);
        assert!(blobs.get(&orphan).await.is_err());
        blobs.delete(&kept).await.unwrap();
        blobs.delete(&kept).await.unwrap();
    }

    #[tokio::test]
    async fn files_go_in_and_out() {
        let (folder, blobs) = open().await;
        let file = folder.path().join("a");
        std::fs::write(&file, vec![7; 100_000]).unwrap();
        blobs.put_file("symbols/a", &file).await.unwrap();
        let back = folder.path().join("b");
        blobs.get_to_file("symbols/a", &back).await.unwrap();
        assert_eq!(std::fs::read(back).unwrap(), vec![7; 100_000]);
        assert!(!blobs.exists("symbols/b").await.unwrap());
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_said() {
        let error = Blobs::connect("http://bucket/").await.unwrap_err();
        assert!(error.to_string().contains("s3://"), "{error}");
    }
}
