//! A Debian package: a tree of files, and what is said of it, put together by `dpkg-deb`.
//!
//! `cargo-deb` would bring some two hundred crates to do this for one crate at a time; the tree is ours in any case (units,
//! icons, manual pages), and `dpkg-deb` makes a package of it that is the same each time.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::{Place, ours, version};

/// Counts changes of the packaging alone.
const REVISION: &str = "1";
/// Whom apt names. Whoever makes packages for others puts their own here.
const MAINTAINER: &str = "Afterword contributors <packages@afterword.invalid>";

/// A package in the making.
pub(super) struct Deb<'a> {
    shell: &'a Shell,
    place: &'a Place,
    name: String,
    root: PathBuf,
    has_conffiles: bool,
}

/// What it needs, as the fields of `control` have it; empty ones are left out.
#[derive(Default)]
pub(super) struct Needs {
    pub(super) depends: Vec<String>,
    pub(super) recommends: Vec<String>,
    pub(super) suggests: Vec<String>,
}

impl<'a> Deb<'a> {
    /// An empty one, but for what every package has: licence and changes.
    pub(super) fn begin(shell: &'a Shell, place: &'a Place, name: &str) -> anyhow::Result<Self> {
        let deb = Self {
            shell,
            place,
            name: name.to_owned(),
            root: place.fresh(shell, name)?,
            has_conffiles: false,
        };
        deb.file(&deb.doc("copyright"), &ours(shell, "installer/linux/copyright")?)?;
        deb.packed(&deb.doc("changelog.gz"), &ours(shell, "CHANGELOG.md")?)?;
        deb.packed(&deb.doc("changelog.Debian.gz"), &deb.changes()?)?;
        Ok(deb)
    }

    /// A path in the folder of its documentation.
    pub(super) fn doc(&self, file: &str) -> String {
        format!("usr/share/doc/{}/{file}", self.name)
    }

    /// A text that everybody may read.
    pub(super) fn file(&self, path: &str, text: &str) -> anyhow::Result<()> {
        self.with_mode(path, text, 0o644)
    }

    /// A text for root alone, which an administrator changes: dpkg keeps their version.
    pub(super) fn private_settings(&mut self, path: &str, text: &str) -> anyhow::Result<()> {
        self.with_mode(path, text, 0o600)?;
        self.has_conffiles = true;
        self.with_mode("DEBIAN/conffiles", &format!("/{path}\n"), 0o644)
    }

    /// What dpkg calls when it installs or removes: `postinst`, `prerm`, `postrm`.
    pub(super) fn script(&self, name: &str, text: &str) -> anyhow::Result<()> {
        self.with_mode(&format!("DEBIAN/{name}"), text, 0o755)
    }

    /// A program.
    pub(super) fn program(&self, path: &str, from: &Path) -> anyhow::Result<()> {
        self.copy(path, from, 0o755)
    }

    /// A file that is there already, as a picture.
    pub(super) fn copy(&self, path: &str, from: &Path, mode: u32) -> anyhow::Result<()> {
        let to = self.root.join(path);
        self.parents(&to)?;
        std::fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
        set_mode(&to, mode)
    }

    /// A text, compressed: `path` ends in `.gz`.
    pub(super) fn packed(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let plain = path.trim_end_matches(".gz");
        self.file(plain, text)?;
        let plain = self.root.join(plain);
        cmd!(self.shell, "gzip --best --no-name --force {plain}")
            .quiet()
            .run()?;
        Ok(())
    }

    fn with_mode(&self, path: &str, text: &str, mode: u32) -> anyhow::Result<()> {
        let path = self.root.join(path);
        self.parents(&path)?;
        self.shell.write_file(&path, text)?;
        set_mode(&path, mode)
    }

    /// Makes the folders of a file, readable whatever the umask is.
    fn parents(&self, file: &Path) -> anyhow::Result<()> {
        let folder = file.parent().context("a file is in a folder")?;
        self.shell.create_dir(folder)?;
        let inside = folder.ancestors().take_while(|folder| folder.starts_with(&self.root));
        for folder in inside {
            set_mode(folder, 0o755)?;
        }
        Ok(())
    }

