//! What a dump may claim before it is parsed.
//!
//! The parser allocates what the lists in a dump announce, and many entries may point at the same bytes: 256 MiB of dump can
//! ask for terabytes. So the counts, and the lengths of the strings, are looked at first, in the raw bytes. What is too
//! damaged to be looked at passes: the parser says better what is wrong with it.
//! (`minidumpapiset.h`: MINIDUMP_HEADER, MINIDUMP_THREAD_LIST, MINIDUMP_MODULE, MINIDUMP_THREAD_NAME.)

use minidump::Minidump;
use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use crate::{Error, Limits};

/// Streams in one dump; writers make some twenty.
const MAX_STREAMS: u64 = 4096;

/// All names and debug records of the modules together, and all names of threads.
const MAX_STRING_BYTES: u64 = 16 << 20;

/// The system's version: on Linux what `uname -a` says, on Windows the service pack.
const MAX_VERSION_BYTES: u64 = 4 << 10;

/// All annotations of Crashpad's, with what it takes to list them.
const MAX_ANNOTATION_BYTES: u64 = 4 << 20;

/// Text streams: processor descriptions, soft errors.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// Checks the header's count of streams; before the parser sees anything.
pub(crate) fn header(dump: &[u8], limits: &Limits) -> Result<(), Error> {
    if dump.len() > limits.dump_bytes {
        return Err(Error::DumpTooLarge {
            size_bytes: dump.len(),
            limit_bytes: limits.dump_bytes,
        });
    }
    let big_endian = dump.starts_with(b"PMDM");
    let count = Raw {
        bytes: dump,
        big_endian,
    }
    .u32_at(8);
    within("directory of streams", count.map(u64::from), MAX_STREAMS)
}

/// Checks the lists in the streams that will be read.
pub(crate) fn streams(minidump: &Minidump<'_, &[u8]>, dump: &[u8], limits: &Limits) -> Result<(), Error> {
    let big_endian = dump.starts_with(b"PMDM");
    let all = Raw {
        bytes: dump,
        big_endian,
    };
    let stream = |kind: Stream| {
        minidump
            .get_raw_stream(kind as u32)
            .ok()
            .map(|bytes| Raw { bytes, big_endian })
    };
    let count32 = |kind| stream(kind).and_then(|raw| raw.u32_at(0)).map(u64::from);
    let count64 = |kind| stream(kind).and_then(|raw| raw.u64_at(0));
    let size = |kind| stream(kind).map(|raw| raw.bytes.len() as u64);

    within("thread list", count32(Stream::ThreadListStream), limits.threads as u64)?;
    within("module list", count32(Stream::ModuleListStream), limits.modules as u64)?;
    within(
        "list of thread names",
        count32(Stream::ThreadNamesStream),
        limits.threads as u64,
    )?;
    within(
        "memory list",
        count32(Stream::MemoryListStream),
        limits.memory_ranges as u64,
    )?;
    within(
        "64-bit memory list",
        count64(Stream::Memory64ListStream),
        limits.memory_ranges as u64,
    )?;
    let version = stream(Stream::SystemInfoStream).and_then(|system| version_bytes(system, all));
    within("system's version", version, MAX_VERSION_BYTES)?;
    within("processor description", size(Stream::LinuxCpuInfo), MAX_TEXT_BYTES)?;
    within("process status", size(Stream::LinuxProcStatus), MAX_TEXT_BYTES)?;
    within("list of soft errors", size(Stream::MozSoftErrors), MAX_TEXT_BYTES)?;
    let modules = stream(Stream::ModuleListStream).map(|list| module_bytes(list, all));
    within("module names and debug records", modules, MAX_STRING_BYTES)?;
    let names = stream(Stream::ThreadNamesStream).map(|list| thread_name_bytes(list, all));
    within("thread names", names, MAX_STRING_BYTES)?;
    let annotations = stream(Stream::CrashpadInfoStream).map(|info| annotation_bytes(info, all));
    within("annotations", annotations, MAX_ANNOTATION_BYTES)
}

fn within(what: &'static str, claimed: Option<u64>, limit: u64) -> Result<(), Error> {
    match claimed {
        Some(claimed) if claimed > limit => Err(Error::ListTooLarge { what, claimed, limit }),
        _ => Ok(()),
    }
}

/// `<count: u32> [<padding: u32>] <MINIDUMP_MODULE…>`, 108 bytes each, with the name's place at 20, the debug record's size
/// at 76.
fn module_bytes(list: Raw<'_>, all: Raw<'_>) -> u64 {
    const MODULE_BYTES: usize = 108;
    list.entries(MODULE_BYTES).fold(0, |sum: u64, at| {
        let name = list
            .u32_at(at + 20)
            .and_then(|rva| all.u32_at(rva as usize))
            .unwrap_or(0);
        let record = list.u32_at(at + 76).unwrap_or(0);
        sum.saturating_add(u64::from(name)).saturating_add(u64::from(record))
    })
}

