//! What can go so wrong that there is no result at all. Everything less is a soft error inside the result.

/// Why a minidump could not be processed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The dump is bigger than [`Limits::dump_bytes`](crate::Limits::dump_bytes).
    #[error("the minidump is {size_bytes} bytes long, more than the {limit_bytes} that are read")]
    DumpTooLarge {
        /// Its size.
        size_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The header or the directory of streams is not that of a minidump.
    #[error("could not read the minidump's header and directory")]
    ReadHeader {
        /// What the reader found.
        #[source]
        source: minidump::Error,
    },
    /// A list in the dump claims more entries than are read, or a string in it is longer.
    #[error("the minidump's {what} claims a size of {claimed}, more than the {limit} that are read")]
    ListTooLarge {
        /// The stream or the string.
        what: &'static str,
        /// What it claims.
        claimed: u64,
        /// The limit.
        limit: u64,
    },
    /// A stream without which nothing can be said is missing or damaged.
    #[error("could not read the minidump's {stream}")]
    ReadStream {
        /// Which one.
        stream: &'static str,
        /// What the reader found.
        #[source]
        source: minidump::Error,
    },
    /// A debug file could not be read, or what was to be made of it not be written.
    #[error("could not make the {what} of a debug file: {source}")]
    DebugFile {
        /// What was to be made.
        what: &'static str,
        /// What the reader found.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A reader gave up on what it read in a way it should not: this is a bug, kept from taking the caller down.
    #[error("reading the minidump failed unexpectedly: {message}")]
    Reader {
        /// The message of the panic.
        message: String,
    },
}

/// What a panic said.
pub(crate) fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic.downcast_ref::<String>().cloned();
    let message = message.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    message.unwrap_or_else(|| "no message".to_owned())
}
