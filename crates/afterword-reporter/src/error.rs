//! What can go wrong in the reporter.

use std::path::PathBuf;

/// Errors of the reporter, each naming what was being done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments are not those that `init` gives.
    #[error("the reporter is started by an app, not by hand: {why}")]
    Arguments {
        /// What is wrong with them.
        why: String,
    },
    /// The run file or the channel failed.
    #[error("the connection with the app failed")]
    Channel(#[from] afterword_channel::Error),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] afterword_store::Error),
    /// Waiting for the app failed.
    #[error("cannot wait for the app")]
    Wait(#[source] std::io::Error),
    /// The private memory holds no crash context, or one of another architecture.
    #[error("the private memory holds no crash context")]
    NoContext,
    /// The thread that captures could not be made or ended badly.
    #[error("the capturing thread failed: {why}")]
    CaptureThread {
        /// What it said.
        why: String,
    },
    /// The minidump could not be written.
    #[error("the minidump cannot be written: {why}")]
    Writer {
        /// What the writer said.
        why: String,
    },
    /// There is a minidump, but what counts is not in it.
    #[error("the minidump has no stack of the crashing thread {tid}")]
    Empty {
        /// The thread.
        tid: u32,
    },
    /// The minidump's directory of streams cannot be read.
    #[error("the minidump cannot be scrubbed: {why}")]
    Scrub {
        /// What was found.
        why: String,
    },
    /// The app's policy is that nothing is kept.
    #[error("the app's consent policy is never")]
    Never,
    /// The app is gone: there is nothing left to dump.
    #[error("the app is gone")]
    Gone,
    /// A stored minidump could not be made sense of.
    #[error("the minidump cannot be read")]
    Symbols(#[from] afterword_symbols::Error),
    /// The report's own record cannot be read.
    #[error("the report {id} cannot be read: {why}")]
    Unreadable {
        /// The report.
        id: afterword_store::ReportId,
        /// What the store said.
        why: String,
    },
    /// The report is not one to assemble.
    #[error("the report {id} has no minidump")]
    NothingToAssemble {
        /// The report.
        id: afterword_store::ReportId,
    },
    /// A part of the report could not be written as JSON.
    #[error("cannot write {what} as JSON")]
    Json {
        /// Which part.
        what: &'static str,
        /// What JSON said.
        #[source]
        source: serde_json::Error,
    },
    /// The app could not be started again.
    #[error("cannot start {} again", path.display())]
    Restart {
        /// Its executable.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Options given by hand are wrong.
    #[error("{why}; see --help")]
    Usage {
        /// What is wrong with them.
        why: String,
    },
    /// The socket for minidumper's clients could not be made.
    #[error("cannot listen at {}: {why}", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// What was found.
        why: String,
    },
}

pub(crate) use afterword_store::chain;
