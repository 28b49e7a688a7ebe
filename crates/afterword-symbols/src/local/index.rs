//! A search table for call frame information that came without one: `.eh_frame` without `.eh_frame_hdr`, `.debug_frame`.

use addr2line::gimli;
use gimli::{BaseAddresses, CieOrFde, EndianSlice, RunTimeEndian, UnwindSection};

use crate::address::FileAddress;

/// Functions of one file whose rules are found without a table of the linker's; the largest browsers have a million.
const MAX_INDEXED_ENTRIES: usize = 1 << 22;

/// Where the rules of each function are in a section that came without a search table: made once, since a stack that is
/// scanned asks for every word on it.
pub(crate) struct Index {
    /// Sorted by the first address.
    entries: Vec<Indexed>,
}

struct Indexed {
    start: u64,
    end: u64,
    offset: usize,
}

impl Index {
    /// Of the entries up to the first that is damaged.
    pub(crate) fn of<'s, S: UnwindSection<EndianSlice<'s, RunTimeEndian>>>(
        section: &S,
        bases: &BaseAddresses,
    ) -> Index {
        let mut entries = Vec::new();
        let mut all = section.entries(bases);
        while let Ok(Some(entry)) = all.next() {
            let CieOrFde::Fde(partial) = entry else { continue };
            let Ok(function) = partial.parse(S::cie_from_offset) else {
                continue;
            };
            // Nothing begins at 0 but functions that the linker dropped.
            if function.initial_address() != 0 && function.initial_address() < function.end_address() {
                entries.push(Indexed {
                    start: function.initial_address(),
                    end: function.end_address(),
                    offset: function.offset(),
                });
            }
            if entries.len() == MAX_INDEXED_ENTRIES {
                break;
            }
        }
        entries.sort_by_key(|entry| entry.start);
        Index { entries }
    }

    /// The place of the rules for an address in the section.
    pub(crate) fn find(&self, address: FileAddress) -> Option<usize> {
        let behind = self.entries.partition_point(|entry| entry.start <= address.0);
        let entry = self.entries[..behind].last()?;
        (address.0 < entry.end).then_some(entry.offset)
    }
}
