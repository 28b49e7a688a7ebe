//! Scrubbing: what of a minidump may be kept, before any of it is on a disk.
//!
//! In the order in which it is done:
//! 1. Streams are kept by an allow-list: the writer always emits the environment, the command line and the names of open
//!    files. What a kept stream needs is more than its own bytes (names, stacks and contexts lie elsewhere in the file), and
//!    what a dropped one refers to lies elsewhere too: so every byte that no kept stream refers to (`ranges`) is overwritten
//!    with zeroes.
//! 2. Unless the app asked for full stacks, what is no address or small number is replaced on the stacks and in the
//!    registers (`words`; `contexts` knows where the registers stand, `map` what counts as an address). Vector registers go,
//!    and so does what lies deeper in a stack than anybody reads (`depth`).
//! 3. The component of paths that names the user is masked (`names`).
//!
//! Nothing here depends on the system that this runs on: a dump from any writer is scrubbed alike.

mod bytes;
mod contexts;
mod depth;
mod map;
mod names;
mod ranges;
mod removed;
mod words;

use afterword_channel::Homes;
use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use self::bytes::number;
use self::map::Map;
use crate::Error;

/// The minidump after scrubbing, and what was removed, in words for people.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scrubbed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) removed: Vec<String>,
}

const HEADER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 12;
const MAX_STREAMS: usize = 256;

/// What is needed to explain a crash, and why; anything else goes.
fn is_kept(stream: u32) -> bool {
    [
        Stream::ThreadListStream,     // registers and stacks
        Stream::ThreadNamesStream,    // which thread is which
        Stream::ModuleListStream,     // which code the addresses belong to
        Stream::MemoryListStream,     // the bytes of the stacks and around the instruction
        Stream::MemoryInfoListStream, // whether an address was mapped, and how
        Stream::ExceptionStream,      // the signal and its address
        Stream::SystemInfoStream,     // system and processor
        Stream::LinuxCpuInfo,         // model of the processor: some crash alone
        Stream::LinuxLsbRelease,      // distribution
        Stream::LinuxAuxv,            // entry point and vDSO, for unwinding
    ]
    .iter()
    .any(|kept| *kept as u32 == stream)
}

/// The words for what is not kept, for those that say something about the person.
fn in_words(stream: u32) -> &'static str {
    match stream {
        s if s == Stream::LinuxEnviron as u32 => removed::ENVIRONMENT,
        s if s == Stream::LinuxCmdLine as u32 => removed::COMMAND_LINE,
        s if s == Stream::HandleDataStream as u32 => removed::OPEN_FILES,
        s if s == Stream::LinuxMaps as u32 => removed::MAPPED_FILES,
        s if s == Stream::LinuxProcStatus as u32 => removed::USER_NUMBERS,
        _ => removed::OTHER,
    }
}

/// Scrubs a raw dump in place. Paths are masked for the user of this process.
///
/// # Errors
/// [`Error::Scrub`] when the directory or a kept stream is not where it is said to be: then nothing may be kept.
pub(crate) fn scrub(bytes: Vec<u8>, full_stacks: bool) -> Result<Scrubbed, Error> {
    scrub_for(bytes, full_stacks, &crate::masked::homes())
}

