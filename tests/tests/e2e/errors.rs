//! What is no crash: errors that the app survives, and ends that are none.

use afterword_store::{ReportFile, ReportKind, State};
use serde_json::Value;

use crate::process::Scene;

fn event(report: &afterword_store::Report) -> Value {
    serde_json::from_slice(&report.read(ReportFile::Event).unwrap().unwrap()).unwrap()
}

#[test]
fn a_panic_on_another_thread_is_an_error() {
    let scene = Scene::new();
    let ended = scene.crash("panic-thread");
    assert!(ended.status.success(), "the app went on: {ended:?}");
    let report = scene.report_in(State::Waiting);
    assert_eq!(report.info().unwrap().kind, ReportKind::Error);
    assert_eq!(report.read(ReportFile::Minidump).unwrap(), None);
    let event = event(&report);
    let exception = &event["exception"]["values"][0];
    assert_eq!(exception["type"], "panic");
    assert_eq!(exception["mechanism"]["handled"], true);
    let innermost = exception["stacktrace"]["frames"].as_array().unwrap().last().unwrap();
    assert_eq!(innermost["function"], "crasher::panics::pick");
    assert_eq!(innermost["in_app"], true);
    assert_eq!(event["tags"]["paint"], "wet");
    assert_eq!(event["tags"]["thread.name"], "worker");
    assert_eq!(event["release"], "crasher@1.2.3");
    assert!(
        event.get("server_name").is_none(),
        "the computer has a name, and it is nobody's business"
    );
}

#[test]
fn a_caught_panic_on_the_main_thread_is_an_error() {
    let scene = Scene::new();
    assert!(scene.crash("panic-caught").status.success());
    let report = scene.report_in(State::Waiting);
    assert_eq!(report.info().unwrap().kind, ReportKind::Error);
}

#[test]
fn a_crash_after_a_caught_panic_is_the_crash() {
    let scene = Scene::new();
    scene.crash("panic-caught-then-null-write");
    let report = scene.report_in(State::Waiting);
    let info = report.info().unwrap();
    assert_eq!(
        (info.kind, info.signal.as_deref()),
        (ReportKind::Crash, Some("SIGSEGV"))
    );
    assert_eq!(info.message, None, "the panic is not the reason");
}

#[test]
fn a_message_waits_for_consent_like_everything_else() {
    let scene = Scene::new();
    assert!(scene.crash("message").status.success());
    let report = scene.report_in(State::Waiting);
    assert_eq!(report.info().unwrap().message.as_deref(), Some("the palette is empty"));
}

#[test]
fn ends_that_are_none_leave_nothing() {
    for (kind, code) in [("clean-exit", 0), ("exit", 7)] {
        let scene = Scene::new();
        let ended = scene.crash(kind);
        assert_eq!(ended.status.code(), Some(code), "{kind}");
        assert!(scene.store().reports().unwrap().is_empty(), "{kind}");
        assert!(scene.store().runs().unwrap().is_empty(), "{kind}");
    }
}
