//! Functions, inlined functions, files and lines by DWARF, through `addr2line`.

use addr2line::gimli;
use gimli::{EndianSlice, RunTimeEndian};
use object::Object;

use super::Found;
use super::elf::{ElfFile, Slots};
use crate::address::FileAddress;

/// Inlined functions at one address; more is nonsense.
const MAX_INLINED: usize = 256;

/// The debug information of one file; compilation units are parsed when an address in them is asked for.
pub(crate) struct Lines<'s> {
    context: addr2line::Context<EndianSlice<'s, RunTimeEndian>>,
}

impl<'s> Lines<'s> {
    pub(crate) fn read(file: &ElfFile<'s>, slots: &'s Slots) -> Option<Lines<'s>> {
        let endian = if file.object.is_little_endian() {
            RunTimeEndian::Little
        } else {
            RunTimeEndian::Big
        };
        let load =
            |id: gimli::SectionId| Ok::<_, gimli::Error>(EndianSlice::new(file.section(id.name(), slots), endian));
        let mut dwarf = gimli::Dwarf::load(load).ok()?;
        // Units of one linked library often share their abbreviations.
        dwarf.populate_abbreviations_cache(gimli::AbbreviationsCacheStrategy::Duplicates);
        let context = addr2line::Context::from_dwarf(dwarf).ok()?;
        Some(Lines { context })
    }

    /// The functions at an address, the innermost first; empty if no unit covers it.
    pub(crate) fn functions_at(&self, address: FileAddress) -> Vec<Found> {
        let mut found = Vec::new();
        let Ok(mut frames) = self.context.find_frames(address.0).skip_all_loads() else {
            return found;
        };
        while let Ok(Some(frame)) = frames.next() {
            if found.len() == MAX_INLINED {
                break;
            }
            let function = frame
                .function
                .as_ref()
                .and_then(|function| function.raw_name().ok())
                .map(|name| name.into_owned());
            let location = frame.location.as_ref();
            found.push(Found {
                function,
                file: location.and_then(|location| location.file).map(ToOwned::to_owned),
                // Line 0 is the compiler's word for "of no line".
                line: location.and_then(|location| location.line).filter(|line| *line != 0),
            });
        }
        found
    }
}
