//! Asking: a shell puts the question, the stack is worked out meanwhile, the answer in the store decides.

mod asked;
mod terminal;
mod window;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use afterword_channel::Hello;
use afterword_dialog::{Asked, Details, FromDialog, ToDialog};
use afterword_store::{Decision, ReportId, ReportInfo, Settled, State, Store};
use uuid::Uuid;

use crate::assemble::{Assembled, assemble};
use crate::error::chain;
use crate::{Error, restart, send};

/// One way to put a question to a person. Tried in order until one opens.
pub trait Shell: Send {
    /// Its name, for the journal.
    fn name(&self) -> &'static str;

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
}

/// What both the shell and the symbolication report, in the order in which it happens.
enum Event {
    Dialog(FromDialog),
    DialogGone,
    Assembled(Box<Result<Assembled, Error>>),
}

/// Asks about reports of one app.
pub(crate) struct Asking {
    store: Store,
    hello: Hello,
    shells: Vec<Box<dyn Shell>>,
    asked: Vec<ReportId>,
    app_gone: bool,
}

/// How long the person may look at the result before the reporter leaves the window alone.
const RESULT_WAIT: Duration = Duration::from_secs(600);

impl Asking {
    pub(crate) fn new(store: Store, hello: Hello, app_pid: u32, mut shells: Vec<Box<dyn Shell>>) -> Asking {
        shells.push(Box::new(window::Window));
        shells.push(Box::new(terminal::Terminal::of(&hello, app_pid)));
        Asking {
            store,
            hello,
            shells,
            asked: Vec::new(),
            app_gone: false,
        }
    }

    pub(crate) fn run_id(&self) -> Uuid {
        self.hello.run_id
    }

    pub(crate) fn app_is_gone(&mut self) {
        self.app_gone = true;
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
            if let Err(error) = assemble(&self.store, id) {
                log::warn!("report {id} is sent without a stack: {}", chain(&error));
            }
            return Ok(());
        }
        let info = report
            .info()
            .map_err(|error| Error::Unreadable { id, why: chain(error) })?
            .clone();
        let (events, happened) = channel();
        self.work_out_stack(id, events.clone());
        let asked = asked::question(&self.store, &report, &info, self.can_restart(&info));
        let Some(mut shell) = self.open_shell(&asked, events) else {
            log::info!("report {id} waits: there is nowhere to ask");
            // The stack is worked out all the same: the person may look at the report in other ways.
            wait_assembled(&happened);
            return Ok(());
        };
        let (answered, assembled) = wait_answer(&happened, shell.as_mut(), &info, &self.store, id);
        if !assembled {
            wait_assembled(&happened);
        }
        if !answered {
            log::info!("report {id} waits: no answer");
        }
        self.carry_out(id, shell.as_mut(), &happened)
    }

    /// The app can be started again when it is gone: what it was started with stays in this process's memory.
    fn can_restart(&self, info: &ReportInfo) -> bool {
        self.app_gone && info.kind != afterword_store::ReportKind::Error
    }

    fn work_out_stack(&self, id: ReportId, events: Sender<Event>) {
        let store = self.store.clone();
        std::thread::spawn(move || {
            let assembled = assemble(&store, id);
            if let Err(error) = &assembled {
                log::warn!("report {id}: {}", chain(error));
            }
            // Nobody waits any more: the result is in the store.
            drop(events.send(Event::Assembled(Box::new(assembled))));
        });
    }

    fn open_shell(&self, asked: &Asked, events: Sender<Event>) -> Option<Box<dyn Conversation>> {
        self.shells.iter().find_map(|shell| {
            let (dialog, said) = channel();
            match shell.open(asked, dialog) {
                Ok(open) => {
                    log::info!("report {}: asking in the {}", asked.report_id, shell.name());
                    let events = events.clone();
                    std::thread::spawn(move || {
                        for message in said {
                            if events.send(Event::Dialog(message)).is_err() {
                                return;
                            }
                        }
                        drop(events.send(Event::DialogGone));
                    });
                    Some(open)
                }
                Err(why) => {
                    log::info!("report {}: not in the {}: {why}", asked.report_id, shell.name());
                    None
                }
            }
        })
    }

    fn carry_out(&self, id: ReportId, shell: &mut dyn Conversation, happened: &Receiver<Event>) -> Result<(), Error> {
        let answer = match self.store.settle(id)? {
            Settled::Unanswered => return Ok(()),
            Settled::Deleted(answer) | Settled::Sending(answer) => answer,
        };
        log::info!("report {id}: the answer is {:?}", answer.decision);
        if answer.restart && self.app_gone {
            match restart::restart(&self.hello) {
                Ok(pid) => log::info!("the app was started again, process {pid}"),
                Err(error) => log::error!("{}", chain(&error)),
            }
        }
        if answer.decision == Decision::Send {
            let result = send::report(&self.store, id, shell, &|| cancel_pressed(happened));
            shell.tell(&result);
            wait_closed(happened);
        }
        Ok(())
    }
}

/// Until the person has answered or the shell is gone. Returns whether there was an answer, and whether the stack is done.
fn wait_answer(
    happened: &Receiver<Event>,
    shell: &mut dyn Conversation,
    info: &ReportInfo,
    store: &Store,
    id: ReportId,
) -> (bool, bool) {
    let mut assembled = false;
    for event in happened {
        match event {
            Event::Dialog(FromDialog::Answered) => return (true, assembled),
            Event::Dialog(FromDialog::Closed) | Event::DialogGone => return (false, assembled),
            Event::Dialog(FromDialog::Shown | FromDialog::Cancel) => {}
            Event::Assembled(result) => {
                assembled = true;
                let details: Details = asked::details(store, id, info, result.ok());
                shell.tell(&ToDialog::Details(Box::new(details)));
            }
        }
    }
    (false, assembled)
}

/// Until the stack is worked out, which is bounded in itself.
fn wait_assembled(happened: &Receiver<Event>) {
    for event in happened {
        if let Event::Assembled(_) = event {
            return;
        }
    }
}

/// Until the person has closed the window with the result.
fn wait_closed(happened: &Receiver<Event>) {
    loop {
        match happened.recv_timeout(RESULT_WAIT) {
            Ok(Event::Dialog(FromDialog::Closed) | Event::DialogGone) | Err(RecvTimeoutError::Disconnected) => return,
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => return log::info!("the window with the result is left open"),
        }
    }
}

/// Whether *Cancel* was pressed since the last look. A window that was closed does not cancel: sending goes on.
fn cancel_pressed(happened: &Receiver<Event>) -> bool {
    happened
        .try_iter()
        .any(|event| matches!(event, Event::Dialog(FromDialog::Cancel)))
}
