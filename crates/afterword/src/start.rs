//! Starting the reporter: no zombie, no waiting, nothing of ours left open in it.

#[cfg(target_os = "linux")]
#[path = "start/linux.rs"]
mod program;
#[cfg(target_os = "macos")]
#[path = "start/macos.rs"]
mod program;
#[cfg(windows)]
#[path = "start/windows/program.rs"]
mod program;

#[cfg(unix)]
#[path = "start/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "start/windows.rs"]
mod sys;

use std::io;
use std::path::Path;

use afterword_channel::REPORTER_ARGUMENT;

pub(crate) use program::Program;
pub(crate) use sys::{reporter, terminal};

/// Whether this process was started as the reporter, and is not one: it would start itself again without end.
pub(crate) fn is_reporter() -> bool {
    std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == REPORTER_ARGUMENT)
}

/// The error of a program that is not there.
fn check_is_there(path: &Path) -> io::Result<()> {
    if path.is_file() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!("there is no program at {}", path.display()),
    ))
}
