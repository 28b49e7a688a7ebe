//! The programs that do the work: cargo itself, nextest, cargo-deny, cargo-cyclonedx.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::steps::say;

/// The cargo-deny that is installed where there is none.
const DENY_VERSION: &str = "0.20.2";
/// The cargo-cyclonedx that is installed where there is none.
const CYCLONEDX_VERSION: &str = "0.5.9";

/// A shell at the root of the workspace.
///
/// # Errors
/// When there is no working directory to begin with.
pub(crate) fn shell() -> anyhow::Result<Shell> {
    let shell = Shell::new().context("the working directory cannot be read")?;
    shell.change_dir(root());
    Ok(shell)
}

/// Runs a command without what `cargo run` has told us of this package.
///
/// Build scripts watch these variables (ring's does): handed down, they would have ring, and all that is built on it,
/// built again each time one goes from `cargo xtask` to plain `cargo` or back.
///
/// # Errors
/// When the command cannot be started or fails.
pub(crate) fn run(command: Cmd<'_>) -> anyhow::Result<()> {
    let ours = env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    });
    Ok(ours.fold(command, Cmd::env_remove).run()?)
}

/// Whether tests can be run with `cargo nextest`: a process for each, and each with its own time.
pub(crate) fn has_nextest(shell: &Shell) -> bool {
    succeeds(cmd!(shell, "cargo nextest --version"))
}

/// Checks the dependencies as `deny.toml` says. The advisory database is left out: it is another download, and what it
/// says changes without a change of ours.
///
/// # Errors
/// When a dependency is not allowed; when cargo-deny is missing and cannot be installed.
pub(crate) fn deny(shell: &Shell) -> anyhow::Result<()> {
    let deny = find_deny(shell)?;
    run(cmd!(
        shell,
        "{deny} --locked check --hide-inclusion-graph licenses bans sources"
    ))
}

/// The installed cargo-deny, or else one of our own.
fn find_deny(shell: &Shell) -> anyhow::Result<PathBuf> {
    find(shell, "cargo-deny", DENY_VERSION, &["--no-default-features"])
}

/// The installed cargo-cyclonedx, or else one of our own.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn find_cyclonedx(shell: &Shell) -> anyhow::Result<PathBuf> {
    find(shell, "cargo-cyclonedx", CYCLONEDX_VERSION, &[])
}

/// A tool that is installed, or else one in `target/tools`, which is built where it is not there yet: unoptimised, since
/// what these have to do takes seconds in any case.
fn find(shell: &Shell, tool: &str, version: &str, features: &[&str]) -> anyhow::Result<PathBuf> {
    // As a subcommand of cargo is called, which all of them understand.
    let subcommand = tool.trim_start_matches("cargo-");
    if succeeds(cmd!(shell, "{tool} {subcommand} --version")) {
        return Ok(PathBuf::from(tool));
    }
    let tools = root().join("target/tools");
    let program = tools.join("bin").join(format!("{tool}{}", env::consts::EXE_SUFFIX));
    if !is_version(shell, &program, subcommand, version) {
        say(&format!("{tool} is not installed: building it once, into target/tools"));
        let package = format!("{tool}@{version}");
        run(cmd!(
            shell,
            "cargo install --quiet --locked --debug {features...} --root {tools} {package}"
        ))?;
    }
    Ok(program)
}

fn is_version(shell: &Shell, program: &Path, subcommand: &str, version: &str) -> bool {
    let said = cmd!(shell, "{program} {subcommand} --version")
        .quiet()
        .ignore_stderr()
        .read();
    said.is_ok_and(|said| said.split_whitespace().any(|word| word == version))
}

/// Whether a command can be started and ends well; nothing of it is shown.
pub(crate) fn succeeds(command: Cmd<'_>) -> bool {
    command.quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

/// The folder of the workspace: that above ours.
pub(crate) fn root() -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    ours.parent().unwrap_or(ours).to_owned()
}
