//! Files that survive a kill and a power cut, and reads that are bounded.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::Error;

#[cfg(not(unix))]
mod other;
#[cfg(test)]
mod tests;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as system;
#[cfg(unix)]
use unix as system;

#[cfg(not(test))]
use system::sync_folder as sync_names;
#[cfg(test)]
use tests::sync_names;

/// What a file is called until it is complete.
const TEMPORARY_PREFIX: &str = ".writing-";

/// Whether a file name is one of [`write_atomic`]'s unfinished ones.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY_PREFIX)
}

/// Makes a folder and what is above it, for this user alone, and makes the names of those that were not there last. One
/// that is there is made private.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    // At nearly every start of an app they are all there: one look at each.
    if system::is_private_folder(path) {
        return Ok(());
    }
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    system::make_private_folder(path).map_err(|source| Error::MakeFolder {
        path: path.to_owned(),
        source,
    })?;
    missing.into_iter().filter_map(Path::parent).for_each(make_last);
    Ok(())
}

/// Makes a folder in one that is there; false when there is something of its name.
pub(crate) fn make_new_folder(path: &Path) -> Result<bool, Error> {
    match system::make_new_folder(path) {
        Ok(()) => {
            path.parent().map(make_last);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(Error::MakeFolder {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Makes a folder that need not survive a power cut. A sync can take a disk's whole attention, and the caller is waiting.
pub(crate) fn make_passing_folder(path: &Path) -> Result<(), Error> {
    system::make_private_folder(path).map_err(|source| Error::MakeFolder {
        path: path.to_owned(),
        source,
    })
}

/// Opens a file for this user alone, making it if need be; its content is left as it is.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    system::private_file()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Makes a file for this user alone, for appending; one that is there is an error.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    system::private_file().write(true).create_new(true).open(path)
}

/// Writes a file where no reader looks for it, and does not sync it. What is there is replaced.
pub(crate) fn write_unseen(path: &Path, bytes: &[u8]) -> Result<File, Error> {
    let written = system::private_file()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes).map(|()| file));
    written.map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// Syncs many files at once: a file system that writes a journal does it once for all who wait.
pub(crate) fn sync_files(files: &[File]) -> io::Result<()> {
    const AT_ONCE: usize = 8;
    let sync = |files: &[File]| files.iter().try_for_each(File::sync_all);
    if files.len() < AT_ONCE {
        return sync(files);
    }
    std::thread::scope(|threads| {
        let shares = files.chunks(files.len().div_ceil(AT_ONCE));
        let begun: Vec<_> = shares
            .map(|share| {
                std::thread::Builder::new()
                    .spawn_scoped(threads, move || sync(share))
                    .map_err(|_| share)
            })
            .collect();
        begun.into_iter().try_for_each(|share| match share {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a thread that syncs panicked"))),
            // No thread is to be had.
            Err(share) => sync(share),
        })
    })
}

/// Renames without a sync: for many at once, after which the folders are made last.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::Move {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    })
}

/// Makes sure that a change of the names in a folder is on the disk. The change has taken place: where the sync fails it
/// must not read as if it had not, so that is told to the log alone.
pub(crate) fn make_last(folder: &Path) {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    if let Err(error) = sync_names(folder) {
        log::warn!(
            "{} cannot be synced, a power cut may undo its last change: {error}",
            folder.display()
        );
    }
}

/// Writes a whole file so that it is there entirely or not at all, also after a power cut: temporary file, sync, rename,
/// sync of the folder. An error means that the file is as it was before.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let temporary = folder.join(format!("{TEMPORARY_PREFIX}{}", Uuid::new_v4().simple()));
    let written = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|source| {
        // It may be gone or never have been made; what matters is the error that is returned.
        fs::remove_file(&temporary).ok();
        Error::Write {
            path: path.to_owned(),
            source,
        }
    })?;
    make_last(folder);
    Ok(())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = system::private_file().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a record as JSON, atomically.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T, max_bytes: u64) -> Result<(), Error> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|source| Error::Encode {
        path: path.to_owned(),
        source,
    })?;
    bytes.push(b'\n');
    check_size(path, bytes.len() as u64, max_bytes)?;
    write_atomic(path, &bytes)
}

