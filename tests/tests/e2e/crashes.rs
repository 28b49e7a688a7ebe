//! What holds of crashes beside what the matrix asks of each kind (`crashes_matrix.rs`): what is not in a report, who may read
//! it, and what happens when several things happen at once.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use afterword_store::{Report, ReportFile, ReportKind, State};
use minidump::Minidump;
use minidump::format::MINIDUMP_STREAM_TYPE as Stream;

use crate::crashes_expected::{Address, crash, json};
use crate::process::{Scene, all_files, journals, program};

#[test]
fn a_reporter_beside_the_app_does_the_same() {
    program("afterword-reporter");
    let scene = Scene::new();
    let ended = scene.run(scene.crasher("null-write").args(["--reporter", "beside"]));
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    let expected = crash("SIGSEGV", "crasher::memory::fill_pixel").address(Address::Is(0));
    expected.assert_says(&scene.report_in(State::Waiting));
}

#[test]
fn a_panic_that_ends_the_app_has_its_message() {
    let scene = Scene::new();
    let ended = scene.crash("panic");
    assert_eq!(ended.status.code(), Some(101));
    let report = scene.report_in(State::Waiting);
    let info = report.info().unwrap();
    assert_eq!(info.kind, ReportKind::Panic);
    assert_eq!(
        info.message.as_deref(),
        Some("index out of bounds: the len is 3 but the index is 8")
    );
    let event = json(&report, ReportFile::Event);
    assert_eq!(event["exception"]["values"][0]["type"], "panic");
    let frames = event["exception"]["values"][0]["stacktrace"]["frames"]
        .as_array()
        .unwrap();
    let innermost = frames.last().unwrap()["function"].as_str().unwrap();
    assert!(!innermost.contains("afterword"), "the hook is left out: {innermost}");
}

#[test]
fn what_names_the_person_is_not_in_the_store() {
    let scene = Scene::new();
    let canary = "canary-8d1f7c";
    let open = scene.folder.path().join(format!("{canary}.odt"));
    let mut crasher = scene.crasher("null-write");
    crasher.arg("--open").arg(&open).env("SECRET_TOKEN", canary);
    scene.run(&mut crasher);
    let report = scene.report_in(State::Waiting);
    let removed = &report.info().unwrap().removed;
    for words in [
        "environment variables",
        "the command line",
        "names of open files",
        "names of files in memory that are no code",
        "what is no address or small number on the stacks",
        "vector registers",
        "memory that is neither a stack nor code",
    ] {
        assert!(removed.iter().any(|removed| removed == words), "{words}: {removed:?}");
    }
    let bytes = report.read(ReportFile::Minidump).unwrap().unwrap();
    let dump = Minidump::read(bytes).unwrap();
    for gone in [
        Stream::LinuxEnviron,
        Stream::LinuxCmdLine,
        Stream::HandleDataStream,
        Stream::LinuxProcStatus,
        Stream::LinuxMaps,
        Stream::MozLinuxLimits,
    ] {
        assert!(dump.get_raw_stream(gone as u32).is_err(), "{gone:?} is in the dump");
    }
    let utf16: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (path, bytes) in all_files(&scene.store_root()) {
        for needle in [canary.as_bytes(), &utf16] {
            let found = bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!found, "{} holds the canary", path.display());
        }
    }
}

#[test]
fn files_are_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    scene.crash("null-write");
    for (path, _) in all_files(&scene.store_root()) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
        let folder = path.parent().unwrap();
        let mode = std::fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
    }
}

#[test]
fn a_scope_set_through_the_sdk_is_seen_within_a_second() {
    let scene = Scene::new();
    scene.crash("foreign-scope");
    let event = json(&scene.report_in(State::Waiting), ReportFile::Event);
    assert_eq!(event["tags"]["foreign"], "yes");
    assert_eq!(event["tags"]["paint"], "wet");
}

#[test]
fn twenty_threads_that_crash_at_once_are_one_report() {
    for _ in 0..3 {
        let scene = Scene::new();
        let ended = scene.run(scene.crasher("simultaneous").env("CRASHER_ANSWER", "later"));
        assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
        let report = scene.report_in(State::Waiting);
        let asked = journals(&scene.store()).concat().matches("asking in the test").count();
        assert_eq!(asked, 1, "it is asked about");
        assert_eq!(report.info().unwrap().signal.as_deref(), Some("SIGSEGV"));
    }
}

#[test]
fn a_crash_while_another_thread_panics_is_a_report_without_a_wait() {
    let scene = Scene::new();
    let mut crasher = scene.crasher("panic-and-crash");
    let start = Instant::now();
    let ended = scene.run(crasher.args(["--deadline-ms", "60000"]));
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "neither waits for the other's answer"
    );
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    let crashes: Vec<Report> = scene
        .store()
        .reports()
        .unwrap()
        .into_iter()
        .filter(|report| report.info().is_ok_and(|info| info.kind == ReportKind::Crash))
        .collect();
    assert_eq!(crashes.len(), 1);
    assert_eq!(
        crashes[0].info().unwrap().message,
        None,
        "the panic is of another thread"
    );
}
