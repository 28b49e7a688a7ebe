//! A mapped ELF file, and whether it is the very file that was loaded in the process that crashed.

use std::borrow::Cow;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::Mmap;
use object::{
    BinaryFormat, CompressedData, CompressionFormat, Object, ObjectSection, ObjectSegment, SectionFlags, SectionIndex,
    elf,
};

use crate::address::FileAddress;

/// Sections of debug information that can be unpacked per module; `gimli` asks for fewer.
const MAX_UNPACKED_SECTIONS: usize = 32;

/// Packed sections that unpack to more than this are left out.
const MAX_UNPACKED_BYTES: u64 = 2 << 30;

/// Where the files of one module are kept while it is looked at.
#[derive(Default)]
pub(crate) struct Slots {
    pub(crate) code: OnceLock<MappedFile>,
    pub(crate) debug: OnceLock<MappedFile>,
    unpacked: [OnceLock<Vec<u8>>; MAX_UNPACKED_SECTIONS],
    unpacked_count: AtomicUsize,
}

impl Slots {
    fn keep(&self, unpacked: Vec<u8>) -> &[u8] {
        let index = self.unpacked_count.fetch_add(1, Ordering::Relaxed);
        self.unpacked
            .get(index)
            .map_or(&[], |slot| slot.get_or_init(|| unpacked))
    }
}

/// Which build of a file was loaded in the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Build {
    /// The GNU build id, or what stands in for it (see [`ElfFile::is_of`]), in lower case hexadecimal.
    pub(crate) id: String,
}

/// Why there is no use in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    Missing,
    Mismatched,
    Unreadable,
}

/// A file, mapped into memory.
pub(crate) struct MappedFile {
    path: PathBuf,
    map: Mmap,
}

impl MappedFile {
    pub(crate) fn open(path: &Path) -> Result<MappedFile, OpenError> {
        let error = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput => OpenError::Missing,
            _ => OpenError::Unreadable,
        };
        // The path comes out of a dump: opening a pipe or a device would block or worse.
        if !std::fs::metadata(path).map_err(error)?.is_file() {
            return Err(OpenError::Missing);
        }
        let file = File::open(path).map_err(error)?;
        let map = map(&file).map_err(error)?;
        Ok(MappedFile {
            path: path.to_owned(),
            map,
        })
    }

    pub(crate) fn parse(&self) -> Result<ElfFile<'_>, OpenError> {
        let object = object::File::parse(&*self.map).map_err(|_| OpenError::Unreadable)?;
        // Others have other ids and other debug files; they are symbolicated by Breakpad's symbols.
        if object.format() != BinaryFormat::Elf {
            return Err(OpenError::Missing);
        }
        let base = base_of(&object);
        let code = code_of(&object);
        Ok(ElfFile {
            path: &self.path,
            object,
            base,
            code,
        })
    }
}

#[expect(unsafe_code, reason = "mapping is what makes a 200 MB executable cheap to look into")]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: undefined only if someone changes the file in place meanwhile. Linkers, package managers and updaters write a
    // new file and rename it, since programs that run from it would crash otherwise.
    unsafe { Mmap::map(file) }
}

/// A parsed file.
pub(crate) struct ElfFile<'s> {
    pub(crate) path: &'s Path,
    pub(crate) object: object::File<'s>,
    /// The address at which the linker put the file's first byte.
    pub(crate) base: FileAddress,
    code: Vec<CodeSection>,
}

/// A section of executable code, and the addresses it covers.
struct CodeSection {
    index: SectionIndex,
    addresses: Range<u64>,
}

impl<'s> ElfFile<'s> {
    /// Whether this is the build that was loaded. A file without a build id is known by a hash of its code, as Breakpad and
    /// minidump-writer do it.
    pub(crate) fn is_of(&self, build: &Build) -> Result<bool, OpenError> {
        let id = match self.object.build_id().map_err(|_| OpenError::Unreadable)? {
            Some(id) => Cow::Borrowed(id),
            None => Cow::Owned(self.code_hash().ok_or(OpenError::Mismatched)?.to_vec()),
        };
        Ok(hex(&id) == build.id)
    }

