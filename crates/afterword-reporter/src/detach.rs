//! Becoming independent of the app: its terminal, its folder, its signal mask and its files.
#![expect(unsafe_code, reason = "signal masks and inherited descriptors are raw")]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::fs::Mode;

use crate::Error;

/// The two descriptors that the app hands over, by the numbers in the arguments.
///
/// # Errors
/// [`Error::Arguments`] when there are not two open descriptors above standard error.
pub(crate) fn inherited(arguments: &[std::ffi::OsString]) -> Result<(OwnedFd, OwnedFd), Error> {
    let number = |index: usize| -> Result<RawFd, Error> {
        arguments
            .get(index)
            .and_then(|text| text.to_str()?.parse::<RawFd>().ok())
            .filter(|fd| *fd > 2 && is_open(*fd))
            .ok_or_else(|| Error::Arguments {
                why: format!("argument {} is no open descriptor", index + 2),
            })
    };
    let (channel, run_file) = (number(0)?, number(1)?);
    if channel == run_file {
        return Err(Error::Arguments {
            why: "one descriptor is given twice".to_owned(),
        });
    }
    close_others(&[channel, run_file]);
    for fd in [channel, run_file] {
        // SAFETY: both are open. What this process starts must not inherit them: a dialog that held the channel would hide
        // from the app that its reporter is gone.
        if unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
            return Err(Error::Wait(std::io::Error::last_os_error()));
        }
    }
    // SAFETY: both are open, differ, and are handed over to this process alone: nothing else here knows their numbers.
    unsafe { Ok((OwnedFd::from_raw_fd(channel), OwnedFd::from_raw_fd(run_file))) }
}

/// A session of its own (the terminal's hang-up and Ctrl-C are the app's), the root folder (no file system kept busy),
/// files for the user alone, no signal blocked that the app had blocked. Returns the umask that the app had.
pub(crate) fn detach() -> Mode {
    // Fails when we lead a session already, and then there is nothing to do.
    if let Err(error) = rustix::process::setsid() {
        log::debug!("setsid: {error}");
    }
    if let Err(error) = rustix::process::chdir("/") {
        log::debug!("chdir: {error}");
    }
    let umask = rustix::process::umask(Mode::from_raw_mode(0o077));
    // SAFETY: a zeroed set is the start of sigemptyset, which then makes it valid; no other thread runs yet.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
    umask
}

fn is_open(fd: RawFd) -> bool {
    // SAFETY: F_GETFD on any number only looks.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}

/// Closes what C libraries of the app left open across `exec`.
fn close_others(keep: &[RawFd; 2]) {
    let (low, high) = (keep[0].min(keep[1]) as u32, keep[0].max(keep[1]) as u32);
    for (first, last) in [(3, low - 1), (low + 1, high - 1), (high + 1, u32::MAX)] {
        if first <= last {
            // SAFETY: this runs first in the process: nothing in it has opened a descriptor above standard error yet but
            // those two. Kernels before 5.9 answer ENOSYS and the descriptors stay, which costs nothing but tidiness.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}
