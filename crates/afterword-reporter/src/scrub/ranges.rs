//! Which bytes of a minidump its kept streams need.
//!
//! Layouts: <https://learn.microsoft.com/en-us/windows/win32/api/minidumpapiset/>, and Breakpad's for the streams of Linux.

use std::ops::Range;

use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::{Entry, broken, number};
use crate::Error;

/// Lists in a dump of one process are short; a longer one is damage.
const MAX_ITEMS: usize = 1 << 20;

/// What stays of a dump.
pub(super) struct Kept {
    /// The streams themselves and all they refer to.
    pub(super) ranges: Vec<Range<usize>>,
    /// Places inside those that are overwritten all the same.
    pub(super) blanked: Vec<Range<usize>>,
}

/// What the kept streams need. Unless the app keeps its stacks whole, that is without what holds the app's data: vector
/// registers, memory that is neither a stack nor code, the numbers of user and group.
///
/// # Errors
/// [`Error::Scrub`] for a range that is not in the file.
pub(super) fn needed_by(bytes: &[u8], kept: &[Entry], whole: bool) -> Result<Kept, Error> {
    let code = code_ranges(bytes, kept)?;
    let stacks = stack_places(bytes, kept)?;
    let mut needed = Needed {
        bytes,
        ranges: Vec::new(),
        blanked: Vec::new(),
        whole,
    };
    for entry in kept {
        needed.add(entry.at, entry.size)?;
        let kind = |stream: Stream| stream as u32 == entry.kind;
        if kind(Stream::ThreadListStream) {
            // <id> <suspended> <class> <priority> <teb: u64> <stack: start u64, location> <context: location>
            needed.list(entry, 4, 48, |needed, at| {
                needed.location(at + 32)?;
                needed.context(at + 40)
            })?;
        } else if kind(Stream::ModuleListStream) {
            // <base: u64> <size> <checksum> <time> <name> <version: 52 bytes> <debug record: location> <misc: location> …
            needed.list(entry, 4, 108, |needed, at| {
                needed.string(at + 20)?;
                needed.location(at + 76)?;
                needed.location(at + 84)
            })?;
        } else if kind(Stream::MemoryListStream) {
            // <start: u64> <location>
            needed.list(entry, 4, 16, |needed, at| {
                let start = number64(needed.bytes, at)?;
                let place = number(needed.bytes, at + 12)?;
                let is_code = code.iter().any(|code| code.contains(&start));
                if whole || is_code || stacks.contains(&place) {
                    needed.location(at + 8)
                } else {
                    // Listed with no bytes, so that nobody takes zeroes for what was there.
                    needed.blanked.push(at + 8..at + 12);
                    Ok(())
                }
            })?;
        } else if kind(Stream::ThreadNamesStream) {
            // <thread id> <name: u64>
            needed.list(entry, 4, 12, |needed, at| needed.string(at + 4))?;
        } else if kind(Stream::ExceptionStream) && entry.size >= 168 {
            // <thread id> <align> <record: 152 bytes> <context: location>
            needed.context(entry.at + 160)?;
        } else if kind(Stream::LinuxAuxv) {
            needed.auxv(entry)?;
        } else if kind(Stream::SystemInfoStream) && entry.size >= 28 {
            needed.string(entry.at + 24)?;
        }
    }
    Ok(Kept {
        ranges: needed.ranges,
        blanked: needed.blanked,
    })
}

/// Addresses that belong to a module: code and its constants, which are in the module's file anyway.
fn code_ranges(bytes: &[u8], kept: &[Entry]) -> Result<Vec<Range<u64>>, Error> {
    let mut code = Vec::new();
    for at in items(bytes, kept, Stream::ModuleListStream, 108)? {
        let base = number64(bytes, at)?;
        code.push(base..base.saturating_add(number(bytes, at + 8)? as u64));
    }
    Ok(code)
}

/// Where in the file the stacks lie.
fn stack_places(bytes: &[u8], kept: &[Entry]) -> Result<Vec<usize>, Error> {
    items(bytes, kept, Stream::ThreadListStream, 48)?
        .map(|at| number(bytes, at + 36))
        .collect()
}

/// The places of a list's items.
fn items(bytes: &[u8], kept: &[Entry], stream: Stream, item: usize) -> Result<impl Iterator<Item = usize>, Error> {
    let entry = kept.iter().find(|entry| entry.kind == stream as u32);
    let (at, count) = match entry {
        Some(entry) => (entry.at + 4, number(bytes, entry.at)?.min(entry.size / item)),
        None => (0, 0),
    };
    Ok((0..count).map(move |index| at + index * item))
}

fn number64(bytes: &[u8], at: usize) -> Result<u64, Error> {
    Ok(number(bytes, at)? as u64 | (number(bytes, at + 4)? as u64) << 32)
}

struct Needed<'a> {
    bytes: &'a [u8],
    ranges: Vec<Range<usize>>,
    blanked: Vec<Range<usize>>,
    whole: bool,
}

impl Needed<'_> {
    fn add(&mut self, at: usize, size: usize) -> Result<(), Error> {
        let end = at.checked_add(size).filter(|end| *end <= self.bytes.len());
        self.ranges
            .push(at..end.ok_or_else(|| broken("a part of a stream lies outside"))?);
        Ok(())
    }

    /// `<count: u32>` and as many items of one size.
    fn list(
        &mut self,
        entry: &Entry,
        header: usize,
        item: usize,
        mut each: impl FnMut(&mut Self, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let count = number(self.bytes, entry.at)?;
        if count > MAX_ITEMS || header + count * item > entry.size {
            return Err(broken("a list is longer than its stream"));
        }
        (0..count).try_for_each(|index| each(self, entry.at + header + index * item))
    }

    /// A location: `<size: u32> <offset: u32>`.
    fn location(&mut self, at: usize) -> Result<(), Error> {
        let (size, target) = (number(self.bytes, at)?, number(self.bytes, at + 4)?);
        if size == 0 { Ok(()) } else { self.add(target, size) }
    }

    /// A location of a thread's context, whose vector registers hold text as often as not. The layouts are told by their
    /// sizes: `CONTEXT_AMD64` and `CONTEXT_ARM64` of minidump-common.
    fn context(&mut self, at: usize) -> Result<(), Error> {
        let (size, target) = (number(self.bytes, at)?, number(self.bytes, at + 4)?);
        self.location(at)?;
        let vectors = match size {
            1232 => 256..1184,
            912 => 272..784,
            _ => return Ok(()),
        };
        if !self.whole {
            self.blanked.push(target + vectors.start..target + vectors.end);
        }
        Ok(())
    }

    /// Pairs of 64-bit words `<type> <value>`; the values of AT_UID, AT_EUID, AT_GID and AT_EGID go.
    fn auxv(&mut self, entry: &Entry) -> Result<(), Error> {
        for at in (entry.at..entry.at + entry.size / 16 * 16).step_by(16) {
            if (11..=14).contains(&number64(self.bytes, at)?) {
                self.blanked.push(at..at + 16);
            }
        }
        Ok(())
    }

    /// The offset of a string: `<bytes: u32> <UTF-16> <NUL>`.
    fn string(&mut self, at: usize) -> Result<(), Error> {
        let target = number(self.bytes, at)?;
        if target == 0 {
            return Ok(());
        }
        let length = number(self.bytes, target)?;
        self.add(target, length.saturating_add(4))
    }
}
