//! Which bytes of a minidump its kept streams need.
//!
//! Layouts: <https://learn.microsoft.com/en-us/windows/win32/api/minidumpapiset/>, and Breakpad's for the streams of Linux.

use std::ops::Range;

use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::{Entry, broken, number};
use crate::Error;

/// Lists in a dump of one process are short; a longer one is damage.
const MAX_ITEMS: usize = 1 << 20;

/// The streams themselves and all they refer to.
///
/// # Errors
/// [`Error::Scrub`] for a range that is not in the file.
pub(super) fn needed_by(bytes: &[u8], kept: &[Entry]) -> Result<Vec<Range<usize>>, Error> {
    let mut needed = Needed {
        bytes,
        ranges: Vec::new(),
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
                needed.location(at + 84)
            })?;
        } else if kind(Stream::MemoryListStream) {
            // <start: u64> <location>
            needed.list(entry, 4, 16, |needed, at| needed.location(at + 8))?;
        } else if kind(Stream::ThreadNamesStream) {
            // <thread id> <name: u64>
            needed.list(entry, 4, 12, |needed, at| needed.string(at + 4))?;
        } else if kind(Stream::ExceptionStream) && entry.size >= 168 {
            // <thread id> <align> <record: 152 bytes> <context: location>
            needed.location(entry.at + 160)?;
        } else if kind(Stream::SystemInfoStream) && entry.size >= 28 {
            needed.string(entry.at + 24)?;
        }
    }
    Ok(needed.ranges)
}

struct Needed<'a> {
    bytes: &'a [u8],
    ranges: Vec<Range<usize>>,
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
