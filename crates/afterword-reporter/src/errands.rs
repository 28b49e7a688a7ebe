//! What takes time, on threads of its own: asking and cleaning up here, sending in [`crate::sending`]. The thread that watches
//! the app is never kept from it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::thread::JoinHandle;

use afterword_store::{AskerLock, ReportId, ReportKind, State, Store};

use crate::ask::{Asking, Interrupt, Shell, Watched};
use crate::error::chain;
use crate::policy::CurrentPolicy;
use crate::sending::{Sending, Served, Task, Tasks};
use crate::session::Beginning;
use crate::{leftovers, rest};

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Errand {
    /// The app is gone, with this report of what ended it.
    AppGone {
        /// The report.
        crash: Option<ReportId>,
        /// The right to ask about it, if it was free when it crashed.
        asker: Option<AskerLock>,
        /// The documents that were open in it.
        documents: Vec<String>,
    },
}

/// The threads and the ways to them.
pub(crate) struct Errands {
    queue: Sender<Errand>,
    thread: JoinHandle<()>,
    interrupt: Interrupt,
    sending: Sending,
}

impl Errands {
    /// Starts the threads; the first thing they do is to tell the beginning of the run's session, and to see what earlier
    /// runs left.
    pub(crate) fn start(
        store: Store,
        app: Watched,
        policy: CurrentPolicy,
        served: Option<Served>,
        shells: Vec<Box<dyn Shell>>,
        beginning: Arc<Beginning>,
    ) -> Errands {
        let (queue, errands) = channel();
        let interrupt = Interrupt::default();
        let sending = Sending::start(
            store.clone(),
            app.hello.identity.clone(),
            policy.clone(),
            served.clone(),
        );
        // Made here: it looks at the app while the app lives.
        let asking = Asking::new(store.clone(), app, shells, interrupt.clone());
        let runner = Runner {
            store,
            policy,
            asking,
            beginning,
            sending: sending.tasks().clone(),
        };
        let thread = std::thread::spawn(move || runner.run(&errands));
        Errands {
            queue,
            thread,
            interrupt,
            sending,
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

    /// Has something sent, drained or flushed.
    pub(crate) fn send(&self, task: Task) {
        self.sending.tasks().add(task);
    }

    /// Waits until all are done.
    pub(crate) fn finish(self) {
        drop(self.queue);
        if self.thread.join().is_err() {
            log::error!("the thread for errands panicked; what waits is left for the next start");
        }
        self.sending.finish();
    }
}

struct Runner {
    store: Store,
    policy: CurrentPolicy,
    asking: Asking,
    beginning: Arc<Beginning>,
    sending: Tasks,
}

impl Runner {
    fn run(mut self, errands: &Receiver<Errand>) {
        self.beginning.tell(&self.store, self.policy.consent());
        let (run, pid, app) = (self.asking.run_id(), self.asking.app_pid(), self.asking.app());
        leftovers::clean_up(&self.store, run, pid, app, &self.policy);
        self.sending.add(Task::Send);
        // Once a start: one question about what waits, the newest.
        if let Some(id) = leftovers::newest_waiting(&self.store) {
            self.ask_unless_asked(id);
        }
        // From here on there may be nothing to do for days.
        rest::give_back();
        while let Ok(errand) = errands.recv() {
            let Errand::AppGone {
                crash,
                asker,
                documents,
            } = errand;
            self.asking.app_is_gone(documents);
            self.last_question(crash, asker);
            self.sending.add(Task::Send);
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
        // The person may have chosen for all reports.
        self.sending.add(Task::Send);
    }
}
