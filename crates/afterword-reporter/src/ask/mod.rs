//! Asking: a shell puts the question, the stack is worked out meanwhile, the answer in the store decides.

mod asked;
mod happened;
mod streams;
#[cfg_attr(windows, path = "terminal/windows.rs")]
mod terminal;
mod window;

pub(crate) use happened::Interrupt;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};

use afterword_channel::{Hello, Identity, PrivateView};
use afterword_dialog::{Asked, Details, FromDialog, ToDialog};
use afterword_store::{Decision, ReportId, ReportInfo, ReportKind, SenderLock, Settled, State, Store};
use uuid::Uuid;

use crate::ask::happened::{Event, Happened, pass_on};
use crate::assemble::assemble;
use crate::detach::Attributes;
use crate::error::chain;
use crate::{Error, restart, rules, send};

/// One way to put a question to a person. Tried in order until one opens.
pub trait Shell: Send {
    /// Its name, for the journal.
    fn name(&self) -> &'static str;

    /// Whether it can only be used once the app is gone, whose place it takes.
    fn needs_app_gone(&self) -> bool {
        false
    }

    /// Opens it with the question. What the person does comes as messages; the answer itself must be in the store before
    /// [`FromDialog::Answered`] is sent. Dropping the sender means that the shell is gone.
    ///
    /// # Errors
    /// Why it cannot be shown here, in words; then the next shell is tried.
    fn open(&self, asked: &Asked, events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String>;
}

/// An open shell.
pub trait Conversation: Send {
    /// Shows what is new: details, progress, the result. A shell that is gone hears nothing.
    fn tell(&mut self, message: &ToDialog);

    /// The question is withdrawn: there is another one to ask.
    fn close(&mut self) {}
}

/// How an open question ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Answered,
    Unanswered,
    Interrupted,
}

/// Asks about reports of one app.
pub(crate) struct Asking {
    store: Store,
    hello: Hello,
    app_pid: u32,
    attributes: Attributes,
    shells: Vec<Box<dyn Shell>>,
    asked: Vec<ReportId>,
    app_gone: bool,
    /// What it had open.
    documents: Vec<String>,
    interrupt: Interrupt,
}

/// What the app had open. Nobody goes without a question for want of it.
pub(crate) fn documents(memory: &PrivateView) -> Vec<String> {
    memory.documents().unwrap_or_else(|error| {
        log::warn!("{}", chain(&error));
        Vec::new()
    })
}

impl Asking {
    pub(crate) fn new(store: Store, app: Watched, mut shells: Vec<Box<dyn Shell>>, interrupt: Interrupt) -> Asking {
        for shell in windows() {
            shells.push(Box::new(window::Window(shell)));
        }
        shells.push(Box::new(terminal::Terminal::of(&app.hello, app.pid)));
        Asking {
            store,
            hello: app.hello,
            app_pid: app.pid,
            attributes: app.attributes,
            shells,
            asked: Vec::new(),
            app_gone: false,
            documents: Vec::new(),
            interrupt,
        }
    }

    pub(crate) fn app_pid(&self) -> u32 {
        self.app_pid
    }

    pub(crate) fn run_id(&self) -> Uuid {
        self.hello.run_id
    }

    pub(crate) fn app(&self) -> &Identity {
        &self.hello.identity
    }

    pub(crate) fn app_is_gone(&mut self, documents: Vec<String>) {
        self.app_gone = true;
        self.documents = documents;
    }

    pub(crate) fn was_asked(&self, id: ReportId) -> bool {
        self.asked.contains(&id)
    }

    /// Asks about one report and carries the answer out. With the policy *always* there is no question: it is sent.
    ///
    /// # Errors
    /// What kept it from being asked about; the report is where it was.
    pub(crate) fn ask(&mut self, id: ReportId) -> Result<(), Error> {
        self.asked.push(id);
        let report = self.store.report(id)?;
        if report.state() != State::Waiting {
            return Ok(());
        }
        let info = report
            .info()
            .map_err(|error| Error::Unreadable { id, why: chain(error) })?
            .clone();
        if rules::drop_report(&self.store, id, &self.hello.identity.rules) {
            return Ok(());
        }
        let (events, happened) = channel();
        let happened = Happened::new(happened);
        // Nothing is more urgent than what ended the app.
        if !self.app_gone {
            self.interrupt.open(events.clone());
        }
        self.work_out_stack(id, events.clone());
        let restart = self.can_restart(&info).then_some(self.documents.as_slice());
        let asked = asked::question(&self.store, &report, &info, &self.hello.links, restart);
        let shell = self.open_shell(&asked, events);
        let asked = match shell {
            Some(mut shell) => self.converse(id, &info, shell.as_mut(), &happened),
            None => {
                log::info!("report {id} waits: there is nowhere to ask");
                // The stack is worked out all the same: the person may look at the report in other ways.
                happened.wait_assembled();
                Ok(())
            }
        };
        self.interrupt.close();
        asked
    }

    /// The app can be started again when it is gone: what it was started with stays in this process's memory.
    fn can_restart(&self, info: &ReportInfo) -> bool {
        self.app_gone && self.hello.can_restart && matches!(info.kind, ReportKind::Crash | ReportKind::Panic)
    }

    fn work_out_stack(&self, id: ReportId, events: Sender<Event>) {
        let store = self.store.clone();
        std::thread::spawn(move || {
            // The question must not wait for ever because a dump is odder than we thought.
            let assembled = catch_unwind(AssertUnwindSafe(|| assemble(&store, id)));
            let assembled = match assembled {
                Ok(Ok(assembled)) => Some(Box::new(assembled)),
                Ok(Err(error)) => {
                    log::warn!("report {id}: {}", chain(&error));
                    None
                }
                Err(_) => {
                    log::error!("report {id}: working out the stack panicked");
                    None
                }
            };
            // Nobody waits any more: the result is in the store.
            drop(events.send(Event::Assembled(assembled)));
        });
    }

