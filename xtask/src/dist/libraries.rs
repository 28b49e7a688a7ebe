//! Which libraries a program needs, by the names of the packages they come in.
//!
//! What it is linked with `dpkg-shlibdeps` knows. What it opens at run time nobody knows but the program: windowing and
//! OpenGL are opened by name, so that the names are in the program as text. They are looked for there, and one that is
//! not in the table ends the making of packages, so that a new one is not forgotten.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use super::Place;

/// Names of libraries, and Debian's packages of them.
const OPENED: &[(&str, &str)] = &[
    ("libEGL.so.1", "libegl1"),
    ("libGL.so.1", "libgl1"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libX11.so.6", "libx11-6"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXext.so.6", "libxext6"),
    ("libXfixes.so.3", "libxfixes3"),
    ("libXi.so.6", "libxi6"),
    ("libXrandr.so.2", "libxrandr2"),
    ("libXrender.so.1", "libxrender1"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libwayland-client.so.0", "libwayland-client0"),
    ("libwayland-cursor.so.0", "libwayland-cursor0"),
    ("libwayland-egl.so.1", "libwayland-egl1"),
    ("libxcb.so.1", "libxcb1"),
    ("libxcb-shm.so.0", "libxcb-shm0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
];

/// Those that a program is linked with, which the text of its own name table has too.
const LINKED: &[&str] = &["libc.so.6", "libgcc_s.so.1", "libm.so.6"];

/// What a program is linked with, as `Depends` has it.
pub(super) fn linked(shell: &Shell, place: &Place, program: &Path) -> anyhow::Result<String> {
    // It looks for a source package around itself.
    let folder = place.fresh(shell, "shlibdeps")?;
    let source = "Source: afterword\n\nPackage: afterword\nArchitecture: any\n";
    shell.write_file(folder.join("debian/control"), source)?;
    let _there = shell.push_dir(&folder);
    let said = cmd!(shell, "dpkg-shlibdeps -O {program}")
        .quiet()
        .ignore_status()
        .output()?;
    // It warns of each program that is not in a package yet.
    if !said.status.success() {
        bail!(
            "dpkg-shlibdeps does not know the libraries of {}: {}",
            program.display(),
            String::from_utf8_lossy(&said.stderr)
        );
    }
    let said = String::from_utf8_lossy(&said.stdout);
    let depends = said.lines().find_map(|line| line.strip_prefix("shlibs:Depends="));
    Ok(depends.context("dpkg-shlibdeps names no libraries")?.to_owned())
}

/// The packages of what a program opens at run time.
///
/// # Errors
/// When the program has the name of a library that is not in the table.
pub(super) fn opened(program: &Path) -> anyhow::Result<BTreeSet<&'static str>> {
    let bytes = std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    packages(&bytes).with_context(|| format!("in {}", program.display()))
}

fn packages(program: &[u8]) -> anyhow::Result<BTreeSet<&'static str>> {
    let mut found = BTreeSet::new();
    for name in names(program) {
        // Texts stand beside each other without an end: what is before the name belongs to another.
        let named = |soname: &str| name.ends_with(soname);
        if let Some((_, package)) = OPENED.iter().find(|(soname, _)| named(soname)) {
            found.insert(*package);
        } else if !LINKED.iter().any(|soname| named(soname)) {
            bail!("…{name} is opened, and no package is known for it: name it in xtask/src/dist/libraries.rs");
        }
    }
    Ok(found)
}

/// Texts that end like the name of a library with its version, as `libEGL.so.1`: at most 40 characters of each.
fn names(program: &[u8]) -> BTreeSet<String> {
    const MAX_LENGTH: usize = 40;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_+.".contains(byte);
    let mut found = BTreeSet::new();
    for (at, window) in program.windows(5).enumerate() {
        if !window.starts_with(b".so.") || !window[4].is_ascii_digit() {
            continue;
        }
        let before = program[..at]
            .iter()
            .rev()
            .take(MAX_LENGTH)
            .take_while(|byte| is_name(byte));
        let start = at - before.count();
        let digits = program[at + 4..]
            .iter()
            .take(2)
            .take_while(|byte| byte.is_ascii_digit());
        let end = at + 4 + digits.count();
        let name = String::from_utf8_lossy(&program[start..end]).into_owned();
        if name.contains("lib") {
            found.insert(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_among_other_texts() {
        let program =
            b"\0XSetOMValueslibXi.so.6libXrender.so.1\0\x01libEGL.so\0libEGL.so.1\0ld-linux-x86-64.so.2\0libc.so.6\0";
        let found: Vec<_> = packages(program).unwrap().into_iter().collect();
        assert_eq!(found, ["libegl1", "libxi6", "libxrender1"]);
    }

    #[test]
    fn a_library_that_nobody_knows_ends_it() {
        let error = packages(b"\0libEGL.so.1\0libvulkan.so.1\0").unwrap_err();
        assert!(error.to_string().contains("libvulkan.so.1"), "{error}");
    }

    #[test]
    fn a_program_without_windows_opens_nothing() {
        assert!(packages(b"\0libc.so.6\0libgcc_s.so.1\0").unwrap().is_empty());
    }
}
