//! Sending, on a thread of its own: a question may be open for hours, and a server may take its time. The outbox is drained
//! here, too, while the app lives, and a flush is answered.
//!
//! Whatever this thread waits for, what the app captures is safe in its outbox meanwhile.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use afterword_channel::{FlushState, Identity, Message, Policy, ReporterChannel, RunView};
use afterword_store::{Retention, Store};
use afterword_upload::Uploader;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::chain;
use crate::policy::{self, CurrentPolicy};
use crate::secrets::Redactor;
use crate::{outbox, send};

/// Between two tries while the app waits for a flush: it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long what is new waits where others wait for a rate limit: it may be of a kind that has none.
const BESIDE_OTHERS: Duration = Duration::from_secs(2);

/// How long an outbox is left alone that could not be drained: the disk is full, or another process is at it.
const DRAIN_AGAIN: Duration = Duration::from_secs(60);

/// After so many drained envelopes the store is brought back within its bounds: a run may go on for months, with no network,
/// or with nobody who is asked.
const DRAINED_BETWEEN_RETAINS: usize = 1000;

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Task {
    /// There is something new in the outbox.
    Drain,
    /// There is something new in the store.
    Send,
    /// The consent has changed.
    Consent,
    /// The app wants to know when all that it has captured so far is sent, and waits until then at the most.
    Flush { request: u32, until: Instant },
}

/// The way to the thread.
#[derive(Clone)]
pub(crate) struct Tasks(Sender<Task>);

impl Tasks {
    pub(crate) fn add(&self, task: Task) {
        if let Err(SendError(task)) = self.0.send(task) {
            log::error!("{task:?} is left for the next start: the thread that sends is gone");
        }
    }
}

/// The thread and the way to it.
pub(crate) struct Sending {
    tasks: Tasks,
    thread: JoinHandle<()>,
}

/// The run whose app is served.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) id: Uuid,
    pub(crate) run: Arc<RunView>,
    pub(crate) channel: Arc<ReporterChannel>,
    pub(crate) app: Identity,
}

