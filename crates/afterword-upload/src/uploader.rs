//! The uploader, its options, and what it says.

use std::thread;
use std::time::{Duration, Instant};

use afterword_protocol::Dsn;
use afterword_store::{Delivery, ReportId, SenderLock, Store};
use time::OffsetDateTime;

use crate::Error;
use crate::report::send_report;

/// How to send.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the server is told of us, such as `afterword/0.1.0`: user agent and `sentry_client`.
    pub client: String,
    /// For the name, the connection and the TLS handshake together.
    pub connect_timeout: Duration,
    /// Without a byte taken by the connection; or, once it has all, until the server has answered, and then a second more
    /// for every 16 KiB of the body, which may still be on their way.
    pub stall_timeout: Duration,
    /// For a request from its beginning to the end of its answer.
    pub total_timeout: Duration,
    /// The most that is read of an answer.
    pub max_answer_bytes: usize,
    /// How long to wait for another process that is sending.
    pub lock_timeout: Duration,
    /// Where queued envelopes go whose header names no DSN.
    pub dsn: Option<Dsn>,
}

impl Options {
    /// The defaults: 10 s to connect, 30 s standing still, 10 min in all, 64 KiB of an answer, 15 s for another sender.
    #[must_use]
    pub fn new(client: impl Into<String>) -> Options {
        Options {
            client: client.into(),
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(600),
            max_answer_bytes: 64 * 1024,
            lock_timeout: Duration::from_secs(15),
            dsn: None,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new(concat!("afterword/", env!("CARGO_PKG_VERSION")))
    }
}

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

/// Sends reports and envelopes. Holds no connection and no thread between calls.
#[derive(Clone, Debug, Default)]
pub struct Uploader {
    pub(crate) options: Options,
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
        Uploader { options }
    }

    /// Sends one report; see the crate's page. Takes the sender's lock itself: a caller that holds it already uses
    /// [`Uploader::send_report_locked`].
    ///
    /// Whether the time of its next attempt has come ([`is_due`](crate::is_due)) is the caller's to ask: a person who has
    /// just pressed *Send* does not wait. Rate limits hold in any case.
    ///
    /// # Errors
    /// [`Error::Store`] when there is no consent, no such report, or no way to record what became of it; [`Error::Dsn`];
    /// [`Error::NoEnvelope`] and [`Error::Envelope`]. What the network and the server do is an [`Outcome`].
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
            thread::sleep(Duration::from_millis(50));
        }
    }
}
