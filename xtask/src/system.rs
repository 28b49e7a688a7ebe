//! What the tests need of the system beyond Rust and a C compiler: a display that nobody sees, and the libraries that
//! windows load when they open. Nothing of this is needed to build what is shipped.

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use crate::steps::say;
use crate::tools;

/// Debian's and Ubuntu's names, and what each is for.
const PACKAGES: &[&str] = &[
    "g++",             // parts of the crasher
    "xvfb",            // the display
    "libgl1-mesa-dri", // OpenGL without a graphics card
    "libegl1",         // glutin loads EGL first,
    "libgl1",          // and GLX where there is none
    "libx11-xcb1",     // winit loads these when it opens a window on X11
    "libxcursor1",
    "libxi6",
    "libxkbcommon-x11-0",
    "libxrandr2",
    "libfontconfig1",     // finds the fonts of the system;
    "fonts-wqy-microhei", // of which this one, in 5 MB, writes Japanese, Korean and Chinese
    "xdotool",            // a person at the keyboard
    "weston",             // a display of Wayland
    "dbus-daemon",        // a desktop's session, in which
    "at-spi2-core",       // a screen reader hears the window
    "bsdutils",           // `script`: a person at a terminal
    "curl",               // it posts a dump as Crashpad does
    "postgresql",
    "python3-venv", // for the clients of others
];

/// Browsers that the tests can put in front of the pages, by the names of their programs; see `tests/clients/browser`.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Sees to it that what the tests need is there: installs it where we are root on Debian or Ubuntu.
///
/// # Errors
/// When something is missing and we are not root, with the line to run; when apt fails.
pub(crate) fn prepare(shell: &Shell) -> anyhow::Result<()> {
    if std::env::consts::OS != "linux" {
        say("nothing is needed on this system");
        return Ok(());
    }
    if !has_apt(shell) {
        say("neither Debian nor Ubuntu: the tests need a C++ compiler, Xvfb, Mesa's software OpenGL, and the X11");
        say(
            "libraries xcb, cursor, input, randr and xkbcommon, curl, PostgreSQL, Chromium and Python with `venv`; they fail where these are missing",
        );
        return Ok(());
    }
    let has_browser = BROWSERS
        .iter()
        .any(|browser| tools::succeeds(cmd!(shell, "which {browser}")));
    if has_browser {
        return install_missing(shell, "the tests need", PACKAGES);
    }
    let mut packages = PACKAGES.to_vec();
    packages.push("chromium");
    install_missing(shell, "the tests need", &packages).context(
        "Ubuntu has no package of Chromium: there, install Chromium or Google Chrome so that it is in the path",
    )
}

/// Installs those of the packages that are not there, where we are root.
///
/// # Errors
/// When something is missing and we are not root, with who needs it and the line to run; when apt fails.
pub(crate) fn install_missing(shell: &Shell, who_needs: &str, packages: &[&str]) -> anyhow::Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !is_installed(shell, package))
        .collect();
    if missing.is_empty() {
        say("all there");
        return Ok(());
    }
    if !is_root(shell) {
        bail!(
            "{who_needs} packages that are not installed; run this once, then again what you ran:\n{}",
            line(&missing)
        );
    }
    install(shell, &missing)
}

fn install(shell: &Shell, missing: &[&str]) -> anyhow::Result<()> {
    let _environment = shell.push_env("DEBIAN_FRONTEND", "noninteractive");
    cmd!(shell, "apt-get update --quiet")
        .run()
        .context("the lists of packages could not be brought up to date")?;
    cmd!(
        shell,
        "apt-get install --quiet --yes --no-install-recommends {missing...}"
    )
    .run()
    .with_context(|| format!("apt could not install {}", missing.join(" ")))
}

/// What a person runs who is not root.
fn line(missing: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", missing.join(" "))
}

fn is_installed(shell: &Shell, package: &str) -> bool {
    let format = "${db:Status-Status}";
    let status = cmd!(shell, "dpkg-query --show --showformat={format} {package}")
        .quiet()
        .ignore_stderr()
        .read();
    status.is_ok_and(|status| status.trim() == "installed")
}

/// Whether we are root.
pub(crate) fn is_root(shell: &Shell) -> bool {
    cmd!(shell, "id -u").quiet().read().is_ok_and(|id| id.trim() == "0")
}

/// Whether packages come with apt here.
pub(crate) fn has_apt(shell: &Shell) -> bool {
    is_debian(&shell.read_file("/etc/os-release").unwrap_or_default())
}

/// Whether `/etc/os-release` speaks of Debian, Ubuntu, or one made from them.
fn is_debian(release: &str) -> bool {
    let names = release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")));
    names
        .flat_map(|names| names.trim_matches('"').split(' '))
        .any(|name| name == "debian" || name == "ubuntu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_what_is_made_from_it_have_apt() {
        assert!(is_debian("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"));
        assert!(is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(is_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
    }

    #[test]
    fn others_have_not() {
        assert!(!is_debian("NAME=\"Fedora Linux\"\nID=fedora\n"));
        assert!(!is_debian(
            "PRETTY_NAME=\"like debian\"\nID=arch\nHOME_URL=\"https://debian.example\"\n"
        ));
        assert!(!is_debian(""));
    }

    #[test]
    fn the_line_to_run_names_what_is_missing_only() {
        assert_eq!(
            line(&["xvfb", "libxi6"]),
            "sudo apt-get install --no-install-recommends xvfb libxi6"
        );
    }
}
