//! Backups: a folder with a copy of the database, of all blobs, and a manifest that says of each file what is in it.
//!
//! ```text
//! <backup>/manifest.json   what follows, with sizes and SHA-256; written last: without it, it is none
//! <backup>/afterword.db    the database as it was at one moment (`VACUUM INTO`), while the collector goes on
//! <backup>/blobs/…         the files it names
//! ```
//!
//! The collector digests meanwhile and removes the blobs of envelopes as it does. So those are copied first, and if the
//! copy of the database names one that was not caught, both are copied again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::AnyConnection;
use sqlx::Connection as _;

use crate::blobs::make_folder;
use crate::collector::{Config, lock};
use crate::database::newest_schema;
use crate::error::OrFailed as _;
use crate::{Error, blocking};

const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "afterword.db";
const BLOBS: &str = "blobs";
const FORMAT: u32 = 1;

/// How often the database is copied at most, until no blob is missing.
const TRIES: usize = 5;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Of the collector that made it.
    version: String,
    /// Milliseconds since 1970.
    made_at: i64,
    files: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    size_bytes: u64,
    sha256: String,
}

/// What was backed up or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Files, the database included.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Copies the database (SQLite) and the blobs (if they are local) of a collector, which may be running, into a new folder.
///
/// # Errors
/// If the folder is there and not empty, or something cannot be read or written.
pub async fn backup(config: &Config, into: &Path) -> Result<Copied, Error> {
    refuse_used(into)?;
    make_folder(into)?;
    let blobs = config.data.join(BLOBS);
    let has_blobs = config.blobs.is_none() && blobs.is_dir();
    let mut files = BTreeMap::new();
    if config.database.is_none() {
        let source = config.data.join(DATABASE);
        if !source.is_file() {
            return Err(wrong(format!(
                "there is no database in {}: name another folder with --data",
                config.data.display()
            )));
        }
        copy_database(&source, &blobs, into, &mut files, has_blobs).await?;
    }
    let into = into.to_owned();
    blocking(move || {
        if has_blobs {
            copy_folder(&blobs, &into.join(BLOBS), BLOBS, &mut files)?;
        }
        let copied = Copied {
            files: files.len(),
            bytes: files.values().map(|entry| entry.size_bytes).sum(),
        };
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: crate::now_ms(),
            files,
        };
        let path = into.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| wrong(error.to_string()))?;
        let written = File::create(&path).and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
        written.map_err(|source| Error::Folder { path, source })?;
        Ok(copied)
    })
    .await
}

/// Puts a backup into a data folder, which must be empty or not there.
///
/// # Errors
/// If a collector works in the folder or something is in it, if a file of the backup is not what its manifest says, or if it
/// was made by a newer version.
pub async fn restore(config: &Config, from: &Path) -> Result<Copied, Error> {
    make_folder(&config.data)?;
    // Nobody starts here meanwhile.
    let _lock = lock(&config.data)?;
    refuse_used(&config.data)?;
    let (source, data) = (from.to_owned(), config.data.clone());
    let manifest = blocking(move || check(&source)).await?;
    if manifest.files.contains_key(DATABASE) {
        let schema = schema_of(&from.join(DATABASE)).await?;
        if schema > newest_schema() {
            return Err(wrong(format!(
                "the backup was made by version {} with a newer database: restore it with that version or a newer one",
                manifest.version
            )));
        }
    }
    let from = from.to_owned();
    blocking(move || {
        let mut bytes = 0;
        // The database last: a data folder without one is started anew.
        let (database, others): (Vec<_>, Vec<_>) = manifest.files.iter().partition(|(path, _)| *path == DATABASE);
        for (path, entry) in others.into_iter().chain(database) {
            let copied = copy(&from.join(path), &data.join(path))?;
            if copied != *entry {
                return Err(changed(path));
            }
            bytes += entry.size_bytes;
        }
        Ok(Copied {
            files: manifest.files.len(),
            bytes,
        })
    })
    .await
}

/// Copies the database until the copy names no blob that is not there.
async fn copy_database(
    source: &Path,
    blobs: &Path,
    into: &Path,
    files: &mut BTreeMap<String, Entry>,
    has_blobs: bool,
) -> Result<(), Error> {
    let copy = into.join(DATABASE);
    for _ in 0..TRIES {
        if has_blobs {
            let (from, to) = (blobs.join("envelopes"), into.join(BLOBS).join("envelopes"));
            let caught = blocking(move || {
                let mut caught = BTreeMap::new();
                copy_folder(&from, &to, "blobs/envelopes", &mut caught)?;
                Ok(caught)
            });
            files.extend(caught.await?);
        }
        if copy.exists() {
            remove(&copy)?;
        }
        vacuum_into(source, &copy).await?;
        let missing = missing_envelopes(&copy, &into.join(BLOBS), blobs).await?;
        if missing == 0 || !has_blobs {
            let path = copy.clone();
            let entry = blocking(move || entry_of(&path)).await?;
            files.insert(DATABASE.to_owned(), entry);
            return Ok(());
        }
    }
    Err(wrong(
        "large envelopes come and go too quickly: try again when there is less load".to_owned(),
    ))
}

