//! The command `afterword`: what people and scripts do with dumps and reports on this machine.
//!
//! ```text
//! afterword dump show FILE                       a minidump as text or JSON
//! afterword reports list|show|send|delete        what crashed here, and what becomes of it
//! afterword symbols check|upload                 debug files, for a server
//! ```
//!
//! # Reading the code
//! `args` (what can be asked for, and the words that teach it) → `dump` → `reports` (`find`, `parts`, `list`, `show`,
//! `send`, `delete`) → `symbols` (`check`, `found`, `upload`) → `terminal` (the only module that prints or asks) → `failure` (exit codes).
//!
//! # What holds here
//! - Results go to standard output, all else to standard error; scripts read `--json`.
//! - What comes from a dump or a report is a stranger's: no control character of it reaches a terminal.
//! - Nothing is sent or deleted before the person said so, here, with `y` or with `--yes`.
//! - An error names the thing it is about and what to do next.

mod args;

mod dump;
mod reports;
mod symbols;

mod failure;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Arguments, Command};
use crate::failure::Result;

fn main() -> ExitCode {
    // Wrong arguments end here, with exit code 2.
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::say(&failure.to_string());
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result {
    match arguments.command {
        Command::Dump { command } => dump::run(command),
        Command::Reports { whose, command } => reports::run(&whose, command),
        Command::Symbols { command } => symbols::run(command),
    }
}
