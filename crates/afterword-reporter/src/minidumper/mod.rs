//! `--minidumper-socket PATH`: watching any program that already speaks to a server of the `minidumper` crate (0.11).
//!
//! ```text
//! client (the program)                                this process
//!   connect, SOCK_SEQPACKET ──────────────────────────► peer::Peer: same user? which process?
//!   header, message of its own ───────────────────────► read and let go
//!   ping ─────────────────────────────────────────────► pong
//!   crash, the bytes of its CrashContext ─────────────► capture, scrub, keep (a thread of its own)
//!   ◄─────────────────────────────────────────────────  crash ack: the report is on the disk, synced
//! ```
//!
//! A report goes the way of our own apps' reports: the same capture, the same scrubbing, the same store, asked about and sent
//! by the same errands. Such a client has no run file: what the report says of the program comes from the options, and it
//! has no scope and no breadcrumbs.
//!
//! # What holds here
//! The process is blocked in `poll` while nothing happens. One thread reads from all clients and never waits for one of them:
//! packets arrive whole or not at all, answers that do not fit are given up, a capture has a thread. Nothing of what a client
//! says is kept but its crash, and no length that it claims is believed. A client is who the kernel says it is, and only that
//! process can be dumped.

mod options;

#[path = "linux.rs"]
mod sys;

pub(crate) use options::{HELP, OPTION};

use std::ffi::OsString;

use crate::Error;
use crate::ask::Shell;
use options::Settings;

/// Whether the arguments ask for it.
pub(crate) fn is_asked(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| {
        let argument = argument.as_encoded_bytes();
        argument
            .strip_prefix(OPTION.as_bytes())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    })
}

/// Serves until SIGTERM, SIGINT or SIGHUP.
///
/// # Errors
/// [`Error::Usage`] for arguments that are wrong, [`Error::Socket`] when the socket cannot be made, [`Error::Store`] when there
/// is no place to keep anything, [`Error::Wait`].
pub(crate) fn run(arguments: Vec<OsString>, shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    sys::serve(&Settings::parse(arguments)?, shells)
}
