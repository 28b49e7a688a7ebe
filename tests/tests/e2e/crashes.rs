//! Each kind of crash: one report, with everything that it should say and nothing that it should not; and the app ends as it
//! would have ended without us.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::time::{Duration, Instant};

use afterword_store::{Report, ReportFile, ReportKind, State};
use afterword_symbols::ProcessedCrash;
use minidump::Minidump;
use minidump::format::MINIDUMP_STREAM_TYPE as Stream;
use serde_json::Value;

use crate::process::{Scene, all_files, journals, program, quiet};

/// What a report of the crasher must say.
struct Expected {
    kind: &'static str,
    signal: Option<&'static str>,
    address: Option<u64>,
    top: &'static str,
    thread: Option<&'static str>,
}

const CRASHES: [Expected; 6] = [
    Expected {
        kind: "null-write",
        signal: Some("SIGSEGV"),
        address: Some(0),
        top: "crasher::memory::fill_pixel",
        thread: None,
    },
    Expected {
        kind: "wild-write",
        signal: Some("SIGSEGV"),
        address: Some(0x0dea_dbee_f000),
        top: "crasher::memory::fill_pixel",
        thread: None,
    },
    Expected {
        kind: "abort",
        signal: Some("SIGABRT"),
        address: None,
        top: "crasher::signals::give_up",
        thread: None,
    },
    Expected {
        kind: "stack-overflow-thread",
        signal: Some("SIGSEGV"),
        address: None,
        top: "crasher::memory::dig",
        thread: Some("deep"),
    },
    Expected {
        kind: "divide",
        signal: Some("SIGFPE"),
        address: None,
        top: "crasher::signals::divide",
        thread: None,
    },
    Expected {
        kind: "panic",
        signal: None,
        address: None,
        top: "crasher::panics::pick",
        thread: None,
    },
];

fn json(report: &Report, file: ReportFile) -> Value {
    serde_json::from_slice(&report.read(file).unwrap().unwrap()).unwrap()
}

/// Numbers of threads differ from run to run.
fn printed(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("' (") {
        let end = rest[at..].find(')').map_or(rest.len(), |end| at + end + 1);
        plain.push_str(&rest[..at + 1]);
        rest = &rest[end..];
    }
    plain + rest
}

fn assert_says(report: &Report, expected: &Expected) {
    let info = report.info().unwrap();
    let kind = expected.kind;
    assert_eq!(info.signal.as_deref(), expected.signal, "{kind}");
    if expected.address.is_some() {
        assert_eq!(info.address, expected.address, "{kind}");
    }
    assert_eq!(info.release.as_deref(), Some("crasher@1.2.3"), "{kind}");
    assert_eq!(info.environment.as_deref(), Some("test"), "{kind}");

    let crash: ProcessedCrash = serde_json::from_value(json(report, ReportFile::Stack)).unwrap();
    let top = crash.top_app_frame().unwrap();
    assert_eq!(
        top.function.as_deref(),
        Some(expected.top),
        "{kind}: {}",
        crash.signature
    );
    assert!(
        top.file
            .as_deref()
            .is_some_and(|file| file.contains("tests/src/bin/crasher/")),
        "{kind}: {top:?}"
    );
    assert!(top.line.is_some_and(|line| line > 1), "{kind}: {top:?}");
    assert_eq!(crash.reason.signal.as_deref(), expected.signal, "{kind}");
    if expected.address.is_some() {
        assert_eq!(
            crash.reason.address.map(|address| address.0),
            expected.address,
            "{kind}: in the dump itself"
        );
    }
    let thread = crash.crashed_thread().unwrap();
    if let Some(name) = expected.thread {
        assert_eq!(thread.name.as_deref(), Some(name), "{kind}");
    } else {
        let functions: Vec<_> = thread
            .frames
            .iter()
            .filter_map(|frame| frame.function.as_deref())
            .collect();
        assert!(functions.contains(&"crasher::main"), "{kind}: unwound to {functions:?}");
        assert!(crash.signature.contains(expected.top), "{kind}: {}", crash.signature);
    }

    let event = json(report, ReportFile::Event);
    assert_eq!(event["tags"]["paint"], "wet", "{kind}");
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!(breadcrumbs.last().unwrap()["message"], "pressed the button", "{kind}");
    assert_eq!(event["exception"]["values"][0]["thread_id"], thread.id, "{kind}");
}

#[test]
fn every_crash_is_one_report_and_the_app_ends_as_without_us() {
    for expected in &CRASHES {
        let scene = Scene::new();
        let with = scene.crash(expected.kind);
        let without = quiet(scene.crasher(expected.kind).arg("--without")).output().unwrap();
        assert_eq!(with.status, without.status, "{}", expected.kind);
        assert_eq!(
            with.status.core_dumped(),
            without.status.core_dumped(),
            "{}",
            expected.kind
        );
        assert_eq!(printed(&with), printed(&without), "{}", expected.kind);
        assert_eq!(with.stdout, without.stdout, "{}", expected.kind);
        assert_says(&scene.report_in(State::Waiting), expected);
        assert!(
            scene.store().runs().unwrap().is_empty(),
            "{}: the run is cleaned up",
            expected.kind
        );
    }
}

#[test]
fn a_reporter_beside_the_app_does_the_same() {
    program("afterword-reporter");
    let scene = Scene::new();
    let ended = scene.run(scene.crasher("null-write").args(["--reporter", "beside"]));
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV));
    assert_says(&scene.report_in(State::Waiting), &CRASHES[0]);
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
fn a_forked_child_is_not_the_app() {
    let scene = Scene::new();
    let ended = scene.crash("forked-child");
    assert!(ended.status.success(), "{ended:?}");
    assert!(scene.store().reports().unwrap().is_empty());
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
