//! Dumps and symbols made by others, as the field really produces them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use afterword_symbols::{Error, Limits, ProcessedCrash, Sources, SymbolState, TextOptions, process};

/// The folder of fixtures; `None` where it has not been checked out beside the workspace.
fn fixtures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let folder = folder.canonicalize().ok();
    if folder.is_none() {
        eprintln!("skipped: there are no fixtures beside the workspace");
    }
    folder
}

fn dump(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(fixtures()?.join("minidumps").join(name)).unwrap())
}

fn breakpad() -> Sources {
    Sources {
        breakpad_dirs: fixtures().map(|folder| folder.join("symbols")).into_iter().collect(),
        ..Sources::default()
    }
}

fn windows_app() -> Option<ProcessedCrash> {
    Some(process(&dump("windows-x86-test-app.dmp")?, &breakpad(), &Limits::default()).unwrap())
}

#[test]
fn a_windows_crash_is_named_by_breakpad_symbols() {
    let Some(crash) = windows_app() else { return };
    println!("{}", crash.to_text(&TextOptions::default()));
    println!("{}", serde_json::to_string_pretty(&crash).unwrap());
    assert_eq!(crash.reason.name, "EXCEPTION_ACCESS_VIOLATION_WRITE");
}