impl Sending {
    /// Starts the thread. It drains what is there, and sends nothing before it is told.
    /// `app` says how.
    pub(crate) fn start(store: Store, app: Identity, policy: CurrentPolicy, served: Option<Served>) -> Sending {
        let (sender, tasks) = channel();
        let runner = Runner {
            store,
            uploader: send::uploader_of(&app.transport),
            redactor: Redactor::of(&app),
            app,
            applied: policy.get(),
            policy,
            served,
            retry_queue_at: None,
            retry_drain_at: None,
            retry_reports_at: None,
            drained: 0,
            refused: false,
            pending: None,
        };
        let thread = std::thread::spawn(move || runner.run(&tasks));
        Sending {
            tasks: Tasks(sender),
            thread,
        }
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Has everything sent once more that may be sent, and waits until that is done.
    pub(crate) fn finish(self) {
        drop(self.tasks);
        if self.thread.join().is_err() {
            log::error!("the thread that sends panicked; what is left is sent at the next start");
        }
    }
}

struct Runner {
    store: Store,
    app: Identity,
    uploader: Uploader,
    redactor: Redactor,
    policy: CurrentPolicy,
    /// What was done with the store so far is by this one.
    applied: Policy,
    /// None where there is no app that captures through an outbox.
    served: Option<Served>,
    /// When to try again what could not be sent.
    retry_queue_at: Option<OffsetDateTime>,
    /// When to drain again what could not be drained: the app may have nothing to say any more.
    retry_drain_at: Option<OffsetDateTime>,
    retry_reports_at: Option<OffsetDateTime>,
    /// How many envelopes were drained since the store was last looked through.
    drained: usize,
    /// Whether a server has refused something since the last flush was answered.
    refused: bool,
    pending: Option<Pending>,
}

/// Flushes that have no answer yet: that to the newest is one to all of them.
struct Pending {
    request: u32,
    until: Instant,
    again_at: Instant,
    pause: Duration,
    /// How often sending had failed when the first try for it was made.
    failures: Option<u32>,
}

/// What is to be tried now.
#[derive(Default)]
struct Wanted {
    consent: bool,
    drain: bool,
    queue: bool,
    reports: bool,
}

impl Runner {
    fn run(mut self, tasks: &Receiver<Task>) {
        // What the app has captured before there was a reporter, or while there was none.
        self.drain();
        loop {
            let mut wanted = Wanted::default();
            match tasks.recv_timeout(self.wait()) {
                Ok(task) => self.note(task, &mut wanted),
                Err(RecvTimeoutError::Timeout) => self.note_what_is_due(&mut wanted),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            for task in tasks.try_iter() {
                self.note(task, &mut wanted);
            }
            self.attempt(&wanted);
        }
        // The app is gone, and whoever watched it has drained its outbox.
        self.apply_policy(false);
        self.send_queue();
        self.send_reports();
    }

    /// Another process of the app may have changed it: that one says nothing to this one.
    fn apply_policy(&mut self, told: bool) {
        let policy = self.policy.look(&self.store);
        if told || policy != self.applied {
            policy::apply(&self.store, self.policy.consent());
            self.applied = policy;
        }
    }

    fn note(&mut self, task: Task, wanted: &mut Wanted) {
        match task {
            Task::Drain => wanted.drain = true,
            Task::Consent => (wanted.consent, wanted.drain, wanted.queue, wanted.reports) = (true, true, true, true),
            Task::Send => (wanted.queue, wanted.reports) = (true, true),
            Task::Flush { request, until } => {
                (wanted.drain, wanted.queue) = (true, true);
                let before = self.pending.take();
                self.pending = Some(Pending {
                    request: before.as_ref().map_or(request, |before| newer(before.request, request)),
                    until: before.as_ref().map_or(until, |before| before.until.max(until)),
                    again_at: Instant::now(),
                    pause: FIRST_PAUSE,
                    failures: before.and_then(|before| before.failures),
                });
            }
        }
    }

    fn note_what_is_due(&self, wanted: &mut Wanted) {
        let now = OffsetDateTime::now_utc();
        let is_due = |at: Option<OffsetDateTime>| at.is_some_and(|at| at <= now);
        let is_pending = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.again_at <= Instant::now());
        wanted.drain = is_pending || is_due(self.retry_drain_at);
        wanted.queue = is_pending || is_due(self.retry_queue_at);
        wanted.reports = is_due(self.retry_reports_at);
    }

    fn attempt(&mut self, wanted: &Wanted) {
        self.apply_policy(wanted.consent);
        let drained = if wanted.drain { self.drain() } else { Some(0) };
        // What a new consent releases is part of what a flush waits for, reports too.
        if wanted.consent && wanted.reports {
            self.send_reports();
        }
        if wanted.queue || (drained.is_some_and(|queued| queued > 0) && self.may_try()) {
            let all_sent = self.send_queue();
            self.answer(all_sent && drained.is_some());
        } else {
            self.answer(false);
        }
        if wanted.reports && !wanted.consent {
            self.send_reports();
        }
    }

    /// Whether a new envelope is to be sent at once: not where sending failed a moment ago, and not each by itself where others
    /// wait for a rate limit to end, or for another process.
    fn may_try(&mut self) -> bool {
        let now = OffsetDateTime::now_utc();
        let Some(retry_at) = self.retry_queue_at.filter(|at| *at > now) else {
            return true;
        };
        if self.store.queue_failures() == 0 {
            self.retry_queue_at = Some(retry_at.min(now + BESIDE_OTHERS));
        }
        false
    }

