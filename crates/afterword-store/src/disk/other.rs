//! Where there are no modes: a file is as private as its folder, from which it inherits who may read it. The user's data
//! folder is private by what the system gives it.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

/// Whether it is a folder.
pub(super) fn is_private_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Makes a folder; one that is there is an error.
pub(super) fn make_new_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Makes a folder and what is above it.
pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Options as they are.
pub(super) fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// Windows has no sync of a folder; NTFS journals its names.
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
