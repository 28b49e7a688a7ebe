//! Masking the user's name in the fields of a dump that hold paths.

use afterword_channel::Homes;
use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::Entry;
use super::bytes::{items, number, piece};
use crate::Error;

/// Masks in place, at equal length: the files of the modules, and the debug files that they name. Returns whether there was
/// something to mask.
///
/// # Errors
/// [`Error::Scrub`] for what is not in the file.
pub(super) fn mask(bytes: &mut [u8], kept: &[Entry], homes: &Homes) -> Result<bool, Error> {
    let mut any = false;
    // <base: u64> <size> <checksum> <time> <name> <version: 52 bytes> <debug record: location> …
    for at in items(bytes, kept, Stream::ModuleListStream, 108)? {
        let name = number(bytes, at + 20)?;
        if name != 0 {
            let size = number(bytes, name)?;
            any |= mask_utf16(piece(bytes, name + 4, size)?, homes);
        }
        let (size, record) = (number(bytes, at + 76)?, number(bytes, at + 80)?);
        if size > 0 {
            any |= mask_debug_file(piece(bytes, record, size)?, homes);
        }
    }
    Ok(any)
}

fn mask_utf16(text: &mut [u8], homes: &Homes) -> bool {
    let (units, _) = text.as_chunks_mut::<2>();
    let mut path: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let masked = homes.mask_utf16_in_place(&mut path);
    for (unit, masked) in units.iter_mut().zip(path) {
        *unit = masked.to_le_bytes();
    }
    masked
}

/// `RSDS <id: 16 bytes> <age: u32> <path> NUL`, or `NB10 <offset> <time> <age> <path> NUL`. Other records (`BpEL`, a build
/// id) have no path.
fn mask_debug_file(record: &mut [u8], homes: &Homes) -> bool {
    let path_at = match record.get(..4) {
        Some(b"RSDS") => 24,
        Some(b"NB10") => 16,
        _ => return false,
    };
    let Some(path) = record.get_mut(path_at..) else {
        return false;
    };
    let end = path.iter().position(|byte| *byte == 0).unwrap_or(path.len());
    homes.mask_in_place(&mut path[..end])
}