    fn open_shell(&self, asked: &Asked, events: Sender<Event>) -> Option<Box<dyn Conversation>> {
        let usable = self
            .shells
            .iter()
            .filter(|shell| self.app_gone || !shell.needs_app_gone());
        for shell in usable {
            let (dialog, said) = channel();
            match shell.open(asked, dialog) {
                Ok(open) => {
                    log::info!("report {}: asking in the {}", asked.report_id, shell.name());
                    pass_on(said, events);
                    return Some(open);
                }
                Err(why) => log::info!("report {}: not in the {}: {why}", asked.report_id, shell.name()),
            }
        }
        None
    }

    /// From the open question to the end of what was answered.
    fn converse(
        &self,
        id: ReportId,
        info: &ReportInfo,
        shell: &mut dyn Conversation,
        happened: &Happened,
    ) -> Result<(), Error> {
        match self.wait_answer(id, info, shell, happened) {
            Ended::Answered => {}
            Ended::Unanswered => log::info!("report {id} waits: no answer"),
            Ended::Interrupted => {
                log::info!("report {id} waits: the app has crashed");
                shell.close();
            }
        }
        // Whatever was said: what counts is in the store.
        let answer = match self.store.settle(id) {
            Ok(Settled::Unanswered) => return Ok(()),
            Ok(Settled::Deleted(answer) | Settled::Sending(answer)) => answer,
            Err(error) => {
                shell.tell(&ToDialog::Waiting { why: chain(&error) });
                return Err(error.into());
            }
        };
        log::info!("report {id}: the answer is {:?}", answer.decision);
        // Before the app starts again, whose reporter would send what is to be sent: it is ours to send, and to stop.
        let sender = self.store.try_lock_sender()?;
        if answer.restart && self.app_gone {
            match restart::restart(&self.hello, &self.attributes) {
                Ok(pid) => log::info!("the app was started again, process {pid}"),
                Err(error) => log::error!("{}", chain(&error)),
            }
        }
        if answer.decision == Decision::Send {
            happened.wait_assembled();
            let result = self.send(id, shell, happened, sender);
            shell.tell(&result);
            happened.wait_closed();
        }
        Ok(())
    }

    /// Sends it, unless that is cancelled. What is stopped is not sent behind the person's back: it waits, and is asked about
    /// again. Returns what to show.
    fn send(
        &self,
        id: ReportId,
        shell: &mut dyn Conversation,
        happened: &Happened,
        sender: Option<SenderLock>,
    ) -> ToDialog {
        let result = if happened.is_cancelled() {
            ToDialog::Cancelled
        } else {
            send::report(
                &self.store,
                &send::uploader_of(&self.app().transport),
                id,
                shell,
                &|| happened.is_cancelled(),
                sender.as_ref(),
            )
        };
        if result == ToDialog::Cancelled
            && let Err(error) = self.store.withdraw(id)
        {
            log::error!("report {id}: {}", chain(&error));
            return ToDialog::Waiting { why: error.to_string() };
        }
        result
    }

    /// Until the person has answered, the shell is gone, or there is something more urgent.
    fn wait_answer(&self, id: ReportId, info: &ReportInfo, shell: &mut dyn Conversation, happened: &Happened) -> Ended {
        while let Some(event) = happened.next() {
            match event {
                Event::Dialog(FromDialog::Answered) => return Ended::Answered,
                Event::Dialog(FromDialog::Closed) | Event::DialogGone => return Ended::Unanswered,
                Event::AppCrashed => return Ended::Interrupted,
                Event::Dialog(FromDialog::Shown | FromDialog::Cancel) => {}
                Event::Assembled(result) => {
                    let details: Details = asked::details(&self.store, id, info, result.as_deref());
                    shell.tell(&ToDialog::Details(Box::new(details)));
                }
            }
        }
        Ended::Unanswered
    }
}

/// Which window to begin with, by its name, or `terminal` for none: for whoever knows that OpenGL is broken here. It is in
/// the app's environment, which is the reporter's.
const BEGIN_WITH_VARIABLE: &str = "AFTERWORD_DIALOG";

/// The windows to try, in order.
fn windows() -> impl Iterator<Item = afterword_dialog::Shell> {
    let first = std::env::var(BEGIN_WITH_VARIABLE).unwrap_or_default();
    windows_from(&first)
}

/// What no window is called begins with the first.
fn windows_from(first: &str) -> impl Iterator<Item = afterword_dialog::Shell> + use<> {
    let all = afterword_dialog::Shell::ALL;
    let skipped = match first {
        "terminal" => all.len(),
        name => all.iter().position(|shell| shell.name() == name).unwrap_or(0),
    };
    all.into_iter().skip(skipped)
}

/// The app, as the reporter knows it.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) hello: Hello,
    pub(crate) pid: u32,
    pub(crate) attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use afterword_dialog::Shell;

    use super::windows_from;

    #[test]
    fn the_windows_are_tried_in_order_from_the_one_that_is_named() {
        let tried = |first| windows_from(first).collect::<Vec<_>>();
        assert_eq!(tried(""), [Shell::Eframe, Shell::Software]);
        assert_eq!(tried("eframe"), [Shell::Eframe, Shell::Software]);
        assert_eq!(tried("software"), [Shell::Software]);
        assert_eq!(tried("terminal"), []);
        assert_eq!(tried("curtains"), [Shell::Eframe, Shell::Software]);
    }
}
