//! Debug files: taken in pieces, kept as blobs, read once into caches, and looked into for every crash.
//!
//! - `chunks` keeps the pieces that the stock `sentry-cli` and `afterword symbols upload` send; `assemble` puts them together,
//!   looks into the file and writes one row for each object in it (`files`).
//! - `caches` makes a symcache and a CFI cache of each object and keeps them in a folder of this collector, where they are made
//!   again when they are gone or of an older format.
//! - `lookup` finds what there is for the modules of a minidump; what is nowhere is asked of symbol servers elsewhere, if a
//!   project has chosen some (`servers`).
//! - `missing` knows which modules of which releases had no debug file, and which events that were: those are digested again
//!   when the file arrives.
//!
//! A file is a blob in the unified layout of symbol stores, and is its SHA-1: an executable, its companion, a Breakpad file and
//! a source bundle may have one debug id.
//!
//! ```text
//! symbols/{id[0:2]}/{id[2:]}/{executable|debuginfo|breakpad|sourcebundle}/{sha1}
//! chunks/{organisation}/{sha1[0:2]}/{sha1}
//! ```

mod assemble;
mod caches;
mod chunks;
mod files;
mod lookup;
pub(crate) mod missing;
mod servers;
mod tidy;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha1::{Digest as _, Sha1};
use tokio::sync::Semaphore;

use crate::blobs::{Blobs, make_folder};
use crate::database::Database;
use crate::{Error, blocking};

pub(crate) use assemble::{Assembled, Wanted};
pub(crate) use chunks::MAX_CHUNK_BYTES;
pub(crate) use files::{DebugFile, Which};
pub(crate) use servers::{Layout, SETTING as SERVERS_SETTING, Server};

/// The largest debug file, and of how many chunks it may be.
pub(crate) const MAX_FILE_BYTES: u64 = 2 << 30;
pub(crate) const MAX_CHUNKS: usize = 1024;

/// Files being put together, and files being read into caches, at a time: each may take as much memory as a large file's
/// debug information.
const MAX_AT_WORK: usize = 1;

/// All that has to do with debug files; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Symbols {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    blobs: Blobs,
    caches: caches::Folder,
    /// For files that are being put together or looked into; emptied at the start.
    work: PathBuf,
    at_work: Semaphore,
    servers: servers::Servers,
    /// Says that there are events to digest again.
    again: tokio::sync::Notify,
}

impl Symbols {
    /// Caches and work in progress lie in folders of `data`.
    pub(crate) async fn open(database: Database, blobs: Blobs, data: &Path) -> Result<Self, Error> {
        let work = data.join("work");
        let cache = data.join("cache").join("symbols");
        let folders = (work.clone(), cache.clone());
        blocking(move || {
            let (work, cache) = folders;
            if work.exists() {
                std::fs::remove_dir_all(&work).map_err(|source| Error::Folder {
                    path: work.clone(),
                    source,
                })?;
            }
            make_folder(&work)?;
            make_folder(&cache)
        })
        .await?;
        Ok(Self {
            inner: Arc::new(Inner {
                servers: servers::Servers::new(database.clone()),
                database,
                blobs,
                caches: caches::Folder::new(cache),
                work,
                at_work: Semaphore::new(MAX_AT_WORK),
                again: tokio::sync::Notify::new(),
            }),
        })
    }

    /// Resolves when there may be events to digest again since the last time.
    pub(crate) async fn again(&self) {
        self.inner.again.notified().await;
    }

    /// A file of our own in the folder for work.
    fn work_file(&self) -> Result<tempfile::NamedTempFile, Error> {
        let folder = &self.inner.work;
        tempfile::NamedTempFile::new_in(folder).map_err(|source| Error::Folder {
            path: folder.clone(),
            source,
        })
    }
}

/// The SHA-1 of these bytes in hexadecimal: what the protocol names chunks and files by, no proof of anything.
pub(crate) fn sha1_hex(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(40), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Whether this is a SHA-1 in lower-case hexadecimal.
pub(crate) fn is_sha1(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
