//! What takes time, on a thread of its own: asking, sending, cleaning up. The thread that watches the app is never kept
//! from it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use afterword_store::{AskerLock, EnvelopeClass, ReportId, ReportKind, State, Store};
use time::OffsetDateTime;

use crate::ask::{Asking, Interrupt, Shell, Watched};
use crate::error::chain;
use crate::session::Session;
use crate::{keep, leftovers, rest, send};

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// There is something new in the store.
    Send,
    /// The app is gone, with this report of what ended it.
    AppGone {
        /// The report.
        crash: Option<ReportId>,
        /// The right to ask about it, if it was free when it crashed.
        asker: Option<AskerLock>,
    },
}

/// The thread and the way to it.
pub(crate) struct Errands {
    queue: Sender<Errand>,
    thread: JoinHandle<()>,
    interrupt: Interrupt,
}

impl Errands {
    /// Starts the thread; the first thing it does is to tell the beginning of the run's session, and to see what earlier
    /// runs left.
    pub(crate) fn start(store: Store, app: Watched, shells: Vec<Box<dyn Shell>>, session: Option<Session>) -> Errands {
        let (queue, errands) = channel();
        let interrupt = Interrupt::default();
        // Made here: it looks at the app while the app lives.
        let asking = Asking::new(store.clone(), app, shells, interrupt.clone());
        let runner = Runner {
            store,
            asking,
            session,
            retry_at: None,
        };
        let thread = std::thread::spawn(move || runner.run(&errands));
        Errands {
            queue,
            thread,
            interrupt,
        }
    }

    /// The app has crashed: a question about something older is withdrawn, to make room for this one.
    pub(crate) fn crashed(&self) {
        self.interrupt.app_crashed();
    }

    /// Adds an errand.
    pub(crate) fn add(&self, errand: Errand) {
        if let Err(SendError(errand)) = self.queue.send(errand) {
            log::error!("{errand:?} is left for the next start: the thread for errands is gone");
        }
    }

    /// Waits until all are done.
    pub(crate) fn finish(self) {
        drop(self.queue);
        if self.thread.join().is_err() {
            log::error!("the thread for errands panicked; what waits is left for the next start");
        }
    }
}

struct Runner {
    store: Store,
    asking: Asking,
    /// The session of the run, until its beginning is told.
    session: Option<Session>,
    /// When to try again to send what could not be sent.
    retry_at: Option<OffsetDateTime>,
}

impl Runner {
    fn run(mut self, errands: &Receiver<Errand>) {
        self.begin_session();
        leftovers::clean_up(&self.store, self.asking.run_id(), self.asking.app_pid());
        self.send();
        // Once a start: one question about what waits, the newest.
        if let Some(id) = leftovers::newest_waiting(&self.store) {
            self.ask_unless_asked(id);
        }
        // From here on there may be nothing to do for days.
        rest::give_back();
        loop {
            let errand = match self.retry_in() {
                Some(wait) => match errands.recv_timeout(wait) {
                    Ok(errand) => errand,
                    Err(RecvTimeoutError::Timeout) => Errand::Send,
                    Err(RecvTimeoutError::Disconnected) => break,
                },
                None => match errands.recv() {
                    Ok(errand) => errand,
                    Err(_) => break,
                },
            };
            match errand {
                Errand::Send => self.send(),
                Errand::AppGone { crash, asker } => {
                    self.asking.app_is_gone();
                    self.last_question(crash, asker);
                    self.send();
                }
            }
        }
    }

    /// The app is gone: ask about what ended it, or else about an error that it survived and that waits.
    fn last_question(&mut self, crash: Option<ReportId>, asker: Option<AskerLock>) {
        if let Some(id) = crash {
            // Whether or not another process asks: this person has just lost their work.
            let _lock = asker.or_else(|| leftovers::asker_lock(&self.store).flatten());
            return self.ask(id);
        }
        drop(asker);
        let error = self.store.reports().unwrap_or_default().into_iter().find(|report| {
            report.state() == State::Waiting
                && report
                    .info()
                    .is_ok_and(|info| matches!(info.kind, ReportKind::Error | ReportKind::Hang))
                && !self.asking.was_asked(report.id())
        });
        if let Some(report) = error {
            self.ask_unless_asked(report.id());
        }
    }

    /// Asks, unless another process of this app is asking: it may well be about the same report.
    fn ask_unless_asked(&mut self, id: ReportId) {
        match leftovers::asker_lock(&self.store) {
            Some(_lock) => self.ask(id),
            None => log::info!("another dialog of this app is open"),
        }
    }

    fn ask(&mut self, id: ReportId) {
        if let Err(error) = self.asking.ask(id) {
            log::error!("report {id}: {}", chain(&error));
        }
    }

    /// What cannot be told now is not told: the session's end makes it known as well.
    fn begin_session(&mut self) {
        let Some(session) = self.session.take() else { return };
        let envelope = session.beginning(OffsetDateTime::now_utc());
        let policy = keep::policy(self.asking.policy());
        if let Err(error) = self.store.put_envelope(policy, EnvelopeClass::Session, &envelope) {
            log::warn!("the beginning of this run's session: {}", chain(&error));
        }
    }

    fn send(&mut self) {
        self.retry_at = send::all(&self.store, self.asking.app(), self.asking.policy());
    }

    fn retry_in(&self) -> Option<Duration> {
        let at = self.retry_at?;
        let left = at - OffsetDateTime::now_utc();
        Some(
            Duration::try_from(left)
                .unwrap_or_default()
                .clamp(Duration::from_secs(1), Duration::from_secs(24 * 3600)),
        )
    }
}
