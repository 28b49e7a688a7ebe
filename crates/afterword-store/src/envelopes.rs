//! Envelopes that are no reports: transactions, sessions, client reports, feedback.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{Builder, Uuid};

use crate::consent::{Placement, placement};
use crate::error::chain;
use crate::{ConsentPolicy, EnvelopeClass, Error, Placed, Store, disk};

/// Most bytes of an envelope.
const ENVELOPE_MAX_BYTES: u64 = 200 * 1024 * 1024;
/// What one is called that was sent and is about to be deleted.
const SENT_PREFIX: &str = "sent-";
/// Most bytes kept of a server's words.
const WORDS_MAX_BYTES: usize = 16 * 1024;

/// An envelope that may be sent.
#[derive(Debug)]
pub struct ReleasedEnvelope {
    store: Store,
    id: Uuid,
    path: PathBuf,
}

impl Store {
    /// Puts an envelope where the [table](crate::consent) says.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::MakeFolder`], [`Error::Write`].
    pub fn put_envelope(&self, policy: ConsentPolicy, class: EnvelopeClass, bytes: &[u8]) -> Result<Placed, Error> {
        let (folder, placed) = match placement(class.into(), policy) {
            Placement::Dropped => return Ok(Placed::Dropped),
            Placement::Queued => ("queued", Placed::Queued),
            Placement::Held | Placement::Waiting => ("held", Placed::Held),
        };
        let folder = self.envelope_folder(folder);
        let path = folder.join(file_name(ordered_id()));
        disk::check_size(&path, bytes.len() as u64, ENVELOPE_MAX_BYTES)?;
        disk::make_folder(&folder)?;
        disk::write_atomic(&path, bytes)?;
        Ok(placed)
    }

    /// The envelopes that may be sent under the policy as it is now, which may not be the one under which they were put:
    /// with `always` all that are queued, oldest first; with `ask` and `never` none, since nobody but the policy agreed to
    /// them. They stay where they are until the policy allows them again or [`Store::retain`] deletes them.
    ///
    /// # Errors
    /// [`Error::ListFolder`].
    pub fn queued_envelopes_under(&self, policy: ConsentPolicy) -> Result<Vec<ReleasedEnvelope>, Error> {
        match policy {
            ConsentPolicy::Always => self.queued_envelopes(),
            ConsentPolicy::Ask | ConsentPolicy::Never => Ok(Vec::new()),
        }
    }

    /// The envelopes that were queued, oldest first: for a caller that knows that the policy still is the one under which
    /// they were put. [`Store::queued_envelopes_under`] asks.
    ///
    /// # Errors
    /// [`Error::ListFolder`].
    pub fn queued_envelopes(&self) -> Result<Vec<ReleasedEnvelope>, Error> {
        let folder = self.envelope_folder("queued");
        let mut ids: Vec<Uuid> = disk::list(&folder)?
            .into_iter()
            .filter(|entry| entry.metadata.is_file())
            .filter_map(|entry| Uuid::try_parse(entry.name.strip_suffix(".envelope")?).ok())
            .collect();
        ids.sort_unstable();
        Ok(ids
            .into_iter()
            .map(|id| ReleasedEnvelope {
                store: self.clone(),
                id,
                path: folder.join(file_name(id)),
            })
            .collect())
    }

    /// Makes sure that what was removed from the queue is also gone after a power cut. Where the system cannot, that is told
    /// to the log: after a power cut the same would be sent again, under the same event id.
    pub fn sync_queue(&self) {
        disk::make_last(&self.envelope_folder("queued"));
    }
}

impl ReleasedEnvelope {
    /// Its id, by which it is known on this machine only.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Its bytes, exactly as they were put; none when another process has sent or removed it.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::TooLarge`].
    pub fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        disk::read_bounded(&self.path, ENVELOPE_MAX_BYTES)
    }

    /// It was sent, or must not be: deletes it. From the first step on, a rename, it is not released again, whatever
    /// process is killed. For a power cut that holds after [`Store::sync_queue`]: a sender of many calls it now and then,
    /// since a sync for each would take longer than sending.
    ///
    /// # Errors
    /// [`Error::Move`], and it is still queued; [`Error::Delete`], and it is not: [`Store::retain`] deletes it.
    pub fn remove_sent(self) -> Result<(), Error> {
        let sent = self.path.with_file_name(format!("{SENT_PREFIX}{}", file_name(self.id)));
        match fs::rename(&self.path, &sent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // The longer name may take room that a full disk has not; to delete takes none.
            Err(source) => disk::delete_file(&self.path).map_err(|_| Error::Move {
                from: self.path,
                to: sent,
                source,
            }),
            Ok(()) => disk::delete_file(&sent),
        }
    }

    /// The server refused it: kept in `refused`, with the server's words beside it, if they can be written.
    ///
    /// # Errors
    /// [`Error::MakeFolder`], [`Error::Move`], and it is still queued.
    pub fn refuse(self, words: &str) -> Result<(), Error> {
        let folder = self.store.envelope_folder("refused");
        disk::make_folder(&folder)?;
        disk::move_synced(&self.path, &folder.join(file_name(self.id)))?;
        let end = words.floor_char_boundary(WORDS_MAX_BYTES);
        let kept = disk::write_atomic(
            &folder.join(format!("{}.txt", self.id.hyphenated())),
            &words.as_bytes()[..end],
        );
        if let Err(error) = kept {
            log::warn!("why an envelope was refused: {}: {words}", chain(&error));
        }
        Ok(())
    }
}

/// Whether a file of the queue was sent and only not deleted.
pub(crate) fn is_sent(name: &str) -> bool {
    name.starts_with(SENT_PREFIX)
}

pub(crate) fn file_name(id: Uuid) -> String {
    format!("{}.envelope", id.hyphenated())
}

/// A random id whose first part is the time, so that names sort by age; envelopes of one process within a millisecond
/// keep their order by a counter (a session's first update must arrive before its second).
fn ordered_id() -> Uuid {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut random = [0; 10];
    random.copy_from_slice(&Uuid::new_v4().as_bytes()[6..]);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & 0x0fff;
    random[..2].copy_from_slice(&count.to_be_bytes());
    Builder::from_unix_timestamp_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), &random).into_uuid()
}
