//! Dumps of an app that hangs and goes on: on a thread of their own, since what it hangs in (a network drive, say) may keep
//! the dump waiting too, and a crash must not wait for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use afterword_channel::layout::About;
use afterword_channel::{CaptureStatus, Identity, Message, ReporterChannel, RunView};
use afterword_store::{ReportKind, Store};

use crate::Error;
use crate::capture;
use crate::error::chain;
use crate::keep::Kept;

/// Reports of hangs in one run: a watchdog that reports the same hang every second must not fill the store.
const MAX_REPORTS: u32 = 10;

/// The hangs of one run.
pub(crate) struct Hangs {
    shared: Arc<Shared>,
    reports: u32,
    last: Option<JoinHandle<()>>,
}

struct Shared {
    store: Store,
    app: Identity,
    run: Arc<RunView>,
    channel: Arc<ReporterChannel>,
    busy: AtomicBool,
}

impl Hangs {
    pub(crate) fn new(store: Store, app: Identity, run: Arc<RunView>, channel: Arc<ReporterChannel>) -> Hangs {
        Hangs {
            shared: Arc::new(Shared {
                store,
                app,
                run,
                channel,
                busy: AtomicBool::new(false),
            }),
            reports: 0,
            last: None,
        }
    }

    /// Has a hang of a thread dumped and kept; one at a time. Returns at once; the app is answered when it is done.
    pub(crate) fn report(&mut self, request: u32, tid: u32) {
        if self.reports == MAX_REPORTS || self.shared.busy.swap(true, Ordering::Acquire) {
            log::info!("a hang is not reported: another one is being reported, or enough have been");
            return self.shared.answer(request, CaptureStatus::Unwanted);
        }
        self.reports += 1;
        let shared = self.shared.clone();
        let started = std::thread::Builder::new().name("hang".to_owned()).spawn(move || {
            let status = match shared.keep(tid) {
                Ok(()) => CaptureStatus::Kept,
                Err(error) => {
                    log::error!("no report of a hang: {}", chain(&error));
                    CaptureStatus::Failed
                }
            };
            shared.busy.store(false, Ordering::Release);
            shared.answer(request, status);
        });
        match started {
            Ok(thread) => self.last = Some(thread),
            Err(error) => {
                log::error!("no report of a hang: {error}");
                self.shared.busy.store(false, Ordering::Release);
                self.shared.answer(request, CaptureStatus::Failed);
            }
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
    fn keep(&self, tid: u32) -> Result<(), Error> {
        let dump = capture::living(self.run.app_pid()?, tid)?;
        Kept::new(&self.app, &self.run, dump, ReportKind::Hang)?.store(&self.store)?;
        Ok(())
    }

    fn answer(&self, request: u32, status: CaptureStatus) {
        let noted = self.run.set_answer(About::Hang, request, status);
        let said = self.channel.send(&Message::Captured { request, status });
        if let Err(error) = noted.and(said) {
            log::debug!("the app may not have heard of it: {}", chain(&error));
        }
    }
}
