//! Rules for unwinding, in Breakpad's words, with an index.
//!
//! `symbolic-cfi` puts the rules of every format (DWARF, compact unwinding, x64 exception tables, frame data of PDB, Breakpad
//! itself) into the lines of a Breakpad file. Read as a whole, such a file costs a second and much memory; so the lines of
//! each function are found by an index, and only they are read when a frame lies in it.
//!
//! `<magic: 8 bytes> <lines…> <entry…> <place of the entries: u64> <count: u64> <magic: 8 bytes>`, little-endian. An entry is
//! `<start: u32> <size: u32> <place of its lines: u64> <bytes of lines: u32> <kind: u32>`; entries of a kind lie together, sorted
//! by their start. Addresses are relative to the module's base. So there is nothing to go back for while it is written.

use std::collections::HashMap;
use std::io::{BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};

use minidump_unwind::{FrameWalker, SymbolFile};
use symbolic_cfi::AsciiCfiWriter;
use symbolic_debuginfo::Object;

use super::{AnyError, CacheFile};
use crate::address::ModuleOffset;

/// The number of the format that is written now.
pub const CFI_CACHE_VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"AWCFI\0\0\x01";
const ENTRY_BYTES: usize = 24;
const FOOTER_BYTES: usize = 24;

/// Functions with rules; the largest browsers have a million.
const MAX_ENTRIES: usize = 1 << 22;

/// Longer lines are left out: the reader would not take them.
const MAX_LINE_BYTES: usize = 64 << 10;

/// The lines of one function. More are left out with the function: no compiler's functions have so many.
const MAX_LINES_BYTES: u64 = 16 << 20;

/// How many entries before the nearest are tried, where they lie inside of each other.
const MAX_BACKTRACK: usize = 16;

/// Functions whose rules are kept parsed, per module and dump.
const MAX_PARSED: usize = 4096;

/// What kind of line an entry begins with: STACK CFI, and STACK WIN's two kinds that are of use.
const KINDS: [u32; 3] = [CFI, FRAME_DATA, FPO];
const CFI: u32 = 0;
const FRAME_DATA: u32 = 1;
const FPO: u32 = 2;

/// Whether there were any rules.
pub(super) fn write(object: &Object<'_>, out: impl Write) -> Result<bool, AnyError> {
    let mut indexer = Indexer {
        out: BufWriter::new(out),
        at: 0,
        line: Vec::new(),
        entries: Vec::new(),
    };
    indexer.put(MAGIC)?;
    let outcome = AsciiCfiWriter::new(&mut indexer).process(object);
    // Rules up to where a file is damaged are better than none.
    if let Err(error) = outcome
        && (indexer.entries.is_empty() || matches!(error.kind(), symbolic_cfi::CfiErrorKind::WriteFailed))
    {
        return Err(error.into());
    }
    indexer.finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    start: u32,
    size: u32,
    at: u64,
    len: u32,
    kind: u32,
}

/// Lets lines through and remembers where those of each function are.
struct Indexer<W: Write> {
    out: BufWriter<W>,
    at: u64,
    line: Vec<u8>,
    entries: Vec<Entry>,
}

