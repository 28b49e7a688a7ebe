//! Windows on Windows.

use std::io;
use std::os::windows::process::CommandExt;
use std::process::Command;

use windows_sys::Win32::System::Threading::CREATE_NO_WINDOW;

/// A service has no desktop that anybody sees; that shows when the window does not appear.
pub(super) fn has_display() -> bool {
    true
}

/// By its path, without a console beside it.
///
/// # Errors
/// Where the system cannot tell it.
pub(super) fn this_program() -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.creation_flags(CREATE_NO_WINDOW);
    Ok(command)
}
