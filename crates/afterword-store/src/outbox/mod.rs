//! The outbox of a run: what the app has captured and nobody has taken yet.
//!
//! The app appends each envelope to a file in its run's folder, with one `write`: then it outlives the app, however that
//! ends. Nothing is synced there, since a capture does not wait for a disk. The run's reporter *drains* the outbox into the
//! store, where senders find what they may send. A run without a reporter keeps its outbox for the reporter of the next start.
//!
//! ```text
//! runs/<run id>/
//!   outbox-1, outbox-2, …       segments, appended by the app; one that is followed by another is never touched again
//!   outbox.json                 how far it is drained: the position
//!   outbox.lock                 held by the one process that drains it
//!   arriving/<segment>-<end>-<class>-<id>.envelope
//!                               taken out, and not yet where it belongs
//!   arriving/<…>.report/        the same, becoming a report
//! ```
//!
//! A record of a segment is `<magic: u32> <length: u32> <CRC-32: u32> <class: u8> <0: 3> <id: 16> <envelope: length>`,
//! numbers little-endian; the checksum is of all that comes after it.
//!
//! # Nothing lost, nothing twice
//!
//! A drainer may be killed at any point, and other processes send and delete what it has put into the store. It takes a batch
//! of complete records in steps:
//!
//! 1. each record becomes a file in `arriving`, whose name says where in the outbox it ended, and all of them are synced;
//! 2. the position behind the batch is written to `outbox.json`, synced;
//! 3. each file is renamed to where the [table of consent](crate::consent) puts it, and is seen by senders from then on;
//! 4. a segment that is drained and will not grow is deleted.
//!
//! Whoever comes next looks at `arriving` first. What ends before the position was taken: it is renamed, as in step 3, and a
//! name that is gone was renamed. What ends behind it will be taken again: it is deleted. So each record takes the one way into
//! the store by a single rename, whoever was killed, and whatever was sent and deleted meanwhile.
//!
//! An error that is to be asked about becomes a report, which is a folder: it is made beside the envelope, the envelope is
//! renamed into it, and then the folder into `reports/waiting`: each of these is one step.
//!
//! # What is read is not trusted
//!
//! Lengths are bounded. A segment that the app still writes may end in a part of a record, which is left until it is whole. In
//! one that will not grow, that part and whatever follows a record that makes no sense are given up, which the log tells.

mod drain;
mod place;
mod position;
mod record;
mod writer;

#[cfg(test)]
mod tests;

pub use drain::{Clean, Drain, Drained};
pub use record::{ENVELOPE_MAX_BYTES, HEAD_BYTES};
pub use writer::OutboxWriter;

use std::path::{Path, PathBuf};

/// Most bytes of a segment, unless a single record is larger. The tests have small ones.
const SEGMENT_MAX_BYTES: u64 = if cfg!(test) { 64 * 1024 } else { 4 * 1024 * 1024 };
/// Most bytes that an outbox holds.
const OUTBOX_MAX_BYTES: u64 = 16 * SEGMENT_MAX_BYTES;

fn segment_path(run: &Path, number: u32) -> PathBuf {
    run.join(format!("outbox-{number}"))
}

/// The number in the name of a segment.
fn segment_number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("outbox-")?;
    let number: u32 = digits.parse().ok()?;
    (digits == number.to_string()).then_some(number)
}