impl<W: Write> Write for &mut Indexer<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() <= MAX_LINE_BYTES {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.take(&line)?;
                self.line = line;
                self.line.clear();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Indexer<W> {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn take(&mut self, line: &[u8]) -> std::io::Result<()> {
        if line.len() > MAX_LINE_BYTES || !line.ends_with(b"\n") {
            return Ok(());
        }
        let text = String::from_utf8_lossy(line);
        let Some((entry, continues)) = beginning(&text) else {
            return Ok(());
        };
        let len = line.len() as u32;
        if continues {
            let Some(last) = self.entries.last_mut() else {
                return Ok(());
            };
            let joined = u64::from(last.len) + u64::from(len);
            if last.kind != CFI || last.at + u64::from(last.len) != self.at || joined > MAX_LINES_BYTES {
                return Ok(());
            }
            last.len = joined as u32;
        } else {
            if self.entries.len() == MAX_ENTRIES {
                return Ok(());
            }
            self.entries.push(Entry {
                at: self.at,
                len,
                ..entry
            });
        }
        self.put(line)
    }

    fn finish(mut self) -> Result<bool, AnyError> {
        self.entries.sort_by_key(|entry| (entry.kind, entry.start, entry.size));
        let (place, count) = (self.at, self.entries.len() as u64);
        for entry in std::mem::take(&mut self.entries) {
            self.put(&entry.start.to_le_bytes())?;
            self.put(&entry.size.to_le_bytes())?;
            self.put(&entry.at.to_le_bytes())?;
            self.put(&entry.len.to_le_bytes())?;
            self.put(&entry.kind.to_le_bytes())?;
        }
        self.put(&place.to_le_bytes())?;
        self.put(&count.to_le_bytes())?;
        self.put(MAGIC)?;
        self.out.flush()?;
        Ok(count > 0)
    }
}

/// What a line begins, or whether it goes on with the last one's function.
fn beginning(line: &str) -> Option<(Entry, bool)> {
    let hex = |text: Option<&str>| u32::from_str_radix(text?, 16).ok();
    let entry = |kind, start, size| Entry {
        start,
        size,
        at: 0,
        len: 0,
        kind,
    };
    if let Some(rest) = line.strip_prefix("STACK CFI INIT ") {
        let mut words = rest.split(' ');
        return Some((entry(CFI, hex(words.next())?, hex(words.next())?), false));
    }
    if line.starts_with("STACK CFI ") {
        return Some((entry(CFI, 0, 0), true));
    }
    let mut words = line.strip_prefix("STACK WIN ")?.split(' ');
    let kind = match words.next()? {
        "4" => FRAME_DATA,
        "0" => FPO,
        _ => return None,
    };
    Some((entry(kind, hex(words.next())?, hex(words.next())?), false))
}

/// A mapped cache of rules.
pub(super) struct Rules {
    file: CacheFile,
    entries_at: usize,
    /// The first entry of each kind, and the end of the last.
    starts: [usize; KINDS.len() + 1],
    parsed: Mutex<HashMap<u64, Arc<SymbolFile>>>,
}

impl Rules {
    /// `None` if the file is no cache of rules, or a damaged one.
    pub(super) fn new(file: CacheFile) -> Option<Rules> {
        let bytes = file.bytes();
        let footer = bytes.len().checked_sub(FOOTER_BYTES)?;
        if !bytes.starts_with(MAGIC) || &bytes[footer + 16..] != MAGIC {
            return None;
        }
        let entries_at = usize::try_from(u64_at(bytes, footer)?).ok()?;
        let count = usize::try_from(u64_at(bytes, footer + 8)?).ok()?;
        if count.checked_mul(ENTRY_BYTES)?.checked_add(entries_at)? != footer {
            return None;
        }
        let mut rules = Rules {
            file,
            entries_at,
            starts: [0, 0, 0, count],
            parsed: Mutex::default(),
        };
        for kind in 1..KINDS.len() {
            rules.starts[kind] = rules.partition(0, count, |entry| (entry.kind as usize) < kind);
        }
        Some(rules)
    }

    /// Whether a function with rules covers the place.
    pub(super) fn covers(&self, offset: ModuleOffset) -> bool {
        KINDS.iter().any(|kind| self.find(*kind, offset).is_some())
    }

    /// Bytes of parameters that the function at a place takes on the stack, which it takes off itself when it returns: what
    /// unwinding 32-bit Windows' functions needs.
    pub(super) fn parameter_bytes(&self, offset: ModuleOffset) -> Option<u32> {
        let entry = [FRAME_DATA, FPO].iter().find_map(|kind| self.find(*kind, offset))?;
        let line = std::str::from_utf8(self.lines(entry)?).ok()?;
        u32::from_str_radix(line.split(' ').nth(7)?, 16).ok()
    }

    /// Restores the caller's registers by the rules; `None` if there are none for the place.
    pub(super) fn unwind(
        &self,
        module: &dyn minidump::Module,
        offset: ModuleOffset,
        walker: &mut dyn FrameWalker,
    ) -> Option<()> {
        // Frame data first, since it says more: the order in which the reader would take them, too.
        [FRAME_DATA, FPO, CFI].iter().find_map(|kind| {
            let rules = self.parsed(self.find(*kind, offset)?)?;
            rules.walk_frame(module, walker)
        })
    }

    fn parsed(&self, entry: Entry) -> Option<Arc<SymbolFile>> {
        let mut parsed = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = parsed.get(&entry.at) {
            return Some(Arc::clone(rules));
        }
        let mut text = b"MODULE Linux x86_64 000000000000000000000000000000000 cache\n".to_vec();
        text.extend_from_slice(self.lines(entry)?);
        let rules = Arc::new(SymbolFile::from_bytes(&text).ok()?);
        if parsed.len() == MAX_PARSED {
            parsed.clear();
        }
        parsed.insert(entry.at, Arc::clone(&rules));
        Some(rules)
    }

