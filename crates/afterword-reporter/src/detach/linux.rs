//! Descriptors that are not ours on Linux: `close_range`.
#![expect(unsafe_code, reason = "a descriptor is closed by its number")]

use std::os::fd::{AsRawFd, RawFd};

/// Closes what C libraries of the app left open across `exec`: all but the standard streams and those that are kept.
pub(super) fn close(kept: &[RawFd]) {
    let mut first = 3;
    for last in kept.iter().map(|fd| *fd as u32 - 1).chain([u32::MAX]) {
        if first <= last {
            // SAFETY: this runs first in the process: nothing in it has opened a descriptor above standard error yet but
            // those that are kept. Kernels before 5.9 answer ENOSYS and the descriptors stay, which costs nothing but
            // tidiness.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
        first = last.saturating_add(2);
    }
}

/// The standard streams of a rescuer are the app's: they go to nowhere, as a reporter's do from the beginning.
pub(crate) fn leave_standard_streams() {
    let nowhere = match std::fs::File::options().read(true).write(true).open("/dev/null") {
        Ok(nowhere) => nowhere,
        Err(error) => return log::warn!("the app's standard streams stay open: {error}"),
    };
    for standard in 0..=2 {
        // SAFETY: both are open; dup2 puts the one in the place of the other in one step.
        unsafe { libc::dup2(nowhere.as_raw_fd(), standard) };
    }
}