    /// Exclusive or of the 16-byte blocks of the first page of `.text`.
    fn code_hash(&self) -> Option<[u8; 16]> {
        const PAGE: usize = 4096;
        let text = self
            .object
            .section_by_name(".text")?
            .data()
            .ok()
            .filter(|data| !data.is_empty())?;
        let mut hash = [0u8; 16];
        for block in text[..text.len().min(PAGE)].chunks(16) {
            for (sum, byte) in hash.iter_mut().zip(block) {
                *sum ^= byte;
            }
        }
        Some(hash)
    }

    pub(crate) fn is_code(&self, address: FileAddress) -> bool {
        self.code.iter().any(|section| section.addresses.contains(&address.0))
    }

    /// Whether the file says where its code is: section headers can be stripped, too.
    pub(crate) fn has_code(&self) -> bool {
        !self.code.is_empty()
    }

    pub(crate) fn is_code_section(&self, index: SectionIndex) -> bool {
        self.code.iter().any(|section| section.index == index)
    }

    pub(crate) fn has_line_information(&self) -> bool {
        let has = |name| {
            self.object
                .section_by_name(name)
                .is_some_and(|section| section.size() > 0)
        };
        has(".debug_info") && has(".debug_line")
    }

    /// A section's bytes, unpacked if need be; empty if it is missing.
    pub(crate) fn section(&self, name: &str, slots: &'s Slots) -> &'s [u8] {
        let Some(section) = self.object.section_by_name(name) else {
            return &[];
        };
        if !section.compressed_data().is_ok_and(|data| may_be_unpacked(&data)) {
            return &[];
        }
        match section.uncompressed_data() {
            Ok(Cow::Borrowed(data)) => data,
            Ok(Cow::Owned(data)) => slots.keep(data),
            Err(_) => &[],
        }
    }

    pub(crate) fn section_address(&self, name: &str) -> Option<u64> {
        self.object.section_by_name(name).map(|section| section.address())
    }
}

/// What is not packed is used where it is mapped, whatever its size.
fn may_be_unpacked(data: &CompressedData<'_>) -> bool {
    data.format == CompressionFormat::None || data.uncompressed_size <= MAX_UNPACKED_BYTES
}

/// By their flags: in a debug file the sections have no bytes, hence no kind.
fn code_of(object: &object::File<'_>) -> Vec<CodeSection> {
    let is_code = |flags| matches!(flags, SectionFlags::Elf { sh_flags, .. } if sh_flags.0 & elf::SHF_EXECINSTR.0 != 0);
    let sections = object.sections().filter(|section| is_code(section.flags()));
    let addresses = |start: u64, size| start..start.saturating_add(size);
    sections
        .map(|section| CodeSection {
            index: section.index(),
            addresses: addresses(section.address(), section.size()),
        })
        .collect()
}

fn base_of(object: &object::File<'_>) -> FileAddress {
    let first = object.segments().find(|segment| segment.file_range().0 == 0);
    let address = match first {
        Some(segment) => segment.address(),
        None => object.segments().map(|segment| segment.address()).min().unwrap_or(0),
    };
    FileAddress(address & !0xfff)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_packed_can_be_too_large_to_unpack() {
        let section = |format, uncompressed_size| CompressedData {
            format,
            data: &[],
            uncompressed_size,
        };
        let (fits, more) = (MAX_UNPACKED_BYTES, MAX_UNPACKED_BYTES + 1);
        assert!(may_be_unpacked(&section(CompressionFormat::None, more)));
        assert!(may_be_unpacked(&section(CompressionFormat::Zlib, fits)));
        assert!(!may_be_unpacked(&section(CompressionFormat::Zlib, more)));
    }
}
