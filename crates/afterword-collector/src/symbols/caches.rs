//! The caches on this machine: made once of each object, again when they are gone or of an older format.
//!
//! ```text
//! <data>/cache/symbols/<sha1[0:2]>/<sha1>-<object>.symcache-9     functions, files and lines
//! <data>/cache/symbols/<sha1[0:2]>/<sha1>-<object>.cfi-1          rules for unwinding
//! <data>/cache/symbols/<sha1[0:2]>/<sha1>-<object>.….none         there is nothing, or it cannot be read
//! <data>/cache/symbols/<sha1[0:2]>/<sha1>.src                     a source bundle as it is
//! ```
//!
//! A file is written under another name, synced and renamed. Two who want the same wait for one another.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use afterword_symbols::caches::{
    CFI_CACHE_VERSION, CacheFile, ObjectInfo, SYMCACHE_VERSION, make_cfi_cache, make_symcache,
};

use super::Symbols;
use super::files::DebugFile;
use crate::blobs::make_folder;
use crate::error::chain;
use crate::{Error, blocking};

/// What is made of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Symcache,
    Cfi,
    Sources,
}

/// What there is of it.
#[derive(Debug, Clone)]
pub(super) enum Cache {
    There(CacheFile),
    /// The object has nothing of this kind.
    Nothing,
    /// It has, but it cannot be read.
    Unreadable,
}

/// The folder, and who makes what in it.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    makers: Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self {
            root,
            makers: Mutex::default(),
        }
    }

    fn path(&self, sha1: &str, index: i64, kind: Kind) -> PathBuf {
        let folder = self.root.join(sha1.get(..2).unwrap_or("00"));
        folder.join(match kind {
            Kind::Symcache => format!("{sha1}-{index}.symcache-{SYMCACHE_VERSION}"),
            Kind::Cfi => format!("{sha1}-{index}.cfi-{CFI_CACHE_VERSION}"),
            Kind::Sources => format!("{sha1}.src"),
        })
    }

    fn maker(&self, path: &Path) -> Arc<tokio::sync::Mutex<()>> {
        let mut makers = self.makers.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds are of no use any more.
        makers.retain(|_, maker| Arc::strong_count(maker) > 1);
        Arc::clone(makers.entry(path.to_owned()).or_default())
    }
}

impl Symbols {
    /// A cache of a debug file: opened, or made of its blob first.
    pub(super) async fn cache(&self, file: &DebugFile, kind: Kind) -> Result<Cache, Error> {
        let path = self.inner.caches.path(&file.sha1, file.object_index, kind);
        if let Some(cache) = open(&path) {
            return Ok(cache);
        }
        let maker = self.inner.caches.maker(&path);
        let _made_by_one = maker.lock().await;
        if let Some(cache) = open(&path) {
            return Ok(cache);
        }
        // Closed never.
        let _permit = self.inner.at_work.acquire().await;
        let local = self.fetch(file).await?;
        let (from, index) = (local.path().to_owned(), file.object_index);
        self.make(&from, index, kind, path).await
    }

    /// Makes the caches of an object of a file that is at hand. What cannot be read is noted.
    pub(super) async fn make_caches_of(&self, file: &Path, sha1: &str, object: &ObjectInfo) -> Result<(), Error> {
        let index = i64::try_from(object.index).unwrap_or(i64::MAX);
        for kind in wanted_of(object) {
            let path = self.inner.caches.path(sha1, index, kind);
            if open(&path).is_none() {
                self.make(file, index, kind, path).await?;
            }
        }
        Ok(())
    }

    async fn make(&self, file: &Path, index: i64, kind: Kind, path: PathBuf) -> Result<Cache, Error> {
        let file = file.to_owned();
        blocking(move || make(&file, usize::try_from(index).unwrap_or(usize::MAX), kind, &path)).await
    }
}

fn wanted_of(object: &ObjectInfo) -> impl Iterator<Item = Kind> {
    let named = object.has("debug") || object.has("symtab");
    [
        (Kind::Symcache, named),
        (Kind::Cfi, object.has("unwind")),
        (Kind::Sources, object.format == "sourcebundle"),
    ]
    .into_iter()
    .filter_map(|(kind, wanted)| wanted.then_some(kind))
}

fn open(path: &Path) -> Option<Cache> {
    if let Ok(file) = CacheFile::open(path) {
        return Some(Cache::There(file));
    }
    let said = std::fs::read(none_of(path)).ok()?;
    Some(if said.is_empty() {
        Cache::Nothing
    } else {
        Cache::Unreadable
    })
}

/// Says that there is nothing: empty, or the reason why it could not be read.
fn none_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".none");
    PathBuf::from(name)
}

fn make(file: &Path, index: usize, kind: Kind, path: &Path) -> Result<Cache, Error> {
    let failed = |source| Error::Folder {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(path);
    make_folder(folder)?;
    let mut out = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let bytes = CacheFile::open(file).map_err(failed)?;
    let made = match kind {
        Kind::Symcache => make_symcache(bytes.bytes(), index, out.as_file_mut()).map(|()| true),
        Kind::Cfi => make_cfi_cache(bytes.bytes(), index, out.as_file_mut()),
        Kind::Sources => {
            std::fs::copy(file, out.path()).map_err(failed)?;
            Ok(true)
        }
    };
    let (target, cache) = match made {
        Ok(true) => (path.to_owned(), None),
        Ok(false) => {
            out.as_file().set_len(0).map_err(failed)?;
            (none_of(path), Some(Cache::Nothing))
        }
        // A disk that is full says nothing of the file: that is to be tried again.
        Err(error) if let Some(source) = of_system(&error) => return Err(failed(source)),
        Err(error) => {
            let words = chain(&error);
            tracing::warn!(cache = %path.display(), error = words, "a debug file cannot be read");
            out = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
            std::io::Write::write_all(&mut out, words.as_bytes()).map_err(failed)?;
            (none_of(path), Some(Cache::Unreadable))
        }
    };
    // A name without the bytes, after a power cut, would stay so for ever.
    out.as_file().sync_all().map_err(failed)?;
    out.persist(&target).map_err(|error| failed(error.error))?;
    match cache {
        Some(cache) => Ok(cache),
        None => CacheFile::open(path).map(Cache::There).map_err(failed),
    }
}

/// What the system said, if it was the system that failed and not the reader.
fn of_system(error: &afterword_symbols::Error) -> Option<std::io::Error> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(code) = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::raw_os_error)
        {
            return Some(std::io::Error::from_raw_os_error(code));
        }
        cause = error.source();
    }
    None
}