    fn find(&self, kind: u32, offset: ModuleOffset) -> Option<Entry> {
        let address = u32::try_from(offset.0).ok()?;
        let (first, end) = (self.starts[kind as usize], self.starts[kind as usize + 1]);
        let behind = self.partition(first, end, |entry| entry.start <= address);
        (first..behind).rev().take(MAX_BACKTRACK).find_map(|index| {
            let entry = self.entry(index)?;
            let within = address.checked_sub(entry.start).is_some_and(|into| into < entry.size);
            within.then_some(entry)
        })
    }

    /// The first index in a range for which `is_before` no longer holds.
    fn partition(&self, mut first: usize, mut end: usize, is_before: impl Fn(&Entry) -> bool) -> usize {
        while first < end {
            let middle = first + (end - first) / 2;
            if self.entry(middle).is_some_and(|entry| is_before(&entry)) {
                first = middle + 1;
            } else {
                end = middle;
            }
        }
        first
    }

    fn entry(&self, index: usize) -> Option<Entry> {
        let bytes = self.file.bytes();
        let at = self.entries_at + index * ENTRY_BYTES;
        Some(Entry {
            start: u32_at(bytes, at)?,
            size: u32_at(bytes, at + 4)?,
            at: u64_at(bytes, at + 8)?,
            len: u32_at(bytes, at + 16)?,
            kind: u32_at(bytes, at + 20)?,
        })
    }

    fn lines(&self, entry: Entry) -> Option<&[u8]> {
        let at = usize::try_from(entry.at).ok()?;
        self.file.bytes()[..self.entries_at].get(at..at.checked_add(entry.len as usize)?)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(lines: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut indexer = Indexer {
            out: BufWriter::new(&mut out),
            at: 0,
            line: Vec::new(),
            entries: Vec::new(),
        };
        indexer.put(MAGIC).unwrap();
        // In pieces, as formatted output comes.
        for piece in lines.as_bytes().chunks(7) {
            (&mut indexer).write_all(piece).unwrap();
        }
        indexer.finish().unwrap();
        out
    }

    fn rules(bytes: Vec<u8>) -> Option<Rules> {
        Rules::new(CacheFile::from_bytes(bytes))
    }

    const LINES: &str = "STACK CFI INIT 2000 10 .cfa: $rsp 8 + .ra: .cfa -8 + ^\n\
        STACK CFI 2004 .cfa: $rsp 16 +\n\
        STACK CFI INIT 1000 20 .cfa: $rsp 8 + .ra: .cfa -8 + ^\n\
        STACK WIN 4 1800 30 0 0 c 0 0 0 1 $eip 4 + ^ =\n\
        STACK WIN 4 1810 8 0 0 4 0 0 0 1 $eip 4 + ^ =\n";

    #[test]
    fn each_function_is_found_with_its_lines() {
        let rules = rules(cache(LINES)).unwrap();
        let lines = |kind, offset| {
            let entry = rules.find(kind, ModuleOffset(offset))?;
            Some(std::str::from_utf8(rules.lines(entry)?).unwrap().lines().count())
        };
        assert_eq!(lines(CFI, 0x2004), Some(2));
        assert_eq!(lines(CFI, 0x101f), Some(1));
        for outside in [0xfff, 0x1020, 0x2010, u64::from(u32::MAX), 1 << 40] {
            assert!(!rules.covers(ModuleOffset(outside)), "{outside:#x}");
        }
        assert_eq!(rules.parameter_bytes(ModuleOffset(0x1810)), Some(4), "the inner one");
        assert_eq!(
            rules.parameter_bytes(ModuleOffset(0x1820)),
            Some(12),
            "the outer one goes on"
        );
        assert_eq!(rules.parameter_bytes(ModuleOffset(0x1000)), None);
        assert!(rules.parsed(rules.find(CFI, ModuleOffset(0x2000)).unwrap()).is_some());
    }

    #[test]
    fn a_damaged_cache_is_none_or_finds_nothing_and_never_panics() {
        let whole = cache(LINES);
        for cut in 0..whole.len() {
            assert!(rules(whole[..cut].to_vec()).is_none(), "{cut}");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                if let Some(rules) = rules(damaged) {
                    for offset in [0x1000, 0x1810, 0x2004, u64::MAX] {
                        let offset = ModuleOffset(offset);
                        let _covers = rules.covers(offset);
                        let _bytes = rules.parameter_bytes(offset);
                        let _rules = rules.find(CFI, offset).and_then(|entry| rules.parsed(entry));
                    }
                }
            }
        }
    }
}
