//! `--minidumper-socket` is not here: on macOS a crash context travels over Mach ports, on Windows as pointers into the
//! client.

use std::ffi::OsString;

use crate::Error;
use crate::ask::Shell;

/// The part of `--help`.
pub(crate) const HELP: &str = "Programs that use the minidumper crate are served on Linux only.";
const OPTION: &str = "--minidumper-socket";

/// Whether the arguments ask for it.
pub(crate) fn is_asked(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .any(|argument| argument.as_encoded_bytes().starts_with(OPTION.as_bytes()))
}

/// # Errors
/// [`Error::Usage`], always.
pub(crate) fn run(_arguments: Vec<OsString>, _shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    Err(Error::Usage {
        why: format!("{OPTION} works on Linux only"),
    })
}
