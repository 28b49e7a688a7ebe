//! Measures the collector and prints one table: `cargo xtask bench ingest` builds the programs and runs this.
//!
//! The load comes from threads of this process, each with a connection that stays open and one request at a time: it never
//! has more on its way than there are connections. In reading order: [`server`] is a collector and its client; [`event`] is
//! what is sent; [`load`] sends it; each measure is a function in [`accept`], [`dumps`], [`rest`], [`stored`] or [`rules`]; [`table`]
//! judges and prints.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what the program is for"
)]

mod accept;
mod dumps;
mod event;
mod load;
mod rest;
mod rules;
mod server;
mod stored;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use crate::table::Table;

/// Measures the collector: events accepted in a second and how long each waits for its answer, events from the socket to the
/// issue list, minidumps with warm symbols, memory, its start, and its answers when a million events are stored.
///
/// The collector writes to a real disk and syncs what it accepts (SQLite). The load generator runs on the same processors.
/// There is no peer in this run: no other server of this kind is installed beside it. The disk's own syncs are the scale.
#[derive(Parser)]
#[command(name = "cargo xtask bench ingest", bin_name = "cargo xtask bench ingest")]
struct Arguments {
    /// Events of the throughput run
    #[arg(long, default_value_t = 60_000)]
    load: usize,
    /// Connections that send, each one request at a time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Also store so many events, and time the issue list and searches then; a million take some minutes
    #[arg(long)]
    events: Option<usize>,
    /// Keep what is stored in this folder, or ask what an earlier run has kept there
    #[arg(long, value_name = "FOLDER", requires = "events")]
    stored: Option<PathBuf>,
    /// Also compare what is digested with so many alert rules to what is without
    #[arg(long)]
    rules: Option<usize>,
    /// Measure only what has this in its name: `rest`, `accept`, `dumps`, `stored`, `rules`
    #[arg(long)]
    only: Option<String>,
    /// Where the collector keeps its data: on the disk whose speed counts [default: target/bench]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The collector [default: target/release/afterword-collector]
    #[arg(long)]
    collector: Option<PathBuf>,
    /// A crash's dump, and the program it is of: for the measure of minidumps
    #[arg(long, num_args = 2, value_names = ["DUMP", "PROGRAM"])]
    dump: Option<Vec<PathBuf>>,
    /// What uploads symbols [default: sentry-cli of the tests]
    #[arg(long)]
    sentry_cli: Option<PathBuf>,
}

/// What every measure needs.
struct Bench {
    collector: PathBuf,
    sentry_cli: PathBuf,
    folder: PathBuf,
    load: usize,
    connections: usize,
    events: Option<usize>,
    stored: Option<PathBuf>,
    rules: Option<usize>,
    dump: Option<(PathBuf, PathBuf)>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let folder = arguments.folder.unwrap_or_else(|| root.join("target/bench"));
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let default = |given: Option<PathBuf>, name: &str| given.unwrap_or_else(|| root.join("target").join(name));
    let bench = Bench {
        collector: default(arguments.collector, "release/afterword-collector"),
        sentry_cli: default(arguments.sentry_cli, "clients/python/bin/sentry-cli"),
        folder: folder.canonicalize()?,
        load: arguments.load,
        connections: arguments.connections.into(),
        events: arguments.events,
        stored: arguments.stored,
        rules: arguments.rules,
        dump: arguments.dump.map(|paths| (paths[0].clone(), paths[1].clone())),
    };
    let mut table = Table::begin();
    for (name, measure) in MEASURES {
        if arguments.only.as_deref().is_none_or(|only| name.contains(only)) {
            progress(name);
            measure(&bench, &mut table).with_context(|| format!("{name} could not be measured"))?;
        }
    }
    println!("{}", table.text());
    Ok(())
}

type Measure = fn(&Bench, &mut Table) -> anyhow::Result<()>;

const MEASURES: &[(&str, Measure)] = &[
    ("rest", rest::measure),
    ("accept", accept::measure),
    ("dumps", dumps::measure),
    ("stored", stored::measure),
    ("rules", rules::measure),
];

/// What is being done, on standard error: the table alone is on standard output.
fn progress(what: &str) {
    eprintln!("{what} …");
}
