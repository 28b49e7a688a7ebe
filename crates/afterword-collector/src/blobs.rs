//! Files: envelopes that wait to be digested, and attachments.
//!
//! ```text
//! blobs/envelopes/<uuid>                  an accepted envelope, until it is digested
//! blobs/attachments/<2 digits>/<sha256>   an attachment, named by what is in it, so that writing it twice is once
//! blobs/new/<uuid>                        being written; what a crash leaves here is removed at the next start
//! ```
//!
//! A file is written under `new`, synced, renamed to its name, and the folder it then is in is synced: under its name
//! it is whole or not there. The functions block and are called on the blocking pool.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::Error;

/// The folder of blobs; clones mean the same.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    root: PathBuf,
}

impl Blobs {
    /// Makes the folders and removes what was only half written.
    pub(crate) fn open(root: PathBuf) -> Result<Self, Error> {
        let blobs = Self { root };
        for folder in [blobs.new_folder(), blobs.envelopes(), blobs.attachments()] {
            make_folder(&folder)?;
        }
        for path in files(&blobs.new_folder())? {
            remove(&path)?;
        }
        Ok(blobs)
    }

    /// Writes an envelope, durably; returns its name.
    pub(crate) fn put_envelope(&self, bytes: &[u8]) -> Result<String, Error> {
        let name = Uuid::new_v4().simple().to_string();
        self.write(bytes, &self.envelopes().join(&name))?;
        Ok(name)
    }

    /// Reads an envelope.
    pub(crate) fn envelope(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.envelopes().join(name);
        fs::read(&path).map_err(|source| Error::Blob {
            operation: "read",
            path,
            source,
        })
    }

    /// Removes an envelope; one that is gone already is no error.
    pub(crate) fn remove_envelope(&self, name: &str) -> Result<(), Error> {
        remove(&self.envelopes().join(name))
    }

    /// Removes the envelopes that are not in `known`: their sender was never told that they were accepted, or they are
    /// digested. Returns how many.
    pub(crate) fn remove_envelopes_but(&self, known: &HashSet<String>) -> Result<usize, Error> {
        let mut removed = 0;
        for path in files(&self.envelopes())? {
            if path
                .file_name()
                .and_then(|name| name.to_str())
                .is_none_or(|name| !known.contains(name))
            {
                remove(&path)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Writes an attachment, durably, unless it is there; returns its SHA-256 in hexadecimal.
    pub(crate) fn put_attachment(&self, bytes: &[u8]) -> Result<String, Error> {
        let sha256 = sha256_hex(bytes);
        let path = self.attachment_path(&sha256);
        if !path.exists() {
            if let Some(folder) = path.parent() {
                make_folder(folder)?;
            }
            self.write(bytes, &path)?;
        }
        Ok(sha256)
    }

    /// Reads the attachment with this SHA-256.
    pub(crate) fn attachment(&self, sha256: &str) -> Result<Vec<u8>, Error> {
        let path = self.attachment_path(sha256);
        fs::read(&path).map_err(|source| Error::Blob {
            operation: "read",
            path,
            source,
        })
    }

    fn write(&self, bytes: &[u8], path: &Path) -> Result<(), Error> {
        let new = self.new_folder().join(Uuid::new_v4().simple().to_string());
        let written = write_synced(&new, bytes)
            .and_then(|()| fs::rename(&new, path))
            .and_then(|()| sync_parent(path));
        written.map_err(|source| {
            // Best effort: what is left in `new` goes at the next start.
            let _ = fs::remove_file(&new);
            Error::Blob {
                operation: "write",
                path: path.to_owned(),
                source,
            }
        })
    }

    fn new_folder(&self) -> PathBuf {
        self.root.join("new")
    }

    fn envelopes(&self) -> PathBuf {
        self.root.join("envelopes")
    }

    fn attachments(&self) -> PathBuf {
        self.root.join("attachments")
    }

    fn attachment_path(&self, sha256: &str) -> PathBuf {
        let shard = sha256.get(..2).unwrap_or("00");
        self.attachments().join(shard).join(sha256)
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
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    private(&mut builder);
    builder.create(path).map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}

#[cfg(unix)]
fn private(builder: &mut fs::DirBuilder) {
    use std::os::unix::fs::DirBuilderExt as _;
    builder.mode(0o700);
}

#[cfg(not(unix))]
fn private(_builder: &mut fs::DirBuilder) {}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A rename is durable once its folder is synced; Windows has no such call and needs none.
#[cfg(unix)]
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_parent(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let list = || {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    };
    list().map_err(|source| Error::Blob {
        operation: "list",
        path: folder.to_owned(),
        source,
    })
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Blob {
            operation: "remove",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
        (folder, blobs)
    }

    #[test]
    fn an_attachment_written_twice_is_one_file() {
        let (_folder, blobs) = open();
        let first = blobs.put_attachment(b"abc").unwrap();
        assert_eq!(
            first,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(blobs.put_attachment(b"abc").unwrap(), first);
        assert_eq!(blobs.attachment(&first).unwrap(), b"abc");
        assert_eq!(files(&blobs.attachments().join("ba")).unwrap().len(), 1);
    }

    #[test]
    fn what_was_half_written_goes_at_the_next_start() {
        let (folder, blobs) = open();
        fs::write(blobs.new_folder().join("left"), b"half").unwrap();
        let kept = blobs.put_envelope(b"whole").unwrap();
        let orphan = blobs.put_envelope(b"never answered").unwrap();

        let blobs = Blobs::open(folder.path().join("blobs")).unwrap();
        assert_eq!(files(&blobs.new_folder()).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(blobs.remove_envelopes_but(&HashSet::from([kept.clone()])).unwrap(), 1);
        assert_eq!(blobs.envelope(&kept).unwrap(), b"whole");
        assert!(blobs.envelope(&orphan).is_err());
        blobs.remove_envelope(&kept).unwrap();
        blobs.remove_envelope(&kept).unwrap();
    }
}
