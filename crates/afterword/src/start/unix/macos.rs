//! A grandchild on macOS, by `fork`.
#![expect(unsafe_code, reason = "between fork and exec only plain system calls are allowed")]

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

use afterword_channel::{REPORTER_ARGUMENT, RunFile};

use super::{Inherited, Program};

/// Starts it; its process id is in the run file then.
pub(super) fn grandchild(program: &Program, inherited: Inherited, run: &RunFile) -> io::Result<()> {
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
