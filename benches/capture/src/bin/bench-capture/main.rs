//! Measures what capture costs and prints one table: `cargo xtask bench capture` builds the programs and runs this.
//!
//! In reading order: [`programs`] finds what is measured; [`scene`] is one application, alive and then dead; each measure has
//! a function in [`app_side`], [`crash`], [`sent`], [`rest`] or [`window`]; [`table`] judges and prints.

mod app_side;
mod crash;
mod programs;
mod rest;
mod scene;
mod sent;
mod table;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use crate::programs::Programs;
use crate::table::Table;

/// Measures capture: what `init` costs, how long a crash takes to be on the disk, what a breadcrumb costs, how large a report
/// is on the wire, what the reporter holds at rest, and how soon the dialog is there.
///
/// Each figure is a median over many processes, with the fastest and the slowest in brackets. `sentry-minidump` is measured
/// in the same run, in turn, where it has the same job. A machine that does other work shows it in the slowest, and in the
/// load that the table names.
#[derive(Parser)]
#[command(name = "cargo xtask bench capture", bin_name = "cargo xtask bench capture")]
struct Arguments {
    /// Processes for each figure (the slow ones, at rest and window, take fewer)
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
    /// Measure only what has this in its name, for example `init` or `window`
    #[arg(long)]
    only: Option<String>,
    /// Where the applications keep what they keep: on the disk whose speed counts [default: target/bench]
    #[arg(long)]
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let folder = arguments.folder.clone().unwrap_or_else(|| programs.default_folder());
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let bench = Bench {
        programs,
        folder: folder.canonicalize()?,
        runs: arguments.runs,
    };
    let mut table = Table::begin(arguments.runs);
    for (name, measure) in MEASURES {
        if arguments.only.as_deref().is_none_or(|only| name.contains(only)) {
            progress(name);
            measure(&bench, &mut table).with_context(|| format!("{name} could not be measured"))?;
        }
    }
    say(&if arguments.json { table.json() } else { table.text() });
    Ok(())
}

type Measure = fn(&Bench, &mut Table) -> anyhow::Result<()>;

const MEASURES: &[(&str, Measure)] = &[
    ("init", app_side::init),
    ("breadcrumbs", app_side::breadcrumbs),
    ("crash", crash::dump),
    ("report as sent", sent::sizes),
    ("reporter at rest", rest::reporter),
    ("window", window::first_frame),
];

/// What every measure needs.
struct Bench {
    programs: Programs,
    folder: PathBuf,
    runs: u32,
}

impl Bench {
    /// Calls `measured` for each run, after a few calls that do not count: what lies in caches is part of being warm.
    fn medians<T>(&self, runs: u32, mut measured: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
        for _ in 0..runs.min(3) {
            measured()?;
        }
        (0..runs).map(|_| measured()).collect()
    }
}

/// What is happening, for the person who waits.
fn progress(line: &str) {
    #[expect(
        clippy::print_stderr,
        reason = "for the person who waits; the table alone goes to standard output"
    )]
    {
        eprintln!("{line}");
    }
}

fn say(text: &str) {
    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    {
        println!("{text}");
    }
}
