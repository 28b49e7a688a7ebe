//! What is captured and not yet taken by the reporter: an append-only file in the run's folder.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use afterword_channel::{FlushState, Message};
use afterword_store::{EnvelopeClass, Error, OutboxWriter};

use crate::Delivery;
use crate::running::Running;

/// A reporter that was started again has not heard of a flush: it is told again.
const TELL_AGAIN: Duration = Duration::from_secs(1);
/// How often it is looked for while there is none.
const LOOK: Duration = Duration::from_millis(20);

/// The app's end of its run's outbox.
#[derive(Debug)]
pub(crate) struct Outbox {
    writer: OutboxWriter,
    pub(crate) delivery: Delivery,
    /// How long a synchronous capture waits.
    pub(crate) timeout: Duration,
    /// How many were appended, and how many of these a flush has seen off.
    appended: AtomicU64,
    flushed: AtomicU64,
    requests: AtomicU32,
    /// What the last flush that was done had to say.
    last: Mutex<FlushState>,
}

impl Outbox {
    pub(crate) fn new(writer: OutboxWriter, delivery: Delivery, timeout: Duration) -> Outbox {
        Outbox {
            writer,
            delivery,
            timeout,
            appended: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            last: Mutex::new(FlushState {
                done: true,
                ..FlushState::default()
            }),
        }
    }

    /// Whether nothing was ever put into it.
    pub(crate) fn is_unused(&self) -> bool {
        self.appended.load(Ordering::Acquire) == 0
    }

    /// Appends an envelope, behind the room for what stands before it, and tells the reporter, unless it has been told and has
    /// not looked since.
    ///
    /// # Errors
    /// As [`OutboxWriter::append`].
    pub(crate) fn append(&self, running: &Running, class: EnvelopeClass, record: &mut [u8]) -> Result<(), Error> {
        self.writer.append(class, record)?;
        if running.run.ask_to_drain() {
            if !self.writer.is_there() {
                self.writer.append(class, record)?;
            }
            if let Err(error) = running.channel.send(&Message::Appended) {
                log::debug!("the reporter was not told: {error}");
                running.run.was_not_told_to_drain();
            }
        }
        self.note_appended();
        Ok(())
    }

    /// There is something that a flush is to wait for.
    pub(crate) fn note_appended(&self) {
        self.appended.fetch_add(1, Ordering::AcqRel);
    }

    /// Waits until the reporter has sent what was appended so far, or holds it back, for `timeout` at the most. Immediate when
    /// nothing was appended since the last flush that was done.
    pub(crate) fn flush(&self, running: &Running, timeout: Duration) -> FlushState {
        let start = Instant::now();
        let appended = self.appended.load(Ordering::Acquire);
        if self.flushed.load(Ordering::Acquire) >= appended {
            return *self.last();
        }
        // Nobody will ever answer.
        if running.program.is_none() {
            return FlushState::default();
        }
        let request = self.requests.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1);
        while let Some(left) = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            let timeout_ms = u32::try_from(left.as_millis()).unwrap_or(u32::MAX);
            let told = running.channel.send(&Message::Flush { request, timeout_ms }).is_ok();
            let wait = left.min(if told { TELL_AGAIN } else { LOOK });
            match running.channel.wait_flushed(&running.run, request, wait) {
                Some(state) => {
                    self.flushed.fetch_max(appended, Ordering::AcqRel);
                    *self.last() = FlushState {
                        refused: false,
                        ..state
                    };
                    return state;
                }
                // The reporter is gone, and is started again by the mirror's thread; or the app has closed the channel.
                None if !told || running.channel.is_closed() => {
                    let left = timeout.saturating_sub(start.elapsed());
                    std::thread::sleep(left.min(LOOK));
                }
                None => {}
            }
        }
        FlushState::default()
    }

    fn last(&self) -> std::sync::MutexGuard<'_, FlushState> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a flush says that need not wait: what was captured synchronously has been answered already.
    pub(crate) fn state_of_synchronous(&self) -> FlushState {
        FlushState {
            done: true,
            refused: false,
            ..*self.last()
        }
    }
}