/// Reads a regular file of at most so many bytes; none if there is no such file.
pub(crate) fn read_bounded(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    // Not through a link and not from a pipe: the first would read what is not ours, the second would wait for ever.
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )));
    }
    check_size(path, metadata.len(), max_bytes)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
    check_size(path, bytes.len() as u64, max_bytes)?;
    Ok(Some(bytes))
}

/// The size of a regular file; none if there is no such file. Neither link nor pipe is followed.
pub(crate) fn size_of_file(path: &Path) -> Result<Option<u64>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Reads a range of a regular file that has exactly so many bytes.
pub(crate) fn read_range(path: &Path, range: Range<u64>, of_bytes: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    match size_of_file(path)? {
        Some(size) if size == of_bytes => {}
        Some(_) => return Err(Error::Changed { path: path.to_owned() }),
        None => return Err(failed(io::ErrorKind::NotFound.into())),
    }
    let mut file = File::open(path).map_err(failed)?;
    file.seek(io::SeekFrom::Start(range.start)).map_err(failed)?;
    let length = range.end.saturating_sub(range.start);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(length).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 != length {
        return Err(Error::Changed { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Reads a record; none if there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, max_bytes: u64) -> Result<Option<T>, Error> {
    let Some(bytes) = read_bounded(path, max_bytes)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Parse {
        path: path.to_owned(),
        source,
    })
}

/// Refuses what is larger than its bound.
pub(crate) fn check_size(path: &Path, size_bytes: u64, limit_bytes: u64) -> Result<(), Error> {
    if size_bytes > limit_bytes {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            size_bytes,
            limit_bytes,
        });
    }
    Ok(())
}

/// Renames a file or folder into another folder and makes it last. An error means that it is where it was.
pub(crate) fn move_synced(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::Move {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    })?;
    [to.parent(), from.parent()].into_iter().flatten().for_each(make_last);
    Ok(())
}

/// Makes sure that the names in a folder are on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    sync_names(path).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

/// Deletes a file; one that is gone already is no error.
pub(crate) fn delete_file(path: &Path) -> Result<(), Error> {
    unless_gone(fs::remove_file(path), path)
}

/// Deletes a folder with all that is in it; one that is gone already is no error.
pub(crate) fn delete_folder(path: &Path) -> Result<(), Error> {
    unless_gone(fs::remove_dir_all(path), path)
}

/// Deletes what is found in a folder, by its kind: a folder in the place of a file must not stay for ever.
pub(crate) fn delete_entry(path: &Path, metadata: &fs::Metadata) -> Result<(), Error> {
    if metadata.is_dir() {
        delete_folder(path)
    } else {
        delete_file(path)
    }
}

fn unless_gone(result: io::Result<()>, path: &Path) -> Result<(), Error> {
    match result {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Delete {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

/// One thing in a folder.
pub(crate) struct Entry {
    /// Its name; what is not UTF-8 is not ours and left out.
    pub(crate) name: String,
    /// What it is, links not followed.
    pub(crate) metadata: fs::Metadata,
}

/// What is in a folder; nothing if it is not there. What vanishes meanwhile is left out.
pub(crate) fn list(path: &Path) -> Result<Vec<Entry>, Error> {
    let failed = |source| Error::ListFolder {
        path: path.to_owned(),
        source,
    };
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata()) {
            found.push(Entry { name, metadata });
        }
    }
    Ok(found)
}

/// When something was changed last. None where the system does not know it, and for a year that is none of ours: file
/// systems keep times far beyond 9999.
pub(crate) fn modified(metadata: &fs::Metadata) -> Option<OffsetDateTime> {
    moment(metadata.modified().ok()?)
}

fn moment(time: SystemTime) -> Option<OffsetDateTime> {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok()?,
        Err(before) => i64::try_from(before.duration().as_secs()).ok()?.checked_neg()?,
    };
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}
