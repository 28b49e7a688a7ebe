//! A Debian in a folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::dist::Place;
use crate::steps::say;

/// A minimal Debian (or Ubuntu) of this machine's release, with `/proc`, and a person in it.
pub(super) struct Chroot<'a> {
    shell: &'a Shell,
    pub(super) root: PathBuf,
}

/// The person.
pub(super) const PERSON: &str = "person";

impl<'a> Chroot<'a> {
    /// Makes it anew, of one that debootstrap has made and that is kept for the next time.
    ///
    /// # Errors
    /// When there is no mirror, or no way to mount.
    pub(super) fn make(shell: &'a Shell, place: &Place) -> anyhow::Result<Self> {
        let release = shell.read_file("/etc/os-release")?;
        let said = |name: &str| {
            let line = release.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim_matches('"').to_owned())
        };
        let suite = said("VERSION_CODENAME=").context("/etc/os-release names no VERSION_CODENAME to install")?;
        let mirror = match said("ID=").as_deref() {
            Some("ubuntu") => "http://archive.ubuntu.com/ubuntu",
            _ => "http://deb.debian.org/debian",
        };
        let base = place.stage.join(format!("base-{suite}"));
        if !base.join("complete").is_file() {
            say(&format!("making a minimal {suite} of {mirror}, once"));
            shell.remove_path(&base)?;
            cmd!(shell, "debootstrap --variant=minbase {suite} {base} {mirror}")
                .quiet()
                .ignore_stdout()
                .run()
                .context("debootstrap could not make a system")?;
            shell.write_file(base.join("complete"), "")?;
        }
        let root = place.stage.join("root");
        let made = Self { shell, root };
        // One that was left by a run that was ended.
        made.remove()?;
        let root = &made.root;
        cmd!(shell, "cp --archive --reflink=auto {base} {root}").quiet().run()?;
        cmd!(shell, "mount -t proc proc {root}/proc")
            .quiet()
            .run()
            .context("proc cannot be mounted: in a container this needs its privileges")?;
        for file in ["/etc/resolv.conf", "/etc/hosts"] {
            cmd!(shell, "cp --dereference {file} {root}/etc/").quiet().run()?;
        }
        // What apt is told here, of a proxy for example, holds there.
        cmd!(shell, "cp --recursive /etc/apt/apt.conf.d {root}/etc/apt/")
            .quiet()
            .run()?;
        made.run(&["useradd", "--create-home", PERSON])?;
        Ok(made)
    }

    /// Takes it away, with what still runs in it: a reporter that waits for a person, say.
    ///
    /// # Errors
    /// When something is still mounted or cannot be removed.
    pub(super) fn remove(&self) -> anyhow::Result<()> {
        let (shell, root) = (self.shell, &self.root);
        for process in std::fs::read_dir("/proc")? {
            let process = process?;
            // One that has ended meanwhile has no root, and needs nothing.
            let runs_in_it = std::fs::read_link(process.path().join("root")).is_ok_and(|of| of == *root);
            if runs_in_it {
                let id = process.file_name();
                cmd!(shell, "kill -KILL {id}")
                    .quiet()
                    .ignore_stderr()
                    .ignore_status()
                    .run()?;
            }
        }
        let proc = root.join("proc");
        if proc.join("self").exists() {
            cmd!(shell, "umount --lazy {proc}").quiet().run()?;
        }
        // Never through a mount.
        if root.exists() {
            cmd!(shell, "rm --recursive --force --one-file-system {root}")
                .quiet()
                .run()?;
        }
        Ok(())
    }

    fn command(&self, words: &[&str]) -> Cmd<'_> {
        let root = &self.root;
        let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
        let settings = [path, "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"];
        cmd!(self.shell, "chroot {root} env {settings...} {words...}").quiet()
    }

    /// Runs something as root and shows what it says only if it fails.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub(super) fn run(&self, words: &[&str]) -> anyhow::Result<String> {
        let out = self.command(words).ignore_status().output()?;
        let mut said = String::from_utf8_lossy(&out.stdout).into_owned();
        if !out.status.success() {
            said += &String::from_utf8_lossy(&out.stderr);
            anyhow::bail!("in the clean Debian, `{}` failed:\n{said}", words.join(" "));
        }
        Ok(said)
    }

    /// Runs something as the person, with `settings` as NAME=VALUE; what it says on standard output is returned.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub(super) fn run_as_person(&self, settings: &[&str], words: &[&str]) -> anyhow::Result<String> {
        let home = format!("HOME=/home/{PERSON}");
        let as_person = [
            "setpriv",
            "--reuid",
            PERSON,
            "--regid",
            PERSON,
            "--clear-groups",
            "env",
            &home,
        ];
        self.run(&[&as_person[..], settings, words].concat())
    }

    /// Starts something as a user and does not wait for it; its output can be read.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(&self, user: &str, settings: &[&str], words: &[&str]) -> anyhow::Result<Child> {
        let mut command = Command::new("chroot");
        command.arg(format!("--userspec={user}:{user}")).arg(&self.root);
        command.args(["env", "--ignore-environment", "--chdir=/", "PATH=/usr/bin:/bin"]);
        command.args(settings).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
            .spawn()
            .with_context(|| format!("cannot start {}", words.join(" ")))
    }

    /// A path in it, seen from outside.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Puts a file into its `/packages`.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub(super) fn bring(&self, file: &Path) -> anyhow::Result<String> {
        let name = file
            .file_name()
            .context("a file has a name")?
            .to_string_lossy()
            .into_owned();
        let folder = self.path("packages");
        self.shell.create_dir(&folder)?;
        self.shell.copy_file(file, folder.join(&name))?;
        Ok(format!("/packages/{name}"))
    }
}
