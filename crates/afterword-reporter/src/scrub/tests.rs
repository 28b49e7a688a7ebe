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
            "nothing from stacks and registers: this program keeps them whole"
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
    assert_eq!(scrubbed.removed[0], "names of open files");
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

/// Numbers, little-endian, of four bytes each.
fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn memory_that_is_neither_stack_nor_code_goes_and_vector_registers_too() {
    // One thread with a stack and a context, one module, three blocks of memory: stack, code, and a document.
    let (stack, code, document) = (b"stack of the app", b"code of a module", b"Dear Ann, I must");
    let context = [vec![1; 256], b"secret".repeat(155)[..928].to_vec(), vec![2; 48]].concat();
    assert_eq!(context.len(), 1232);
    let threads_bytes = 4 + 48;
    let modules_bytes = 4 + 108;
    let memory_bytes = 4 + 3 * 16;
    let behind_at = (HEADER_BYTES + 3 * ENTRY_BYTES + threads_bytes + modules_bytes + memory_bytes) as u32;
    let place = |index: u32| behind_at + index * 16;
    let context_at = place(3);
    let threads = words(&[1, 7, 0, 0, 0, 0, 0, 0x7000, 0, 16, place(0), 1232, context_at]);
    let mut modules = words(&[1, 0x4000, 0, 0x1000, 0, 0, 0]);
    modules.resize(modules_bytes, 0);
    let memory = words(&[
        3,
        0x7000,
        0,
        16,
        place(0),
        0x4010,
        0,
        16,
        place(1),
        0x9000,
        0,
        16,
        place(2),
    ]);
    assert_eq!((threads.len(), memory.len()), (threads_bytes, memory_bytes));
    let behind = [&stack[..], code, document, &context].concat();
    let raw = dump(
        &[
            (Stream::ThreadListStream as u32, &threads),
            (Stream::ModuleListStream as u32, &modules),
            (Stream::MemoryListStream as u32, &memory),
        ],
        &behind,
    );
    let scrubbed = scrub(raw.clone(), false).unwrap().bytes;
    assert!(contains(&raw, document) && contains(&raw, b"secret"));
    assert!(!contains(&scrubbed, document) && !contains(&scrubbed, b"secret"));
    assert!(contains(&scrubbed, stack) && contains(&scrubbed, code));
    assert!(
        contains(&scrubbed, &[1; 256]) && contains(&scrubbed, &[2; 48]),
        "the other registers stay"
    );
    // The document's block is listed with no bytes.
    let list = HEADER_BYTES + 3 * ENTRY_BYTES + threads_bytes + modules_bytes;
    assert_eq!(number(&scrubbed, list + 4 + 2 * 16 + 8).unwrap(), 0);
    let whole = scrub(raw, true).unwrap().bytes;
    assert!(contains(&whole, document) && contains(&whole, b"secret"));
}

#[test]
fn user_and_group_are_not_in_the_auxiliary_vector() {
    let pair = |kind: u64, value: u64| [kind.to_le_bytes(), value.to_le_bytes()].concat();
    let auxv = [pair(9, 0x0040_1000), pair(11, 0x1234_5678), pair(14, 0x1234_5678)].concat();
    let raw = dump(&[(Stream::LinuxAuxv as u32, &auxv)], b"");
    let scrubbed = scrub(raw, false).unwrap().bytes;
    assert!(!contains(&scrubbed, &0x1234_5678_u64.to_le_bytes()));
    assert!(contains(&scrubbed, &0x0040_1000_u64.to_le_bytes()));
}