    /// How many envelopes may be sent that could not be sent before. None when that failed.
    fn drain(&mut self) -> Option<usize> {
        self.retry_drain_at = None;
        let Some(served) = &self.served else { return Some(0) };
        // From here on the app tells of what it appends.
        if let Err(error) = served.run.begin_drain() {
            log::warn!("{}", chain(&error));
        }
        match outbox::drain(
            &self.store,
            served.id,
            &served.app,
            &self.redactor,
            self.policy.consent(),
            false,
        ) {
            Ok(drained) => {
                self.note_drained(drained.queued + drained.held + drained.waiting.len());
                Some(drained.queued)
            }
            Err(error) => {
                log::error!("the outbox stays as it is for now: {}", chain(&error));
                self.retry_drain_at = Some(OffsetDateTime::now_utc() + DRAIN_AGAIN);
                None
            }
        }
    }

    fn note_drained(&mut self, count: usize) {
        self.drained += count;
        if self.drained < DRAINED_BETWEEN_RETAINS {
            return;
        }
        self.drained = 0;
        match self.store.retain(&Retention::default(), OffsetDateTime::now_utc()) {
            Ok(removed) if removed.is_empty() => {}
            Ok(removed) => log::info!("{} old reports were removed", removed.len()),
            Err(error) => log::warn!("{}", chain(&error)),
        }
    }

    /// Says whether nothing is left of it.
    fn send_queue(&mut self) -> bool {
        let failures = self.store.queue_failures();
        let outcome = send::queue(&self.store, &self.uploader, &self.policy);
        self.retry_queue_at = outcome.retry_at;
        self.refused |= outcome.refused;
        if outcome.left == 0 && outcome.retry_at.is_none() {
            return true;
        }
        // Trying often because somebody waits must not make the others wait for hours.
        if let Some(pending) = &mut self.pending {
            let counted = *pending.failures.get_or_insert(failures) + 1;
            if self.store.queue_failures() > counted
                && let Err(error) = self.store.put_queue_failures(counted)
            {
                log::warn!("{}", chain(&error));
            }
        }
        false
    }

    fn send_reports(&mut self) {
        self.retry_reports_at = send::reports(&self.store, &self.uploader, &self.app, &self.policy);
    }

    /// Answers a flush that is done, forgets one that nobody waits for any more, and has another one tried again soon.
    fn answer(&mut self, done: bool) {
        let Some(served) = &self.served else {
            self.pending = None;
            return;
        };
        let Some(pending) = &mut self.pending else { return };
        if done {
            let held = self.store.held_back(served.id).unwrap_or_else(|error| {
                log::warn!("{}", chain(&error));
                afterword_store::ItemKinds::NONE
            });
            let state = FlushState {
                done,
                refused: std::mem::take(&mut self.refused),
                held: held.bits(),
            };
            let request = pending.request;
            let noted = served.run.set_flushed(request, state);
            let said = served.channel.send(&Message::Flushed { request, state });
            if let Err(error) = noted.and(said) {
                log::debug!("the app may not have heard of it: {}", chain(&error));
            }
            self.pending = None;
        } else if pending.until <= Instant::now() {
            self.pending = None;
        } else if pending.again_at <= Instant::now() {
            pending.again_at = Instant::now() + pending.pause;
            pending.pause = (pending.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Until there is something to try again: for ever, nearly, while there is not.
    fn wait(&self) -> Duration {
        const FOR_EVER: Duration = Duration::from_secs(24 * 3600);
        let now = OffsetDateTime::now_utc();
        let retries = [self.retry_queue_at, self.retry_drain_at, self.retry_reports_at];
        let retry = retries.into_iter().flatten().map(|at| {
            Duration::try_from(at - now)
                .unwrap_or_default()
                .clamp(Duration::from_secs(1), FOR_EVER)
        });
        let flush = self
            .pending
            .as_ref()
            .map(|pending| pending.again_at.saturating_duration_since(Instant::now()));
        retry.chain(flush).min().unwrap_or(FOR_EVER)
    }
}

/// Of two requests that are counted up, and may begin anew.
fn newer(one: u32, other: u32) -> u32 {
    if other.wrapping_sub(one) < u32::MAX / 2 {
        other
    } else {
        one
    }
}
