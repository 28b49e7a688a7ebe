//! Numbers and lists in the bytes of a dump.

use afterword_channel::stack_words::WordSize;
use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::{Entry, broken};
use crate::Error;

/// A number of four bytes.
pub(super) fn number(bytes: &[u8], at: usize) -> Result<usize, Error> {
    bytes
        .get(at..at.saturating_add(4))
        .and_then(|bytes| bytes.try_into().ok())
        .map(|bytes| u32::from_le_bytes(bytes) as usize)
        .ok_or_else(|| broken("a number lies outside"))
}

/// A number of eight bytes.
pub(super) fn number64(bytes: &[u8], at: usize) -> Result<u64, Error> {
    Ok(number(bytes, at)? as u64 | (number(bytes, at + 4)? as u64) << 32)
}

/// A number as long as a word.
pub(super) fn word(bytes: &[u8], at: usize, size: WordSize) -> Result<u64, Error> {
    match size.bytes() {
        4 => Ok(number(bytes, at)? as u64),
        _ => number64(bytes, at),
    }
}

/// A piece of the dump, to be changed.
pub(super) fn piece(bytes: &mut [u8], at: usize, size: usize) -> Result<&mut [u8], Error> {
    at.checked_add(size)
        .and_then(|end| bytes.get_mut(at..end))
        .ok_or_else(|| broken("a part of a stream lies outside"))
}

/// The places of a list's items: `<count: u32>` and as many items of one size.
pub(super) fn items(
    bytes: &[u8],
    entries: &[Entry],
    stream: Stream,
    item: usize,
) -> Result<impl Iterator<Item = usize> + use<>, Error> {
    let entry = entries.iter().find(|entry| entry.kind == stream as u32);
    let (at, count) = match entry {
        Some(entry) => (entry.at + 4, number(bytes, entry.at)?.min(entry.size / item)),
        None => (0, 0),
    };
    Ok((0..count).map(move |index| at + index * item))
}
