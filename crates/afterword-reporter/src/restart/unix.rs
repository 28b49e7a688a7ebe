//! Starting the app again on Unix: a child in a session of its own.
#![expect(unsafe_code, reason = "between fork and exec only plain system calls are allowed")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use afterword_channel::Hello;

use crate::Error;
use crate::detach::Attributes;

/// Starts the app again with its arguments, in its folder, with its umask and limits, in a session of its own. Its standard streams were
/// the old process's; the new one has none.
///
/// # Errors
/// [`Error::Restart`].
pub(crate) fn restart(hello: &Hello, attributes: &Attributes) -> Result<u32, Error> {
    let mut command = Command::new(&hello.executable);
    command
        .args(&hello.arguments)
        .current_dir(hello.working_folder.as_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let attributes = attributes.clone();
    // SAFETY: only plain system calls, which are async-signal-safe and allocate nothing.
    unsafe {
        command.pre_exec(move || {
            attributes.take();
            if libc::setsid() == -1 {
                Err(io::Error::last_os_error())
            } else {
                Ok(())
            }
        });
    }
    let mut app = command.spawn().map_err(|source| Error::Restart {
        path: hello.executable.as_path().to_owned(),
        source,
    })?;
    let pid = app.id();
    // Collected when it ends, should that be before this process does.
    std::thread::spawn(move || app.wait());
    Ok(pid)
}
