//! The reporter's end: taking what is complete, batch by batch.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use afterword_protocol::Category;
use uuid::Uuid;

use super::place::Arriving;
use super::position::Position;
use super::record::{HEAD_BYTES, Head};
use super::{segment_number, segment_path};
use crate::consent::{ItemKinds, Placement, placement};
use crate::error::chain;
use crate::{ConsentPolicy, EnvelopeClass, Error, Loss, LossReason, ReportId, Store, disk};

/// How much is taken in one batch.
const BATCH_RECORDS: usize = 256;
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Errors of one run that wait for a person: many would push out the reports of crashes.
const MAX_WAITING_ERRORS: u32 = 20;
/// How much of a segment is read at once.
const READ_BYTES: usize = 256 * 1024;

/// How an outbox is drained.
#[derive(Clone, Copy, Debug)]
pub struct Drain<'a> {
    /// Under which policy, as it is now.
    pub policy: ConsentPolicy,
    /// What a person calls the app.
    pub app_name: &'a str,
    /// Whether the app is gone: nothing more comes, and a part of a record will not become whole.
    pub over: bool,
    /// What is kept of each envelope.
    pub clean: Clean<'a>,
}

/// What is kept of an envelope: before any of it is a file of the store.
#[derive(Clone, Copy)]
pub struct Clean<'a>(pub &'a dyn Fn(EnvelopeClass, Vec<u8>) -> Vec<u8>);

impl Clean<'_> {
    /// All of it.
    pub const NOT: Clean<'static> = Clean(&|_, envelope| envelope);
}

impl fmt::Debug for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clean")
    }
}

/// What was taken out of an outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Envelopes that may be sent.
    pub queued: usize,
    /// Envelopes that are held.
    pub held: usize,
    /// Errors that wait for an answer now.
    pub waiting: Vec<ReportId>,
    /// What the policy does not let be kept, and errors that are too many to ask about.
    pub dropped: usize,
    /// Bytes that made no sense.
    pub given_up_bytes: u64,
}

impl Store {
    /// Takes what is complete in the outbox of a run, and puts it where the table of [`consent`](crate::consent) says. See
    /// [`outbox`](crate::outbox) for how. May be called again at any time, also after one that was killed; one process at a
    /// time.
    ///
    /// # Errors
    /// [`Error::Busy`] while another process drains it; what could not be read, written, moved or deleted. Nothing is lost
    /// then: it is still in the outbox, or in the store.
    pub fn drain_outbox(&self, run: Uuid, drain: &Drain<'_>) -> Result<Drained, Error> {
        let folder = self.run_folder(run);
        let begun = disk::list(&folder)?
            .iter()
            .any(|entry| entry.name == "arriving" || segment_number(&entry.name).is_some());
        if !begun {
            return Ok(Drained::default());
        }
        let _lock = lock(&folder)?;
        let mut draining = Draining {
            store: self,
            position: Position::load(&folder)?,
            run: &folder,
            drain,
            drained: Drained::default(),
        };
        draining.recover()?;
        draining.delete_drained()?;
        while draining.take_batch()? {}
        if drain.over {
            draining.tell_of_surplus()?;
        }
        Ok(draining.drained)
    }

    /// The kinds of what was captured in a run and is held back for want of a consent, as far as it is still there.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::ListFolder`].
    pub fn held_back(&self, run: Uuid) -> Result<ItemKinds, Error> {
        let position = Position::load(&self.run_folder(run))?;
        let mut held = ItemKinds::NONE;
        if position.held.is_empty() {
            return Ok(held);
        }
        let is_waiting = !disk::list(&self.state_folder(crate::State::Waiting))?.is_empty();
        let is_held = !disk::list(&self.envelope_folder("held"))?.is_empty();
        for kind in position.held.iter() {
            let there = match placement(kind, ConsentPolicy::Ask) {
                Placement::Waiting => is_waiting,
                _ => is_held,
            };
            if there {
                held.insert(kind);
            }
        }
        Ok(held)
    }
}

/// The right to drain it. A new open file each time, so that threads exclude one another as processes do.
fn lock(run: &Path) -> Result<File, Error> {
    let path = run.join("outbox.lock");
    let file = match disk::open_private(&path) {
        Ok(file) => file,
        Err(source) => return Err(Error::Lock { path, source }),
    };
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { path }),
        Err(TryLockError::Error(source)) => Err(Error::Lock { path, source }),
    }
}

