use std::io;

/// What can go wrong in the dialog; none of it touches the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The reporter's side of the pipe could not be read.
    #[error("reading a message failed")]
    Read(#[source] io::Error),
    /// The reporter's side of the pipe could not be written to.
    #[error("writing a message failed")]
    Write(#[source] io::Error),
    /// A line that is longer than any message may be.
    #[error("a message is longer than {} bytes", crate::message::MAX_LINE_BYTES)]
    LineTooLong,
    /// A line that is not a message.
    #[error("a message could not be understood")]
    Message(#[source] serde_json::Error),
    /// The first message was not the question, or there was none.
    #[error("nothing to ask about was received")]
    NothingAsked,
    /// The answer could not be put into the store.
    #[error("the answer to report {report_id} could not be saved")]
    Answer {
        /// The report that was answered.
        report_id: afterword_store::ReportId,
        /// Why.
        #[source]
        source: afterword_store::Error,
    },
    /// No window could be made: no display, no GL, or a library is missing.
    #[error("no window could be opened: {reason}")]
    NoWindow {
        /// The window library's words.
        reason: String,
    },
    /// The terminal went away while it was asked.
    #[error("asking in the terminal failed")]
    Terminal(#[source] io::Error),
}
