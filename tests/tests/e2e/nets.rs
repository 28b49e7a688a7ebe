//! The three nets, each forced: whatever goes wrong around a crash, there is one report with the crashed thread's stack, and
//! the app ends as it would have ended.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::time::{Duration, Instant};

use afterword_store::{Report, ReportFile, State};
use afterword_symbols::ProcessedCrash;
use serde_json::Value;

use crate::process::{Scene, journals};

const RESCUED: &str = "another one was started by the crash handler";
const ONE_THREAD: &str = "only the crashed thread could be captured";
const SALVAGED: &str = "only the innermost frames of the crashed thread could be saved";

/// A kind of crash, and what its report must say.
const KINDS: [(&str, &str, &str); 3] = [
    ("null-write", "SIGSEGV", "fill_pixel"),
    ("abort", "SIGABRT", "give_up"),
    ("stack-overflow-thread", "SIGSEGV", "dig"),
];

fn says(report: &Report, words: &str) -> bool {
    report
        .info()
        .unwrap()
        .soft_errors
        .iter()
        .any(|soft| soft.contains(words))
}

fn assert_whole(report: &Report, (kind, signal, top): (&str, &str, &str)) {
    let info = report.info().unwrap();
    assert_eq!(info.signal.as_deref(), Some(signal), "{kind}");
    assert_eq!(info.release.as_deref(), Some("crasher@1.2.3"), "{kind}");
    let read = |file| serde_json::from_slice::<Value>(&report.read(file).unwrap().unwrap()).unwrap();
    let crash: ProcessedCrash = serde_json::from_value(read(ReportFile::Stack)).unwrap();
    let frame = crash
        .top_app_frame()
        .unwrap_or_else(|| panic!("{kind}: no frame of the app: {crash:#?}"));
    let function = frame.function.as_deref().unwrap_or_default();
    assert!(function.ends_with(top), "{kind}: {function}");
    let event = read(ReportFile::Event);
    assert_eq!(event["tags"]["paint"], "wet", "{kind}");
    let breadcrumbs = event["breadcrumbs"]["values"].as_array().unwrap();
    assert_eq!(breadcrumbs.last().unwrap()["message"], "pressed the button", "{kind}");
}

/// Ended as the same program without Afterword.
fn assert_same_end(scene: &Scene, kind: &str, ended: &Output) {
    let without = scene.crasher(kind).arg("--without").output().unwrap();
    assert_eq!(ended.status.signal(), without.status.signal(), "{kind}");
    assert_eq!(ended.status.code(), without.status.code(), "{kind}");
    assert_eq!(ended.status.core_dumped(), without.status.core_dumped(), "{kind}");
}

#[test]
fn a_killed_reporter_is_replaced_by_a_rescuer() {
    for kind in KINDS {
        let scene = Scene::new();
        // A hang-up is seen at once: the deadline is not waited for.
        let start = Instant::now();
        let ended = scene.run(
            scene
                .crasher(kind.0)
                .args(["--fault", "kill-reporter", "--deadline-ms", "60000"]),
        );
        assert!(start.elapsed() < Duration::from_secs(30));
        assert_same_end(&scene, kind.0, &ended);
        let report = scene.report_in(State::Waiting);
        assert_whole(&report, kind);
        assert!(
            says(&report, RESCUED) && !says(&report, ONE_THREAD),
            "{:?}",
            report.info()
        );
    }
}

#[test]
fn a_stopped_reporter_is_replaced_within_the_deadline_and_does_no_harm_later() {
    for kind in KINDS {
        let scene = Scene::new();
        let start = Instant::now();
        let ended = scene.run(
            scene
                .crasher(kind.0)
                .args(["--fault", "stop-reporter", "--deadline-ms", "4000"]),
        );
        assert!(start.elapsed() < Duration::from_secs(60));
        assert_same_end(&scene, kind.0, &ended);
        let report = scene.report_in(State::Waiting);
        assert_whole(&report, kind);
        assert!(says(&report, RESCUED));
        let stopped = scene.stopped_reporter();
        rustix::process::kill_process(stopped, rustix::process::Signal::CONT).unwrap();
        scene.wait_for_end_of(stopped);
        assert_eq!(
            scene.only_report().id(),
            report.id(),
            "the one that was stopped makes no other"
        );
    }
}

