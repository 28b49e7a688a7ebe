//! `cargo xtask dist`: everything that is installed, made on Debian from the sources and what the registries have.
//!
//! Programs are built ([`programs`]) and their debug information is cut off and kept. Of programs and the files in
//! `installer/`, packages are staged and put together by `dpkg-deb` ([`deb`], [`packages`]), looked at by Debian's own
//! tools ([`looks`]), and listed with what they were built from and their sums ([`sbom`], [`sums`]). For Windows and
//! macOS as much is made and checked as can be here ([`windows`], [`macos`]). `--check` installs the packages in a clean
//! Debian and goes the whole way with them ([`check`]).
//!
//! The same programs give the same packages: times are `SOURCE_DATE_EPOCH`'s, or else those of the last commit.

mod check;
mod deb;
mod libraries;
mod looks;
mod macos;
mod packages;
mod programs;
mod sbom;
mod sums;
mod windows;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::steps::{Steps, say};
use crate::{system, tools};

/// Debian's names, and what each is for.
const PACKAGES: &[&str] = &[
    "dpkg-dev",           // which libraries a program is linked with, and binutils
    "xz-utils",           // packages are compressed with it
    "help2man",           // manual pages from what --help says
    "librsvg2-bin",       // pictures from the icon's drawing
    "icoutils",           // the icon for Windows
    "icnsutils",          // and for macOS
    "lintian",            // looks at packages
    "desktop-file-utils", // at desktop files
    "appstream",          // at what software centres show
    "nsis",               // makes the installer for Windows
    "python3",            // reads property lists
];

const HELP: &str = "\
Examples:
  cargo xtask dist                           All of it, as it is shipped
  cargo xtask dist --profile dev             The same with unoptimised programs, to try packages
  cargo xtask dist --only linux,server       The Debian packages only
  sudo cargo xtask dist --check              Then install them in a clean Debian, crash, report, upgrade, remove

What is made is in target/dist/packages:
  *.deb          the command line, the reporter, the demo, the server
  symbols/       what was cut off the programs: `afterword symbols upload` it
  *.cdx.json     what each program was built from (CycloneDX)
  SHA256SUMS     check with: sha256sum --check SHA256SUMS

Packages of the same programs are the same byte for byte: they have the time of the commit, or SOURCE_DATE_EPOCH's.
installer/README.md says what to ship beside your own application, and what of all this could not be run on Debian.";

/// What is asked for.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Dist {
    /// The cargo profile to build with: dist is what is shipped (the server is release then); dev is quickest
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Make only these parts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// Try the Debian packages in a clean Debian afterwards (root, debootstrap and a mirror are needed)
    #[arg(long)]
    check: bool,
}

/// What can be made by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Packages for a person's computer: command line, reporter, demo
    Linux,
    /// The package of the server
    Server,
    /// The installer for Windows, as far as it can be made here
    Windows,
    /// The bundle for macOS, as far as it can be made here
    Macos,
    /// What each program was built from
    Sbom,
}

/// Where things are, and what they are made with.
pub(crate) struct Place {
    /// The profile of cargo.
    profile: String,
    /// What is made: packages, symbols, lists.
    packages: PathBuf,
    /// Where it is put together.
    stage: PathBuf,
    /// Seconds since 1970, for everything that has a time.
    epoch_s: u64,
}

/// Makes what was asked for.
///
/// # Errors
/// When a step failed: names those that did.
pub(crate) fn run(shell: &Shell, asked: &Dist) -> anyhow::Result<()> {
    if !system::has_apt(shell) {
        bail!("packages are made with Debian's tools (dpkg-deb, dpkg-shlibdeps, lintian), and there is no apt here");
    }
    let place = Place::new(shell, &asked.profile)?;
    let wanted = |part| asked.only.is_empty() || asked.only.contains(&part);
    let debian = wanted(Part::Linux) || wanted(Part::Server);
    let mut steps = Steps::begin();
    let ready = steps.run("system packages", || {
        system::install_missing(shell, "making packages needs", PACKAGES)?;
        if asked.check { check::prepare(shell) } else { Ok(()) }
    }) && steps.run("programs", || programs::build(shell, &place))
        && steps.run("symbols", || programs::split(shell, &place))
        && (!(debian || wanted(Part::Sbom)) || steps.run("what they are built from", || sbom::write(shell, &place)));
    if ready {
        let mut made = true;
        if wanted(Part::Linux) {
            made &= steps.run("packages for Linux", || packages::linux(shell, &place));
        }
        if wanted(Part::Server) {
            made &= steps.run("package of the server", || packages::server(shell, &place));
        }
        if debian && made {
            steps.run("looked at by Debian's tools", || looks::look(shell, &place));
            steps.run("sizes", || programs::sizes(shell, &place));
        }
        if wanted(Part::Windows) {
            steps.run("installer for Windows", || windows::make(shell, &place));
        }
        if wanted(Part::Macos) {
            steps.run("bundle for macOS", || macos::make(shell, &place));
        }
        steps.run("sums", || sums::write(shell, &place));
        if asked.check && made {
            check::run(shell, &place, &mut steps);
        }
    }
    steps.end()
}

impl Place {
    fn new(shell: &Shell, profile: &str) -> anyhow::Result<Self> {
        let dist = tools::root().join("target/dist");
        let place = Self {
            profile: profile.to_owned(),
            packages: dist.join("packages"),
            stage: dist.join("stage"),
            epoch_s: epoch(shell)?,
        };
        for folder in [&place.packages, &place.stage] {
            shell.create_dir(folder)?;
        }
        Ok(place)
    }

    /// A folder to put something together in, empty.
    fn fresh(&self, shell: &Shell, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.stage.join(name);
        shell.remove_path(&folder)?;
        shell.create_dir(&folder)?;
        Ok(folder)
    }

    /// The epoch as `date` writes it.
    fn date(&self, shell: &Shell, how: &[&str]) -> anyhow::Result<String> {
        let at = format!("@{}", self.epoch_s);
        let date = cmd!(shell, "date --utc --date {at} {how...}")
            .env("LC_ALL", "C")
            .quiet();
        Ok(date.read()?)
    }
}

/// The version of the workspace.
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A file of ours, below the workspace.
fn ours(shell: &Shell, path: &str) -> anyhow::Result<String> {
    shell
        .read_file(tools::root().join(path))
        .with_context(|| format!("{path} is missing"))
}

fn epoch(shell: &Shell) -> anyhow::Result<u64> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return given
            .parse()
            .with_context(|| format!("SOURCE_DATE_EPOCH is seconds since 1970, and not {given:?}"));
    }
    let commit = cmd!(shell, "git log --max-count=1 --format=%ct")
        .quiet()
        .ignore_stderr()
        .read();
    match commit.ok().and_then(|time| time.trim().parse().ok()) {
        Some(time) => Ok(time),
        None => {
            say("no commit here to take the time from: the packages have today's, and differ tomorrow");
            Ok(cmd!(shell, "date +%s").quiet().read()?.parse()?)
        }
    }
}
