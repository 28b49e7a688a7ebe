//! The user's name in paths.

use super::super::*;
use super::written::{Written, contains, utf16, words};

fn debug_record(signature: &[u8], before_path: usize, path: &str) -> Vec<u8> {
    let mut record = signature.to_vec();
    record.resize(before_path, 7);
    record.extend(path.as_bytes());
    record.push(0);
    record
}

#[test]
fn the_users_component_is_masked_in_the_files_of_modules_and_nowhere_else() {
    let homes = Homes::from_paths(["/home/ann".into(), "/tmp/x/a".into()]);
    let mut written = Written::new();
    let name = written.text("/home/ann is no path here");
    written.stream(Stream::ThreadNamesStream, &words(&[1, 7, name, 0]));
    written.stream(Stream::LinuxLsbRelease, b"/home/ann");
    let (pdb70, pdb20) = (
        debug_record(b"RSDS", 24, "/home/ann/app.pdb"),
        debug_record(b"NB10", 16, "/tmp/x/a/a.pdb"),
    );
    let build_id = [&b"BpEL"[..], b"/home/ann/"].concat();
    written.modules(&[
        (0x1000, 1, "/home/ann/ann/app (deleted)", &pdb70),
        (0x2000, 1, "/tmp/x/a/alloc/main", &pdb20),
        (0x3000, 1, "/usr/lib/a/alloc.so", &build_id),
    ]);
    let scrubbed = scrub_for(written.finish(), false, &homes).unwrap();
    let (bytes, has) = (&scrubbed.bytes, |text: &str| contains(&scrubbed.bytes, &utf16(text)));
    assert!(has("/home/***/ann/app (deleted)") && has("/tmp/x/*/alloc/main") && has("/usr/lib/a/alloc.so"));
    assert!(has("/home/ann is no path here") && contains(bytes, b"/home/ann") && contains(bytes, &build_id));
    assert!(contains(bytes, b"/home/***/app.pdb\0") && contains(bytes, b"/tmp/x/*/a.pdb\0"));
    assert!(!contains(bytes, b"/home/ann/app.pdb"));
    assert!(
        scrubbed
            .removed
            .iter()
            .any(|words| words == "the name of your home folder in paths")
    );
}

#[test]
fn where_nothing_was_masked_nothing_is_said() {
    let mut written = Written::new();
    written.modules(&[(0x1000, 1, "/usr/bin/app", b"RSDS")]);
    let scrubbed = scrub_for(written.finish(), false, &Homes::from_paths(["/home/ann".into()])).unwrap();
    assert!(!scrubbed.removed.iter().any(|words| words.contains("home folder")));
}

#[test]
fn a_name_or_record_outside_of_the_file_is_damage() {
    for at in [20, 80] {
        let mut written = Written::new();
        written.modules(&[(0x1000, 1, "/usr/bin/app", b"RSDS")]);
        let mut bytes = written.finish();
        let list = bytes.len() - 108;
        bytes[list + at..list + at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(scrub_for(bytes, false, &Homes::default()).is_err(), "{at}");
    }
}
