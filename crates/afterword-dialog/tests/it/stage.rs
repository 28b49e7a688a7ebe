//! The dialog's process, displays for it, and what it says.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use afterword_dialog::{Asked, Details, FromDialog, Shell, ToDialog, write_message};
use afterword_store::{AppId, ConsentPolicy, ReportId, ReportInfo, ReportKind, Store};

/// Generous: software drawing in a debug build on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The example that shows states, without a display.
pub(crate) fn states() -> Command {
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
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .env("AFTERWORD_LANGUAGE", "en");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The dialog's own process.
pub(crate) fn dialog(shell: Shell) -> Command {
    let mut command = states();
    command.args(["run", shell.name()]);
    command
}

pub(crate) fn asked() -> Asked {
    Asked {
        store_root: PathBuf::from("/dev/null/nowhere"),
        app: "inkwell".to_owned(),
        report_id: ReportId::random(),
        app_name: "Inkwell".to_owned(),
        kind: ReportKind::Crash,
        signal: Some("SIGSEGV".to_owned()),
        address: None,
        message: None,
        server: Some("crashes.example.org".to_owned()),
        release: None,
        privacy_url: None,
        update_url: None,
        can_restart: false,
        documents: Vec::new(),
        asked_at: time::OffsetDateTime::UNIX_EPOCH,
        details: Details::default(),
    }
}

pub(crate) fn question() -> ToDialog {
    ToDialog::Show(Box::new(asked()))
}

/// Asks, and returns what is left when the process has ended by itself.
pub(crate) fn ended(mut command: Command) -> (Output, Duration) {
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    write_message(&mut input, &question()).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    (output, started.elapsed())
}

/// Ended when dropped, so that a failing test leaves nothing running.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn end(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A virtual display and its name.
pub(crate) fn display() -> (Running, String) {
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

pub(crate) fn lines(child: &mut Child) -> Receiver<FromDialog> {
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

pub(crate) fn say(input: &mut ChildStdin, message: &ToDialog) {
    write_message(input, message).unwrap();
    input.flush().unwrap();
}

/// A dialog that is shown.
pub(crate) struct Shown {
    pub(crate) process: Running,
    pub(crate) messages: Receiver<FromDialog>,
    pub(crate) input: ChildStdin,
}

/// Asks and waits until the window is on the screen.
pub(crate) fn shown(mut command: Command, asked: Asked) -> Shown {
    let mut process = Running(command.spawn().unwrap());
    let messages = lines(&mut process.0);
    let mut input = process.0.stdin.take().unwrap();
    say(&mut input, &ToDialog::Show(Box::new(asked)));
    assert_eq!(messages.recv_timeout(PATIENCE), Ok(FromDialog::Shown));
    Shown {
        process,
        messages,
        input,
    }
}

/// Until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn xdotool(display: &str, arguments: &[&str]) {
    let ran = Command::new("xdotool").args(arguments).env("DISPLAY", display).status();
    let ended = ran.expect("xdotool is needed: run the tests with `cargo xtask test`");
    assert!(ended.success(), "xdotool {arguments:?}: {ended}");
}

/// Gives the one window of a display the keyboard, which a window manager would do.
pub(crate) fn focus(display: &str) {
    let window = ["search", "--onlyvisible", "--class", "afterword-dialog"];
    xdotool(display, &[&window[..], &["windowfocus", "--sync"]].concat());
}

/// Presses keys, as many milliseconds apart.
pub(crate) fn press(display: &str, keys: &[&str], apart: &str) {
    xdotool(display, &[&["key", "--delay", apart], keys].concat());
}

/// A store with one report, and the question about it.
pub(crate) fn stored(root: &Path) -> (Store, Asked) {
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
