//! Lines of functions that the debug information does not describe.
//!
//! With line tables only (`debug = "line-tables-only"`), LLVM describes those functions alone into which others are inlined: the
//! rest have lines, but no entry of their own. Then the symbol table says where they begin and end, and the line table what
//! lies in between. (LLVM, `DwarfDebug.cpp`, "minimal" units.)

use std::borrow::Cow;

use addr2line::gimli;
use gimli::{DwarfSections, EndianSlice, RunTimeEndian};
use object::{CompressionFormat, Object as _, ObjectSection};
use symbolic_common::{Language, Name, NameMangling};
use symbolic_debuginfo::{FileInfo, Function, LineInfo, Symbol};

use super::MAX_UNPACKED_SECTION_BYTES;

/// The sections of a file, those that were packed unpacked.
pub(super) struct Sections<'d> {
    dwarf: DwarfSections<Cow<'d, [u8]>>,
    endian: RunTimeEndian,
}

impl<'d> Sections<'d> {
    /// Of the object that these bytes are; `None` if it has no line tables.
    pub(super) fn of(bytes: &'d [u8]) -> Option<Sections<'d>> {
        let file = object::File::parse(bytes).ok()?;
        let load = |id: gimli::SectionId| Ok::<_, gimli::Error>(section(&file, id.name()));
        let dwarf = DwarfSections::load(load).ok()?;
        let endian = if file.is_little_endian() {
            RunTimeEndian::Little
        } else {
            RunTimeEndian::Big
        };
        let has_lines = file.section_by_name(gimli::SectionId::DebugLine.name()).is_some();
        has_lines.then_some(Sections { dwarf, endian })
    }

    pub(super) fn tables(&self) -> Option<LineTables<'_>> {
        let dwarf = self.dwarf.borrow(|section| EndianSlice::new(section, self.endian));
        addr2line::Context::from_dwarf(dwarf).ok().map(LineTables)
    }
}

fn section<'d>(file: &object::File<'d>, name: &str) -> Cow<'d, [u8]> {
    let Some(section) = file.section_by_name(name) else {
        return Cow::default();
    };
    let may_be_unpacked = section.compressed_data().is_ok_and(|data| {
        data.format == CompressionFormat::None || data.uncompressed_size <= MAX_UNPACKED_SECTION_BYTES as u64
    });
    if may_be_unpacked {
        section.uncompressed_data().unwrap_or_default()
    } else {
        Cow::default()
    }
}

/// Which line an address belongs to.
pub(super) struct LineTables<'s>(addr2line::Context<EndianSlice<'s, RunTimeEndian>>);

impl LineTables<'_> {
    /// The function that a symbol is, with its lines; `None` if there are none. `base` is what the linker's addresses are
    /// more than the symbol's.
    pub(super) fn function<'n>(&self, symbol: &'n Symbol<'_>, base: u64) -> Option<Function<'n>> {
        let start = symbol.address.checked_add(base)?;
        let end = start.checked_add(symbol.size)?;
        let ranges = self.0.find_location_range(start, end).ok()?;
        let lines: Vec<LineInfo<'_>> = ranges
            .filter_map(|(address, size, location)| {
                let first = address.max(start);
                let size = address.checked_add(size)?.min(end).checked_sub(first)?;
                Some(LineInfo {
                    address: first.checked_sub(base)?,
                    size: Some(size),
                    file: file_info(location.file?),
                    // Line 0 is the compiler's word for "of no line".
                    line: location.line.unwrap_or(0).into(),
                })
            })
            .collect();
        (!lines.is_empty()).then(|| Function {
            address: symbol.address,
            size: symbol.size,
            name: Name::new(
                symbol.name().unwrap_or_default(),
                NameMangling::Mangled,
                Language::Unknown,
            ),
            compilation_dir: b"",
            lines,
            inlinees: Vec::new(),
            inline: false,
        })
    }
}

fn file_info(path: &str) -> FileInfo<'static> {
    let (folder, name) = symbolic_common::split_path(path);
    let owned = |text: &str| Cow::Owned(text.as_bytes().to_vec());
    FileInfo::new(folder.map(owned).unwrap_or_default(), owned(name))
}