/// `<count: u32> [<padding: u32>] <MINIDUMP_THREAD_NAME…>`, 12 bytes each: thread id, place of the name (64 bits).
fn thread_name_bytes(list: Raw<'_>, all: Raw<'_>) -> u64 {
    const THREAD_NAME_BYTES: usize = 12;
    list.entries(THREAD_NAME_BYTES).fold(0, |sum: u64, at| {
        let rva = list.u64_at(at + 4).and_then(|rva| usize::try_from(rva).ok());
        sum.saturating_add(u64::from(rva.and_then(|rva| all.u32_at(rva)).unwrap_or(0)))
    })
}

/// What Crashpad's annotations take, counted until it is too much. MinidumpCrashpadInfo has the places of a dictionary at 36
/// and of a list of modules at 44, whose entries point to a list of strings and two dictionaries each.
/// (Crashpad, `minidump/minidump_extensions.h`.)
fn annotation_bytes(info: Raw<'_>, all: Raw<'_>) -> u64 {
    /// An entry's own bytes, and its strings' places in it.
    const STRINGS: (usize, &[usize]) = (4, &[0]);
    const DICTIONARY: (usize, &[usize]) = (8, &[0, 4]);
    const OBJECTS: (usize, &[usize]) = (12, &[0, 8]);
    const LINK_BYTES: usize = 12;
    let mut sum = 0u64;
    // A location is a size and a place.
    let mut count = |of: Raw<'_>, at: usize, (entry_bytes, strings): (usize, &[usize])| {
        let place = of.u32_at(at + 4).unwrap_or(0) as usize;
        let entries = all.u32_at(place).unwrap_or(0) as usize;
        for index in 0..entries {
            let entry = place
                .saturating_add(4)
                .saturating_add(index.saturating_mul(entry_bytes));
            if sum > MAX_ANNOTATION_BYTES || entry >= all.bytes.len() {
                break;
            }
            sum += entry_bytes as u64;
            for string in strings {
                let rva = all.u32_at(entry + string).unwrap_or(0) as usize;
                sum += u64::from(all.u32_at(rva).unwrap_or(0));
            }
        }
        sum
    };
    count(info, 36, DICTIONARY);
    let list = info.u32_at(48).unwrap_or(0) as usize;
    let modules = all.u32_at(list).unwrap_or(0) as usize;
    let mut total = 0;
    for index in 0..modules {
        let link = list.saturating_add(4).saturating_add(index.saturating_mul(LINK_BYTES));
        let Some(at) = all.u32_at(link.saturating_add(8)) else {
            break;
        };
        let module = Raw {
            bytes: all.bytes.get(at as usize..).unwrap_or_default(),
            big_endian: all.big_endian,
        };
        count(module, 4, STRINGS);
        count(module, 12, DICTIONARY);
        total = count(module, 20, OBJECTS).saturating_add((index * LINK_BYTES) as u64);
        if total > MAX_ANNOTATION_BYTES {
            break;
        }
    }
    total.max(sum)
}

/// MINIDUMP_SYSTEM_INFO has the place of the version's text at 24.
fn version_bytes(system: Raw<'_>, all: Raw<'_>) -> Option<u64> {
    all.u32_at(system.u32_at(24)? as usize).map(u64::from)
}

#[derive(Clone, Copy)]
struct Raw<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

impl Raw<'_> {
    fn u32_at(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn u64_at(&self, at: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(if self.big_endian {
            u64::from_be_bytes(bytes)
        } else {
            u64::from_le_bytes(bytes)
        })
    }

    /// Where the entries of a list begin. Some writers pad the count to eight bytes, which only the length tells.
    fn entries(&self, entry_bytes: usize) -> impl Iterator<Item = usize> + use<> {
        let count = self.u32_at(0).unwrap_or(0) as usize;
        let padded = count.checked_mul(entry_bytes).and_then(|bytes| bytes.checked_add(8)) == Some(self.bytes.len());
        let start = if padded { 8 } else { 4 };
        let fitting = self.bytes.len().saturating_sub(start) / entry_bytes;
        (0..count.min(fitting)).map(move |index| start + index * entry_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_millions_is_refused_before_it_is_read() {
        let mut dump = b"MDMP\x93\xa7\0\0".to_vec();
        dump.extend(1_000_000u32.to_le_bytes());
        dump.resize(64, 0);
        let error = header(&dump, &Limits::default()).unwrap_err();
        assert!(
            matches!(error, Error::ListTooLarge { claimed: 1_000_000, .. }),
            "{error}"
        );
    }

    #[test]
    fn modules_that_share_one_long_name_are_counted_each() {
        let mut list = 3u32.to_le_bytes().to_vec();
        let mut module = [0u8; 108];
        module[20..24].copy_from_slice(&0u32.to_le_bytes());
        (0..3).for_each(|_| list.extend(module));
        let all = 1_000u32.to_le_bytes();
        let raw = |bytes| Raw {
            bytes,
            big_endian: false,
        };
        assert_eq!(module_bytes(raw(&list), raw(&all)), 3_000);
    }

    #[test]
    fn a_list_that_is_cut_off_is_looked_at_as_far_as_it_goes() {
        let mut list = u32::MAX.to_le_bytes().to_vec();
        list.resize(4 + 108 + 50, 0);
        assert_eq!(
            Raw {
                bytes: &list,
                big_endian: false
            }
            .entries(108)
            .count(),
            1
        );
        assert_eq!(
            Raw {
                bytes: &[],
                big_endian: false
            }
            .entries(108)
            .count(),
            0
        );
    }
}