#[test]
fn a_slow_reporter_is_waited_for() {
    let scene = Scene::new();
    let ended = scene.run(
        scene
            .crasher("null-write")
            .args(["--fault", "slow-reporter", "--deadline-ms", "60000"]),
    );
    assert_same_end(&scene, "null-write", &ended);
    let report = scene.report_in(State::Waiting);
    assert_whole(&report, KINDS[0]);
    assert!(!says(&report, RESCUED));
}

#[test]
fn a_reporter_that_died_is_started_again_while_the_app_lives() {
    let scene = Scene::new();
    let ended = scene.run(scene.crasher("null-write").args(["--fault", "restart-reporter"]));
    assert_same_end(&scene, "null-write", &ended);
    let report = scene.report_in(State::Waiting);
    assert_whole(&report, KINDS[0]);
    assert_eq!(
        report.info().unwrap().soft_errors,
        [""; 0],
        "the new reporter captured it"
    );
}

#[test]
fn where_ptrace_is_denied_the_crashed_thread_is_captured_without_it() {
    for kind in KINDS {
        let scene = Scene::new();
        let ended = scene.run(scene.crasher(kind.0).env("CRASHER_REPORTER", "no-ptrace"));
        assert_same_end(&scene, kind.0, &ended);
        let report = scene.report_in(State::Waiting);
        assert_whole(&report, kind);
        assert!(says(&report, ONE_THREAD), "{:?}", report.info());
    }
}

#[test]
fn where_nobody_may_look_at_the_app_it_saves_itself_what_it_can() {
    for kind in KINDS {
        let scene = Scene::new();
        let ended = scene.run(scene.crasher(kind.0).env("CRASHER_REPORTER", "no-memory"));
        assert_same_end(&scene, kind.0, &ended);
        let report = scene.report_in(State::Waiting);
        assert_whole(&report, kind);
        assert!(says(&report, SALVAGED), "{:?}", report.info());
        assert!(scene.store().runs().unwrap().is_empty());
    }
}

#[test]
fn in_a_sandbox_without_a_reporter_it_saves_itself_what_it_can() {
    for faults in [&["deny-ptrace"][..], &["deny-exec"], &["deny-exec", "deny-ptrace"]] {
        let scene = Scene::new();
        let mut crasher = scene.crasher("null-write");
        crasher.args(["--fault", "kill-reporter"]);
        for fault in faults {
            crasher.args(["--fault", fault]);
        }
        let ended = crasher.output().unwrap();
        assert_same_end(&scene, "null-write", &ended);
        // The rescuer, where one may be started, makes the report at once; else the next start does.
        scene.crash("clean-exit");
        let report = scene.report_in(State::Waiting);
        scene.wait_for_stack(&report);
        assert_whole(&report, KINDS[0]);
        assert!(says(&report, SALVAGED), "{faults:?}: {:?}", report.info());
        assert!(scene.store().abnormal_ends().unwrap().is_empty());
    }
}

#[test]
fn with_a_full_disk_the_report_is_made_at_the_next_start() {
    let scene = Scene::new();
    let ended = scene.run(scene.crasher("null-write").env("CRASHER_REPORTER", "no-space"));
    assert_same_end(&scene, "null-write", &ended);
    assert_eq!(
        scene.store().reports().unwrap().len(),
        0,
        "{:?}",
        journals(&scene.store())
    );
    assert_eq!(scene.store().runs().unwrap().len(), 1, "what was saved stays");
    scene.crash("clean-exit");
    let report = scene.report_in(State::Waiting);
    scene.wait_for_stack(&report);
    assert_whole(&report, KINDS[0]);
    assert!(says(&report, SALVAGED));
    assert!(scene.store().runs().unwrap().is_empty());
}

#[test]
fn with_nothing_that_answers_the_app_ends_within_its_deadline() {
    let scene = Scene::new();
    let mut crasher = scene.crasher("null-write");
    crasher.args([
        "--fault",
        "stop-reporter",
        "--fault",
        "deny-exec",
        "--deadline-ms",
        "1000",
    ]);
    let start = Instant::now();
    let ended = crasher.output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(30), "it does not hang");
    assert_same_end(&scene, "null-write", &ended);
    let stopped = scene.stopped_reporter();
    rustix::process::kill_process(stopped, rustix::process::Signal::KILL).unwrap();
    scene.wait_for_end_of(stopped);
    scene.crash("clean-exit");
    let report = scene.report_in(State::Waiting);
    assert!(says(&report, SALVAGED));
}
