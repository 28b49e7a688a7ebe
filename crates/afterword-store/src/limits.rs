//! What the server asked us to wait for, and how often it has failed, kept so that a new process knows it too.

use std::path::PathBuf;

use afterword_protocol::RateLimits;
use serde::{Deserialize, Serialize};

use crate::info::RECORD_MAX_BYTES;
use crate::{Error, Store, disk};

/// `state/queue.json`.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct QueueState {
    failures: u32,
}

impl Store {
    /// The rate limits as they were kept last. A file that makes no sense counts as none: the server will say it again,
    /// whereas an error here would keep reports from ever being sent.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn rate_limits(&self) -> Result<RateLimits, Error> {
        match disk::read_json(&self.rate_limits_path(), RECORD_MAX_BYTES) {
            Ok(limits) => Ok(limits.unwrap_or_default()),
            Err(Error::Parse { .. } | Error::TooLarge { .. }) => Ok(RateLimits::default()),
            Err(error) => Err(error),
        }
    }

    /// Keeps the rate limits. Called by the one sender.
    ///
    /// # Errors
    /// [`Error::MakeFolder`], [`Error::Write`].
    pub fn put_rate_limits(&self, limits: &RateLimits) -> Result<(), Error> {
        disk::make_folder(&self.folder().join("state"))?;
        disk::write_json(&self.rate_limits_path(), limits, RECORD_MAX_BYTES)
    }

    /// How often in a row sending the queue has failed. What cannot be read counts as never.
    #[must_use]
    pub fn queue_failures(&self) -> u32 {
        let kept: Result<Option<QueueState>, Error> = disk::read_json(&self.queue_path(), RECORD_MAX_BYTES);
        kept.ok().flatten().unwrap_or_default().failures
    }

    /// Keeps that count. Called by the one sender.
    ///
    /// # Errors
    /// [`Error::MakeFolder`], [`Error::Write`].
    pub fn put_queue_failures(&self, failures: u32) -> Result<(), Error> {
        disk::make_folder(&self.folder().join("state"))?;
        disk::write_json(&self.queue_path(), &QueueState { failures }, RECORD_MAX_BYTES)
    }

    fn queue_path(&self) -> PathBuf {
        self.folder().join("state").join("queue.json")
    }

    fn rate_limits_path(&self) -> PathBuf {
        self.folder().join("state").join("rate-limits.json")
    }
}