fn scrub_for(mut bytes: Vec<u8>, full_stacks: bool, homes: &Homes) -> Result<Scrubbed, Error> {
    let directory = Directory::read(&bytes)?;
    let map = Map::read(&bytes, &directory.entries)?;
    let (kept, dropped) = directory.sorted_out();
    let mut removed: Vec<String> = Vec::new();
    for words in dropped
        .iter()
        .filter(|entry| entry.size > 0)
        .map(|entry| in_words(entry.kind))
    {
        if !removed.iter().any(|known| known == words) {
            removed.push(words.to_owned());
        }
    }
    let mut needed = ranges::needed_by(&bytes, &kept, &map, full_stacks)?;
    needed.ranges.push(0..HEADER_BYTES);
    zero_all_but(&mut bytes, needed.ranges);
    for place in needed.blanked {
        bytes[place].fill(0);
    }
    let mut say = |words: &str| removed.push(words.to_owned());
    if full_stacks {
        say(removed::NOTHING);
    } else {
        say(removed::STACK_WORDS);
        say(removed::REGISTER_WORDS);
        say(removed::VECTORS);
        say(removed::MEMORY);
        let sanitised = words::sanitise(&mut bytes, &kept, &map)?;
        if !sanitised.all_understood {
            say(removed::UNKNOWN_PROCESSOR);
        }
        if sanitised.cut {
            say(removed::DEEP_STACK);
        }
    }
    if names::mask(&mut bytes, &kept, homes)? {
        say(removed::HOME);
    }
    write_directory(&mut bytes, directory.at, &kept);
    Ok(Scrubbed { bytes, removed })
}

/// The directory of those that stay; the places of the others are unused entries.
fn write_directory(bytes: &mut [u8], at: usize, kept: &[Entry]) {
    for (index, entry) in kept.iter().enumerate() {
        let at = at + index * ENTRY_BYTES;
        for (field, number) in [entry.kind as usize, entry.size, entry.at].into_iter().enumerate() {
            bytes[at + field * 4..at + field * 4 + 4].copy_from_slice(&(number as u32).to_le_bytes());
        }
    }
    bytes[8..12].copy_from_slice(&(kept.len() as u32).to_le_bytes());
}

/// An entry of the directory: `<kind: u32> <size: u32> <offset in the file: u32>`.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u32,
    size: usize,
    at: usize,
}

struct Directory {
    at: usize,
    entries: Vec<Entry>,
}

impl Directory {
    /// Header: `"MDMP" <version: u32> <streams: u32> <directory: u32> …`, 32 bytes.
    fn read(bytes: &[u8]) -> Result<Directory, Error> {
        if bytes.get(..4) != Some(b"MDMP") || bytes.len() < HEADER_BYTES {
            return Err(broken("it does not begin as one"));
        }
        let (count, at) = (number(bytes, 8)?, number(bytes, 12)?);
        if count > MAX_STREAMS || at < HEADER_BYTES || at.saturating_add(count * ENTRY_BYTES) > bytes.len() {
            return Err(broken("its directory lies outside"));
        }
        let entry = |index: usize| -> Result<Entry, Error> {
            let at = at + index * ENTRY_BYTES;
            Ok(Entry {
                kind: number(bytes, at)? as u32,
                size: number(bytes, at + 4)?,
                at: number(bytes, at + 8)?,
            })
        };
        Ok(Directory {
            at,
            entries: (0..count).map(entry).collect::<Result<_, _>>()?,
        })
    }

    /// Those that are kept, and those that are not. Of two of one kind the second is not: readers see only one.
    fn sorted_out(&self) -> (Vec<Entry>, Vec<Entry>) {
        let mut kept: Vec<Entry> = Vec::new();
        let mut dropped = Vec::new();
        for entry in &self.entries {
            let is_second = kept.iter().any(|known| known.kind == entry.kind);
            let list = if is_kept(entry.kind) && !is_second {
                &mut kept
            } else {
                &mut dropped
            };
            list.push(*entry);
        }
        (kept, dropped)
    }
}

fn zero_all_but(bytes: &mut [u8], mut kept: Vec<std::ops::Range<usize>>) {
    kept.sort_unstable_by_key(|range| range.start);
    let mut zeroed_to = 0;
    for range in kept {
        if range.start > zeroed_to {
            bytes[zeroed_to..range.start].fill(0);
        }
        zeroed_to = zeroed_to.max(range.end);
    }
    bytes[zeroed_to..].fill(0);
}

fn broken(why: &str) -> Error {
    Error::Scrub { why: why.to_owned() }
}

#[cfg(test)]
mod tests;