async fn vacuum_into(source: &Path, copy: &Path) -> Result<(), Error> {
    let mut connection = connect(source).await?;
    let done = sqlx::query("VACUUM INTO $1")
        .bind(copy.to_string_lossy().into_owned())
        .execute(&mut connection)
        .await;
    // Nothing is left to be said by it.
    let _ = connection.close().await;
    done.or_failed("copy the database")?;
    Ok(())
}

/// How many blobs the inbox of the copy names that neither the backup nor the source has.
async fn missing_envelopes(copy: &Path, caught: &Path, source: &Path) -> Result<usize, Error> {
    let mut connection = connect(copy).await?;
    let named = sqlx::query_scalar::<_, String>(
        "SELECT blob FROM inbox WHERE blob IS NOT NULL UNION SELECT blob FROM set_aside WHERE blob IS NOT NULL",
    )
    .fetch_all(&mut connection)
    .await
    .or_failed("look into the copy of the database");
    // Nothing is left to be said by it.
    let _ = connection.close().await;
    let is_there = |name: &String| caught.join(name).is_file() || source.join(name).is_file();
    Ok(named?.iter().filter(|name| !is_there(name)).count())
}

async fn schema_of(database: &Path) -> Result<i64, Error> {
    let mut connection = connect(database).await?;
    let schema = sqlx::query_scalar("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .or_failed("look up the version of the backup's database");
    // Nothing is left to be said by it.
    let _ = connection.close().await;
    schema
}

async fn connect(path: &Path) -> Result<AnyConnection, Error> {
    sqlx::any::install_default_drivers();
    let url = crate::database::sqlite_url(path, "rw");
    AnyConnection::connect(&url)
        .await
        .map_err(|source| Error::OpenDatabase {
            database: path.display().to_string(),
            source,
        })
}

/// Reads the manifest and compares every file with it.
fn check(from: &Path) -> Result<Manifest, Error> {
    let path = from.join(MANIFEST);
    let text = std::fs::read(&path).map_err(|source| Error::Folder { path, source })?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| wrong(format!("the manifest cannot be read: {error}")))?;
    if manifest.format != FORMAT {
        return Err(wrong(format!(
            "its format is {}, this version reads {FORMAT}",
            manifest.format
        )));
    }
    for (path, entry) in &manifest.files {
        let is_inside = Path::new(path)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !is_inside {
            return Err(wrong(format!("{path:?} is no file of a backup")));
        }
        if entry_of(&from.join(path))? != *entry {
            return Err(changed(path));
        }
    }
    Ok(manifest)
}

fn changed(path: &str) -> Error {
    wrong(format!(
        "{path} is not what the manifest says: it was changed or damaged since"
    ))
}

/// All files of a folder, but for what is half written.
fn copy_folder(from: &Path, to: &Path, name: &str, files: &mut BTreeMap<String, Entry>) -> Result<(), Error> {
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(of(from)(source)),
    };
    for entry in entries {
        let entry = entry.map_err(of(from))?;
        let (path, file_name) = (entry.path(), entry.file_name());
        let file_name = file_name.to_string_lossy();
        let name = format!("{name}/{file_name}");
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            // Digested meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(of(&path)(source)),
        };
        if kind.is_dir() {
            copy_folder(&path, &to.join(&*file_name), &name, files)?;
        } else if !files.contains_key(&name) && !file_name.contains('#') {
            match copy(&path, &to.join(&*file_name)) {
                Ok(entry) => {
                    files.insert(name, entry);
                }
                // Digested meanwhile.
                Err(Error::Folder { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Copies a file, durably; returns what was copied.
fn copy(from: &Path, to: &Path) -> Result<Entry, Error> {
    let mut reader = File::open(from).map_err(of(from))?;
    if let Some(folder) = to.parent() {
        make_folder(folder)?;
    }
    let mut writer = File::create(to).map_err(of(to))?;
    let entry = read(&mut reader, from, |piece| writer.write_all(piece).map_err(of(to)))?;
    writer.sync_all().map_err(of(to))?;
    Ok(entry)
}

fn entry_of(path: &Path) -> Result<Entry, Error> {
    read(&mut File::open(path).map_err(of(path))?, path, |_| Ok(()))
}

fn read(file: &mut File, path: &Path, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<Entry, Error> {
    let mut piece = vec![0; 64 << 10];
    let mut hash = Sha256::new();
    let mut size_bytes = 0;
    loop {
        let count = file.read(&mut piece).map_err(of(path))?;
        if count == 0 {
            break;
        }
        let piece = piece.get(..count).unwrap_or_default();
        hash.update(piece);
        each(piece)?;
        size_bytes += count as u64;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Entry { size_bytes, sha256 })
}

/// A folder with anything in it but the lock.
fn refuse_used(folder: &Path) -> Result<(), Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(of(folder)(source)),
    };
    for entry in entries {
        if entry.map_err(of(folder))?.file_name() != "collector.lock" {
            return Err(wrong(format!("{} is not empty: name another folder", folder.display())));
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), Error> {
    std::fs::remove_file(path).map_err(of(path))
}

fn of(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path: PathBuf = path.to_owned();
    move |source| Error::Folder { path, source }
}

fn wrong(reason: String) -> Error {
    Error::Backup { reason }
}
