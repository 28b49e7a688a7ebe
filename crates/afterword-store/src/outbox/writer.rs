//! The app's end: appending.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::record::{self, ENVELOPE_MAX_BYTES, HEAD_BYTES, Ids};
use super::{OUTBOX_MAX_BYTES, SEGMENT_MAX_BYTES, segment_path};
use crate::{EnvelopeClass, Error, disk};

/// Appends to the outbox of one run; there is one of them, in the app. Any thread may use it. Not in a forked child: it shares
/// its place in the file with its parent.
#[derive(Debug)]
pub struct OutboxWriter {
    run: PathBuf,
    ids: Ids,
    current: Mutex<Current>,
}

/// Where the next record goes.
#[derive(Debug, Default)]
struct Current {
    /// Counted from 1; 0 before the first.
    number: u32,
    file: Option<File>,
    bytes: u64,
    /// Segments that will not grow, and may not be drained yet.
    closed: VecDeque<(u32, u64)>,
}

impl OutboxWriter {
    /// The outbox of a new run, in its folder. Makes no file yet.
    #[must_use]
    pub fn new(run_folder: &Path) -> OutboxWriter {
        OutboxWriter {
            run: run_folder.to_owned(),
            ids: Ids::new(),
            current: Mutex::default(),
        }
    }

    /// Appends an envelope. `record` is the envelope behind [`HEAD_BYTES`] bytes that are filled in here, so that all of it is
    /// one `write`. When this has returned, the envelope outlives this process, though not a power cut.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; [`Error::OutboxFull`] when nobody drains it; [`Error::Write`]. Then there is nothing of it in the
    /// outbox.
    pub fn append(&self, class: EnvelopeClass, record: &mut [u8]) -> Result<(), Error> {
        let envelope_bytes = record.len().saturating_sub(HEAD_BYTES);
        disk::check_size(&self.run, envelope_bytes as u64, ENVELOPE_MAX_BYTES as u64)?;
        record::complete(record, class, self.ids.next());
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.make_room(&self.run, record.len() as u64)?;
        current.write(&self.run, record).map_err(|source| Error::Write {
            path: segment_path(&self.run, current.number),
            source,
        })
    }

    /// Whether what was appended last is still where it was put: a person may have deleted the store while the app runs. If not,
    /// the next record begins a new segment.
    pub fn is_there(&self) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = current.file.is_none() || segment_path(&self.run, current.number).exists();
        if !is_there {
            *current = Current {
                number: current.number,
                ..Current::default()
            };
        }
        is_there
    }
}

impl Current {
    /// Goes on to the next segment where this one is full, within the bounds.
    fn make_room(&mut self, run: &Path, record_bytes: u64) -> Result<(), Error> {
        if self.closed_bytes() + self.bytes + record_bytes > OUTBOX_MAX_BYTES {
            while let Some((number, _)) = self.closed.front()
                && !segment_path(run, *number).exists()
            {
                self.closed.pop_front();
            }
            if self.closed_bytes() + self.bytes + record_bytes > OUTBOX_MAX_BYTES {
                return Err(Error::OutboxFull {
                    path: run.to_owned(),
                    limit_bytes: OUTBOX_MAX_BYTES,
                });
            }
        }
        if self.bytes > 0 && self.bytes + record_bytes > SEGMENT_MAX_BYTES {
            self.close();
        }
        Ok(())
    }

    fn closed_bytes(&self) -> u64 {
        self.closed.iter().map(|(_, bytes)| bytes).sum()
    }

    fn close(&mut self) {
        if self.file.take().is_some() {
            self.closed.push_back((self.number, self.bytes));
        }
        self.bytes = 0;
    }

    fn write(&mut self, run: &Path, record: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.number += 1;
            self.file = Some(open(&segment_path(run, self.number), run)?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let Err(error) = file.write_all(record) else {
            self.bytes += record.len() as u64;
            return Ok(());
        };
        // A part of a record must not come before whole ones.
        let undone = file
            .set_len(self.bytes)
            .and_then(|()| file.seek(SeekFrom::Start(self.bytes)));
        if undone.is_err() {
            self.close();
        }
        Err(error)
    }
}

fn open(path: &Path, run: &Path) -> io::Result<File> {
    match disk::create_private(path) {
        // The folder is gone with the rest of the store.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            disk::make_passing_folder(run).map_err(io::Error::other)?;
            disk::create_private(path)
        }
        made => made,
    }
}
