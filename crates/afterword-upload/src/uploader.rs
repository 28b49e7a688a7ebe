//! The uploader, its options, and what it says.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use afterword_store::{Delivery, ReportId, SenderLock, Store};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::report::send_report;
use crate::{Error, Options};

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The server has it; its record is in `sent`. Where the comment alone was refused, `server_words` says why; where
    /// anything was wrong after the server had it, `last_error` does, and it is not sent again.
    Sent(Delivery),
    /// Not now. It stays in `sending`. If only the comment is still to be sent, `why` says so.
    Later {
        /// Why, for people.
        why: String,
        /// Not before.
        retry_at: OffsetDateTime,
    },
    /// The server does not want it. It is in `refused`.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        words: String,
    },
    /// [`Progress::cancelled`] said so before the server had it. It stays in `sending`.
    Cancelled,
}

/// Who watches the sending. Called on the thread that called the uploader.
pub trait Progress {
    /// So many bytes of the report's body are on their way, compressed as they go over the wire.
    fn sent(&self, sent_bytes: u64, total_bytes: u64);

    /// Asked about twenty times a second: whether to give up.
    fn cancelled(&self) -> bool;
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn sent(&self, _sent_bytes: u64, _total_bytes: u64) {}

    fn cancelled(&self) -> bool {
        false
    }
}

/// What is not shown as progress, and can be cancelled: a comment's few bytes, the queue's.
pub(crate) struct Quiet<'a>(pub(crate) &'a dyn Progress);

impl Progress for Quiet<'_> {
    fn sent(&self, sent_bytes: u64, total_bytes: u64) {
        NoProgress.sent(sent_bytes, total_bytes);
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

/// How often whoever waits for the sender's lock looks.
pub(crate) const LOCK_LOOK: Duration = Duration::from_millis(50);

/// Sends reports and envelopes. Holds no connection and no thread between calls, and knows which envelopes failed last.
#[derive(Clone, Debug, Default)]
pub struct Uploader {
    pub(crate) options: Options,
    /// The queued envelopes whose last try failed: the next pass begins with the others. Clones share it.
    pub(crate) failed: Arc<Mutex<BTreeSet<Uuid>>>,
}

/// What came of waiting for the sender's lock.
enum Turn {
    Ours(SenderLock),
    Anothers,
    Cancelled,
}

impl Uploader {
    /// An uploader.
    #[must_use]
    pub fn new(options: Options) -> Uploader {
        Uploader {
            options,
            failed: Arc::default(),
        }
    }

    /// Sends one report; see the crate's page. Takes the sender's lock itself: a caller that holds it already uses
    /// [`Uploader::send_report_locked`].
    ///
    /// Whether the time of its next attempt has come ([`is_due`](crate::is_due)) is the caller's to ask: a person who has
    /// just pressed *Send* does not wait. Rate limits hold in any case.
    ///
    /// # Errors
    /// [`Error::Store`] when there is no consent, no such report, nothing to send in it, or no way to record what became
    /// of it; [`Error::Dsn`]. What the network and the server do is an [`Outcome`].
    pub fn send_report(&self, store: &Store, id: ReportId, progress: &dyn Progress) -> Result<Outcome, Error> {
        match self.wait_for_turn(store, progress)? {
            Turn::Ours(lock) => self.send_report_locked(store, &lock, id, progress),
            Turn::Cancelled => Ok(Outcome::Cancelled),
            Turn::Anothers => Ok(Outcome::Later {
                why: "another process is sending".to_owned(),
                retry_at: OffsetDateTime::now_utc() + self.options.lock_timeout,
            }),
        }
    }

    /// The same for a caller that holds the lock.
    ///
    /// # Errors
    /// As [`Uploader::send_report`].
    pub fn send_report_locked(
        &self,
        store: &Store,
        _lock: &SenderLock,
        id: ReportId,
        progress: &dyn Progress,
    ) -> Result<Outcome, Error> {
        send_report(&self.options, store, id, progress)
    }

    fn wait_for_turn(&self, store: &Store, progress: &dyn Progress) -> Result<Turn, Error> {
        let start = Instant::now();
        loop {
            if let Some(lock) = store.try_lock_sender().map_err(Error::queue)? {
                return Ok(Turn::Ours(lock));
            }
            if progress.cancelled() {
                return Ok(Turn::Cancelled);
            }
            if start.elapsed() >= self.options.lock_timeout {
                return Ok(Turn::Anothers);
            }
            thread::sleep(LOCK_LOOK);
        }
    }
}
