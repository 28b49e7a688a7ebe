//! What the README, CI and people call: `cargo xtask test`, `demo`, `deny`, `check-targets`, `bench`, `dist`, `ci`.
//!
//! A machine with Rust and a C compiler is enough for all of them: what else the tests need is installed where that is
//! allowed, and named in one line where it is not ([`system`]). Work is done in steps ([`steps`]), each with a heading,
//! a duration and a result, so that a log of CI can be read from its end. The tools beside cargo are in [`tools`], the
//! systems that are checked from afar in [`targets`].
//!
//! This package uses few of anything, and of the others only the one that starts servers: it is built before everything
//! else.

mod bench;
mod clients;
#[cfg(unix)]
mod dist;
mod pictures;
mod steps;
mod system;
mod targets;
mod tools;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use xshell::{Shell, cmd};

use crate::steps::Steps;

/// Builds, checks and shows Afterword.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs what the tests need, builds the programs they start, and runs every test
    Test(TestArguments),
    /// Runs the demo: a small drawing program that can crash (release build)
    Demo {
        /// What the demo is given, for example `--headless --crash null-write --answer send`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Checks licences, bans and sources of the dependencies (deny.toml), installing cargo-deny into target/tools
    /// where it is missing
    Deny,
    /// Type-checks and lints for Windows and macOS what runs on a user's machine, with Debian's Rust; nothing is run
    CheckTargets,
    /// Measures what Afterword costs, beside sentry-minidump
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Makes what is installed: packages for Debian, as much as can be for Windows and macOS, lists of parts and sums
    #[cfg(unix)]
    Dist(dist::Dist),
    /// Takes pictures of each page of the dialog, in each theme, by each window, into target/pictures
    Pictures(pictures::Pictures),
    /// All that CI does: format, lints, dependencies, other systems, tests
    Ci,
}

#[derive(clap::Args, Default)]
struct TestArguments {
    /// Also runs the release build of the demo once, without a window, and sends its report
    #[arg(long)]
    release_demo: bool,
    /// Parts of the names of the tests to run; all, with those in the documentation, when there are none
    filters: Vec<String>,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a program's last word")]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let shell = tools::shell()?;
    match task {
        Task::Test(arguments) => {
            let mut steps = Steps::begin();
            test(&shell, &arguments, &mut steps);
            steps.end()
        }
        Task::Demo { arguments } => {
            let demo = cmd!(shell, "cargo run --release --package afterword-demo -- {arguments...}");
            tools::run(demo).context("the demo did not end well")
        }
        Task::Deny => tools::deny(&shell),
        Task::CheckTargets => targets::check(&shell),
        Task::Bench(bench) => bench::run(&shell, &bench),
        #[cfg(unix)]
        Task::Dist(asked) => dist::run(&shell, &asked),
        Task::Pictures(asked) => pictures::take(&shell, &asked),
        Task::Ci => {
            let mut steps = Steps::begin();
            ci(&shell, &mut steps);
            steps.end()
        }
    }
}

/// Later steps are run although one before has failed: one run of CI shows all there is to mend.
fn ci(shell: &Shell, steps: &mut Steps) {
    steps.run("format", || tools::run(cmd!(shell, "cargo fmt --all --check")));
    // The crasher has C++ in it, which is compiled for its lints too.
    steps.run("system packages", || system::prepare(shell));
    steps.run("lints", || {
        tools::run(cmd!(
            shell,
            "cargo clippy --workspace --all-targets --locked -- -D warnings"
        ))
    });
    steps.run("dependencies", || tools::deny(shell));
    steps.run("other systems", || targets::check(shell));
    test(shell, &TestArguments::default(), steps);
}

fn test(shell: &Shell, arguments: &TestArguments, steps: &mut Steps) {
    let ready = steps.run("system packages", || system::prepare(shell))
        && steps.run("programs", || programs(shell))
        && steps.run("crashers", || crashers(shell))
        && steps.run("clients of others", || clients::prepare(shell));
    if !ready {
        return;
    }
    let filters = &arguments.filters;
    if tools::has_nextest(shell) {
        steps.run("tests", || {
            tools::run(cmd!(shell, "cargo nextest run --workspace --no-fail-fast {filters...}"))
        });
        if filters.is_empty() {
            steps.run("tests in the documentation", || {
                tools::run(cmd!(shell, "cargo test --workspace --doc"))
            });
        }
    } else {
        steps.run("tests, those in the documentation included", || {
            tools::run(cmd!(shell, "cargo test --workspace --no-fail-fast -- {filters...}"))
        });
    }
    steps.run("tests of the collector on PostgreSQL and S3", || shared(shell, filters));
    if arguments.release_demo {
        steps.run("release demo", || {
            let how = ["--headless", "--crash", "null-write", "--answer", "send", "--json"];
            tools::run(cmd!(shell, "cargo run --release --package afterword-demo -- {how...}"))
        });
    }
}

/// The suite of the collector a second time, on stores that collectors share: each of its tests has a database and a prefix
/// of its own in them.
#[cfg(unix)]
fn shared(shell: &Shell, filters: &[String]) -> anyhow::Result<()> {
    use afterword_servers::{Postgres, S3};

    let postgres = Postgres::start().context("PostgreSQL does not start")?;
    let moto = tools::root().join("target/clients/python/bin/moto_server");
    let s3 = S3::start(&moto).context("moto does not start")?;
    let suite = ["--package", "afterword-collector", "--test", "it", "--no-fail-fast"];
    // Left out are those that look into SQLite's file or into local blobs themselves, and the commands that work on a data
    // folder.
    let elsewhere = "not test(/^(backup::|watching::accounts_are_seen|symbols::files::a_file_comes_in_chunks)/)";
    let tests = if tools::has_nextest(shell) {
        cmd!(
            shell,
            "cargo nextest run {suite...} --no-tests pass -E {elsewhere} {filters...}"
        )
    } else {
        cmd!(shell, "cargo test {suite...} -- {filters...}")
    };
    let tests = tests
        .env("AFTERWORD_TEST_DATABASE", postgres.url("postgres"))
        .env("AFTERWORD_TEST_BLOBS", format!("s3://{}", S3::BUCKET))
        .envs(s3.environment());
    tools::run(tests)
}

#[cfg(not(unix))]
fn shared(_: &Shell, _: &[String]) -> anyhow::Result<()> {
    steps::say("not on this system");
    Ok(())
}

/// The programs that the tests start, which building the tests alone would not bring. What they are made of is shared
/// with the tests (the same features and profile), so that this costs hardly more than linking.
fn programs(shell: &Shell) -> anyhow::Result<()> {
    let packages = [
        "afterword-demo",
        "afterword-reporter",
        "afterword-cli",
        "afterword-collector",
        "afterword-e2e",
    ];
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    tools::run(cmd!(shell, "cargo build --bins {packages...}"))
}

/// The crasher in the profiles in which it crashes besides: without a reporter of its own, which would cost the most of
/// building it.
fn crashers(shell: &Shell) -> anyhow::Result<()> {
    for profile in ["release", "abort"] {
        let crasher = [
            "--package",
            "afterword-e2e",
            "--bin",
            "crasher",
            "--no-default-features",
        ];
        tools::run(cmd!(shell, "cargo build {crasher...} --profile {profile}"))?;
    }
    Ok(())
}
