//! `cargo xtask bench`: builds what is measured, as it is shipped, and runs the program that measures (`benches/`).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use xshell::{Shell, cmd};

use crate::{clients, tools};

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// What capture costs: `init`, a crash, a breadcrumb, a report on the wire, the reporter at rest, the dialog
    ///
    /// Builds Afterword in release (and the reporter as it is shipped, in `dist`) and `sentry-minidump` beside it, then
    /// measures both in turn and prints one table with the targets. Building takes minutes the first time, measuring a few
    /// more. It needs Xvfb for the dialog; `cargo xtask test` installs that.
    #[command(disable_help_flag = true)]
    Capture {
        /// Passed on: `--runs N`, `--json`, `--only NAME`, `--folder DIR`; `--help` says more
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What the collector takes: events and dumps in a second, its memory, its start, its answers
    ///
    /// Builds the collector in release and a load generator, and starts it on a folder in `target/bench`. It needs what
    /// `cargo xtask test` installs, for the upload of symbols.
    #[command(disable_help_flag = true)]
    Ingest {
        /// Passed on: `--load N`, `--connections N`, `--events N`, `--only NAME`, `--folder DIR`; `--help` says more
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What capturing an error or a message costs the thread that does it, beside the SDK's own transport
    ///
    /// Both send to a server on this computer, in the same run (criterion). Building takes minutes the first time.
    Transport,
    /// How long the dialog's windows take to their first frame, and what they hold then
    ///
    /// Builds the reporter as it is shipped (`dist`) and shows each window under Xvfb, which `cargo xtask test` installs.
    Dialog,
    /// How much larger a program is for Afterword
    ///
    /// Builds small programs in release, stripped, which differ in what they capture with: `sentry` without default
    /// features, the same with the features that Afterword turns on, and Afterword. Prints their sizes.
    Size,
}

/// # Errors
/// When something cannot be built, or measured.
pub(crate) fn run(shell: &Shell, bench: &Bench) -> anyhow::Result<()> {
    let arguments = match bench {
        Bench::Capture { arguments } => arguments,
        Bench::Ingest { arguments } => return ingest(shell, arguments),
        Bench::Transport => return transport(shell),
        Bench::Dialog => return dialog(shell),
        Bench::Size => return size(shell),
    };
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        return tools::run(cmd!(
            shell,
            "cargo run --quiet --package afterword-bench --bin bench-capture -- --help"
        ));
    }
    build(shell)?;
    let measuring = cmd!(shell, "target/release/bench-capture {arguments...}").quiet();
    tools::run(measuring).context("not everything could be measured")
}

fn ingest(shell: &Shell, arguments: &[String]) -> anyhow::Result<()> {
    clients::prepare(shell)?;
    let built = [
        "--package",
        "afterword-collector",
        "--package",
        "afterword-bench-ingest",
    ];
    tools::run(cmd!(shell, "cargo build --release {built...} --bins"))?;
    let dump = dump(shell).context("there is no dump to send")?;
    let program = shell.current_dir().join("target/release/crasher");
    let measuring = cmd!(
        shell,
        "target/release/bench-ingest --dump {dump} {program} {arguments...}"
    );
    tools::run(measuring.quiet()).context("not everything could be measured")
}

fn dialog(shell: &Shell) -> anyhow::Result<()> {
    let reporter = ["--package", "afterword-reporter", "--bin", "afterword-reporter"];
    tools::run(cmd!(shell, "cargo build --profile dist {reporter...}"))?;
    let measuring = ["--package", "afterword-dialog", "--example", "first_frame"];
    tools::run(cmd!(shell, "cargo build {measuring...}"))?;
    for window in ["software", "eframe"] {
        let program = ["target/dist/afterword-reporter", "--afterword-dialog", window];
        let measured = cmd!(shell, "target/debug/examples/first_frame {program...}").quiet();
        crate::steps::say(&format!(
            "{window}: {}",
            measured.read().context("it could not be measured")?
        ));
    }
    Ok(())
}

