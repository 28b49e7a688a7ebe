//! Caches of debug files: what a server makes once of what is uploaded to it, and looks into for every crash.
//!
//! A debug file is large, comes in one of many formats, and takes seconds to read. So it is read once: [`objects`] says what
//! is in it, [`make_symcache`] and [`make_cfi_cache`] write two small files. Those are mapped ([`CacheFile`]) and answer a
//! question by binary search, whatever the size: a [`process_with_caches`](crate::process_with_caches) costs little more
//! than the walk itself. The formats are numbered ([`SYMCACHE_VERSION`], [`CFI_CACHE_VERSION`]): whoever keeps caches puts
//! the number into the file's name, and makes the cache again when it is another.
//!
//! Where caches lie, and for which module there are some, is the caller's knowledge ([`Caches`]). The readers here are other
//! people's, made for damaged input, but many: each call is kept from panicking.

mod cfi;
mod line_tables;
mod module;
mod objects;
mod sources;
mod symcache;

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symbolic_common::ByteView;
use symbolic_debuginfo::{Archive, Object, ParseObjectOptions};

pub use cfi::CFI_CACHE_VERSION;
pub(crate) use module::Asked;
pub use objects::{MAX_OBJECTS, ObjectInfo, objects};
pub use sources::write_source_bundle;
pub use symcache::SYMCACHE_VERSION;

use crate::{Error, Module};

/// The largest section of debug information that is unpacked; larger ones are left out. Four times that of the largest
/// browsers.
const MAX_UNPACKED_SECTION_BYTES: usize = 2 << 30;

/// The largest source file that is unpacked. Generated ones are the largest that people have.
const MAX_SOURCE_BYTES: usize = 16 << 20;

/// Functions inlined into each other; deeper ones are left out.
const MAX_INLINE_DEPTH: u32 = 256;

/// Where the caches of modules are.
///
/// Asked once for a module in which a frame lies, by [`process_with_caches`](crate::process_with_caches), on its thread. The
/// answer may take its time (to fetch a file, or to make the cache): that time is not counted.
pub trait Caches: Sync {
    /// What there is for a module.
    fn caches_of(&self, module: &Module) -> ModuleCaches;
}

/// What there is for one module.
#[derive(Clone, Debug, Default)]
pub struct ModuleCaches {
    /// Functions, files and lines, as [`make_symcache`] writes them.
    pub symcache: Option<CacheFile>,
    /// Rules for unwinding, as [`make_cfi_cache`] writes them.
    pub cfi: Option<CacheFile>,
    /// A source bundle, as it was uploaded.
    pub sources: Option<CacheFile>,
    /// Whether there is a debug file that could not be read.
    pub unreadable: bool,
}

/// A file that is looked into while it lies on the disk.
#[derive(Clone, Debug)]
pub struct CacheFile(ByteView<'static>);

impl CacheFile {
    /// Maps a file. It must be written elsewhere and renamed into its place, never changed.
    ///
    /// # Errors
    /// If it cannot be opened or mapped.
    pub fn open(path: &Path) -> std::io::Result<CacheFile> {
        ByteView::open(path).map(CacheFile)
    }

    /// One in memory.
    pub fn from_bytes(bytes: Vec<u8>) -> CacheFile {
        CacheFile(ByteView::from_vec(bytes))
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// Writes functions, inlined functions, files and lines of an object: the one with the number `index` of the file (see
/// [`objects`]).
///
/// Holds all of it in memory meanwhile, some times as much as it writes.
///
/// # Errors
/// If the file or the object cannot be read, or the cache not be written.
pub fn make_symcache(file: &[u8], index: usize, out: impl Write) -> Result<(), Error> {
    with_object("symcache", file, index, |object| symcache::write(object, out))
}

/// Writes the rules by which stacks are unwound through an object; false if it has none.
///
/// # Errors
/// If the file or the object cannot be read, or the cache not be written.
pub fn make_cfi_cache(file: &[u8], index: usize, out: impl Write) -> Result<bool, Error> {
    with_object("CFI cache", file, index, |object| cfi::write(object, out))
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn with_object<T>(
    what: &'static str,
    file: &[u8],
    index: usize,
    run: impl FnOnce(&Object<'_>) -> Result<T, AnyError>,
) -> Result<T, Error> {
    let run = || {
        let archive = Archive::parse_with_opts(file, options())?;
        let object = archive.object_by_index(index)?;
        run(&object.ok_or("the file does not hold so many objects")?)
    };
    guarded(run).map_err(|source| Error::DebugFile { what, source })
}

/// What a reader makes of damaged input may be a panic; that is an error like any other.
fn guarded<T>(run: impl FnOnce() -> Result<T, AnyError>) -> Result<T, AnyError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(format!("the reader failed unexpectedly: {}", crate::error::message_of(&*panic)).into())
    })
}

fn options() -> ParseObjectOptions {
    let mut options = ParseObjectOptions::default();
    options.max_decompressed_section_size = Some(MAX_UNPACKED_SECTION_BYTES);
    options.max_decompressed_embedded_source_size = Some(MAX_SOURCE_BYTES);
    options.max_inline_depth = Some(MAX_INLINE_DEPTH);
    options
}
