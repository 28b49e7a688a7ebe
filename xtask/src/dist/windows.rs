//! The installer for Windows, by NSIS, which runs here.
//!
//! The programs for Windows do not: where none were brought from a Windows machine, the script is compiled with
//! stand-ins, to see that it is right, and what comes of that is not kept.

use xshell::{Shell, cmd};

use super::{Place, packages, version};
use crate::steps::say;
use crate::tools;

const PROGRAMS: &[&str] = &["afterword-demo.exe", "afterword-reporter.exe"];
const ICON_SIZES: &[&str] = &["16", "32", "48", "256"];

pub(super) fn make(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let folder = place.fresh(shell, "windows")?;
    let icon = folder.join("afterword.ico");
    let sizes = ICON_SIZES.iter().map(|size| packages::icon(shell, place, size));
    let pictures = sizes.collect::<anyhow::Result<Vec<_>>>()?;
    cmd!(shell, "icotool --create --output={icon} {pictures...}")
        .quiet()
        .run()?;

    let brought = tools::root().join("target/windows");
    let complete = PROGRAMS.iter().all(|program| brought.join(program).is_file());
    let name = format!("afterword-demo-{}-setup.exe", version());
    let (programs, out) = if complete {
        (brought, place.packages.join(name))
    } else {
        for program in PROGRAMS {
            shell.write_file(folder.join(program), "a stand-in")?;
        }
        (folder.clone(), folder.join(name))
    };
    let script = tools::root().join("installer/windows/demo.nsi");
    let (version, programs) = (
        format!("-DVERSION={}", plain(version())),
        format!("-DPROGRAMS={}", programs.display()),
    );
    let (icon, to) = (format!("-DICON={}", icon.display()), format!("-DOUT={}", out.display()));
    cmd!(shell, "makensis -V2 -WX {version} {programs} {icon} {to} {script}")
        .env("SOURCE_DATE_EPOCH", place.epoch_s.to_string())
        .run()?;
    if complete {
        say(&format!("made of target/windows: {}", out.display()));
    } else {
        shell.remove_path(&out)?;
        say(
            "the script is right. No installer was made: put these into target/windows, built on Windows (or by MinGW):",
        );
        say(&format!("    {}", PROGRAMS.join(", ")));
    }
    Ok(())
}

/// The three numbers, which is all that Windows has for a version.
fn plain(version: &str) -> &str {
    version.split(['-', '+']).next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn windows_counts_in_numbers_only() {
        assert_eq!(plain("1.2.3-rc.1"), "1.2.3");
        assert_eq!(plain("1.2.3"), "1.2.3");
    }
}
