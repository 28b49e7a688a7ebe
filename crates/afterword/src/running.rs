//! What a process has that is watched: its run file, its channel, its outbox. Made by `init`, and never dropped.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread::ThreadId;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use afterword_channel::{AppChannel, Message, Policy, PrivateMemory, RunFile, RunState};
use afterword_store::{EnvelopeClass, Placed, Store, chain};
use sentry::types::Uuid;

use crate::outbox::Outbox;
use crate::rescue::Rescuer;
use crate::salvage::Stock;
use crate::start::Program;
use crate::{Consent, panics};

/// What the whole process shares once `init` has returned. Never dropped.
pub(crate) struct Running {
    pub(crate) run: RunFile,
    pub(crate) memory: PrivateMemory,
    pub(crate) channel: AppChannel,
    /// None where there is no such program: then the salvage alone is left.
    pub(crate) program: Option<Program>,
    pub(crate) rescuer: Option<Rescuer>,
    pub(crate) stock: Stock,
    pub(crate) outbox: Outbox,
    pub(crate) store: Store,
    /// What an envelope of our own making says of the app.
    pub(crate) dsn: String,
    pub(crate) release: Option<String>,
    pub(crate) environment: String,
    pub(crate) run_id: Uuid,
    pub(crate) deadline: Duration,
    pub(crate) init_thread: ThreadId,
    /// The same, by the system's number.
    pub(crate) init_tid: u32,
    /// Panics of the init thread whose verdict is open.
    pub(crate) open_panics: Mutex<panics::Open>,
    pub(crate) requests: AtomicU32,
}

/// Set once, by `init`.
pub(crate) static RUNNING: OnceLock<Running> = OnceLock::new();

impl Running {
    /// The state of this process; none in a forked child, which is not the app.
    pub(crate) fn of_this_process() -> Option<&'static Running> {
        RUNNING.get().filter(|running| running.run.pid() == std::process::id())
    }

    pub(crate) fn next_request(&self) -> u32 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The app ends by itself, unless it is crashing.
    pub(crate) fn clean_exit(&self) {
        for from in [RunState::Running, RunState::Starting, RunState::Terminated] {
            self.run.replace_state(from, RunState::CleanExit);
        }
    }

    /// A run that ends well without a reporter leaves nothing behind.
    pub(crate) fn clean_up_alone(&self) {
        // What was captured is left for the next start.
        if self.channel.is_closed()
            && self.outbox.is_unused()
            && self.run.state() == RunState::CleanExit
            && let Err(error) = self.store.remove_run(self.run_id)
        {
            log::debug!("{}", chain(&error));
        }
    }

    /// Who decides, as it is now.
    pub(crate) fn policy(&self) -> Policy {
        match crate::consent() {
            Consent::Ask => Policy::Ask,
            Consent::Always => Policy::Always,
            Consent::Never => Policy::Never,
        }
    }

    /// Keeps an envelope that is no report, synced.
    pub(crate) fn keep(&self, class: EnvelopeClass, envelope: &[u8]) -> Result<Placed, afterword_store::Error> {
        let placed = self.store.put_envelope(crate::consent().into(), class, envelope)?;
        self.outbox.note_appended();
        self.tell(&Message::Stored);
        Ok(placed)
    }

    /// Tells the reporter, which may be gone or behind: what matters is in the store and in the run file.
    pub(crate) fn tell(&self, message: &Message) {
        if let Err(error) = self.channel.send(message) {
            log::debug!("the reporter was not told: {error}");
        }
    }
}

/// Milliseconds since 1970. Safe in a signal handler.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
