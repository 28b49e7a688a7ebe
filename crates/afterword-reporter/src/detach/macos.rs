//! Closing the descriptors of others on macOS: those that `/dev/fd` lists.
#![expect(unsafe_code, reason = "a descriptor is closed by its number")]

use std::os::fd::RawFd;

/// Closes what C libraries of the app left open across `exec`: all but the standard streams and those that are kept.
pub(super) fn close(kept: &[RawFd]) {
    let Ok(open) = std::fs::read_dir("/dev/fd") else { return };
    // The list itself is a descriptor, and closed by the end of this line.
    let open: Vec<RawFd> = open
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    for fd in open.into_iter().filter(|fd| *fd > 2 && !kept.contains(fd)) {
        // SAFETY: this runs first in the process: nothing in it has opened a descriptor above standard error yet but those
        // that are kept. That of the list is closed already, which is an error and no more.
        unsafe { libc::close(fd) };
    }
}
