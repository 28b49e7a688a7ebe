//! `SHA256SUMS` of all that was made.

use xshell::{Shell, cmd};

use super::Place;

pub(super) fn write(shell: &Shell, place: &Place) -> anyhow::Result<()> {
    let _there = shell.push_dir(&place.packages);
    let files = cmd!(shell, "find . -type f -not -name SHA256SUMS -printf %P\\n")
        .quiet()
        .read()?;
    let mut files: Vec<&str> = files.lines().collect();
    files.sort_unstable();
    let sums = cmd!(shell, "sha256sum {files...}").quiet().read()?;
    shell.write_file("SHA256SUMS", format!("{sums}\n"))?;
    Ok(())
}
