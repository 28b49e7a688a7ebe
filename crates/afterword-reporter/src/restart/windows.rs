//! Starting the app again on Windows. A console program gets a console of its own; one with windows needs none.

use std::os::windows::process::CommandExt;
use std::process::Command;

use afterword_channel::Hello;
use windows_sys::Win32::System::Threading::{CREATE_NEW_CONSOLE, CREATE_NEW_PROCESS_GROUP};

use crate::Error;
use crate::detach::Attributes;

/// Starts the app again with its arguments, in its folder.
///
/// # Errors
/// [`Error::Restart`].
pub(crate) fn restart(hello: &Hello, _attributes: &Attributes) -> Result<u32, Error> {
    let app = Command::new(&hello.executable)
        .args(&hello.arguments)
        .current_dir(hello.working_folder.as_path())
        .creation_flags(CREATE_NEW_CONSOLE | CREATE_NEW_PROCESS_GROUP)
        .spawn()
        .map_err(|source| Error::Restart {
            path: hello.executable.as_path().to_owned(),
            source,
        })?;
    Ok(app.id())
}
