//! The dialog as a process: with and without a display, with a display that is real enough.
//!
//! The process is the example `states run`, which does nothing but call [`afterword_dialog::run`].

#![expect(clippy::unwrap_used, reason = "the tests' own helpers may panic too")]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use afterword_dialog::{Asked, Details, FromDialog, ToDialog, write_message};
use afterword_store::{AppId, ConsentPolicy, ReportId, ReportInfo, ReportKind, Settled, Store};

/// Generous: software drawing in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn dialog() -> Command {
    let tests = std::env::current_exe().unwrap();
    let example: PathBuf = tests
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples")
        .join("states");
    let mut command = Command::new(example);
    command
        .arg("run")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn asked() -> Asked {
    Asked {
        store_root: PathBuf::from("/nonexistent"),
        app: "inkwell".to_owned(),
        report_id: ReportId::random(),
        app_name: "Inkwell".to_owned(),
        kind: ReportKind::Crash,
        signal: Some("SIGSEGV".to_owned()),
        address: None,
        message: None,
        server: Some("crashes.example.org".to_owned()),
        release: None,
        can_restart: false,
        details: Details::default(),
    }
}

fn question() -> ToDialog {
    ToDialog::Show(Box::new(asked()))
}

/// Asks, and returns what is left when the process has ended by itself.
fn ended(mut command: Command) -> (Output, Duration) {
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    write_message(&mut input, &question()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    (output, started.elapsed())
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_display_it_fails_at_once_so_that_the_next_shell_can_ask() {
    let (output, took) = ended(dialog());
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"", "nothing was shown");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("no window could be opened"), "{words}");
    assert!(took < PATIENCE / 6, "{took:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_display_that_is_not_there_is_no_display() {
    let mut command = dialog();
    command.env("DISPLAY", ":93417");
    let (output, took) = ended(command);
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    assert!(took < PATIENCE / 6, "{took:?}");
}

#[test]
fn without_a_question_it_ends() {
    let mut child = dialog().spawn().unwrap();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("nothing to ask about"), "{words}");
}

/// Ended when dropped, so that a failing test leaves nothing running.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A virtual display and its name.
fn display() -> (Running, String) {
    let mut command = Command::new("Xvfb");
    command.args([
        "-displayfd",
        "1",
        "-screen",
        "0",
        "1280x1024x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]);
    let started = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut server = Running(started.expect("Xvfb is needed: run the tests with `cargo xtask test`"));
    let mut name = String::new();
    let mut output = BufReader::new(server.0.stdout.take().unwrap());
    output.read_line(&mut name).unwrap();
    (server, format!(":{}", name.trim()))
}

fn lines(child: &mut Child) -> Receiver<FromDialog> {
    let output = child.stdout.take().unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        while let Ok(Some(message)) = afterword_dialog::read_message(&mut output) {
            if sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

fn say(input: &mut ChildStdin, message: &ToDialog) {
    write_message(input, message).unwrap();
    input.flush().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn shown_is_said_when_the_window_is_on_the_screen() {
    let (_server, display) = display();
    let mut dialog = Running(dialog().env("DISPLAY", &display).spawn().unwrap());
    let messages = lines(&mut dialog.0);
    let mut input = dialog.0.stdin.take().unwrap();
    assert!(
        messages.recv_timeout(Duration::from_millis(300)).is_err(),
        "there is no question yet"
    );
    say(&mut input, &question());
    assert_eq!(messages.recv_timeout(PATIENCE), Ok(FromDialog::Shown));
    // The reporter may go; the question stays on the screen.
    drop(input);
    assert!(messages.recv_timeout(Duration::from_millis(500)).is_err());
    assert!(dialog.0.try_wait().unwrap().is_none(), "the window is still there");
}

/// Presses keys in the one window of a display.
fn press(display: &str, keys: &[&str]) {
    let xdotool = |arguments: &[&str]| {
        let ran = Command::new("xdotool").args(arguments).env("DISPLAY", display).status();
        let ended = ran.expect("xdotool is needed: run the tests with `cargo xtask test`");
        assert!(ended.success(), "xdotool {arguments:?}: {ended}");
    };
    // Without a window manager nobody gives the window the keyboard.
    xdotool(&[
        "search",
        "--onlyvisible",
        "--class",
        "afterword-dialog",
        "windowfocus",
        "--sync",
    ]);
    xdotool(&[&["key", "--delay", "150"], keys].concat());
}

fn stored(root: &std::path::Path) -> (Store, Asked) {
    let asked = Asked {
        store_root: root.to_owned(),
        ..asked()
    };
    let store = Store::open(root, &AppId::new(&asked.app).unwrap()).unwrap();
    let info = ReportInfo {
        version: ReportInfo::VERSION,
        report_id: asked.report_id,
        event_id: ReportId::random().uuid(),
        kind: asked.kind,
        dsn: "https://key@crashes.example.org/1".to_owned(),
        app_name: asked.app_name.clone(),
        release: None,
        environment: None,
        captured_at: time::OffsetDateTime::UNIX_EPOCH,
        reason: "SIGSEGV".to_owned(),
        signal: None,
        address: None,
        message: None,
        thread_name: None,
        event: serde_json::Value::Null,
        removed: vec![],
        soft_errors: vec![],
        policy: ConsentPolicy::Ask,
    };
    let report = store.begin_report(asked.report_id).unwrap();
    report.commit(&info).unwrap();
    (store, asked)
}

#[test]
#[cfg(target_os = "linux")]
fn a_person_at_the_keyboard_writes_sends_and_closes() {
    let (_server, display) = display();
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = stored(folder.path());
    let report_id = asked.report_id;
    let mut dialog = Running(dialog().env("DISPLAY", &display).spawn().unwrap());
    let messages = lines(&mut dialog.0);
    let mut input = dialog.0.stdin.take().unwrap();
    say(&mut input, &ToDialog::Show(Box::new(asked)));
    assert_eq!(messages.recv_timeout(PATIENCE), Ok(FromDialog::Shown));

    // Into the comment; past the details and Don't send; Send report.
    press(&display, &["Tab", "u", "n", "d", "o", "Tab", "Tab", "Tab", "Return"]);
    assert_eq!(messages.recv_timeout(PATIENCE), Ok(FromDialog::Answered));
    let Settled::Sending(answer) = store.settle(report_id).unwrap() else {
        panic!("the answer was to send");
    };
    assert_eq!(answer.comment.as_deref(), Some("undo"));

    say(
        &mut input,
        &ToDialog::Progress {
            sent_bytes: 10,
            total_bytes: 20,
        },
    );
    say(
        &mut input,
        &ToDialog::Sent {
            event_id: "9f1c2ab4".to_owned(),
            url: None,
            known: None,
        },
    );
    press(&display, &["Escape"]);
    assert_eq!(messages.recv_timeout(PATIENCE), Ok(FromDialog::Closed));
    assert!(dialog.0.wait().unwrap().success());
}