/// One call.
pub(super) struct Draining<'a> {
    pub(super) store: &'a Store,
    pub(super) run: &'a Path,
    pub(super) drain: &'a Drain<'a>,
    pub(super) position: Position,
    pub(super) drained: Drained,
}

impl Draining<'_> {
    /// Where what was taken is until it is where it belongs.
    pub(super) fn arriving_folder(&self) -> PathBuf {
        self.run.join("arriving")
    }

    /// Takes what is there, up to a bound. False when there is nothing.
    fn take_batch(&mut self) -> Result<bool, Error> {
        let before = self.position.clone();
        let mut taken = Vec::new();
        let mut files = Vec::new();
        let mut bytes = 0;
        let mut finished = false;
        'segments: while let Some(mut segment) = Segment::open(self.run, &self.position, self.drain.over)? {
            if segment.number != self.position.segment {
                (self.position.segment, self.position.offset) = (segment.number, 0);
            }
            loop {
                if taken.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES {
                    break 'segments;
                }
                match segment.next()? {
                    Next::Record { class, id, envelope } => {
                        self.position.offset = segment.at;
                        if let Some(arriving) = self.admit(class, id) {
                            bytes += envelope.len();
                            let envelope = (self.drain.clean.0)(class, envelope);
                            files.push(self.stage(&arriving, &envelope)?);
                            taken.push(arriving);
                        }
                    }
                    Next::NotYet => break 'segments,
                    Next::End { given_up_bytes } => {
                        self.drained.given_up_bytes += given_up_bytes;
                        finished = true;
                        self.position.segment = segment.following.unwrap_or(segment.number.saturating_add(1));
                        self.position.offset = 0;
                        break;
                    }
                }
            }
        }
        if self.position == before {
            return Ok(false);
        }
        if !taken.is_empty() {
            let folder = self.arriving_folder();
            if let Err(source) = disk::sync_files(&files) {
                return Err(Error::Write { path: folder, source });
            }
            disk::sync_folder(&folder)?;
        }
        step()?;
        self.position.store(self.run)?;
        step()?;
        self.place_all(&taken)?;
        if finished {
            self.delete_drained()?;
        }
        Ok(true)
    }

    /// Deletes the segments before the position.
    fn delete_drained(&self) -> Result<(), Error> {
        let numbers = disk::list(self.run)?
            .into_iter()
            .filter_map(|entry| segment_number(&entry.name))
            .filter(|number| *number < self.position.segment);
        for number in numbers {
            disk::delete_file(&segment_path(self.run, number))?;
            step()?;
        }
        Ok(())
    }

    /// What is to be taken; none for what is not kept.
    fn admit(&mut self, class: EnvelopeClass, id: Uuid) -> Option<Arriving> {
        let placed = placement(class.into(), self.drain.policy);
        match placed {
            Placement::Dropped => {
                self.drained.dropped += 1;
                return None;
            }
            Placement::Waiting if self.position.errors >= MAX_WAITING_ERRORS => {
                if self.position.surplus == 0 {
                    log::warn!(
                        "this run has captured {MAX_WAITING_ERRORS} errors to ask about; further ones are dropped"
                    );
                }
                self.position.surplus += 1;
                self.drained.dropped += 1;
                return None;
            }
            Placement::Waiting => self.position.errors += 1,
            Placement::Held | Placement::Queued => {}
        }
        if placed != Placement::Queued {
            self.position.held.insert(class.into());
        }
        Some(Arriving {
            segment: self.position.segment,
            end: self.position.offset,
            class,
            id,
        })
    }

    fn stage(&self, arriving: &Arriving, envelope: &[u8]) -> Result<File, Error> {
        let folder = self.arriving_folder();
        disk::make_folder(&folder)?;
        let file = disk::write_unseen(&folder.join(arriving.name()), envelope)?;
        step()?;
        Ok(file)
    }

    /// Counts what was too many, for the server.
    fn tell_of_surplus(&mut self) -> Result<(), Error> {
        let lost = self.position.surplus.saturating_sub(self.position.surplus_counted);
        if lost == 0 {
            return Ok(());
        }
        self.store.count_losses(&[Loss {
            reason: LossReason::QueueOverflow,
            category: Category::Error,
            quantity: lost,
        }])?;
        self.position.surplus_counted = self.position.surplus;
        self.position.store(self.run)
    }
}

