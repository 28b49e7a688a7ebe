//! A hang, reported by the app itself, which goes on.

use std::io::Write;
use std::process::{Command, Stdio};

use afterword_reporter::assemble;
use afterword_store::{ReportKind, State};

use crate::collector::Server;
use crate::process::{Scene, journals, quiet, wait_for};

/// What the crasher prints of a hang that was reported.
const REPORTED: &str = "reported: true\nresponds again\n";

#[test]
fn a_hang_is_a_report_with_the_blocking_function_and_the_app_goes_on() {
    let scene = Scene::new();
    scene.expect_reporter();
    let app = scene.crasher("hang").stdout(Stdio::piped()).spawn().unwrap();
    // Every state that the app is seen in, until it has ended.
    let status = format!("/proc/{}/status", app.id());
    let watcher = std::thread::spawn(move || {
        let mut states = std::collections::BTreeSet::new();
        while let Ok(status) = std::fs::read_to_string(&status) {
            let state = status.lines().find_map(|line| line.strip_prefix("State:\t")).unwrap();
            let over = state.starts_with(['Z', 'X']);
            states.insert(state.to_owned());
            if over {
                break;
            }
        }
        states
    });
    // Looked at before it is waited for: until then it has a state.
    let states = watcher.join().unwrap();
    let output = app.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), REPORTED);
    assert!(states.iter().any(|state| state.starts_with('S')), "{states:?}");
    assert!(!states.iter().any(|state| state.starts_with('T')), "{states:?}");
    scene.wait_for_reporter();

    let report = scene.report_in(State::Waiting);
    let info = report.info().unwrap();
    assert_eq!((info.kind, info.reason.as_str()), (ReportKind::Hang, "hang"));
    assert_eq!((info.signal.as_deref(), info.address), (None, None));
    assert_eq!(info.release.as_deref(), Some("crasher@1.2.3"));
    let assembled = assemble(&scene.store(), report.id()).unwrap();
    let crash = assembled.crash.unwrap();
    let blamed = crash.crashed_thread().unwrap();
    let top = blamed.frames.iter().find(|frame| frame.in_app).unwrap();
    assert!(
        top.function.as_deref().unwrap().ends_with("hang::wait_for_brush"),
        "{top:?}"
    );
    assert!(
        crash
            .threads
            .iter()
            .any(|thread| thread.name.as_deref() == Some("watchdog"))
    );
    let event = &assembled.event;
    let exception = &event["exception"]["values"][0];
    assert_eq!(
        (&event["level"], &exception["type"]),
        (&"error".into(), &"ApplicationNotResponding".into())
    );
    assert_eq!(exception["mechanism"]["type"], "AppHang");
    assert_eq!(exception["mechanism"]["handled"], true);
    assert_eq!(event["tags"]["paint"], "wet");
    assert_eq!(event["breadcrumbs"]["values"][2]["message"], "pressed the button");
}

/// No shell is told of a stopped job, and none takes the terminal back while the app lives.
#[test]
fn a_hang_is_reported_from_the_foreground_of_a_shell() {
    let scene = Scene::new();
    scene.expect_reporter();
    let mut shell = Command::new("script");
    shell.args([
        "--quiet",
        "--return",
        "--command",
        "bash --norc --noprofile -i",
        "/dev/null",
    ]);
    quiet(&mut shell).env("PS1", "ready> ").env_remove("PROMPT_COMMAND");
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let crasher = scene.crasher("hang");
    let words: Vec<String> = std::iter::once(crasher.get_program())
        .chain(crasher.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let typed = format!("{}; echo \"ended with $?\"; jobs; exit\n", words.join(" "));
    shell.stdin.as_mut().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = shell.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    assert!(shown.contains(REPORTED), "{shown}");
    assert!(shown.contains("ended with 0\n"), "{shown}");
    assert!(!shown.contains("Stopped"), "{shown}");
    scene.wait_for_reporter();
    scene.report_in(State::Waiting);
}

#[test]
fn a_hang_is_sent_under_the_same_consent_as_an_error() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    let output = scene.run(scene.crasher("hang").env("CRASHER_ANSWER", "send"));
    assert_eq!(output.status.code(), Some(0));
    scene.report_in(State::Sent);
    // What is accepted is digested a moment later.
    let issues = wait_for("the issue", || {
        Some(server.issues()).filter(|issues| !issues.is_empty())
    });
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert!(
        issues[0]["title"]
            .as_str()
            .unwrap()
            .contains("ApplicationNotResponding"),
        "{issues:?}"
    );
}

/// Nobody is there to be told, and nothing hangs because of that.
#[test]
fn without_a_reporter_a_hang_is_not_reported_and_the_app_goes_on() {
    let scene = Scene::new();
    let mut crasher = scene.crasher("hang");
    crasher.args(["--reporter", "/nowhere/afterword-reporter"]);
    let output = crasher.output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        REPORTED.replace("true", "false")
    );
    assert!(scene.store().reports().unwrap().is_empty());
}

#[test]
fn a_watchdog_that_reports_again_and_again_does_not_fill_the_store() {
    let scene = Scene::new();
    let output = scene.crash("hang-again-and-again");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "reported: 10\n");
    assert_eq!(scene.store().reports().unwrap().len(), 10);
}

/// Two dumps at once would share the threads among them.
#[test]
fn a_crash_while_a_hang_is_dumped_has_all_threads() {
    let scene = Scene::new();
    scene.crash("hang-and-crash");
    let reports = scene.store().reports().unwrap();
    let of_kind = |kind| {
        let found = reports
            .iter()
            .find(|report| report.info().is_ok_and(|info| info.kind == kind));
        found.unwrap_or_else(|| panic!("there is no {kind:?}: {reports:?}; {:?}", journals(&scene.store())))
    };
    let crash = of_kind(ReportKind::Crash);
    for report in [of_kind(ReportKind::Hang), crash] {
        let info = report.info().unwrap();
        assert!(info.soft_errors.is_empty(), "{:?}", info.soft_errors);
        let worked_out = assemble(&scene.store(), report.id()).unwrap().crash.unwrap();
        assert!(
            worked_out.threads.len() > 200,
            "{:?}: {}",
            info.kind,
            worked_out.threads.len()
        );
    }
    assert_eq!(crash.info().unwrap().signal.as_deref(), Some("SIGSEGV"));
}
