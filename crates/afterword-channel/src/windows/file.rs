//! The run file on Windows.
//!
//! A file in the user's local data folder is private by what it inherits from there: the profile's access list names the
//! user, the administrators and the system.
#![expect(unsafe_code, reason = "locks are C")]

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, UnlockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};

use super::memory::{Map, map_section_of};
use crate::run_view::Liveness;
use crate::{Error, layout};

pub(crate) const RUN_FILE_NAME: &str = "run";

/// The lock lies far behind the file's end: here a lock keeps others from reading what it covers.
const LOCK_AT: u32 = 0x4000_0000;

/// Makes `folder/run`, exclusively, with all its blocks, locked. The system reserves them when the length is set, and says so
/// where the disk is full: then there is no run file, and no capture. The other systems keep such a run in memory; here a
/// reporter that reads a file can read nothing else.
pub(crate) fn make_run_file(folder: &Path) -> Result<File, Error> {
    let failed = |step| move |source: io::Error| Error::MakeRunFile { step, source };
    let path = folder.join(RUN_FILE_NAME);
    // The standard library lets others read, write, rename and delete it meanwhile.
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .map_err(failed("CreateFile"))?;
    if let Err(error) = file.set_len(layout::FILE_BYTES as u64) {
        drop(file);
        std::fs::remove_file(&path).map_err(failed("DeleteFile"))?;
        return Err(failed("SetEndOfFile")(error));
    }
    if let Err(error) = lock(&file) {
        log::warn!("whether this run is alive will not be known, its file cannot be locked: {error}");
    }
    Ok(file)
}

/// Maps a whole file for reading and writing.
pub(crate) fn map_file(file: &File) -> io::Result<Map> {
    map_section_of(file, layout::FILE_BYTES)
}

/// A lock belongs to the process that took it, and is gone with it, although another one has inherited the same open file.
pub(crate) fn liveness(file: &File) -> Result<Liveness, Error> {
    let failed = |source| Error::ReadRunFile {
        step: "LockFileEx",
        source,
    };
    match lock(file) {
        Ok(()) => {
            unlock(file).map_err(failed)?;
            Ok(Liveness::Dead)
        }
        Err(error) if is_locked(&error) => Ok(Liveness::Alive),
        Err(error) => Err(failed(error)),
    }
}

fn is_locked(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(|code| code as u32);
    matches!(code, Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING))
}

fn lock(file: &File) -> io::Result<()> {
    let flags = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    let mut range = lock_range();
    // SAFETY: the file is open, and was not opened for overlapped use: the call is over when it returns.
    match unsafe { LockFileEx(file.as_raw_handle(), flags, 0, 1, 0, &raw mut range) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn unlock(file: &File) -> io::Result<()> {
    let mut range = lock_range();
    // SAFETY: as for the lock.
    match unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &raw mut range) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn lock_range() -> OVERLAPPED {
    OVERLAPPED {
        Anonymous: OVERLAPPED_0 {
            Anonymous: OVERLAPPED_0_0 {
                Offset: LOCK_AT,
                OffsetHigh: 0,
            },
        },
        ..OVERLAPPED::default()
    }
}

/// The length of a file that should have `_expected` bytes.
pub(crate) fn length(file: &File, _expected: u64) -> io::Result<u64> {
    Ok(file.metadata()?.len())
}

/// What the app writes through its mapping is seen here, and what is written here is seen there, at once: a local file has
/// one cache for both. (On a share it has not; the answers then come over the channel alone.)
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match file.seek_read(&mut bytes[done..], at + done as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => done += read,
        }
    }
    Ok(())
}

pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match file.seek_write(&bytes[done..], at + done as u64)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => done += written,
        }
    }
    Ok(())
}
