//! Starting the reporter on Unix, as a grandchild.
#![expect(unsafe_code, reason = "between fork and exec only plain system calls are allowed")]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use afterword_channel::{PrivateMemory, REPORTER_ARGUMENT, ReporterChannel, RunFile};

use super::Program;

/// Starts `program` with its end of the channel, the run file and the private memory, as a grandchild: the child in between
/// ends at once, so that an app that waits for its children never meets the reporter, and no zombie is left.
///
/// # Errors
/// What `fork` or `exec` answered.
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
    let run_address = std::ptr::from_ref(run) as usize;
    let mut command = Command::new(program.to_run());
    command
        .arg0("afterword-reporter")
        .arg(OsString::from(REPORTER_ARGUMENT))
        .args(inherited.map(|fd| fd.to_string()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // SAFETY: the closure runs in the forked child and calls only fork, _exit, signal, fcntl and stores to the shared mapping, all
    // async-signal-safe. `run` lives until `spawn` has returned, which is after the closure ran.
    unsafe {
        command.pre_exec(move || {
            match libc::fork() {
                -1 => return Err(io::Error::last_os_error()),
                0 => {}
                grandchild => {
                    let run = &*(run_address as *const RunFile);
                    run.set_reporter_pid(grandchild as u32);
                    libc::_exit(0);
                }
            }
            // The reporter waits for processes of its own.
            libc::signal(libc::SIGCHLD, libc::SIG_DFL);
            for fd in inherited {
                if libc::fcntl(fd, libc::F_SETFD, 0) == -1 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
    // Where `exec` fails, std waits for the child and panics if somebody else has collected it.
    let spawned = catch_unwind(AssertUnwindSafe(|| command.spawn()));
    let mut child = spawned.map_err(|_| io::Error::other("the program cannot be started"))??;
    match child.wait() {
        // An app that ignores SIGCHLD has its children collected by the kernel.
        Err(error) if error.raw_os_error() != Some(libc::ECHILD) => Err(error),
        _ => Ok(()),
    }
}

/// The terminal on standard error, by its name.
pub(crate) fn terminal() -> Option<PathBuf> {
    let name = rustix::termios::ttyname(rustix::stdio::stderr(), Vec::new()).ok()?;
    Some(PathBuf::from(name.into_string().ok()?))
}
