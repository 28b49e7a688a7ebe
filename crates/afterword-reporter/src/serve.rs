//! Waiting beside the app: blocked in `poll` until it says something or is gone.

use std::ffi::OsString;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use afterword_channel::layout::Occasion;
use afterword_channel::{
    CaptureStatus, Error as ChannelError, Hello, Identity, Message, Policy, PrivateView, Received, ReporterChannel,
    RunState, RunView,
};
use afterword_store::{AppId, AskerLock, ReportId, ReportKind, Store};
use time::OffsetDateTime;

use crate::app::{App, Woken};
use crate::ask::{self, Shell, Watched};
use crate::endings::{self, Run};
use crate::errands::{Errand, Errands};
use crate::error::chain;
use crate::hangs::Hangs;
use crate::keep::Kept;
use crate::policy::CurrentPolicy;
use crate::sending::{Served, Task};
use crate::session::Beginning;
use crate::{Error, capture, detach, executable, journal};

/// The reporter's life, from the app's start until the last errand after its end.
///
/// # Errors
/// [`Error::Arguments`] and [`Error::Channel`] when it was not started by an app, [`Error::Store`] when there is no place to
/// keep anything.
pub(crate) fn run(arguments: &[OsString], shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    let [channel, run_file, memory] = detach::inherited(arguments)?;
    let attributes = detach::detach();
    let channel = ReporterChannel::from_inherited(channel);
    let run = RunView::new(File::from(run_file))?;
    let memory = PrivateView::from_inherited(memory)?;
    let app = App::of(&run)?;
    let hello = memory.hello()?;
    let store = Store::open(hello.store_root.as_path(), &AppId::new(&hello.app_id)?)?;
    journal::open(&store.log_folder(), hello.run_id);
    capture::open(&hello, run.app_pid()?);
    run.set_reporter_pid(std::process::id())?;
    if let Err(error) = channel.send(&Message::Ready {
        pid: std::process::id(),
    }) {
        log::debug!("{}", chain(&error));
    }
    let watched = Watched {
        hello: hello.clone(),
        pid: run.app_pid()?,
        attributes,
    };
    let beginning = Arc::new(Beginning::of(&hello.identity, &run));
    let (channel, run) = (Arc::new(channel), Arc::new(run));
    let policy = CurrentPolicy::of(&store, hello.identity.policy);
    let served = Served {
        id: hello.run_id,
        run: run.clone(),
        channel: channel.clone(),
        app: hello.identity.clone(),
    };
    let errands = Errands::start(
        store.clone(),
        watched,
        policy.clone(),
        Some(served),
        shells,
        beginning.clone(),
    );
    let hangs = Hangs::new(
        store.clone(),
        hello.identity.clone(),
        policy.clone(),
        run.clone(),
        channel.clone(),
    );
    let mut serving = Serving {
        app,
        channel,
        run,
        memory,
        store,
        hello,
        policy,
        beginning,
        errands,
        hangs,
        open_panic: None,
        crash: None,
        asker: None,
    };
    // Whatever ended the watch: what has been captured is still asked about.
    let watched = serving.until_the_end();
    if let Err(error) = &watched {
        log::error!("the app is watched no longer: {}", chain(error));
        // Its run is settled when it is gone, and not before.
        serving.app.wait_for_its_end(&serving.run)?;
    }
    serving.after_the_end();
    watched
}

struct Serving {
    app: App,
    channel: Arc<ReporterChannel>,
    run: Arc<RunView>,
    memory: PrivateView,
    store: Store,
    hello: Hello,
    policy: CurrentPolicy,
    /// Of the run's session.
    beginning: Arc<Beginning>,
    errands: Errands,
    hangs: Hangs,
    /// The dump of a panic that may or may not end the app, in memory until that is known.
    open_panic: Option<Kept>,
    /// The report of what ended the app.
    crash: Option<ReportId>,
    /// The right to ask about it.
    asker: Option<AskerLock>,
}