/// A segment while it is read.
struct Segment {
    number: u32,
    /// The next one there is.
    following: Option<u32>,
    /// Whether it will not grow any more.
    closed: bool,
    reader: BufReader<File>,
    at: u64,
    length: u64,
}

/// What comes next in a segment.
enum Next {
    Record {
        class: EnvelopeClass,
        id: Uuid,
        envelope: Vec<u8>,
    },
    /// Nothing, or not the whole of it.
    NotYet,
    /// Nothing any more.
    End { given_up_bytes: u64 },
}

impl Segment {
    /// The segment of a position, or the next one there is.
    fn open(run: &Path, position: &Position, over: bool) -> Result<Option<Segment>, Error> {
        // Before the length is looked at: what is followed by another does not grow after that.
        let mut later: Vec<u32> = disk::list(run)?
            .iter()
            .filter_map(|entry| segment_number(&entry.name))
            .filter(|number| *number >= position.segment)
            .collect();
        later.sort_unstable();
        let Some(&number) = later.first() else { return Ok(None) };
        let path = segment_path(run, number);
        let failed = |source| Error::Read {
            path: path.clone(),
            source,
        };
        let mut file = File::open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let at = if number == position.segment { position.offset } else { 0 };
        file.seek(SeekFrom::Start(at)).map_err(failed)?;
        Ok(Some(Segment {
            number,
            following: later.get(1).copied(),
            closed: over || later.len() > 1,
            reader: BufReader::with_capacity(READ_BYTES, file),
            at,
            length,
        }))
    }

    fn next(&mut self) -> Result<Next, Error> {
        let rest = self.length.saturating_sub(self.at);
        let taken = match self.read(rest) {
            Ok(taken) => taken,
            // It was cut short meanwhile: a part of a record was taken back.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(source) => {
                return Err(Error::Read {
                    path: PathBuf::from(format!("outbox-{}", self.number)),
                    source,
                });
            }
        };
        match taken {
            Some((head, envelope)) => {
                self.at += (HEAD_BYTES + envelope.len()) as u64;
                Ok(Next::Record {
                    class: head.class,
                    id: head.id,
                    envelope,
                })
            }
            None if !self.closed => Ok(Next::NotYet),
            None => {
                if rest > 0 {
                    log::warn!(
                        "the last {rest} bytes of segment {} of the outbox are no whole records and are given up",
                        self.number
                    );
                }
                Ok(Next::End { given_up_bytes: rest })
            }
        }
    }

    /// The next record, if all of it is there and makes sense.
    fn read(&mut self, rest: u64) -> io::Result<Option<(Head, Vec<u8>)>> {
        if rest < HEAD_BYTES as u64 {
            return Ok(None);
        }
        let mut bytes = [0; HEAD_BYTES];
        self.reader.read_exact(&mut bytes)?;
        let Some(head) = Head::read(&bytes).filter(|head| (HEAD_BYTES + head.length) as u64 <= rest) else {
            return Ok(None);
        };
        let mut envelope = vec![0; head.length];
        self.reader.read_exact(&mut envelope)?;
        Ok(head.is_sound(&bytes, &envelope).then_some((head, envelope)))
    }
}

/// Where a drainer may be killed: the tests do it at each.
#[cfg(not(test))]
#[inline]
#[expect(clippy::unnecessary_wraps, reason = "in the tests it fails")]
pub(super) fn step() -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
pub(super) use super::tests::step;

impl Store {
    /// Removes the file of a run that says how it was, of which everything has been made, and leaves its outbox for a later
    /// start. What has no such file is removed when it is old.
    ///
    /// # Errors
    /// [`Error::Delete`].
    pub fn reduce_run_to_outbox(&self, run: Uuid) -> Result<(), Error> {
        let folder = self.run_folder(run);
        let others = disk::list(&folder)?
            .into_iter()
            .filter(|entry| !(entry.name.starts_with("outbox") || entry.name == "arriving"));
        for entry in others {
            disk::delete_entry(&folder.join(&entry.name), &entry.metadata)?;
        }
        Ok(())
    }
}

/// Whether a file is there: one that cannot be looked at is not.
pub(super) fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// For the journal, where a file that cannot be made sense of is put aside.
pub(super) fn in_words(error: &Error) -> String {
    chain(error)
}
