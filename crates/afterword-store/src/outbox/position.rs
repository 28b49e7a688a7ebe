//! `outbox.json`: how far an outbox is drained.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::consent::ItemKinds;
use crate::error::chain;
use crate::info::RECORD_MAX_BYTES;
use crate::{Error, disk};

/// What lies before it was taken, in records; and what must be known of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Position {
    /// The segment that is being read.
    pub(super) segment: u32,
    /// Bytes of it.
    pub(super) offset: u64,
    /// Errors of this run that were to be asked about.
    pub(super) errors: u32,
    /// Errors that were too many to ask about.
    pub(super) surplus: u64,
    /// How many of these have been counted as lost.
    pub(super) surplus_counted: u64,
    /// The kinds of what has been held back.
    pub(super) held: ItemKinds,
}

impl Default for Position {
    fn default() -> Self {
        Position {
            segment: 1,
            offset: 0,
            errors: 0,
            surplus: 0,
            surplus_counted: 0,
            held: ItemKinds::NONE,
        }
    }
}

impl Position {
    /// What was kept last, or the beginning.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub(super) fn load(run: &Path) -> Result<Position, Error> {
        match disk::read_json(&run.join("outbox.json"), RECORD_MAX_BYTES) {
            Ok(position) => Ok(position.unwrap_or_default()),
            // It is written whole or not at all. Where a disk has failed, sending again is better than losing.
            Err(error @ (Error::Parse { .. } | Error::TooLarge { .. })) => {
                log::error!("the outbox is drained from its beginning: {}", chain(&error));
                Ok(Position::default())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes it last.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(super) fn store(&self, run: &Path) -> Result<(), Error> {
        disk::write_json(&run.join("outbox.json"), self, RECORD_MAX_BYTES)?;
        // What was taken may be sent and deleted from here on: the position must not come back.
        disk::sync_folder(run)
    }

    /// Whether a record that ends there was taken.
    pub(super) fn is_behind(&self, segment: u32, end: u64) -> bool {
        (segment, end) <= (self.segment, self.offset)
    }
}
