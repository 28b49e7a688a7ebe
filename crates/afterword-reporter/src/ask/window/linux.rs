//! Windows on Linux: by X11 or Wayland.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Whether one of the two is there.
pub(super) fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Through `/proc/self/exe`: an update may have replaced the file since the app started.
///
/// # Errors
/// None here.
pub(super) fn this_program() -> io::Result<Command> {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("afterword-dialog");
    Ok(command)
}
