//! What the app and its reporter say to each other.
//!
//! Two things connect an application with the reporter that runs beside it, and this crate is both of them. There is no
//! network here, no name in a file system that a stranger could take, and nothing that blocks the app.
//!
//! **The run file** ([`RunFile`] in the app, [`RunView`] in the reporter) is a small file mapped by the app and read by
//! the reporter. Everything a crash report will need is in it *before* anything goes wrong: the scope, the breadcrumbs, the
//! message of a panic; at the time of a crash only the crash context is added. It outlives both processes: a run that ended
//! without a clean exit can be seen at the next start. Its bytes are described one by one in [`layout`].
//!
//! **The private memory** ([`PrivateMemory`] in the app, [`PrivateView`] in the reporter) goes with it, and holds what must not
//! lie on a disk: who the app is, with its arguments, and the raw registers of a crash.
//!
//! **The channel** ([`AppChannel`], [`ReporterChannel`]) is a pair of connected sockets that keeps packets apart. The app
//! makes it, and the reporter inherits its end, as descriptors whose numbers stand in its arguments. What the app writes
//! before the reporter is up waits in the socket. A full or closed channel neither blocks the app nor kills it. On Windows it
//! is a pipe of messages; there the reporter inherits run file, channel and private memory as its standard handles.
//!
//! The way of a crash through this crate: the handler writes the context ([`PrivateMemory::write_context`]), sends
//! [`Message::Crash`] and waits for [`Message::Captured`] with a deadline ([`AppChannel::wait_captured`]); all three allocate
//! nothing, take no lock and may be called in a signal handler.
//!
//! Both sides make what they write down private by the same rules: [`Homes`] masks the user's name in paths, [`stack_words`]
//! says which words of a stack and which registers may stay.

/// The first argument of a reporter that an app starts: `--afterword-reporter <channel> <run file> <private memory>`, the latter
/// three being the numbers of the inherited descriptors.
pub const REPORTER_ARGUMENT: &str = "--afterword-reporter";
/// The first argument of a rescuer, which a crash handler starts when there is no reporter: `--afterword-rescuer <run file>
/// <private memory>`, numbers of descriptors again.
pub const RESCUER_ARGUMENT: &str = "--afterword-rescuer";

pub mod context;
mod hello;
mod homes;
pub mod layout;
mod mapped;
pub mod maps;
mod message;
mod os_text;
mod private;
mod received;
mod run_file;
mod run_view;
mod scope_data;
pub mod stack_words;

#[cfg(target_os = "macos")]
pub mod mach;

#[cfg(unix)]
#[path = "unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;

pub use hello::{CrashRules, DropRule, Hello, Identity, Links, Policy, RedactRule, Secret, Secrets, TransportSettings};
pub use homes::Homes;
pub use message::{CaptureStatus, FlushState, MAX_MESSAGE_BYTES, Message, MessageError};
pub use os_text::OsText;
pub use private::{PrivateMemory, PrivateView};
pub use received::Received;
pub use run_file::RunFile;
pub use run_view::{Liveness, Origin, PanicNote, RunState, RunView, Salvage};
pub use scope_data::fit_breadcrumb;
pub use sys::{AppChannel, Inherited, ReporterChannel, SharedMemory, pair};

/// What can go wrong with the run file or the channel, outside a crash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run file could not be made, sized or mapped.
    #[error("cannot make the run file: {step}")]
    MakeRunFile {
        /// The system call that failed.
        step: &'static str,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
    /// A run file could not be read.
    #[error("cannot read the run file: {step}")]
    ReadRunFile {
        /// The system call that failed.
        step: &'static str,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a run file, or was made by a version that this one does not know.
    #[error("not a run file of version {}: {why}", layout::VERSION)]
    NotARunFile {
        /// What was seen instead.
        why: String,
    },
    /// The private memory could not be made.
    #[error("cannot make the private memory: {step}")]
    MakePrivateMemory {
        /// The system call that failed.
        step: &'static str,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
    /// The private memory could not be read.
    #[error("cannot read the private memory: {step}")]
    ReadPrivateMemory {
        /// The system call that failed.
        step: &'static str,
        /// What the system answered.
        #[source]
        source: std::io::Error,
    },
    /// A Hello is too long, or cannot be read.
    #[error("the Hello cannot be read or written: {why}")]
    Hello {
        /// What is wrong with it.
        why: String,
    },
    /// The pair of sockets could not be made.
    #[error("cannot make the channel")]
    MakeChannel(#[source] std::io::Error),
    /// A message could not be sent.
    #[error("cannot send a message over the channel")]
    Send(#[source] std::io::Error),
    /// A message could not be received.
    #[error("cannot receive a message over the channel")]
    Receive(#[source] std::io::Error),
    /// A Mach message with a crash context could not be sent or received.
    #[cfg(target_os = "macos")]
    #[error("a Mach message cannot be sent or received")]
    MachMessage {
        /// What the system answered.
        #[source]
        source: crash_context::ipc::Error,
    },
    /// A message came that this version does not understand.
    #[error("cannot read a message from the channel")]
    Message(#[from] MessageError),
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
