//! Debug files on this machine: found in folders, cut into chunks and named by their SHA-1.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use afterword_symbols::caches::{CacheFile, ObjectInfo, objects, write_source_bundle};
use afterword_upload::FileChunks;
use anyhow::{Context, anyhow};
use sha1::{Digest, Sha1};
use tempfile::NamedTempFile;
use walkdir::WalkDir;

use crate::terminal::Progress;

/// Folders within folders that are searched.
const MAX_DEPTH: usize = 64;

/// A debug file to be uploaded.
pub(super) struct Found {
    /// Where it is, or what it was made of.
    pub(super) path: PathBuf,
    pub(super) objects: Vec<ObjectInfo>,
    pub(super) size_bytes: u64,
    pub(super) chunks: FileChunks,
    bytes: CacheFile,
    /// Keeps what was made here until it is sent.
    _made: Option<NamedTempFile>,
}

impl Found {
    /// The bytes of a chunk, by its number.
    pub(super) fn chunk(&self, index: usize, chunk_bytes: usize) -> &[u8] {
        let bytes = self.bytes.bytes();
        let start = index.saturating_mul(chunk_bytes).min(bytes.len());
        &bytes[start..start.saturating_add(chunk_bytes).min(bytes.len())]
    }

    /// Whether sources could be found for it.
    pub(super) fn has_debug(&self) -> bool {
        self.objects.iter().any(|object| object.has("debug"))
    }
}

/// What was passed over, so that nobody wonders.
#[derive(Default)]
pub(super) struct Passed {
    /// Files that look like debug files and could not be read, with the reason.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    /// Debug files without an id that a crash could name.
    pub(super) without_id: Vec<PathBuf>,
    /// Larger than the server takes.
    pub(super) too_large: Vec<PathBuf>,
}

/// The debug files at these paths, each content once.
pub(super) fn find(
    paths: &[PathBuf],
    chunk_bytes: usize,
    max_bytes: u64,
    progress: &Progress,
) -> anyhow::Result<(Vec<Found>, Passed)> {
    let (mut found, mut passed, mut seen) = (Vec::new(), Passed::default(), HashSet::new());
    for path in paths {
        let is_named = path.is_file();
        for entry in WalkDir::new(path).max_depth(MAX_DEPTH).sort_by_file_name() {
            let entry = entry.with_context(|| format!("cannot search {}", path.display()))?;
            // What a link leads to is either searched by itself or somebody else's.
            let is_file = entry.file_type().is_file() || (is_named && entry.depth() == 0);
            if !is_file || (!is_named && !begins_like_one(entry.path())) {
                continue;
            }
            progress.show(&format!("Looking into {}…", entry.path().display()));
            let one = look_into(entry.path(), chunk_bytes, max_bytes, is_named, &mut passed)?;
            found.extend(one.filter(|file| seen.insert(file.chunks.sha1.clone())));
        }
    }
    Ok((found, passed))
}

/// By its first bytes: what is no debug file for sure need not be read.
fn begins_like_one(path: &Path) -> bool {
    const BEGINNINGS: [&[u8]; 10] = [
        b"\x7fELF",
        b"MZ",
        b"Microsoft C/C++",
        b"BSJB",
        b"MODULE ",
        b"SYSB",
        b"\xfe\xed\xfa",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
    ];
    let mut first = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read(&mut first));
    read.is_ok_and(|count| BEGINNINGS.iter().any(|beginning| first[..count].starts_with(beginning)))
}

fn look_into(
    path: &Path,
    chunk_bytes: usize,
    max_bytes: u64,
    is_named: bool,
    passed: &mut Passed,
) -> anyhow::Result<Option<Found>> {
    let bytes = CacheFile::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.bytes().len() as u64 > max_bytes {
        passed.too_large.push(path.to_owned());
        return Ok(None);
    }
    let found = match objects(bytes.bytes()) {
        Ok(found) => found,
        Err(error) if is_named => {
            return Err(anyhow!(error).context(format!("{} is of no use as a debug file", path.display())));
        }
        Err(error) => {
            let words = crate::failure::chain(&error);
            passed.unreadable.push((path.to_owned(), words));
            return Ok(None);
        }
    };
    // What goes into a program is not one yet.
    let mut found: Vec<ObjectInfo> = found.into_iter().filter(|object| object.kind != "rel").collect();
    found.retain(|object| !object.features.is_empty());
    if found.is_empty() {
        return Ok(None);
    }
    found.retain(|object| !object.debug_id.bytes().all(|byte| matches!(byte, b'0' | b'-')));
    if found.is_empty() {
        passed.without_id.push(path.to_owned());
        return Ok(None);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Some(Found {
        path: path.to_owned(),
        objects: found,
        size_bytes: bytes.bytes().len() as u64,
        chunks: chunks_of(bytes.bytes(), name.unwrap_or_default(), chunk_bytes),
        bytes,
        _made: None,
    }))
}

fn chunks_of(bytes: &[u8], name: String, chunk_bytes: usize) -> FileChunks {
    FileChunks {
        sha1: sha1_hex(bytes),
        name,
        chunks: bytes.chunks(chunk_bytes).map(sha1_hex).collect(),
    }
}

fn sha1_hex(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sources of a debug file, for each of its objects that names some which are here.
pub(super) fn sources_of(file: &Found, chunk_bytes: usize) -> anyhow::Result<Vec<Found>> {
    let mut made = Vec::new();
    for object in file.objects.iter().filter(|object| object.has("debug")) {
        let mut bundle = NamedTempFile::new().context("cannot make a file for sources")?;
        let named = || format!("cannot collect the sources of {}", file.path.display());
        let any = write_source_bundle(
            file.bytes.bytes(),
            object.index,
            &file.chunks.name,
            bundle.as_file_mut(),
        )
        .with_context(named)?;
        if !any {
            continue;
        }
        let bytes = CacheFile::open(bundle.path()).with_context(named)?;
        made.push(Found {
            path: file.path.clone(),
            objects: objects(bytes.bytes()).with_context(named)?,
            size_bytes: bytes.bytes().len() as u64,
            chunks: chunks_of(bytes.bytes(), file.chunks.name.clone(), chunk_bytes),
            bytes,
            _made: Some(bundle),
        });
    }
    Ok(made)
}
