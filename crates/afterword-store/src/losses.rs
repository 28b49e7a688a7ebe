//! What was lost on its way to the server, counted, so that the server can be told that it does not see everything:
//! `state/losses.json`.
//!
//! Counts are added by whoever drops something, in any process, and taken off by the sender once the server has them. A
//! sender that is killed between the server's answer and the subtraction tells the same counts again: a loss may be told
//! twice, and none is forgotten.

use std::path::{Path, PathBuf};

use afterword_protocol::{Category, EnvelopeView, Limits};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::info::RECORD_MAX_BYTES;
use crate::{Error, Store, disk};

/// An envelope that is larger is not read for its categories.
const READ_MAX_BYTES: u64 = 1024 * 1024;
/// More are not read from the file; all reasons with all categories are fewer.
const MAX_COUNTS: usize = 200;

/// Why something was dropped, in the words of Sentry's client reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossReason {
    /// There was no room in memory, or in the outbox.
    QueueOverflow,
    /// There was no room in the store, or it lay there for too long.
    CacheOverflow,
    /// The server had asked to wait.
    RatelimitBackoff,
    /// The network failed, and it was not kept.
    NetworkError,
    /// By chance, as the app wanted it.
    SampleRate,
    /// The app's hook, or a rule of it, said no.
    BeforeSend,
    /// An event processor said no.
    EventProcessor,
    /// The server refused it, or it could not be sent to any.
    SendError,
}

/// So many of a category were dropped, for a reason. Attachments are counted in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// Why.
    pub reason: LossReason,
    /// What.
    pub category: Category,
    /// How many, at least 1.
    pub quantity: u64,
}

/// The file's content. Each count is read by itself: one that a newer program wrote costs none of the others.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Counts {
    losses: Vec<Value>,
}

impl Loss {
    /// What is lost with an envelope: one of each item's category, an attachment's bytes. What makes no sense is one of the
    /// default category.
    #[must_use]
    pub fn of_envelope(reason: LossReason, bytes: &[u8]) -> Vec<Loss> {
        let loss = |category, quantity| Loss {
            reason,
            category,
            quantity,
        };
        let Ok(envelope) = EnvelopeView::parse(bytes, &Limits::default()) else {
            return vec![loss(Category::Default, 1)];
        };
        let mut losses = Vec::new();
        for item in envelope.items {
            match Category::of_item(&item.header.kind) {
                Some(Category::Attachment) => add(
                    &mut losses,
                    loss(Category::Attachment, (item.payload.len() as u64).max(1)),
                ),
                Some(category) => add(&mut losses, loss(category, 1)),
                // A client report's counts would be counts of counts.
                None => {}
            }
        }
        losses
    }

    /// The same for one that lies in a file, as far as it can be read.
    pub(crate) fn of_file(reason: LossReason, path: &Path) -> Vec<Loss> {
        let bytes = disk::read_bounded(path, READ_MAX_BYTES).ok().flatten();
        Loss::of_envelope(reason, &bytes.unwrap_or_default())
    }
}

impl Store {
    /// Counts something that was dropped. On the disk when it returns.
    ///
    /// # Errors
    /// [`Error::Busy`] and [`Error::Lock`], [`Error::Read`], [`Error::MakeFolder`], [`Error::Write`]; then nothing is counted.
    pub fn count_loss(&self, reason: LossReason, category: Category, quantity: u64) -> Result<(), Error> {
        self.count_losses(&[Loss {
            reason,
            category,
            quantity,
        }])
    }

    /// Counts several at once.
    ///
    /// # Errors
    /// As [`Store::count_loss`].
    pub fn count_losses(&self, losses: &[Loss]) -> Result<(), Error> {
        if losses.iter().all(|loss| loss.quantity == 0) {
            return Ok(());
        }
        let _lock = self.lock()?;
        self.count_losses_locked(losses)
    }

    /// The same for a caller that holds the lock.
    pub(crate) fn count_losses_locked(&self, losses: &[Loss]) -> Result<(), Error> {
        if losses.iter().all(|loss| loss.quantity == 0) {
            return Ok(());
        }
        let mut counted = self.losses()?;
        for loss in losses {
            add(&mut counted, *loss);
        }
        self.put_losses(&counted)
    }

    /// What is counted. A file that makes no sense counts as none: whoever spoilt it took the counts along.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn losses(&self) -> Result<Vec<Loss>, Error> {
        let kept: Counts = match disk::read_json(&self.losses_path(), RECORD_MAX_BYTES) {
            Ok(counts) => counts.unwrap_or_default(),
            Err(Error::Parse { path, .. } | Error::TooLarge { path, .. }) => {
                log::warn!("{} makes no sense; its counts are lost", path.display());
                Counts::default()
            }
            Err(error) => return Err(error),
        };
        let mut losses = Vec::new();
        for count in kept.losses.into_iter().take(MAX_COUNTS) {
            if let Ok(loss) = serde_json::from_value(count) {
                add(&mut losses, loss);
            }
        }
        Ok(losses)
    }

    /// Takes off what a server has been told of; what was counted meanwhile stays.
    ///
    /// # Errors
    /// As [`Store::count_loss`]; then they will be told again.
    pub fn subtract_losses(&self, told: &[Loss]) -> Result<(), Error> {
        let _lock = self.lock()?;
        let mut counted = self.losses()?;
        for told in told {
            if let Some(count) = find(&mut counted, told) {
                count.quantity = count.quantity.saturating_sub(told.quantity);
            }
        }
        counted.retain(|loss| loss.quantity > 0);
        self.put_losses(&counted)
    }

    fn put_losses(&self, losses: &[Loss]) -> Result<(), Error> {
        let path = self.losses_path();
        let losses: Result<Vec<Value>, serde_json::Error> = losses.iter().map(serde_json::to_value).collect();
        let losses = losses.map_err(|source| Error::Encode {
            path: path.clone(),
            source,
        })?;
        disk::make_folder(&self.folder().join("state"))?;
        disk::write_json(&path, &Counts { losses }, RECORD_MAX_BYTES)
    }

    fn losses_path(&self) -> PathBuf {
        self.folder().join("state").join("losses.json")
    }
}

fn add(counted: &mut Vec<Loss>, loss: Loss) {
    match find(counted, &loss) {
        Some(count) => count.quantity = count.quantity.saturating_add(loss.quantity),
        None if loss.quantity > 0 => counted.push(loss),
        None => {}
    }
}

fn find<'a>(counted: &'a mut [Loss], loss: &Loss) -> Option<&'a mut Loss> {
    counted
        .iter_mut()
        .find(|known| (known.reason, known.category) == (loss.reason, loss.category))
}
