//! `cargo xtask check-targets`: what runs on a user's machine, type-checked and linted for Windows and macOS from Linux.
//!
//! No Rust for these systems is downloaded: Debian's `rustc-web` comes with the sources of the standard library, which
//! cargo builds for the target first (`-Zbuild-std`, hence `RUSTC_BOOTSTRAP`). C code among the dependencies (*ring*) is
//! compiled by MinGW for Windows and by zig, from PyPI, for macOS. Nothing is linked and nothing is run.
//!
//! The folder is a target folder of its own: another compiler would have all in the usual one built again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use crate::steps::say;
use crate::{system, tools};

/// The systems, one of each kind.
const TARGETS: &[&str] = &["x86_64-pc-windows-gnu", "aarch64-apple-darwin"];

/// What is linked into an app, and the program beside it, with all they use of ours.
const CRATES: &[&str] = &[
    "afterword-protocol",
    "afterword-channel",
    "afterword-store",
    "afterword-symbols",
    "afterword-upload",
    "afterword-dialog",
    "afterword-reporter",
    "afterword",
    "afterword-ffi",
];

/// Debian's names.
const PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-clippy",
    "rust-web-src",         // the standard library's sources
    "gcc-mingw-w64-x86-64", // compiles C for Windows
];

/// The C compiler for macOS, as PyPI numbers it.
const ZIG_VERSION: &str = "0.17.1";

/// Checks them all. Clippy's check is the compiler's, with the lints after it.
///
/// # Errors
/// When something of ours does not compile or is not clean for one of the systems; when a tool is missing and cannot be
/// installed.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    if !system::has_apt(shell) {
        bail!("this is done with Debian's Rust (rustc-web and its sources), and there is no apt here");
    }
    let has_pip = tools::succeeds(cmd!(shell, "python3 -m pip --version"));
    let pip: &[&str] = if has_pip { &[] } else { &["python3-pip"] };
    system::install_missing(shell, "checking for other systems needs", &[PACKAGES, pip].concat())?;
    let macos_cc = find_zig(shell).and_then(|zig| write_macos_cc(shell, &zig))?;

    let target_folder = tools::root().join("target/check-targets");
    let targets = TARGETS.iter().flat_map(|target| ["--target", target]);
    let crates = CRATES.iter().flat_map(|name| ["--package", name]);
    // Debian's cargo-clippy takes the clippy-driver beside it and this cargo, which takes this rustc.
    let clippy = cmd!(
        shell,
        "/usr/bin/cargo-clippy clippy -Zbuild-std --locked --keep-going {targets...} {crates...} -- -D warnings"
    );
    let clippy = clippy
        .env("CARGO", "/usr/bin/cargo")
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target_folder)
        .env("CC_aarch64_apple_darwin", macos_cc);
    tools::run(clippy)
}

/// zig in `target/tools`, brought there where it is not yet.
fn find_zig(shell: &Shell) -> anyhow::Result<PathBuf> {
    let folder = tools::root().join("target/tools/ziglang");
    let zig = folder.join("ziglang/zig");
    let answers = cmd!(shell, "{zig} version").quiet().ignore_stderr().read();
    if answers.is_ok_and(|version| version.trim() == ZIG_VERSION) {
        return Ok(zig);
    }
    say("zig is not there: bringing it once, into target/tools");
    shell
        .remove_path(&folder)
        .context("another version of zig cannot be removed")?;
    let package = format!("ziglang=={ZIG_VERSION}");
    let how = [
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
    ];
    cmd!(shell, "python3 -m pip install {how...} --target {folder} {package}")
        .run()
        .context("pip could not bring zig")?;
    Ok(zig)
}

/// A C compiler for the `cc` crate to call: it passes clang's name of the system, and zig has names of its own.
fn write_macos_cc(shell: &Shell, zig: &Path) -> anyhow::Result<PathBuf> {
    let path = tools::root().join("target/tools/aarch64-macos-cc");
    shell.write_file(&path, macos_cc(zig, &path.with_file_name("zig-cache")))?;
    cmd!(shell, "chmod +x {path}").run()?;
    Ok(path)
}

fn macos_cc(zig: &Path, cache: &Path) -> String {
    format!(
        r#"#!/bin/sh
for argument do
    shift
    case $argument in --target=*) ;; *) set -- "$@" "$argument" ;; esac
done
export ZIG_GLOBAL_CACHE_DIR='{}'
exec '{}' cc -target aarch64-macos "$@"
"#,
        cache.display(),
        zig.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_compiler_drops_the_foreign_name_of_the_system_and_keeps_the_rest() {
        let folder = std::env::temp_dir().join(format!("afterword-cc-{}", std::process::id()));
        let shell = Shell::new().unwrap();
        shell.create_dir(&folder).unwrap();
        let script = folder.join("cc");
        shell
            .write_file(&script, macos_cc(Path::new("/bin/echo"), &folder))
            .unwrap();
        let said = cmd!(
            shell,
            "/bin/sh {script} -O2 --target=arm64-apple-macosx -DA='two words' -c x.c"
        )
        .read()
        .unwrap();
        shell.remove_path(&folder).unwrap();
        assert_eq!(said, "cc -target aarch64-macos -O2 -DA=two words -c x.c");
    }
}
