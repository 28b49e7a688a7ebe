//! What was where in the memory of the process, as far as the dump tells.

use std::ops::Range;

use afterword_channel::stack_words::joined;
use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::bytes::{items, number, number64};
use super::{Entry, broken};
use crate::Error;

/// Lists in a dump of one process are short; a longer one is damage.
const MAX_ITEMS: u64 = 1 << 20;

/// Ranges of addresses, each list sorted and without overlap.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// Whatever may be a return address: the modules, and what else is executable (made at run time).
    pub(super) code: Vec<Range<u64>>,
    /// Whatever is there.
    pub(super) mapped: Vec<Range<u64>>,
    /// Code that cannot be written to.
    constant: Vec<Range<u64>>,
    modules: Vec<Range<u64>>,
}

impl Map {
    /// From all streams of the raw dump, those that will not be kept included.
    ///
    /// # Errors
    /// [`Error::Scrub`] for a list that is not where it is said to be.
    pub(super) fn read(bytes: &[u8], entries: &[Entry]) -> Result<Map, Error> {
        let mut map = Map::default();
        // <base: u64> <size: u32> …
        for at in items(bytes, entries, Stream::ModuleListStream, 108)? {
            let base = number64(bytes, at)?;
            map.modules
                .push(base..base.saturating_add(number(bytes, at + 8)? as u64));
        }
        map.code.clone_from(&map.modules);
        map.mapped.clone_from(&map.modules);
        for entry in entries {
            if entry.kind == Stream::MemoryInfoListStream as u32 {
                map.add_memory_info(bytes, entry)?;
            } else if entry.kind == Stream::LinuxMaps as u32 {
                map.add_linux_maps(
                    bytes
                        .get(entry.at..entry.at.saturating_add(entry.size))
                        .unwrap_or_default(),
                );
            }
        }
        for ranges in [&mut map.code, &mut map.mapped, &mut map.constant, &mut map.modules] {
            *ranges = joined(std::mem::take(ranges));
        }
        Ok(map)
    }

    /// Whether these addresses hold a module's code and nothing that the process wrote: what is in the module's file anyway.
    pub(super) fn is_code_of_a_file(&self, addresses: &Range<u64>) -> bool {
        let holds = |ranges: &[Range<u64>]| {
            ranges
                .iter()
                .any(|range| range.start <= addresses.start && addresses.end <= range.end)
        };
        holds(&self.constant) && holds(&self.modules)
    }

    /// `<bytes of this header: u32> <bytes of an entry: u32> <count: u64>`, then `<base: u64> <allocation base: u64>
    /// <allocation protection: u32> <0> <size: u64> <state: u32> <protection: u32> <kind: u32> <0>` each.
    /// <https://learn.microsoft.com/en-us/windows/win32/api/minidumpapiset/ns-minidumpapiset-minidump_memory_info>
    fn add_memory_info(&mut self, bytes: &[u8], entry: &Entry) -> Result<(), Error> {
        const COMMITTED: usize = 0x1000;
        let (header, item) = (number(bytes, entry.at)?, number(bytes, entry.at + 4)?);
        let count = number64(bytes, entry.at + 8)?;
        if item < 48 || count > MAX_ITEMS || header.saturating_add(item.saturating_mul(count as usize)) > entry.size {
            return Err(broken("the list of memory is longer than its stream"));
        }
        for index in 0..count as usize {
            let at = entry.at + header + index * item;
            let base = number64(bytes, at)?;
            let range = base..base.saturating_add(number64(bytes, at + 24)?);
            if number(bytes, at + 32)? & COMMITTED != 0 {
                let protection = number(bytes, at + 36)?;
                self.add(
                    range,
                    protection & 0xf0 != 0,
                    protection & (0x04 | 0x08 | 0x40 | 0x80) != 0,
                );
            }
        }
        Ok(())
    }

    /// Lines of `<start>-<end> rwxp …`, of proc(5). A line that is none says nothing.
    fn add_linux_maps(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            let Ok(line) = str::from_utf8(&line[..line.len().min(64)]) else {
                continue;
            };
            let mut fields = line.split(' ');
            let range = fields.next().and_then(|range| range.split_once('-'));
            let (Some((start, end)), Some(access)) = (range, fields.next()) else {
                continue;
            };
            if let (Ok(start), Ok(end)) = (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16)) {
                self.add(start..end, access.contains('x'), access.contains('w'));
            }
        }
    }

    fn add(&mut self, range: Range<u64>, executable: bool, writable: bool) {
        if executable {
            self.code.push(range.clone());
            if !writable {
                self.constant.push(range.clone());
            }
        }
        self.mapped.push(range);
    }
}
