//! Windows on macOS.

use std::io;
use std::process::Command;

/// Whoever is not at the screen (over ssh, say) has no window server to talk to; that shows when the window does not appear.
pub(super) fn has_display() -> bool {
    true
}

/// By its path: nothing else leads to a program here.
///
/// # Errors
/// Where the system cannot tell it.
pub(super) fn this_program() -> io::Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}
