//! A small drawing program that can crash in every way we know, and everything around it that makes a crash worth having:
//! a collector of its own, the reporter inside the same executable, and the page of the issue at the end.
//!
//! The one executable is four processes. This file says which: the *supervisor* (what a person starts) runs the collector
//! and starts the *app*; the app's `init` starts the *reporter* from the same executable; the reporter starts the *dialog*.

mod app;
mod canvas;
mod crash;

mod arguments;
mod child;

mod collected;
mod given;
mod supervisor;

mod headless;
mod report;
mod windowed;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    // First of all: this process may be the reporter or its dialog.
    afterword_reporter::Reporter::new()
        .shell(given::GivenAnswer)
        .run_if_asked();
    let arguments = Arguments::parse();
    let ended = if arguments.app {
        child::run(&arguments)
    } else if arguments.is_headless() {
        headless::run(&arguments)
    } else {
        windowed::run(&arguments)
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "where a program says why it failed")]
fn complain(error: &anyhow::Error) {
    eprintln!("afterword-demo: {error:#}");
}
