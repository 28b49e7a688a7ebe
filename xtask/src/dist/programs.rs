//! The programs: built, and parted into what is shipped and what names the frames of their crashes.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::Place;
use crate::steps::say;
use crate::tools;

/// Packages of cargo and their programs: they have the same names, but for the command line.
pub(super) const PROGRAMS: &[(&str, &str)] = &[
    ("afterword-cli", "afterword"),
    ("afterword-reporter", "afterword-reporter"),
    ("afterword-demo", "afterword-demo"),
    ("afterword-collector", "afterword-collector"),
];

/// What the reporter, and the package of it, may have at the most: it is shipped beside other people's programs.
const REPORTER_MAX_BYTES: u64 = 16 << 20;
const REPORTER_PACKAGE_MAX_BYTES: u64 = 6 << 20;

pub(super) fn build(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    // One at a time: linking with optimisation takes some gigabytes each.
    for (package, program) in PROGRAMS {
        let profile = profile(place, program);
        tools::run(cmd!(
            shell,
            "cargo build --locked --profile {profile} --package {package} --bins"
        ))?;
    }
    Ok(())
}

/// Cuts the debug information off. Both halves know each other: by the build id, and by name for debuggers.
pub(super) fn split(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let (symbols, stripped) = (place.packages.join("symbols"), place.stage.join("programs"));
    for folder in [&symbols, &stripped] {
        shell.remove_path(folder)?;
        shell.create_dir(folder)?;
    }
    for (_, program) in PROGRAMS {
        let built = built(place, program);
        let debug = symbols.join(format!("{program}.debug"));
        let shipped = stripped.join(program);
        cmd!(shell, "objcopy --only-keep-debug {built} {debug}").quiet().run()?;
        // Data, and no program.
        cmd!(shell, "chmod 644 {debug}").quiet().run()?;
        cmd!(shell, "strip --strip-all -o {shipped} {built}").quiet().run()?;
        cmd!(shell, "objcopy --add-gnu-debuglink={debug} {shipped}")
            .quiet()
            .run()?;
        let notes = cmd!(shell, "readelf --notes {shipped}").quiet().read()?;
        ensure!(
            notes.contains("Build ID"),
            "{program} has no build id, so no server could tell which symbols are its: link with --build-id"
        );
    }
    Ok(())
}

/// The profile of cargo that a program is built with. A server is for speed and not for size.
fn profile<'a>(place: &'a Place, program: &str) -> &'a str {
    match place.profile.as_str() {
        "dist" if program == "afterword-collector" => "release",
        profile => profile,
    }
}

/// A program as cargo made it.
fn built(place: &Place, program: &str) -> PathBuf {
    let folder = match profile(place, program) {
        "dev" => "debug",
        profile => profile,
    };
    tools::root().join("target").join(folder).join(program)
}

/// A program as it is shipped.
pub(super) fn shipped(place: &Place, program: &str) -> PathBuf {
    place.stage.join("programs").join(program)
}

/// Says how large everything is, and holds the reporter to its bounds where it is built as it is shipped.
pub(super) fn sizes(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let size = |path: &PathBuf| -> anyhow::Result<u64> {
        Ok(std::fs::metadata(path)
            .with_context(|| format!("{} is missing", path.display()))?
            .len())
    };
    for (_, program) in PROGRAMS {
        let bytes = size(&shipped(place, program))?;
        say(&format!("{:>8.1} MB  {program}", megabytes(bytes)));
        ensure!(
            place.profile != "dist" || *program != "afterword-reporter" || bytes <= REPORTER_MAX_BYTES,
            "the reporter is larger than {} MB",
            megabytes(REPORTER_MAX_BYTES)
        );
    }
    for package in super::deb::made(shell, place)? {
        let bytes = size(&package)?;
        let name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        say(&format!("{:>8.1} MB  {name}", megabytes(bytes)));
        ensure!(
            place.profile != "dist" || !name.starts_with("afterword-reporter_") || bytes <= REPORTER_PACKAGE_MAX_BYTES,
            "the reporter's package is larger than {} MB",
            megabytes(REPORTER_PACKAGE_MAX_BYTES)
        );
    }
    Ok(())
}

/// Of 1,048,576 bytes.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
