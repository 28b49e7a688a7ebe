//! Which bytes of a minidump its kept streams need.
//!
//! Layouts: <https://learn.microsoft.com/en-us/windows/win32/api/minidumpapiset/>, and Breakpad's for the streams of Linux.

use std::ops::Range;

use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::bytes::{items, number, number64};
use super::map::Map;
use super::{Entry, broken};
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

/// What the kept streams need. Unless the app keeps its stacks whole, that is without memory that is neither a stack nor
/// code; in any case without the numbers of user and group.
///
/// # Errors
/// [`Error::Scrub`] for a range that is not in the file.
pub(super) fn needed_by(bytes: &[u8], kept: &[Entry], map: &Map, whole: bool) -> Result<Kept, Error> {
    let stacks = stack_places(bytes, kept)?;
    let mut needed = Needed {
        bytes,
        ranges: Vec::new(),
        blanked: Vec::new(),
    };
    for entry in kept {
        needed.add(entry.at, entry.size)?;
        let kind = |stream: Stream| stream as u32 == entry.kind;
        if kind(Stream::ThreadListStream) {
            // <id> <suspended> <class> <priority> <teb: u64> <stack: start u64, location> <context: location>
            needed.list(entry, 4, 48, |needed, at| {
                needed.location(at + 32)?;
                needed.location(at + 40)
            })?;
        } else if kind(Stream::ModuleListStream) {
            // <base: u64> <size> <checksum> <time> <name> <version: 52 bytes> <debug record: location> <misc: location> …
            needed.list(entry, 4, 108, |needed, at| {
                needed.string(at + 20)?;
                needed.location(at + 76)?;
                // Nobody's writer has the second one any more, and it may hold a path.
                needed.blanked.push(at + 84..at + 92);
                Ok(())
            })?;
        } else if kind(Stream::MemoryListStream) {
            // <start: u64> <location>
            needed.list(entry, 4, 16, |needed, at| {
                let start = number64(needed.bytes, at)?;
                let (size, place) = (number(needed.bytes, at + 8)?, number(needed.bytes, at + 12)?);
                let addresses = start..start.saturating_add(size as u64);
                if whole || map.is_code_of_a_file(&addresses) || stacks.contains(&(size, place)) {
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
            needed.location(entry.at + 160)?;
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

/// Sizes and places in the file of the stacks.
fn stack_places(bytes: &[u8], kept: &[Entry]) -> Result<Vec<(usize, usize)>, Error> {
    items(bytes, kept, Stream::ThreadListStream, 48)?
        .map(|at| Ok((number(bytes, at + 32)?, number(bytes, at + 36)?)))
        .collect()
}

struct Needed<'a> {
    bytes: &'a [u8],
    ranges: Vec<Range<usize>>,
    blanked: Vec<Range<usize>>,
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
