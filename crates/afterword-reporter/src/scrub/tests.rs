//! Dumps built by hand, independently of the code that reads them.

use minidump_common::format::MINIDUMP_STREAM_TYPE as Stream;

use super::*;

/// A dump of these streams: `<header> <directory> <contents>…`, and after them what the streams refer to.
fn dump(streams: &[(u32, &[u8])], behind: &[u8]) -> Vec<u8> {
    let mut bytes = b"MDMP\x93\xa7\0\0".to_vec();
    bytes.extend((streams.len() as u32).to_le_bytes());
    bytes.extend((HEADER_BYTES as u32).to_le_bytes());
    bytes.resize(HEADER_BYTES, 0);
    let mut at = HEADER_BYTES + streams.len() * ENTRY_BYTES;
    for (kind, content) in streams {
        for number in [*kind, content.len() as u32, at as u32] {
            bytes.extend(number.to_le_bytes());
        }
        at += content.len();
    }
    for (_, content) in streams {
        bytes.extend(*content);
    }
    bytes.extend(behind);
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [&(units.len() as u32).to_le_bytes()[..], &units].concat()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn only_what_is_on_the_list_stays() {
    let raw = dump(
        &[
            (Stream::LinuxEnviron as u32, b"SECRET=hunter2"),
            (Stream::LinuxCpuInfo as u32, b"processor"),
            (Stream::LinuxCmdLine as u32, b"app --token=abc"),
            (0x1234_5678, b"from the future"),
            (Stream::LinuxLsbRelease as u32, b"Debian"),
        ],
        b"left lying about",
    );
    let scrubbed = scrub(raw.clone(), true).unwrap();
    assert_eq!(scrubbed.bytes.len(), raw.len());
    for gone in [&b"hunter2"[..], b"token", b"future", b"lying"] {
        assert!(contains(&raw, gone) && !contains(&scrubbed.bytes, gone));
    }
    assert!(contains(&scrubbed.bytes, b"processor") && contains(&scrubbed.bytes, b"Debian"));
    assert_eq!(
        scrubbed.removed,
        [
            "environment variables",
            "the command line",
            "other data of the process",
            "nothing from the stacks: this program keeps them whole"
        ]
    );
    assert_eq!(scrubbed.bytes[8], 2);
    let second = HEADER_BYTES + ENTRY_BYTES;
    assert_eq!(
        scrubbed.bytes[second..second + 4],
        (Stream::LinuxLsbRelease as u32).to_le_bytes()
    );
    let unused = &scrubbed.bytes[second + ENTRY_BYTES..HEADER_BYTES + 5 * ENTRY_BYTES];
    assert!(unused.iter().all(|byte| *byte == 0));
}

#[test]
fn names_that_only_a_dropped_stream_refers_to_go_with_it() {
    // A list of one thread name, and a list of handles whose names lie behind the streams.
    let behind = [utf16("worker"), utf16("/home/ann/divorce.odt")].concat();
    let streams = |name: u32| {
        [
            &1u32.to_le_bytes()[..],
            &7u32.to_le_bytes(),
            &u64::from(name).to_le_bytes(),
        ]
        .concat()
    };
    let length = streams(0).len();
    let at = (HEADER_BYTES + 2 * ENTRY_BYTES + length + 20) as u32;
    let names = streams(at);
    let raw = dump(
        &[
            (Stream::ThreadNamesStream as u32, &names),
            (Stream::HandleDataStream as u32, &[1; 20]),
        ],
        &behind,
    );
    let scrubbed = scrub(raw.clone(), false).unwrap();
    let divorce = &utf16("divorce")[4..];
    assert!(contains(&raw, divorce) && !contains(&scrubbed.bytes, divorce));
    assert!(contains(&scrubbed.bytes, &utf16("worker")));
    assert_eq!(
        scrubbed.removed,
        ["names of open files", "data on the stacks that is no address"]
    );
}

#[test]
fn a_dump_that_cannot_be_read_is_not_kept() {
    let good = dump(&[(Stream::LinuxCpuInfo as u32, b"processor")], b"");
    assert!(scrub(b"nothing".to_vec(), false).is_err());
    let mut far = good.clone();
    far[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(scrub(far, false).is_err());
    let mut outside = good.clone();
    outside[HEADER_BYTES + 4..HEADER_BYTES + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(scrub(outside, false).is_err());
    let mut long = dump(&[(Stream::ThreadListStream as u32, &u32::MAX.to_le_bytes())], b"");
    assert!(scrub(long.clone(), false).is_err(), "a list longer than its stream");
    long.truncate(HEADER_BYTES + ENTRY_BYTES + 2);
    assert!(scrub(long, false).is_err());
    assert!(scrub(good, false).is_ok());
}
