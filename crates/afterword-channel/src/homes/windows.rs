//! Where homes are told on Windows.

use std::path::PathBuf;

/// The home that the environment names.
pub(super) fn given() -> Option<PathBuf> {
    std::env::var_os("USERPROFILE").map(PathBuf::from)
}

/// There is no list of users in a file.
pub(super) fn listed() -> Option<PathBuf> {
    None
}

/// The home that the system names.
pub(super) fn asked() -> Option<PathBuf> {
    std::env::home_dir()
}
