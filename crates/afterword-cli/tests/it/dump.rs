//! `afterword dump show`.

use std::fs;
use std::path::Path;

use crate::{afterword, fixture};

#[test]
fn a_dump_is_shown_with_its_symbols() {
    let (Some(dump), Some(symbols)) = (fixture("minidumps/windows-x86-test-app.dmp"), fixture("symbols")) else {
        return;
    };
    let (dump, symbols) = (dump.to_str().unwrap(), symbols.to_str().unwrap());
    let ran = afterword(&["dump", "show", dump, "--symbols", symbols, "--no-local"]);
    insta::assert_snapshot!("dump_text", ran.ok());
    assert_eq!(ran.stderr, "");

    let brief = afterword(&["dump", "show", dump, "--symbols", symbols, "--brief"]);
    assert!(ran.stdout.starts_with(brief.ok()) && brief.stdout.len() < ran.stdout.len());

    let json = afterword(&["dump", "show", dump, "--symbols", symbols, "--no-local", "--json"]).json();
    assert_eq!(json["signature"], "`anonymous namespace'::CrashFunction");
    assert_eq!(json["reason"]["address"], "0x45");
}

#[test]
fn without_symbols_it_says_where_they_could_come_from() {
    let Some(dump) = fixture("minidumps/windows-x86-test-app.dmp") else {
        return;
    };
    let ran = afterword(&["dump", "show", dump.to_str().unwrap(), "--no-local"]);
    assert!(ran.ok().contains("test_app.exe + 0x429e"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("no symbols were found for test_app.exe"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("--symbols DIR, or leave --no-local away"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_linux_dump_is_shown() {
    let Some(dump) = fixture("minidumps/linux-mini.dmp") else {
        return;
    };
    let ran = afterword(&["dump", "show", dump.to_str().unwrap()]);
    assert!(ran.ok().contains("SIGSEGV"), "{}", ran.stdout);
}

/// `MINIDUMP_HEADER`: signature, version, number of streams, offset of the directory, checksum, time, flags.
fn header(streams: u32, directory: u32) -> Vec<u8> {
    let numbers = [0x504d_444d, 0xa793, streams, directory, 0, 0, 0, 0];
    numbers.iter().flat_map(|number: &u32| number.to_le_bytes()).collect()
}

/// A dump of one stream: its kind, the size it says it has, the offset it says it is at, and what is there.
fn dump_of(kind: u32, size: u32, offset: u32, content: &[u8]) -> Vec<u8> {
    let entry = [kind, size, offset].map(u32::to_le_bytes).concat();
    [header(1, 32), entry, content.to_vec()].concat()
}

#[test]
fn malformed_dumps_are_clear_errors() {
    const THREADS: u32 = 3;
    const SYSTEM: u32 = 7;
    let folder = tempfile::tempdir().unwrap();
    let many = [&u32::MAX.to_le_bytes()[..], &[0; 64]].concat();
    for (name, dump) in [
        ("no-streams.dmp", header(0, 32)),
        ("streams-without-end.dmp", header(u32::MAX, 32)),
        ("directory-past-the-end.dmp", header(1, 0xffff_fff0)),
        ("stream-past-the-end.dmp", dump_of(SYSTEM, 56, 0x7fff_ffff, &[])),
        ("stream-too-large.dmp", dump_of(SYSTEM, u32::MAX, 44, &[0; 56])),
        ("stream-cut.dmp", dump_of(SYSTEM, 8, 44, &[0; 8])),
        ("threads-without-end.dmp", dump_of(THREADS, 68, 44, &many)),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, dump).unwrap();
        is_a_clear_error(&path);
    }
    for name in ["invalid-range.dmp", "invalid-record-count.dmp"] {
        if let Some(path) = fixture(&format!("minidumps/{name}")) {
            is_a_clear_error(&path);
        }
    }
}

fn is_a_clear_error(dump: &Path) {
    let name = dump.file_name().unwrap().to_str().unwrap();
    for json in [&[][..], &["--json"]] {
        let ran = afterword(&[&["dump", "show", dump.to_str().unwrap()], json].concat());
        let error = ran.failed(1);
        assert!(error.starts_with("error: ") && error.contains(name), "{error}");
        assert!(error.contains("is a damaged minidump"), "{error}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn what_is_no_minidump_is_named_for_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let program = env!("CARGO_BIN_EXE_afterword").to_owned();
    for (path, words) in [
        (file("empty.dmp", b""), "is empty"),
        (
            file("text.dmp", b"hello\n"),
            "is not a minidump: it does not begin with MDMP",
        ),
        (file("cut.dmp", b"MDMP\x93\xa7"), "is a damaged minidump"),
        (
            file("zeros.dmp", &[&b"MDMP\x93\xa7\0\0"[..], &[0xff; 200]].concat()),
            "is a damaged minidump",
        ),
        (
            program,
            if cfg!(target_os = "linux") {
                "but an ELF file"
            } else {
                "is not a minidump"
            },
        ),
        (folder.path().to_str().unwrap().to_owned(), "is a folder"),
        (
            "/nonexistent/crash.dmp".to_owned(),
            "cannot open the minidump /nonexistent/crash.dmp",
        ),
    ] {
        let ran = afterword(&["dump", "show", &path]);
        assert!(ran.failed(1).contains(words), "{path}: {}", ran.stderr);
    }
    let path = file("any.dmp", b"MDMP");
    let ran = afterword(&["dump", "show", &path, "--symbols", "/nonexistent"]);
    assert!(
        ran.failed(2)
            .contains("--symbols /nonexistent: there is no such folder"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_dump_larger_than_any_is_not_even_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.dmp");
    // Sparse: it takes no room.
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let ran = afterword(&["dump", "show", path.to_str().unwrap()]);
    assert!(
        ran.failed(1).contains("huge.dmp has 1100 GB, more than the 268 MB"),
        "{}",
        ran.stderr
    );
}
