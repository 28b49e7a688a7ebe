//! Scrubbing: what of a minidump may be kept, before any of it is on a disk.
//!
//! The writer always emits the environment, the command line and the names of open files. Streams are kept by an allow-list;
//! the rest is overwritten with zeroes and taken out of the directory. Words on the stacks that are no addresses were
//! sanitised by the writer, unless the app asked for full stacks.

use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

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
        Stream::LinuxMaps,            // mapped files, for unwinding
        Stream::LinuxDsoDebug,        // loaded libraries
    ]
    .iter()
    .any(|kept| *kept as u32 == stream)
}

/// The words for what is not kept, for those that say something about the person.
fn in_words(stream: u32) -> &'static str {
    match stream {
        s if s == Stream::LinuxEnviron as u32 => "environment variables",
        s if s == Stream::LinuxCmdLine as u32 => "the command line",
        s if s == Stream::HandleDataStream as u32 => "names of open files",
        s if s == Stream::LinuxProcStatus as u32 => "user and group numbers",
        _ => "other data of the process",
    }
}

/// Scrubs a raw dump in place.
///
/// # Errors
/// [`Error::Scrub`] when the directory of streams is not where the header says: then nothing may be kept.
pub(crate) fn scrub(mut bytes: Vec<u8>, full_stacks: bool) -> Result<Scrubbed, Error> {
    let broken = |why: &str| Error::Scrub { why: why.to_owned() };
    let number = |bytes: &[u8], at: usize| -> Option<usize> {
        Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize)
    };
    if bytes.get(..4) != Some(b"MDMP") || bytes.len() < HEADER_BYTES {
        return Err(broken("it does not begin as one"));
    }
    let (Some(count), Some(directory)) = (number(&bytes, 8), number(&bytes, 12)) else {
        return Err(broken("its header is cut short"));
    };
    if count > MAX_STREAMS || directory + count * ENTRY_BYTES > bytes.len() {
        return Err(broken("its directory lies outside"));
    }
    let mut kept = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    for index in 0..count {
        let at = directory + index * ENTRY_BYTES;
        let entry: Vec<u8> = bytes[at..at + ENTRY_BYTES].to_vec();
        let (Some(stream), Some(size), Some(rva)) = (number(&entry, 0), number(&entry, 4), number(&entry, 8)) else {
            return Err(broken("an entry is cut short"));
        };
        if is_kept(stream as u32) {
            kept.push(entry);
            continue;
        }
        if size > 0 {
            let stream_bytes = rva
                .checked_add(size)
                .and_then(|end| bytes.get_mut(rva..end))
                .ok_or_else(|| broken("a stream lies outside"))?;
            stream_bytes.fill(0);
            let words = in_words(stream as u32).to_owned();
            if !removed.contains(&words) {
                removed.push(words);
            }
        }
    }
    if !full_stacks {
        removed.push("data on the stacks that is no address".to_owned());
    }
    // The directory of those that stay; the places of the others become unused entries.
    let mut at = directory;
    for entry in &kept {
        bytes[at..at + ENTRY_BYTES].copy_from_slice(entry);
        at += ENTRY_BYTES;
    }
    bytes[at..directory + count * ENTRY_BYTES].fill(0);
    bytes[8..12].copy_from_slice(&(kept.len() as u32).to_le_bytes());
    Ok(Scrubbed { bytes, removed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

    /// A dump of these streams, built by hand: `<header> <directory> <contents>…`.
    fn dump(streams: &[(u32, &[u8])]) -> Vec<u8> {
        let mut bytes = b"MDMP\x93\xa7\0\0".to_vec();
        bytes.extend((streams.len() as u32).to_le_bytes());
        bytes.extend((HEADER_BYTES as u32).to_le_bytes());
        bytes.resize(HEADER_BYTES, 0);
        let mut rva = HEADER_BYTES + streams.len() * ENTRY_BYTES;
        for (kind, content) in streams {
            for number in [*kind, content.len() as u32, rva as u32] {
                bytes.extend(number.to_le_bytes());
            }
            rva += content.len();
        }
        for (_, content) in streams {
            bytes.extend(*content);
        }
        bytes
    }

    fn contains(haystack: &[u8], needle: &[u8]) -> bool {
        haystack.windows(needle.len()).any(|window| window == needle)
    }

    #[test]
    fn only_what_is_on_the_list_stays() {
        let raw = dump(&[
            (Stream::LinuxEnviron as u32, b"SECRET=hunter2"),
            (Stream::SystemInfoStream as u32, b"system"),
            (Stream::LinuxCmdLine as u32, b"app --token=abc"),
            (0x1234_5678, b"from the future"),
            (Stream::ThreadNamesStream as u32, b"names"),
        ]);
        let scrubbed = scrub(raw.clone(), true).unwrap();
        assert_eq!(scrubbed.bytes.len(), raw.len());
        for gone in [&b"hunter2"[..], b"token", b"future"] {
            assert!(contains(&raw, gone) && !contains(&scrubbed.bytes, gone));
        }
        assert!(contains(&scrubbed.bytes, b"system") && contains(&scrubbed.bytes, b"names"));
        assert_eq!(
            scrubbed.removed,
            ["environment variables", "the command line", "other data of the process"]
        );
        assert_eq!(scrubbed.bytes[8], 2);
        let second = HEADER_BYTES + ENTRY_BYTES;
        assert_eq!(
            scrubbed.bytes[second..second + 4],
            (Stream::ThreadNamesStream as u32).to_le_bytes()
        );
        assert!(
            scrubbed.bytes[second + ENTRY_BYTES..HEADER_BYTES + 5 * ENTRY_BYTES]
                .iter()
                .all(|byte| *byte == 0)
        );
    }

    #[test]
    fn a_dump_that_cannot_be_read_is_not_kept() {
        let good = dump(&[(Stream::LinuxEnviron as u32, b"SECRET")]);
        assert!(scrub(b"nothing".to_vec(), false).is_err());
        let mut far = good.clone();
        far[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(scrub(far, false).is_err());
        let mut outside = good.clone();
        outside[HEADER_BYTES + 4..HEADER_BYTES + 8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(scrub(outside, false).is_err());
        assert!(scrub(good, false).is_ok());
    }
}
