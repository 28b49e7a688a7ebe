//! What Debian's own tools say of what was made.

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use super::packages::{DEMO_ID, metainfo};
use super::{Place, deb};
use crate::steps::say;
use crate::tools;

/// What lintian says and we leave, each with its reason.
const LEFT: &[&str] = &[
    "initial-upload-closes-no-bugs", // nobody has asked Debian for it
    "no-manual-page",                // none of these is a command for people, but those that have a page
];

/// Looks at desktop files, the data for software centres, and the packages.
///
/// # Errors
/// When one of them complains.
pub(super) fn look(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let desktop = tools::root().join(format!("installer/linux/afterword-demo/{DEMO_ID}.desktop"));
    cmd!(shell, "desktop-file-validate {desktop}").run()?;
    let shown = place.stage.join(format!("{DEMO_ID}.metainfo.xml"));
    shell.write_file(&shown, metainfo(shell, place)?)?;
    cmd!(shell, "appstreamcli validate --no-net --explain {shown}").run()?;

    confinement(shell)?;
    let packages = deb::made(shell, place)?;
    let left = LEFT.join(",");
    // It is not for root, but only looks here.
    let lintian = cmd!(
        shell,
        "lintian --allow-root --suppress-tags {left} --fail-on error,warning {packages...}"
    );
    let said = lintian.ignore_status().output().context("lintian cannot be started")?;
    say(String::from_utf8_lossy(&said.stdout).trim_end());
    if !said.status.success() {
        bail!("lintian complains of a package");
    }
    Ok(())
}

/// What systemd says of the service's unit, where it is there to say it: an exposure above 1.5 of 10 is too much.
fn confinement(shell: &Shell) -> anyhow::Result<()> {
    if !tools::succeeds(cmd!(shell, "systemd-analyze --version")) {
        say("systemd is not installed: nobody has looked at the service's unit");
        return Ok(());
    }
    let unit = tools::root().join("installer/server/afterword-collector.service");
    let said = cmd!(
        shell,
        "systemd-analyze security --offline=true --threshold=15 --no-pager {unit}"
    );
    let said = said.quiet().read().context("the service may do more than it should")?;
    say(said.lines().last().unwrap_or_default());
    Ok(())
}
