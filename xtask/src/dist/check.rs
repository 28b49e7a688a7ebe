//! The packages in a clean Debian: installed, used the whole way, upgraded, removed.
//!
//! The Debian is made by debootstrap and holds nothing but what a minimal one has ([`chroot`]). What is done in it is what
//! people do ([`walk`]): a crash becomes an issue on the installed server, with the names of functions and files that were
//! cut off the program and uploaded. The display is outside of it. systemd does not run in it: the service's program is
//! started as the service's user, and of the unit no more is known than what `systemd-analyze` says of it.

mod chroot;
mod walk;

use anyhow::bail;
use xshell::Shell;

use super::Place;
use crate::steps::Steps;
use crate::system;
use chroot::Chroot;

/// Debian's names, and what each is for.
const PACKAGES: &[&str] = &[
    "debootstrap",
    "xvfb",    // a display that nobody sees
    "xdotool", // a person who closes a window
    "curl",    // asks the server
];

/// Sees to it that what this needs is there.
///
/// # Errors
/// When it is not, and when we are not root: a mount and a change of root are needed.
pub(super) fn prepare(shell: &Shell) -> anyhow::Result<()> {
    if !system::is_root(shell) {
        bail!(
            "--check mounts /proc in another root and installs packages there, which only root may: run it with sudo"
        );
    }
    system::install_missing(shell, "trying packages needs", PACKAGES)
}

/// Goes the whole way, in steps: each builds on those before.
pub(super) fn run(shell: &Shell, place: &Place, steps: &mut Steps) {
    let mut made = None;
    let ready = steps.run("a clean Debian", || {
        made = Some(Chroot::make(shell, place)?);
        Ok(())
    });
    if let (true, Some(chroot)) = (ready, made) {
        walk::go(shell, place, &chroot, steps);
        steps.run("the clean Debian is taken away", || chroot.remove());
    }
}
