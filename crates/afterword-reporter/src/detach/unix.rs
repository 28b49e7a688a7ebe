//! Becoming independent on Unix: a session of its own, and of what is inherited only what is handed over.
#![expect(unsafe_code, reason = "signal masks and inherited descriptors are raw")]

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod others;

#[cfg(target_os = "linux")]
pub(crate) use others::leave_standard_streams;

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::Error;

/// The descriptors that the app hands over, by the numbers in the arguments.
///
/// # Errors
/// [`Error::Arguments`] when they are not so many different open descriptors above standard error.
pub(crate) fn inherited<const N: usize>(arguments: &[std::ffi::OsString]) -> Result<[OwnedFd; N], Error> {
    let number = |index: usize| -> Result<RawFd, Error> {
        arguments
            .get(index)
            .and_then(|text| text.to_str()?.parse::<RawFd>().ok())
            .filter(|fd| *fd > 2 && is_open(*fd))
            .ok_or_else(|| Error::Arguments {
                why: format!("argument {} is no open descriptor", index + 2),
            })
    };
    let mut fds = [0; N];
    for (index, fd) in fds.iter_mut().enumerate() {
        *fd = number(index)?;
    }
    let mut sorted = fds;
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::Arguments {
            why: "one descriptor is given twice".to_owned(),
        });
    }
    others::close(&sorted);
    for fd in fds {
        // SAFETY: it is open. What this process starts must not inherit it: a dialog that held the channel would hide from
        // the app that its reporter is gone.
        if unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
            return Err(Error::Wait(std::io::Error::last_os_error()));
        }
    }
    // SAFETY: they are open, differ, and are handed over to this process alone: nothing else here knows their numbers.
    Ok(fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// A session of its own (the terminal's hang-up and Ctrl-C are the app's), the root folder (no file system kept busy),
/// files for the user alone, no signal blocked that the app had blocked, none of the app's limits on memory, files or
/// processor time that can be lifted. Returns what the app had of these.
pub(crate) fn detach() -> Attributes {
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
    Attributes {
        umask,
        limits: lift_limits(),
    }
}

/// For a process that nobody needs to be independent of: files for the user alone, and no more.
#[cfg(target_os = "linux")]
pub(crate) fn files_for_the_user_alone() -> Attributes {
    Attributes {
        umask: rustix::process::umask(Mode::from_raw_mode(0o077)),
        limits: Vec::new(),
    }
}

/// What the app's process had and ours has not: an app that is started again gets it back.
#[derive(Debug, Clone)]
pub(crate) struct Attributes {
    umask: Mode,
    limits: Vec<(Resource, Rlimit)>,
}

impl Attributes {
    /// Gives them to this process. Safe between `fork` and `exec`.
    pub(crate) fn take(&self) {
        rustix::process::umask(self.umask);
        for (resource, limit) in &self.limits {
            // Nobody to tell; the app can live with more than it had.
            let _ = setrlimit(*resource, *limit);
        }
    }
}

/// An app may have bounds that a reporter cannot work within: up to what the system allows, they go. Returns those that did.
fn lift_limits() -> Vec<(Resource, Rlimit)> {
    let mut limits = Vec::new();
    for resource in [
        Resource::As,
        Resource::Data,
        Resource::Fsize,
        Resource::Nofile,
        Resource::Cpu,
        Resource::Stack,
    ] {
        let limit = getrlimit(resource);
        let lifted = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        if lifted == limit {
            continue;
        }
        match setrlimit(resource, lifted) {
            Ok(()) => limits.push((resource, limit)),
            Err(error) => log::debug!("the limit {resource:?} stays: {error}"),
        }
    }
    limits
}

fn is_open(fd: RawFd) -> bool {
    // SAFETY: F_GETFD on any number only looks.
    unsafe { libc::fcntl(fd, libc::F_GETFD) != -1 }
}
