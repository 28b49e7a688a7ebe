//! Modes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

/// A file that is made is for the user alone.
pub(super) fn private_file() -> OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}
