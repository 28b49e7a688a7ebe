//! Dumps and symbols made by others, as the field really produces them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use afterword_symbols::{Error, HexAddr, Limits, ProcessedCrash, Sources, SymbolState, TextOptions, process};

/// The folder of fixtures; `None` where it has not been checked out beside the workspace.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let folder = folder.canonicalize().ok();
    if folder.is_none() {
        eprintln!("skipped: there are no fixtures beside the workspace");
    }
    folder
}

pub(crate) fn dump(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(fixtures()?.join("minidumps").join(name)).unwrap())
}

pub(crate) fn breakpad() -> Sources {
    let folder = fixtures().map(|folder| folder.join("symbols"));
    Sources {
        breakpad_dirs: folder.into_iter().collect(),
        ..Sources::default()
    }
}

pub(crate) fn windows_app(sources: &Sources) -> Option<ProcessedCrash> {
    Some(process(&dump("windows-x86-test-app.dmp")?, sources, &Limits::default()).unwrap())
}

#[test]
fn a_windows_crash_is_named_by_breakpad_symbols() {
    let Some(crash) = windows_app(&breakpad()) else { return };
    assert_eq!(crash.reason.name, "EXCEPTION_ACCESS_VIOLATION_WRITE");
    assert_eq!(crash.reason.address, Some(HexAddr(0x45)));
    assert_eq!(crash.signature, "`anonymous namespace'::CrashFunction");
    let frames = &crash.crashed_thread().unwrap().frames;
    let named: Vec<_> = frames
        .iter()
        .map(|frame| (frame.function.as_deref(), frame.file.as_deref(), frame.line))
        .collect();
    assert_eq!(
        named,
        [
            (
                Some("`anonymous namespace'::CrashFunction"),
                Some("c:\\test_app.cc"),
                Some(58)
            ),
            (Some("main"), Some("c:\\test_app.cc"), Some(65)),
            (
                Some("__tmainCRTStartup"),
                Some("f:\\sp\\vctools\\crt_bld\\self_x86\\crt\\src\\crt0.c"),
                Some(327)
            ),
            (None, None, None),
        ]
    );
    assert_eq!(crash.top_app_frame().unwrap().line, Some(58));
    let state = |name: &str| crash.modules.iter().find(|module| module.name == name).unwrap().symbols;
    assert_eq!(state("test_app.exe"), SymbolState::Loaded);
    assert_eq!(state("kernel32.dll"), SymbolState::Missing);
    assert_eq!(state("version.dll"), SymbolState::NotNeeded);
}

#[test]
fn without_symbols_there_are_modules_and_offsets() {
    let Some(crash) = windows_app(&Sources::default()) else {
        return;
    };
    let first = &crash.crashed_thread().unwrap().frames[0];
    assert_eq!(
        (first.function.as_deref(), first.module.as_deref()),
        (None, Some("test_app.exe"))
    );
    assert_eq!(first.module_offset, Some(HexAddr(0x429e)));
    assert_eq!(crash.signature, "test_app.exe@0x429e");
}

#[test]
fn the_text_for_people() {
    let Some(crash) = windows_app(&breakpad()) else { return };
    insta::assert_snapshot!(crash.to_text(&TextOptions::default()));
    insta::assert_snapshot!("brief_text", crash.to_text(&TextOptions::brief()));
}

#[test]
fn the_json_for_programs() {
    let Some(mut crash) = windows_app(&breakpad()) else {
        return;
    };
    let json = serde_json::to_string(&crash).unwrap();
    assert_eq!(serde_json::from_str::<ProcessedCrash>(&json).unwrap(), crash);
    crash.modules.truncate(1);
    insta::assert_json_snapshot!(crash, { ".took_ms" => 0, ".modules[].symbol_file" => "[path]" });
}

#[test]
fn a_linux_dump_is_read() {
    let Some(dump) = dump("linux-mini.dmp") else { return };
    let crash = process(&dump, &breakpad(), &Limits::default()).unwrap();
    insta::assert_snapshot!(crash.to_text(&TextOptions::default()));
}

#[test]
fn malformed_dumps_are_clear_errors() {
    for name in ["invalid-range.dmp", "invalid-record-count.dmp"] {
        let Some(dump) = dump(name) else { return };
        let started = Instant::now();
        let error = process(&dump, &breakpad(), &Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "could not read the minidump's description of the system",
            "{name}"
        );
        assert_eq!(
            std::error::Error::source(&error).unwrap().to_string(),
            "Stream not found",
            "{name}"
        );
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn what_is_no_dump_is_refused() {
    let limits = Limits::default();
    for bytes in [&b""[..], b"MDMP", b"not a dump at all", &[0; 4096], &[0xff; 4096]] {
        let error = process(bytes, &Sources::default(), &limits).unwrap_err();
        assert!(
            matches!(error, Error::ReadHeader { .. } | Error::ListTooLarge { .. }),
            "{error}"
        );
    }
    let mut limits = Limits::default();
    limits.dump_bytes = 100;
    let error = process(&[0; 101], &Sources::default(), &limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the minidump is 101 bytes long, more than the 100 that are read"
    );
}

#[test]
fn cut_off_dumps_never_panic() {
    for name in ["windows-x86-test-app.dmp", "linux-mini.dmp"] {
        let Some(dump) = dump(name) else { return };
        let mut partial = 0;
        for length in (0..dump.len()).step_by(61) {
            match process(&dump[..length], &Sources::default(), &Limits::default()) {
                Ok(crash) => partial += usize::from(!crash.threads.is_empty()),
                Err(Error::Reader { message }) => panic!("{name} cut at {length}: {message}"),
                Err(_) => {}
            }
        }
        assert!(partial > 0, "{name}: what is left of a dump should be used");
    }
}

#[test]
fn damaged_dumps_never_panic() {
    for name in ["windows-x86-test-app.dmp", "linux-mini.dmp"] {
        let Some(dump) = dump(name) else { return };
        // Where the structures are; the rest is memory.
        for at in (0..dump.len().min(4096)).step_by(4) {
            for value in [0u32, 0xffff_ffff, 0x7fff_fff0] {
                let mut damaged = dump.clone();
                damaged[at..at + 4].copy_from_slice(&value.to_le_bytes());
                let outcome = process(&damaged, &Sources::default(), &Limits::default());
                assert!(
                    !matches!(outcome, Err(Error::Reader { .. })),
                    "{name} at {at} = {value:#x}: {outcome:?}"
                );
            }
        }
    }
}
