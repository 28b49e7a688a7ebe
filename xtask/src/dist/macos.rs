//! The bundle for macOS: its layout and its lists, which can be checked anywhere. Signing and notarising need a Mac.

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::{Place, packages, version};
use crate::steps::say;
use crate::tools;

const PROGRAMS: &[&str] = &["afterword-demo", "afterword-reporter"];
const ICON_SIZES: &[&str] = &["16", "32", "128", "256", "512"];

pub(super) fn make(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let folder = place.fresh(shell, "macos")?;
    let icon = folder.join("afterword.icns");
    let sizes = ICON_SIZES.iter().map(|size| packages::icon(shell, place, size));
    let pictures = sizes.collect::<anyhow::Result<Vec<_>>>()?;
    cmd!(shell, "png2icns {icon} {pictures...}")
        .quiet()
        .ignore_stdout()
        .run()?;

    let scripts = tools::root().join("installer/macos");
    for script in ["bundle.sh", "notarize.sh"] {
        let script = scripts.join(script);
        cmd!(shell, "sh -n {script}").quiet().run()?;
    }
    for list in ["Info.plist", "app.entitlements", "reporter.entitlements"] {
        read(shell, &scripts.join(list))?;
    }

    let brought = tools::root().join("target/macos");
    let complete = PROGRAMS.iter().all(|program| brought.join(program).is_file());
    let programs = if complete {
        brought
    } else {
        for program in PROGRAMS {
            shell.write_file(folder.join(program), "a stand-in")?;
        }
        folder.clone()
    };
    let (bundle, version) = (scripts.join("bundle.sh"), version());
    cmd!(shell, "{bundle} {programs} {version} {icon} {folder}")
        .quiet()
        .run()?;
    let contents = folder.join("Afterword Demo.app/Contents");
    let info = read(shell, &contents.join("Info.plist"))?;
    ensure!(info.contains(version), "the bundle has another version");
    for path in [
        "MacOS/afterword-demo",
        "MacOS/afterword-reporter",
        "Resources/afterword.icns",
    ] {
        ensure!(contents.join(path).is_file(), "the bundle has no {path}");
    }
    if complete {
        say("made of target/macos; sign and notarise it on a Mac, by installer/macos/notarize.sh:");
        say(&format!("    {}/Afterword Demo.app", folder.display()));
    } else {
        shell.remove_path(folder.join("Afterword Demo.app"))?;
        say("layout and lists are right. No bundle was made: put these into target/macos, built on macOS:");
        say(&format!("    {}", PROGRAMS.join(", ")));
    }
    Ok(())
}

/// What Python's reader of property lists makes of one.
fn read(shell: &Shell, list: &std::path::Path) -> anyhow::Result<String> {
    let program = "import plistlib, sys; print(plistlib.load(open(sys.argv[1], 'rb')))";
    let said = cmd!(shell, "python3 -c {program} {list}").quiet().read();
    said.with_context(|| format!("{} is no property list", list.display()))
}
