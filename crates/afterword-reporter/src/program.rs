//! The arguments: which of the reporter's processes this is.

use std::ffi::OsString;
use std::process::ExitCode;

use afterword_channel::{REPORTER_ARGUMENT, RESCUER_ARGUMENT};

use crate::ask::Shell;
use crate::error::chain;
use crate::{Error, minidumper, rescuer, serve};

/// The argument of the process that shows the window; which one follows it.
pub(crate) const DIALOG_ARGUMENT: &str = "--afterword-dialog";

/// The reporter, with what an embedding program adds to it.
#[derive(Default)]
pub struct Reporter {
    shells: Vec<Box<dyn Shell>>,
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporter").field("shells", &self.shells.len()).finish()
    }
}

impl Reporter {
    /// The reporter as it is.
    pub fn new() -> Reporter {
        Reporter::default()
    }

    /// Adds a way to ask, tried before the windows and the terminal.
    #[must_use]
    pub fn shell(mut self, shell: impl Shell + 'static) -> Reporter {
        self.shells.push(Box::new(shell));
        self
    }

    /// Does the reporter's work and ends the process, if the arguments say that this process is the reporter; otherwise
    /// returns at once. Call it first in `main`, before anything opens files or starts threads.
    pub fn run_if_asked(self) {
        let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        let ended = match arguments.first().and_then(|first| first.to_str()) {
            Some(REPORTER_ARGUMENT) => serve::run(&arguments[1..], self.shells),
            Some(RESCUER_ARGUMENT) => rescuer::run(&arguments[1..], self.shells),
            Some(DIALOG_ARGUMENT) => {
                let named = arguments.get(1).and_then(|name| name.to_str());
                let shell = named.and_then(afterword_dialog::Shell::named);
                // The reporter reads this into its journal; the exit makes it try the next shell.
                let shown = afterword_dialog::run(shell.unwrap_or(afterword_dialog::Shell::Eframe))
                    .inspect_err(|error| complain(&chain(error)));
                std::process::exit(i32::from(shown.is_err()))
            }
            _ => return,
        };
        std::process::exit(i32::from(
            ended.inspect_err(|error| log::error!("{}", chain(error))).is_err(),
        ))
    }
}

/// [`Reporter::run_if_asked`] of the reporter as it is.
pub fn run_if_asked() {
    Reporter::new().run_if_asked();
}

/// The whole program `afterword-reporter`.
pub fn main() -> ExitCode {
    run_if_asked();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let has = |names: [&str; 2]| {
        arguments
            .iter()
            .any(|argument| names.iter().any(|name| argument == name))
    };
    if arguments.is_empty() || has(["--help", "-h"]) {
        say(&format!("{HELP}\n\n{}", minidumper::HELP));
    } else if has(["--version", "-V"]) {
        say(&format!("afterword-reporter {}", env!("CARGO_PKG_VERSION")));
    } else if minidumper::is_asked(&arguments) {
        return serve_minidumper(arguments);
    } else {
        let error = Error::Arguments {
            why: format!("it does not know {:?}; see --help", arguments[0]),
        };
        complain(&error.to_string());
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

/// Until it is asked to end.
fn serve_minidumper(arguments: Vec<OsString>) -> ExitCode {
    match minidumper::run(arguments, Vec::new()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&chain(&error));
            ExitCode::from(if matches!(error, Error::Usage { .. }) { 2 } else { 1 })
        }
    }
}

const HELP: &str = "\
afterword-reporter: the program that writes, shows and sends the crash reports of an application

It is started by the application it belongs to; by hand only to serve programs that use minidumper, see below. Ship it
beside the application's executable, or link its library and call afterword_reporter::run_if_asked() first in main.

Reports wait in the user's data folder. To see them:
    afterword reports list
    afterword reports show ID

Options:
    -h, --help       this text
    -V, --version    the version";

#[expect(clippy::print_stdout, reason = "the answer to --help and --version")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(
    clippy::print_stderr,
    reason = "for the person at a wrong argument, and for the reporter's journal"
)]
fn complain(text: &str) {
    eprintln!("afterword-reporter: {text}");
}
