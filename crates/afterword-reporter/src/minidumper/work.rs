//! The captures: each on a thread of its own, a few at a time, so that one that is stuck keeps nobody waiting.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use afterword_channel::{Identity, Policy};
use afterword_store::{ReportId, ReportKind, Retention, Store};
use crash_context::CrashContext;
use rustix::event::{EventfdFlags, eventfd};
use time::OffsetDateTime;

use crate::error::chain;
use crate::keep::Kept;
use crate::policy::CurrentPolicy;
use crate::{Error, capture};

/// Captures at once: a dump is in memory while it is made, and may have hundreds of stacks.
const MAX_CAPTURES: usize = 8;

/// The captures, those that run and those that wait.
pub(super) struct Work {
    keeper: Arc<Keeper>,
    waiting: VecDeque<(u64, Box<CrashContext>)>,
    /// Whose captures run, without those that were given up.
    running: Vec<u64>,
    done: Receiver<Done>,
}

/// A capture that is over.
pub(super) struct Done {
    /// Whose.
    pub(super) client: u64,
    /// The report, synced; or why there is none.
    pub(super) kept: Result<ReportId, Error>,
}

struct Keeper {
    store: Store,
    app: Identity,
    policy: CurrentPolicy,
    done: Sender<Done>,
    /// Readable when there is something in `done`.
    wake: OwnedFd,
}

impl Work {
    pub(super) fn new(store: Store, app: Identity, policy: CurrentPolicy) -> io::Result<Work> {
        let (sender, done) = channel();
        let keeper = Keeper {
            store,
            app,
            policy,
            done: sender,
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        };
        Ok(Work {
            keeper: Arc::new(keeper),
            waiting: VecDeque::new(),
            running: Vec::new(),
            done,
        })
    }

    /// Has a client dumped.
    pub(super) fn add(&mut self, client: u64, context: Box<CrashContext>) {
        self.waiting.push_back((client, context));
        self.start();
    }

    /// Those that are over since the last call; others take their places.
    pub(super) fn done(&mut self) -> Vec<Done> {
        // Nothing to read is no error: what counts is in the channel.
        rustix::io::read(&self.keeper.wake, &mut [0; 8]).ok();
        let done: Vec<Done> = self.done.try_iter().collect();
        self.running
            .retain(|client| done.iter().all(|done| done.client != *client));
        self.start();
        done
    }

    /// A client's capture takes too long: another one takes its place. Returns whether it runs, and will be done one day.
    pub(super) fn give_up(&mut self, client: u64) -> bool {
        let runs = self.running.contains(&client);
        self.running.retain(|known| *known != client);
        self.waiting.retain(|(known, _)| *known != client);
        self.start();
        runs
    }

    fn start(&mut self) {
        while self.running.len() < MAX_CAPTURES
            && let Some((client, context)) = self.waiting.pop_front()
        {
            self.running.push(client);
            let keeper = self.keeper.clone();
            let started = std::thread::Builder::new()
                .name("client".to_owned())
                .spawn(move || keeper.work(client, *context));
            if let Err(error) = started {
                let why = error.to_string();
                self.keeper.is_done(client, Err(Error::CaptureThread { why }));
            }
        }
    }
}

impl AsFd for Work {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.keeper.wake.as_fd()
    }
}

impl Keeper {
    fn work(&self, client: u64, context: CrashContext) {
        let kept = catch_unwind(AssertUnwindSafe(|| self.keep(context))).unwrap_or_else(|_| {
            Err(Error::CaptureThread {
                why: "it panicked".to_owned(),
            })
        });
        self.is_done(client, kept);
        // The client is answered by now. A program that crashes again and again must not fill the disk until the next start.
        if let Err(error) = self.store.retain(&Retention::default(), OffsetDateTime::now_utc()) {
            log::warn!("{}", chain(&error));
        }
    }

    fn keep(&self, context: CrashContext) -> Result<ReportId, Error> {
        let policy = self.policy.look(&self.store);
        if policy == Policy::Never {
            return Err(Error::Never);
        }
        let app = Identity {
            policy,
            ..self.app.clone()
        };
        let dump = capture::dump(context)?;
        let id = ReportId::random();
        Kept::without_run(&app, id, dump, ReportKind::Crash)?.store(&self.store)?;
        Ok(id)
    }

    fn is_done(&self, client: u64, kept: Result<ReportId, Error>) {
        // Both fail only when the loop is over, and nobody is told then.
        self.done.send(Done { client, kept }).ok();
        rustix::io::write(&self.wake, &1u64.to_ne_bytes()).ok();
    }
}