    /// Puts it together, into the folder of packages. `control` is the beginning of its file: name, section, description.
    pub(super) fn finish(self, control: &str, needs: &Needs) -> anyhow::Result<PathBuf> {
        let (shell, root) = (self.shell, &self.root);
        let _there = shell.push_dir(root);
        let files = cmd!(shell, "find etc usr -type f")
            .quiet()
            .ignore_stderr()
            .ignore_status()
            .read()?;
        let mut files: Vec<&str> = files.lines().collect();
        files.sort_unstable();
        let files = &files;
        let sums = cmd!(shell, "md5sum {files...}").quiet().read()?;
        self.with_mode("DEBIAN/md5sums", &format!("{sums}\n"), 0o644)?;
        let installed = files
            .iter()
            .map(|file| std::fs::metadata(root.join(file)).map_or(0, |file| file.len()));
        let kib: u64 = installed.map(|bytes| bytes.div_ceil(1024)).sum();

        let architecture = cmd!(shell, "dpkg --print-architecture").quiet().read()?;
        let version = debian_version(version(), REVISION);
        let control = fields(control, &version, &architecture, kib, needs);
        self.with_mode("DEBIAN/control", &control, 0o644)?;
        let package = self
            .place
            .packages
            .join(format!("{}_{version}_{architecture}.deb", self.name));
        for older in made(shell, self.place)? {
            let file = older.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if file.starts_with(&format!("{}_", self.name)) {
                shell.remove_path(older)?;
            }
        }
        // Those that are only tried are not worth a minute each.
        let level = if self.place.profile == "dist" { "-z9" } else { "-z1" };
        cmd!(
            shell,
            "dpkg-deb --root-owner-group -Zxz {level} --build {root} {package}"
        )
        .env("SOURCE_DATE_EPOCH", self.place.epoch_s.to_string())
        .quiet()
        .ignore_stdout()
        .run()?;
        Ok(package)
    }

    /// What Debian wants to know of each version.
    fn changes(&self) -> anyhow::Result<String> {
        let (name, version) = (&self.name, debian_version(version(), REVISION));
        let date = self.place.date(self.shell, &["--rfc-email"])?;
        Ok(format!(
            "{name} ({version}) unstable; urgency=medium\n\n  * Made from the sources of this version; what has changed is in changelog.gz.\n\n -- {MAINTAINER}  {date}\n"
        ))
    }
}

/// The packages that are there.
pub(super) fn made(shell: &Shell, place: &Place) -> anyhow::Result<Vec<PathBuf>> {
    let mut there = shell.read_dir(&place.packages)?;
    there.retain(|file| file.extension().is_some_and(|ending| ending == "deb"));
    Ok(there)
}

fn set_mode(path: &Path, mode: u32) -> anyhow::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the mode of {}", path.display()))
}

/// A version of ours as dpkg compares it: what comes before a release has a tilde.
fn debian_version(version: &str, revision: &str) -> String {
    format!("{}-{revision}", version.replacen('-', "~", 1))
}

fn fields(control: &str, version: &str, architecture: &str, installed_kib: u64, needs: &Needs) -> String {
    let (head, description) = control.split_once("Description:").unwrap_or((control, ""));
    let mut fields = format!(
        "{head}Version: {version}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\nInstalled-Size: {installed_kib}\n"
    );
    let lists = [
        ("Depends", &needs.depends),
        ("Recommends", &needs.recommends),
        ("Suggests", &needs.suggests),
    ];
    for (name, list) in lists {
        if !list.is_empty() {
            fields += &format!("{name}: {}\n", list.join(", "));
        }
    }
    fields + "Description:" + description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_newer_than_what_came_before_it() {
        assert_eq!(debian_version("1.2.3", "1"), "1.2.3-1");
        assert_eq!(debian_version("1.2.3-rc.1", "2"), "1.2.3~rc.1-2");
    }

    #[test]
    fn control_has_its_fields_before_the_description_and_no_empty_ones() {
        let control = "Package: a\nSection: utils\nDescription: short\n Long.\n";
        let needs = Needs {
            depends: vec!["libc6".to_owned(), "libgl1".to_owned()],
            ..Needs::default()
        };
        let fields = fields(control, "1-1", "amd64", 12, &needs);
        assert!(fields.starts_with("Package: a\nSection: utils\nVersion: 1-1\nArchitecture: amd64\n"));
        assert!(
            fields.contains("\nDepends: libc6, libgl1\nDescription: short\n Long.\n"),
            "{fields}"
        );
        assert!(!fields.contains("Recommends"));
    }
}
