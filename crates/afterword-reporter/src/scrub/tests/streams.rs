//! Which streams stay, and that nothing stays which only the others refer to.

use super::super::*;
use super::scrubbed;
use super::written::{Written, contains, utf16, words};

#[test]
fn only_what_is_on_the_list_stays() {
    let mut written = Written::new();
    written.stream(Stream::LinuxEnviron, b"SECRET=hunter2");
    written.stream(Stream::LinuxCpuInfo, b"processor");
    written.stream(Stream::LinuxCmdLine, b"app --token=abc");
    written.stream_of_kind(0x1234_5678, b"from the future");
    written.stream(Stream::LinuxLsbRelease, b"Debian");
    written.stream(Stream::LinuxCpuInfo, b"a second one");
    written.put(b"left lying about");
    let raw = written.finish();
    let scrubbed = scrub_for(raw.clone(), true, &Homes::default()).unwrap();
    assert_eq!(scrubbed.bytes.len(), raw.len());
    for gone in [&b"hunter2"[..], b"token", b"future", b"lying", b"second"] {
        assert!(contains(&raw, gone) && !contains(&scrubbed.bytes, gone));
    }
    assert!(contains(&scrubbed.bytes, b"processor") && contains(&scrubbed.bytes, b"Debian"));
    assert_eq!(
        scrubbed.removed,
        [
            "environment variables",
            "the command line",
            "other data of the process",
            "nothing from stacks and registers: this program keeps them whole"
        ]
    );
    assert_eq!(scrubbed.bytes[8], 2);
    let second = HEADER_BYTES + ENTRY_BYTES;
    assert_eq!(
        scrubbed.bytes[second..second + 4],
        (Stream::LinuxLsbRelease as u32).to_le_bytes()
    );
    let unused = &scrubbed.bytes[second + ENTRY_BYTES..HEADER_BYTES + 6 * ENTRY_BYTES];
    assert!(unused.iter().all(|byte| *byte == 0));
}

#[test]
fn names_that_only_a_dropped_stream_refers_to_go_with_it() {
    let mut written = Written::new();
    let name = written.text("worker");
    written.text("/home/ann/divorce.odt");
    written.stream(Stream::ThreadNamesStream, &words(&[1, 7, name, 0]));
    written.stream(Stream::HandleDataStream, &[1; 20]);
    let raw = written.finish();
    let scrubbed = scrubbed(&raw);
    let divorce = &utf16("divorce")[4..];
    assert!(contains(&raw, divorce) && !contains(&scrubbed.bytes, divorce));
    assert!(contains(&scrubbed.bytes, &utf16("worker")));
    assert_eq!(scrubbed.removed[0], "names of open files");
}

#[test]
fn a_dump_that_cannot_be_read_is_not_kept() {
    let one = |kind: Stream, content: &[u8]| {
        let mut written = Written::new();
        written.stream(kind, content);
        written.finish()
    };
    let fails = |bytes: Vec<u8>| scrub_for(bytes, false, &Homes::default()).is_err();
    let good = one(Stream::LinuxCpuInfo, b"processor");
    assert!(fails(b"nothing".to_vec()));
    let mut far = good.clone();
    far[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(fails(far));
    let mut outside = good.clone();
    outside[HEADER_BYTES + 4..HEADER_BYTES + 8].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(fails(outside));
    let mut long = one(Stream::ThreadListStream, &u32::MAX.to_le_bytes());
    assert!(fails(long.clone()), "a list longer than its stream");
    long.truncate(HEADER_BYTES + ENTRY_BYTES + 2);
    assert!(fails(long));
    assert!(fails(one(Stream::MemoryInfoListStream, &words(&[16, 48, 5, 0]))));
    assert!(fails(one(Stream::MemoryInfoListStream, &words(&[16, 0, 0, 0]))));
    assert!(!fails(good));
}

/// Whatever is damaged, scrubbing ends, with an error or with a dump of the same length.
#[test]
fn damage_anywhere_is_an_error_or_no_harm() {
    let mut written = Written::new();
    written.system(9, 0x8201);
    written.modules(&[(0x40_0000, 0x1000, "/app", b"RSDS")]);
    written.memory_info(&[(0x40_0000, 0x1000, 0x20)]);
    written.threads(&[(7, 0x1000, &[1; 64], &[2; 1232])], &[(0x40_0000, &[3; 16])]);
    written.exception(7, 0, &[2; 1232]);
    let good = written.finish();
    assert!(scrub_for(good.clone(), false, &Homes::default()).is_ok());
    for at in 0..good.len() - 3 {
        for value in [0, 1, 0x7fff_ffff, u32::MAX] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
            if let Ok(scrubbed) = scrub_for(bad, false, &Homes::default()) {
                assert_eq!(scrubbed.bytes.len(), good.len());
            }
        }
    }
}

#[test]
fn user_and_group_are_not_in_the_auxiliary_vector() {
    let pair = |kind: u64, value: u64| [kind.to_le_bytes(), value.to_le_bytes()].concat();
    let auxv = [pair(9, 0x0040_1000), pair(11, 0x1234_5678), pair(14, 0x1234_5678)].concat();
    let mut written = Written::new();
    written.stream(Stream::LinuxAuxv, &auxv);
    let scrubbed = scrubbed(&written.finish()).bytes;
    assert!(!contains(&scrubbed, &0x1234_5678_u64.to_le_bytes()));
    assert!(contains(&scrubbed, &0x0040_1000_u64.to_le_bytes()));
}
