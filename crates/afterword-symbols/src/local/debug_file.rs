//! Where a stripped file's debug information may be.
//!
//! By build id: `ROOT/.build-id/xx/yyyy.debug`. By name: `.gnu_debuglink`, beside the file, in `.debug` beside it, and under
//! the root at the file's own path. (GDB manual, "Debugging Information in Separate Files".) Found files are candidates only:
//! their build id is compared like any other's.

use std::path::{Path, PathBuf};

use object::Object;

use super::elf::{Build, ElfFile};

pub(crate) fn candidates(
    path: &Path,
    build: &Build,
    code: Option<&ElfFile<'_>>,
    roots: &[PathBuf],
) -> impl Iterator<Item = PathBuf> {
    let mut candidates = Vec::new();
    if let Some((first, rest)) = build.id.split_at_checked(2).filter(|(_, rest)| !rest.is_empty()) {
        candidates.extend(
            roots
                .iter()
                .map(|root| root.join(".build-id").join(first).join(format!("{rest}.debug"))),
        );
    }
    if let Some(name) = code.and_then(link_name)
        && let Some(folder) = path.parent()
    {
        candidates.push(folder.join(&name));
        candidates.push(folder.join(".debug").join(&name));
        let below = folder.strip_prefix("/").unwrap_or(folder);
        candidates.extend(roots.iter().map(|root| root.join(below).join(&name)));
    }
    // A file may name itself.
    candidates.retain(|candidate| candidate != path);
    candidates.into_iter()
}

fn link_name(code: &ElfFile<'_>) -> Option<String> {
    let (name, _crc) = code.object.gnu_debuglink().ok()??;
    let name = std::str::from_utf8(name).ok()?;
    // A name only: it must not lead anywhere else.
    (!name.is_empty() && !name.contains(['/', '\0']) && name != "..").then(|| name.to_owned())
}
