//! What each program was built from: CycloneDX, by cargo-cyclonedx.
//!
//! It writes its lists beside the manifests, so it works on a copy of the sources.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::Place;
use super::programs::PROGRAMS;
use crate::tools;

/// What cargo must find to know the packages.
const SOURCES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "benches",
    "examples",
    "tests",
    "xtask",
];
const FILE: &str = "sbom";

/// The list of a program.
pub(super) fn path(place: &Place, program: &str) -> PathBuf {
    place.packages.join(format!("{program}.cdx.json"))
}

pub(super) fn write(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let tool = tools::find_cyclonedx(shell)?;
    let folder = place.fresh(shell, "sources")?;
    for source in SOURCES {
        let from = tools::root().join(source);
        cmd!(shell, "cp --archive {from} {folder}").quiet().run()?;
    }
    let host = host(shell)?;
    let _there = shell.push_dir(&folder);
    let how = ["--format", "json", "--spec-version", "1.5", "--no-build-deps"];
    let list = cmd!(
        shell,
        "{tool} cyclonedx {how...} --quiet --target {host} --override-filename {FILE}"
    )
    .env("SOURCE_DATE_EPOCH", place.epoch_s.to_string());
    tools::run(list)?;
    for (package, program) in PROGRAMS {
        let made = folder.join("crates").join(package).join(format!("{FILE}.json"));
        let list = shell
            .read_file(&made)
            .with_context(|| format!("cargo-cyclonedx has made no list of {package}"))?;
        // Where it was made is nobody's business, and would be another list each time.
        let list = list.replace(&format!("path+file://{}", folder.display()), "path+file://");
        shell.write_file(path(place, program), list)?;
    }
    shell.remove_path(&folder)?;
    Ok(())
}

/// The system that cargo builds for here.
fn host(shell: &Shell) -> anyhow::Result<String> {
    let said = cmd!(shell, "rustc --version --verbose").quiet().read()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host
        .context("rustc does not say for which system it builds")?
        .to_owned())
}
