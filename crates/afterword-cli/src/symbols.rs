//! `afterword symbols …`: what debug files are good for, and bringing them to a server.

mod check;
mod found;
mod upload;

use crate::args::SymbolsCommand;
use crate::failure::Result;

pub(crate) fn run(command: SymbolsCommand) -> Result {
    match command {
        SymbolsCommand::Check(wanted) => check::run(&wanted),
        SymbolsCommand::Upload(wanted) => upload::run(&wanted),
    }
}