/// A crash of the tests' crasher, and the dump that is left of it.
fn dump(shell: &Shell) -> anyhow::Result<PathBuf> {
    let crasher = [
        "--package",
        "afterword-e2e",
        "--bin",
        "crasher",
        "--no-default-features",
    ];
    tools::run(cmd!(shell, "cargo build --release {crasher...}"))?;
    tools::run(cmd!(
        shell,
        "cargo build --package afterword-reporter --bin afterword-reporter"
    ))?;
    let store = shell.current_dir().join("target/bench/crash");
    shell.remove_path(&store)?;
    let reporter = shell.current_dir().join("target/debug/afterword-reporter");
    // It ends by a signal, and its report waits for an answer.
    let crash = ["null-write", "--store"];
    let crash = cmd!(shell, "target/release/crasher {crash...} {store} --reporter {reporter}");
    crash
        .env("CRASHER_ANSWER", "later")
        .env_remove("DISPLAY")
        .ignore_status()
        .run()?;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if let Some(dump) = find_dump(&store.join("Crasher")) {
            return Ok(dump);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("the crash left none")
}

/// The first finished dump below a folder.
fn find_dump(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder)
            .ok()?
            .filter_map(|entry| Some(entry.ok()?.path()))
        {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "dmp" => return Some(path),
                _ => {}
            }
        }
    }
    None
}

fn transport(shell: &Shell) -> anyhow::Result<()> {
    tools::run(cmd!(
        shell,
        "cargo build --release --package afterword-reporter --bin afterword-reporter"
    ))?;
    let reporter = shell.current_dir().join("target/release/afterword-reporter");
    let bench = cmd!(
        shell,
        "cargo bench --manifest-path benches/transport/Cargo.toml --target-dir target/bench-transport"
    );
    let results = shell.current_dir().join("target/criterion");
    let bench = bench.env("AFTERWORD_REPORTER", reporter).env("CRITERION_HOME", results);
    tools::run(bench).context("not everything could be measured")
}

/// Apart from one another: built at once, both would have the features of either.
fn size(shell: &Shell) -> anyhow::Result<()> {
    let folder = "target/bench-size";
    let programs = [
        ("size-sentry", "sentry, without default features", &[][..]),
        (
            "size-sentry",
            "sentry, with what Afterword turns on",
            &["--features", "stacks"][..],
        ),
        ("size-afterword", "afterword", &["--features", "afterword"][..]),
    ];
    let mut sizes = Vec::new();
    for (name, what, features) in programs {
        tools::run(cmd!(
            shell,
            "cargo rustc --release --package afterword-size {features...} --bin {name} --target-dir {folder} -- -C strip=symbols"
        ))?;
        let path = std::path::Path::new(folder).join("release").join(name);
        let bytes = std::fs::metadata(&path)
            .with_context(|| format!("{} is not there", path.display()))?
            .len();
        sizes.push((bytes as f64, what));
    }
    for (bytes, what) in &sizes {
        crate::steps::say(&format!("{bytes:>9} bytes  {what}"));
    }
    for (bytes, beside) in &sizes[..2] {
        let more = (sizes[2].0 - bytes) / 1e6;
        crate::steps::say(&format!("Afterword adds {more:.2} MB to {beside}; the target is 1 MB"));
    }
    Ok(())
}

/// One after the other; cargo itself says how far each is, on standard error, so that the table alone is on standard output.
fn build(shell: &Shell) -> anyhow::Result<()> {
    let reporter = ["--package", "afterword-reporter", "--bin", "afterword-reporter"];
    let peer = [
        "--manifest-path",
        "benches/peer/Cargo.toml",
        "--target-dir",
        "target/bench-peer",
    ];
    tools::run(cmd!(shell, "cargo build --release {reporter...}"))?;
    tools::run(cmd!(shell, "cargo build --release --package afterword-bench"))?;
    tools::run(cmd!(shell, "cargo build --profile dist {reporter...}"))?;
    tools::run(cmd!(shell, "cargo build --release --locked {peer...}"))
}
