//! Dumps of an app that hangs and goes on: on a thread of their own, since what it hangs in (a network drive, say) may keep
//! the dump waiting too, and a crash must not wait for that.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use afterword_channel::layout::About;
use afterword_channel::{CaptureStatus, Identity, Message, Policy, ReporterChannel, RunView};
use afterword_store::{ReportKind, Store};

use crate::Error;
use crate::capture;
use crate::error::chain;
use crate::keep::Kept;
use crate::policy::CurrentPolicy;

/// Reports of hangs in one run: a watchdog that reports the same hang every second must not fill the store.
const MAX_REPORTS: u32 = 10;
/// A dump takes some milliseconds. One that takes longer hangs itself, and then another one may have better luck.
const CRASH_WAITS: Duration = Duration::from_secs(1);

/// The hangs of one run.
pub(crate) struct Hangs {
    shared: Arc<Shared>,
    reports: u32,
    last: Option<JoinHandle<()>>,
}

struct Shared {
    store: Store,
    app: Identity,
    policy: CurrentPolicy,
    run: Arc<RunView>,
    channel: Arc<ReporterChannel>,
    busy: Mutex<bool>,
    free: Condvar,
}

/// While there is one, a hang is being dumped.
struct Busy(Arc<Shared>);

impl Hangs {
    pub(crate) fn new(
        store: Store,
        app: Identity,
        policy: CurrentPolicy,
        run: Arc<RunView>,
        channel: Arc<ReporterChannel>,
    ) -> Hangs {
        Hangs {
            shared: Arc::new(Shared {
                store,
                app,
                policy,
                run,
                channel,
                busy: Mutex::new(false),
                free: Condvar::new(),
            }),
            reports: 0,
            last: None,
        }
    }

    /// Has a hang of a thread dumped and kept; one at a time. Returns at once; the app is answered when it is done.
    pub(crate) fn report(&mut self, request: u32, tid: u32, lasted_ms: u32) {
        let busy = Busy::begin(&self.shared).filter(|_| self.reports < MAX_REPORTS);
        let Some(busy) = busy else {
            log::info!("a hang is not reported: another one is being reported, or enough have been");
            return self.shared.answer(request, CaptureStatus::Unwanted);
        };
        self.reports += 1;
        let shared = self.shared.clone();
        let started = std::thread::Builder::new().name("hang".to_owned()).spawn(move || {
            let status = match shared.keep(tid, lasted_ms, busy) {
                Ok(()) => CaptureStatus::Kept,
                Err(Error::Never) => CaptureStatus::Unwanted,
                Err(error) => {
                    log::error!("no report of a hang: {}", chain(&error));
                    CaptureStatus::Failed
                }
            };
            shared.answer(request, status);
        });
        match started {
            Ok(thread) => self.last = Some(thread),
            Err(error) => {
                log::error!("no report of a hang: {error}");
                self.shared.answer(request, CaptureStatus::Failed);
            }
        }
    }

    /// Two at once would get half of the threads each: what is to be dumped now waits for the hang that is, for a while.
    pub(crate) fn make_way(&self) {
        let busy = self.shared.busy();
        let waited = self.shared.free.wait_timeout_while(busy, CRASH_WAITS, |busy| *busy);
        if waited.is_ok_and(|(busy, _)| *busy) {
            log::warn!("the dump of a hang takes long and is not waited for");
        }
    }

    /// The app is gone: the dump that is being made comes to its end, one way or the other.
    pub(crate) fn finish(&mut self) {
        if self.last.take().is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that reports hangs panicked");
        }
    }
}

impl Shared {
    fn keep(&self, tid: u32, lasted_ms: u32, busy: Busy) -> Result<(), Error> {
        let policy = self.policy.look(&self.store);
        if policy == Policy::Never {
            return Err(Error::Never);
        }
        let dump = capture::living(self.run.app_pid()?, tid);
        drop(busy);
        let dump = dump?;
        let app = Identity {
            policy,
            ..self.app.clone()
        };
        let mut kept = Kept::new(&app, &self.run, dump, ReportKind::Hang)?;
        if lasted_ms > 0 {
            // The bound and not what it came to: the same words each time.
            kept.set_message(format!("App hanging for at least {lasted_ms} ms"));
        }
        kept.store(&self.store)?;
        Ok(())
    }

    fn busy(&self) -> MutexGuard<'_, bool> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, request: u32, status: CaptureStatus) {
        let noted = self.run.set_answer(About::Hang, request, status);
        let said = self.channel.send(&Message::Captured { request, status });
        if let Err(error) = noted.and(said) {
            log::debug!("the app may not have heard of it: {}", chain(&error));
        }
    }
}

impl Busy {
    /// None while another one is.
    fn begin(shared: &Arc<Shared>) -> Option<Busy> {
        let before = std::mem::replace(&mut *shared.busy(), true);
        (!before).then(|| Busy(shared.clone()))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *self.0.busy() = false;
        self.0.free.notify_all();
    }
}
