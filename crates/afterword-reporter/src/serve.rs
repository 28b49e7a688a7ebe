//! Waiting beside the app: blocked in `poll` until it says something or is gone.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use afterword_channel::{
    CaptureStatus, Error as ChannelError, Hello, Message, Policy, Received, ReporterChannel, RunState, RunView,
};
use afterword_store::{AppId, ReportId, ReportKind, Store};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::ask::Shell;
use crate::errands::{Errand, Errands};
use crate::error::chain;
use crate::keep::Kept;
use crate::{Error, capture, detach, journal};

/// The reporter's life, from the app's start until the last errand after its end.
///
/// # Errors
/// [`Error::Arguments`] and [`Error::NoHello`] when it was not started by an app, [`Error::Store`] when there is no place to
/// keep anything.
pub(crate) fn run(arguments: &[OsString], shells: Vec<Box<dyn Shell>>) -> Result<(), Error> {
    let (channel, run_file) = detach::inherited(arguments)?;
    detach::detach();
    let channel = ReporterChannel::from_inherited(channel);
    let run = RunView::new(File::from(run_file))?;
    let app = App::watch(&run)?;
    let Some(hello) = app.hello(&channel)? else {
        return Err(Error::NoHello);
    };
    let app_id = AppId::new(&hello.app_id)?;
    let store = Store::open(Path::new(&hello.store_root), &app_id)?;
    journal::open(&store.log_folder(), hello.run_id);
    run.set_reporter_pid(std::process::id())?;
    if let Err(error) = channel.send(&Message::Ready {
        pid: std::process::id(),
    }) {
        log::debug!("{}", chain(&error));
    }
    let errands = Errands::start(store.clone(), (*hello).clone(), run.app_pid()?, shells);
    let mut serving = Serving {
        channel,
        run,
        store,
        hello: *hello,
        errands,
        open_panic: None,
        crash: None,
    };
    serving.until_the_end(&app)?;
    serving.after_the_end();
    Ok(())
}

/// The app's process, as something that can be waited for.
struct App {
    /// Readable when the process is gone. Without one (an old kernel), the end of the channel tells it.
    pidfd: Option<OwnedFd>,
}

/// Why a wait is over.
enum Woken {
    Channel,
    Gone,
}

impl App {
    fn watch(run: &RunView) -> Result<App, Error> {
        let pid = Pid::from_raw(run.app_pid()? as i32);
        let pidfd = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok(App { pidfd })
    }

    /// The first message, which was waiting before this process began.
    fn hello(&self, channel: &ReporterChannel) -> Result<Option<Box<Hello>>, Error> {
        loop {
            match channel.receive()? {
                Received::Message(Message::Hello(hello)) => return Ok(Some(hello)),
                Received::Message(_) => {}
                Received::Closed => return Ok(None),
                Received::Nothing => {
                    if matches!(self.wait(channel)?, Woken::Gone) {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Blocks until the channel has something or the process is gone; what is in the channel comes first.
    fn wait(&self, channel: &ReporterChannel) -> Result<Woken, Error> {
        let mut wanted = vec![PollFd::from_borrowed_fd(channel.as_fd(), PollFlags::IN)];
        if let Some(pidfd) = &self.pidfd {
            wanted.push(PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN));
        }
        loop {
            match poll(&mut wanted, None) {
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Error::Wait(io::Error::from(error))),
            }
        }
        if wanted[0].revents().contains(PollFlags::IN) {
            Ok(Woken::Channel)
        } else {
            Ok(Woken::Gone)
        }
    }
}

struct Serving {
    channel: ReporterChannel,
    run: RunView,
    store: Store,
    hello: Hello,
    errands: Errands,
    /// The dump of a panic that may or may not end the app, in memory until that is known.
    open_panic: Option<Kept>,
    /// The report of what ended the app.
    crash: Option<ReportId>,
}

impl Serving {
    fn until_the_end(&mut self, app: &App) -> Result<(), Error> {
        loop {
            match self.channel.receive() {
                Ok(Received::Message(message)) => self.handle(message),
                Ok(Received::Nothing) => {
                    if matches!(app.wait(&self.channel)?, Woken::Gone) {
                        return Ok(());
                    }
                }
                // A forked child of the app may hold the other end open, so the end of the file says that all are gone.
                Ok(Received::Closed) => return Ok(()),
                Err(ChannelError::Message(error)) => log::warn!("skipped a message of the app: {error}"),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Crash { request } => {
                let kept = self.capture(ReportKind::Crash).and_then(|kept| kept.store(&self.store));
                self.answer(request, &kept);
                self.open_panic = None;
                self.crash = kept.ok();
            }
            Message::Panic { request } => {
                let kept = self.capture(ReportKind::Panic);
                self.answer(request, &kept);
                self.open_panic = kept.ok();
            }
            Message::PanicIsCrash { request } => {
                let kept = self.keep_open_panic();
                self.answer(request, &kept);
            }
            Message::PanicIsNone => self.open_panic = None,
            Message::Stored => self.errands.add(Errand::Send),
            Message::Ending => log::info!("the app is about to end"),
            Message::Hello(_) | Message::Ready { .. } | Message::Captured { .. } => {
                log::warn!("skipped a message that is not the app's to send now");
            }
        }
    }

    fn capture(&self, kind: ReportKind) -> Result<Kept, Error> {
        if self.hello.policy == Policy::Never {
            return Err(Error::Never);
        }
        let dump = capture::capture(&self.run, self.hello.full_stacks)?;
        Kept::new(&self.hello, &self.run, dump, kind)
    }

    fn keep_open_panic(&mut self) -> Result<ReportId, Error> {
        let kept = self.open_panic.take().ok_or(Error::NoContext)?;
        let id = kept.store(&self.store)?;
        self.crash = Some(id);
        Ok(id)
    }

    fn answer<T>(&self, request: u32, kept: &Result<T, Error>) {
        let status = match kept {
            Ok(_) => CaptureStatus::Kept,
            Err(Error::Never) => CaptureStatus::Unwanted,
            Err(error) => {
                log::error!("no report: {}", chain(error));
                CaptureStatus::Failed
            }
        };
        if let Err(error) = self.channel.send(&Message::Captured { request, status }) {
            log::debug!("the app did not hear of it: {}", chain(&error));
        }
    }

    /// The app is gone. A panic whose verdict nobody gave was a crash, unless the app still reached its end.
    fn after_the_end(mut self) {
        let state = self.run.state().unwrap_or(RunState::Starting);
        let verdict = self.run.panic_verdict().ok().flatten();
        if self.open_panic.is_some()
            && verdict != Some(false)
            && (verdict == Some(true) || state != RunState::CleanExit)
            && let Err(error) = self.keep_open_panic()
        {
            log::error!("no report: {}", chain(&error));
        }
        log::info!("the app is gone, its last state was {state:?}");
        if let Err(error) = self.store.remove_run(self.hello.run_id) {
            log::warn!("{}", chain(&error));
        }
        self.errands.add(Errand::AppGone { crash: self.crash });
        self.errands.finish();
        log::info!("done");
    }
}
