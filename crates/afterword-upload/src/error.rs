//! The crate's one error: what keeps a report from being sent that no waiting will mend.

use afterword_protocol::ParseDsnError;
use afterword_store::ReportId;

/// What could not be done. A server that does not answer as hoped is no error but an [`Outcome`](crate::Outcome).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store does not release the report, or cannot record what became of it.
    #[error("cannot send report {id}")]
    Store {
        /// Which.
        id: ReportId,
        /// Why.
        source: afterword_store::Error,
    },
    /// The store's queue, locks or limits cannot be used.
    #[error("cannot use the store for sending")]
    Queue {
        /// Why.
        source: afterword_store::Error,
    },
    /// The report's DSN is none.
    #[error("report {id} names no server: its DSN is wrong")]
    Dsn {
        /// Which.
        id: ReportId,
        /// Why.
        source: ParseDsnError,
    },
}

impl Error {
    /// Names the report with an error of the store.
    pub(crate) fn store(id: ReportId) -> impl Fn(afterword_store::Error) -> Error {
        move |source| Error::Store { id, source }
    }

    pub(crate) fn queue(source: afterword_store::Error) -> Error {
        Error::Queue { source }
    }
}