impl Serving {
    fn until_the_end(&mut self) -> Result<(), Error> {
        loop {
            match self.channel.receive() {
                Ok(Received::Message(message)) => self.handle(message),
                Ok(Received::Nothing) => {
                    if matches!(self.app.wait(&self.channel)?, Woken::Gone) {
                        return Ok(());
                    }
                }
                // An app may close descriptors that are not its own, and live on; or become another program, which is no
                // business of ours.
                Ok(Received::Closed) if self.app.has_become_another() => {
                    log::info!("the app has become another program");
                    self.run.set_state(RunState::CleanExit)?;
                    return Ok(());
                }
                Ok(Received::Closed) => return self.app.wait_for_its_end(&self.run),
                Err(ChannelError::Message(error)) => log::warn!("skipped a message of the app: {error}"),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Crash { request } => self.crash(request),
            Message::Panic { request } => {
                let kept = self.capture(Occasion::Panic, ReportKind::Panic);
                self.answer(Occasion::Panic, request, &kept);
                self.open_panic = kept.ok();
            }
            Message::PanicIsCrash { request } => {
                let kept = self.keep_open_panic();
                self.answer(Occasion::Panic, request, &kept);
            }
            Message::PanicIsNone => self.open_panic = None,
            Message::Stored => self.errands.send(Task::Send),
            Message::Appended => self.errands.send(Task::Drain),
            Message::Flush { request, timeout_ms } => self.errands.send(Task::Flush {
                request,
                until: Instant::now() + Duration::from_millis(u64::from(timeout_ms)),
            }),
            Message::Ending => log::info!("the app is about to end"),
            Message::Hang {
                request,
                tid,
                lasted_ms,
            } => self.hangs.report(request, tid, lasted_ms),
            Message::Consent { policy } => {
                self.policy.restrict(&self.store, policy);
                self.errands.send(Task::Consent);
            }
            Message::Ready { .. } | Message::Captured { .. } | Message::Flushed { .. } => {
                log::warn!("skipped a message that is not the app's to send now");
            }
        }
    }

    /// One report of what ended the app, whatever comes after it.
    fn crash(&mut self, request: u32) {
        // Before the report can be seen: another start of the app must not ask about it too.
        self.take_asker();
        let kept = match self.crash {
            Some(first) => Ok(Some(first)),
            None => self
                .capture(Occasion::Crash, ReportKind::Crash)
                .and_then(|kept| kept.store(&self.store)),
        };
        self.answer(Occasion::Crash, request, &kept);
        if let Ok(made) = kept {
            self.crash = made;
            self.open_panic = None;
            self.errands.crashed();
        }
    }

    fn capture(&self, occasion: Occasion, kind: ReportKind) -> Result<Kept, Error> {
        let policy = self.policy.look(&self.store);
        if policy == Policy::Never {
            return Err(Error::Never);
        }
        let app = Identity {
            policy,
            ..self.hello.identity.clone()
        };
        // A reporter that was stopped finds the number of its app given to another process, maybe.
        self.app.must_live()?;
        executable::hold(self.run.app_pid()?);
        self.hangs.make_way();
        let dump = capture::capture(&self.memory, occasion)?;
        self.app.must_live()?;
        Kept::new(&app, &self.run, dump, kind)
    }

    fn keep_open_panic(&mut self) -> Result<Option<ReportId>, Error> {
        self.take_asker();
        let kept = self.open_panic.as_ref().ok_or(Error::NoContext)?;
        self.crash = kept.store(&self.store)?;
        self.open_panic = None;
        self.errands.crashed();
        Ok(self.crash)
    }

    /// One try: the app is waiting.
    fn take_asker(&mut self) {
        if self.asker.is_none() {
            self.asker = self.store.try_lock_asker().ok().flatten();
        }
    }

    fn answer<T>(&self, occasion: Occasion, request: u32, kept: &Result<T, Error>) {
        let status = match kept {
            Ok(_) => CaptureStatus::Kept,
            Err(Error::Never) => CaptureStatus::Unwanted,
            Err(error) => {
                log::error!("no report: {}", chain(error));
                CaptureStatus::Failed
            }
        };
        let noted = self.run.set_answer(occasion, request, status);
        let said = self.channel.send(&Message::Captured { request, status });
        if let Err(error) = noted.and(said) {
            log::debug!("the app may not have heard of it: {}", chain(&error));
        }
    }

    /// The app is gone. A panic whose verdict nobody gave was survived: a logout may have ended the app hours later.
    fn after_the_end(mut self) {
        self.hangs.finish();
        let state = self.run.state().unwrap_or(RunState::Starting);
        let verdict = self.run.panic_verdict().ok().flatten();
        if self.open_panic.is_some()
            && verdict == Some(true)
            && let Err(error) = self.keep_open_panic()
        {
            log::error!("no report: {}", chain(&error));
        }
        log::info!("the app is gone, its last state was {state:?}");
        self.policy.look(&self.store);
        let ended = Run {
            id: self.hello.run_id,
            view: &self.run,
            reported: self.crash,
            ended_at: Some(OffsetDateTime::now_utc()),
            policy: self.policy.consent(),
        };
        self.beginning.tell(&self.store, self.policy.consent());
        let crash = endings::settle(&self.store, &ended);
        self.errands.add(Errand::AppGone {
            crash,
            asker: self.asker.take(),
            documents: ask::documents(&self.memory),
        });
        self.errands.finish();
        log::info!("done");
    }
}
