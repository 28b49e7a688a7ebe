//! Starting the reporter on Unix, as a grandchild.

#[cfg(target_os = "linux")]
#[path = "unix/linux.rs"]
mod spawn;
#[cfg(target_os = "macos")]
#[path = "unix/macos.rs"]
mod spawn;

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use afterword_channel::{PrivateMemory, ReporterChannel, RunFile};

use super::Program;

/// What the reporter inherits, by its numbers: channel, run file, private memory.
type Inherited = [std::os::fd::RawFd; 3];

/// Starts `program` with its end of the channel, the run file and the private memory, as a grandchild: the child in between
/// ends at once, so that an app that waits for its children never meets the reporter, and no zombie is left.
///
/// # Errors
/// What the system answered to the new processes, or to `exec`.
pub(crate) fn reporter(
    program: &Program,
    run: &RunFile,
    memory: &PrivateMemory,
    reporter_end: ReporterChannel,
) -> io::Result<()> {
    let channel = OwnedFd::from(reporter_end);
    // A copy of the run file's descriptor must not be closed in this process (it would give up the lock): the child uses
    // the number of the one that stays open.
    let inherited = [channel.as_raw_fd(), run.file().as_raw_fd(), memory.file().as_raw_fd()];
    spawn::grandchild(program, inherited, run)
}

/// The terminal on standard error, by its name.
pub(crate) fn terminal() -> Option<PathBuf> {
    let name = rustix::termios::ttyname(rustix::stdio::stderr(), Vec::new()).ok()?;
    Some(PathBuf::from(name.into_string().ok()?))
}
