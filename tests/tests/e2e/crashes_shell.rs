//! A crash as the person at a terminal sees it.

use std::io::Write;
use std::process::{Command, Stdio};

use afterword_store::State;

use crate::process::{Scene, quiet};

/// An interactive shell on a terminal of its own, with these lines typed into it; what the terminal shows.
fn typed_into_bash(lines: &[String]) -> String {
    let mut terminal = Command::new("script");
    // Without the files that would change the prompt, and without what the line editor adds to what is typed.
    let shell = "bash --norc --noprofile --noediting -i";
    terminal.args(["--quiet", "--return", "--command", shell, "/dev/null"]);
    let mut terminal = quiet(&mut terminal)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = terminal.stdin.take().unwrap();
    for line in lines {
        writeln!(keyboard, "{line}").unwrap();
    }
    let shown = terminal.wait_with_output().unwrap();
    drop(keyboard);
    String::from_utf8_lossy(&shown.stdout).replace('\r', "")
}

#[test]
fn under_a_shell_it_is_a_segmentation_fault_and_nothing_was_stopped() {
    let scene = Scene::new();
    scene.expect_reporter();
    let crasher = env!("CARGO_BIN_EXE_crasher");
    let store = scene.store_root();
    let lines = [
        format!("{crasher} null-write --store {}", store.display()),
        "echo status $?".to_owned(),
        format!("{crasher} null-write --without"),
        "echo status $?".to_owned(),
        "jobs; echo no more jobs".to_owned(),
        "exit".to_owned(),
    ];
    let shown = typed_into_bash(&lines);
    let said = |words: &str| shown.lines().filter(|line| line.contains(words)).count();
    assert_eq!(said("status 139"), 2, "{shown}");
    assert_eq!(said("Segmentation fault"), 2, "with Afterword as without: {shown}");
    assert_eq!(said("no more jobs"), 2, "once typed, once said: {shown}");
    assert_eq!(said("Stopped"), 0, "{shown}");
    scene.wait_for_reporter();
    scene.report_in(State::Waiting);
}
