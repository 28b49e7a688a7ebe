//! No modes: the store's folder lies in the user's profile, and a file in it inherits who may read it.

use std::fs::{File, OpenOptions};

/// As it is.
pub(super) fn private_file() -> OpenOptions {
    File::options()
}
