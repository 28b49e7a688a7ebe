//! Starting the app again, as it was started.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use afterword_channel::Hello;

use crate::Error;

/// Starts the app again with its arguments, in its folder, in a session of its own. Its standard streams were the old
/// process's; the new one has none.
///
/// # Errors
/// [`Error::Restart`].
pub(crate) fn restart(hello: &Hello) -> Result<u32, Error> {
    let mut command = Command::new(&hello.executable);
    command
        .args(&hello.arguments)
        .current_dir(&hello.working_folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let process = command.spawn().map_err(|source| Error::Restart {
        path: hello.executable.clone(),
        source,
    })?;
    Ok(process.id())
}
