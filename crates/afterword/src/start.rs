//! Starting the reporter: no zombie, no waiting, nothing of ours left open in it.
#![expect(unsafe_code, reason = "between fork and exec only plain system calls are allowed")]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use afterword_channel::{REPORTER_ARGUMENT, ReporterChannel, RunFile};

use crate::Reporter;

/// The reporter's program. The app's own executable is named by `/proc/self/exe`: an update may replace the file while
/// the app runs.
///
/// # Errors
/// No such file, with its path; and [`Reporter::Itself`] in a process that `init` started as the reporter, which would
/// start processes without end.
pub(crate) fn program(reporter: &Reporter) -> io::Result<PathBuf> {
    if std::env::args_os()
        .nth(1)
        .is_some_and(|first| first == REPORTER_ARGUMENT)
    {
        return Err(io::Error::other(
            "this process was started as the reporter: call afterword_reporter::run_if_asked() first in main",
        ));
    }
    let path = match reporter {
        Reporter::Itself => return Ok(PathBuf::from("/proc/self/exe")),
        Reporter::At(path) => path.clone(),
        Reporter::Beside => std::env::current_exe()?.with_file_name("afterword-reporter"),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("there is no program at {}", path.display()),
        ))
    }
}

/// Starts `program` with its end of the channel and the run file, as a grandchild: the child in between ends at once, so
/// that an app that waits for its children never meets the reporter, and no zombie is left.
///
/// # Errors
/// What `fork` or `exec` answered.
pub(crate) fn reporter(program: &PathBuf, run: &RunFile, reporter_end: ReporterChannel) -> io::Result<()> {
    let channel = OwnedFd::from(reporter_end);
    // A copy of the run file's descriptor must not be closed in this process (it would give up the lock): the child uses
    // the number of the one that stays open.
    let (channel_fd, run_fd) = (channel.as_raw_fd(), run.file().as_raw_fd());
    let run_address = std::ptr::from_ref(run) as usize;
    let mut command = Command::new(program);
    command
        .arg0("afterword-reporter")
        .args([
            OsString::from(REPORTER_ARGUMENT),
            channel_fd.to_string().into(),
            run_fd.to_string().into(),
        ])
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
            for fd in [channel_fd, run_fd] {
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
