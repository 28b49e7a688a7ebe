//! The dialog on a screen, and in a terminal, answered as a person answers it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use afterword_store::State;

use crate::collector::Server;
use crate::process::{Scene, quiet, wait_for};
use crate::screen::Screen;

#[test]
fn send_in_the_window_sends_with_the_comment() {
    let server = Server::start();
    let screen = Screen::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    scene.run_app(scene.crasher("null-write").env("DISPLAY", &screen.display));
    screen.dialog(&scene);
    // Comment, restart, always, details, Don't send, Send report.
    screen.keys(&["Tab"]);
    screen.tool(&["type", "--delay", "60", "it was wet"]).unwrap();
    screen.keys(&["Tab", "Tab", "Tab", "Tab", "Tab", "space"]);
    let delivery = wait_for("the report to be sent", || {
        let report = scene.only_report();
        (report.state() == State::Sent).then(|| report.delivery().unwrap())
    });
    let event = server.event(delivery.event_id.as_deref().unwrap());
    assert_eq!(event["feedback"][0]["message"], "it was wet");
    // The result stays until it is closed.
    screen.keys(&["Escape"]);
    scene.wait_for_reporter();
}

#[test]
fn dont_send_in_the_window_deletes() {
    let screen = Screen::start();
    let scene = Scene::new();
    scene.run_app(scene.crasher("null-write").env("DISPLAY", &screen.display));
    screen.dialog(&scene);
    screen.keys(&["Tab", "Tab", "Tab", "Tab", "Tab", "space"]);
    scene.wait_for_reporter();
    assert!(scene.store().reports().unwrap().is_empty());
}

#[test]
fn closing_the_window_is_ask_me_later() {
    let screen = Screen::start();
    let scene = Scene::new();
    scene.run_app(scene.crasher("null-write").env("DISPLAY", &screen.display));
    screen.dialog(&scene);
    screen.keys(&["Escape"]);
    scene.wait_for_reporter();
    let report = scene.report_in(State::Waiting);
    assert_eq!(report.answer().unwrap(), None);
}

#[test]
fn a_display_that_is_not_there_leaves_the_report() {
    let scene = Scene::new();
    scene.run(scene.crasher("null-write").env("DISPLAY", ":9999"));
    scene.report_in(State::Waiting);
}

/// Runs a command line in a terminal of its own (`script` makes it) and answers each prompt once it is there.
fn in_terminal(scene: &Scene, line: &str, answers: &[(&str, &str)]) -> String {
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", line, "/dev/null"]);
    quiet(&mut command);
    scene.expect_reporter();
    let mut terminal = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(terminal.stdout.take().unwrap());
    let mut shown = String::new();
    let mut input = terminal.stdin.take().unwrap();
    let mut answers = answers.iter();
    let mut next = answers.next();
    loop {
        let bytes = output.fill_buf().unwrap();
        if bytes.is_empty() {
            break;
        }
        shown.push_str(&String::from_utf8_lossy(bytes));
        let length = bytes.len();
        output.consume(length);
        while let Some((prompt, answer)) = next
            && shown.contains(prompt)
        {
            input.write_all(answer.as_bytes()).unwrap();
            next = answers.next();
        }
    }
    terminal.wait().unwrap();
    assert_eq!(next, None, "{shown}");
    scene.wait_for_reporter();
    shown
}

fn command_line(scene: &Scene, after: &str) -> String {
    format!(
        "{} null-write --store {} --dsn {}{after}",
        env!("CARGO_BIN_EXE_crasher"),
        scene.store_root().display(),
        scene.dsn.as_deref().unwrap_or("http://key@127.0.0.1:9/1"),
    )
}

#[test]
fn without_a_display_the_terminal_asks_while_the_job_is_in_the_foreground() {
    let server = Server::start();
    let mut scene = Scene::new();
    scene.dsn = Some(server.access.dsn.clone());
    // A script that started the app and goes on until the reporter is done.
    let store = scene.store_root();
    let script = format!(
        "sh -c '{}; while ! grep -q done {}/Crasher/log/*; do sleep 0.1; done'",
        command_line(&scene, ""),
        store.display()
    );
    let answers = [
        ("[s]end", "s\n"),
        ("What were you doing?", "it was wet\n"),
        ("Restart", "n\n"),
        ("Always", "\n"),
    ];
    let shown = in_terminal(&scene, &script, &answers);
    assert!(shown.contains("Crasher stopped unexpectedly"), "{shown}");
    let report = scene.report_in(State::Sent);
    let delivery = report.delivery().unwrap();
    assert!(shown.contains(delivery.event_id.as_deref().unwrap()), "{shown}");
    let event = server.event(delivery.event_id.as_deref().unwrap());
    assert_eq!(event["feedback"][0]["message"], "it was wet");
}
