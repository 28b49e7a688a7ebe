//! What a debug file is: its format, and the objects in it with their ids.

use std::io::{Cursor, Read};

use symbolic_debuginfo::{Archive, FileFormat, Object};

use super::{AnyError, guarded, options};
use crate::Error;

/// Objects in one file. A universal binary of macOS has two, of iOS' time of change five.
pub const MAX_OBJECTS: usize = 32;

/// The longest name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// The list of files in a source bundle, unpacked; some 200 bytes a file.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// One object in a file: of one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Which one of the file.
    pub index: usize,
    /// `elf`, `macho`, `pe`, `pdb`, `breakpad`, `sourcebundle`, …
    pub format: &'static str,
    /// As the `debugid` crate writes it.
    pub debug_id: String,
    /// The build id, or what stands for it elsewhere, in lower case; not all formats have one.
    pub code_id: Option<String>,
    /// `x86_64`, `arm64`, …
    pub arch: &'static str,
    /// `exe`, `lib`, `dbg` (a companion of one of these), `src`, …
    pub kind: &'static str,
    /// The name it gives itself, if it does.
    pub name: Option<String>,
    /// What it is good for, in this order: `symtab`, `debug`, `unwind`, `sources`.
    pub features: Vec<&'static str>,
}

impl ObjectInfo {
    /// Whether it has such a feature.
    pub fn has(&self, feature: &str) -> bool {
        self.features.contains(&feature)
    }
}

/// The objects in the bytes of a file.
///
/// # Errors
/// If it is no debug file, or a damaged one, or has more than [`MAX_OBJECTS`] objects.
pub fn objects(file: &[u8]) -> Result<Vec<ObjectInfo>, Error> {
    let read = || {
        if Archive::peek(file) == FileFormat::SourceBundle {
            check_manifest(file)?;
        }
        let archive = Archive::parse_with_opts(file, options())?;
        let count = archive.object_count();
        if count > MAX_OBJECTS {
            return Err(format!("the file has {count} objects; {MAX_OBJECTS} are read").into());
        }
        let mut found = Vec::new();
        for index in 0..count {
            if let Some(object) = archive.object_by_index(index)? {
                found.push(info(index, &object));
            }
        }
        Ok(found)
    };
    guarded(read).map_err(|source| Error::DebugFile {
        what: "list of objects",
        source,
    })
}

/// A source bundle's list of files is packed, and read whole by whoever opens the bundle: a small one can unpack to anything.
fn check_manifest(bundle: &[u8]) -> Result<(), AnyError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bundle))?;
    let mut manifest = archive.by_name("manifest.json")?.take(MAX_MANIFEST_BYTES + 1);
    if std::io::copy(&mut manifest, &mut std::io::sink())? > MAX_MANIFEST_BYTES {
        return Err(format!(
            "the source bundle's manifest is larger than the {MAX_MANIFEST_BYTES} bytes that are read"
        )
        .into());
    }
    Ok(())
}

fn info(index: usize, object: &Object<'_>) -> ObjectInfo {
    let features = [
        ("symtab", object.has_symbols()),
        ("debug", object.has_debug_info()),
        ("unwind", object.has_unwind_info()),
        ("sources", object.has_sources()),
    ];
    ObjectInfo {
        index,
        format: object.file_format().name(),
        debug_id: object.debug_id().to_string(),
        code_id: object.code_id().filter(|id| !id.is_nil()).map(|id| id.to_string()),
        arch: object.arch().name(),
        kind: object.kind().name(),
        name: name_of(object).map(|mut name| {
            name.truncate(name.floor_char_boundary(MAX_NAME_BYTES));
            name
        }),
        features: features
            .into_iter()
            .filter(|(_, has)| *has)
            .map(|(name, _)| name)
            .collect(),
    }
}

fn name_of(object: &Object<'_>) -> Option<String> {
    let name = match object {
        Object::Breakpad(object) => object.name(),
        Object::Elf(object) => object.name()?,
        Object::MachO(object) => object.name()?,
        Object::Pe(object) => return object.debug_file_name().map(|name| name.into_owned()),
        Object::SourceBundle(object) => object.name()?,
        _ => return None,
    };
    (!name.is_empty()).then(|| crate::signature::file_name(name).to_owned())
}
