//! The executable of the app that crashed, held open since: an update may have replaced the file while it ran.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::OnceLock;

static EXECUTABLE: OnceLock<File> = OnceLock::new();

/// Holds the executable of a process that is crashing. At rest nothing of the app's is held.
pub(crate) fn hold(pid: u32) {
    match File::open(format!("/proc/{pid}/exe")) {
        Ok(file) => drop(EXECUTABLE.set(file)),
        Err(error) => log::debug!("the executable is looked for by its name: {error}"),
    }
}

/// A path that leads to it, in this process.
pub(crate) fn held() -> Option<PathBuf> {
    let file = EXECUTABLE.get()?;
    Some(PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())))
}
