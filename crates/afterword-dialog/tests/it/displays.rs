//! Displays that are missing, wrong, or go away: the process ends, and the report waits.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use afterword_dialog::Shell;
use afterword_store::Settled;

use crate::stage::{PATIENCE, Running, dialog, display, ended, shown, stored, wait_for};

/// It must neither show anything nor be waited for.
fn fails_at_once(shell: Shell, change: impl Fn(&mut Command)) {
    let mut command = dialog(shell);
    change(&mut command);
    let (output, took) = ended(command);
    assert!(!output.status.success(), "{shell:?}");
    assert_eq!(output.stdout, b"", "{shell:?}: nothing was shown");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("no window could be opened"), "{shell:?}: {words}");
    assert!(took < PATIENCE / 6, "{shell:?}: {took:?}");
}

#[test]
fn without_a_display_it_fails_at_once_so_that_the_next_shell_can_ask() {
    for shell in Shell::ALL {
        fails_at_once(shell, |_| {});
    }
}

#[test]
fn a_display_that_is_not_there_is_no_display() {
    for shell in Shell::ALL {
        fails_at_once(shell, |command| {
            command.env("DISPLAY", ":93417");
        });
        fails_at_once(shell, |command| {
            command.env("WAYLAND_DISPLAY", "no-compositor-is-called-this");
        });
    }
}

/// In place of a library, a file that is none: it cannot be opened, as one that is not installed.
fn without(libraries: &[&str], folder: &Path, command: &mut Command) {
    for library in libraries {
        std::fs::write(folder.join(library), "").unwrap();
    }
    command.env("LD_LIBRARY_PATH", folder);
}

#[test]
fn without_the_library_for_keyboards_it_fails_at_once() {
    let (_server, display) = display();
    let folder = tempfile::tempdir().unwrap();
    let libraries = ["libxkbcommon.so.0", "libxkbcommon.so"];
    for shell in Shell::ALL {
        fails_at_once(shell, |command| {
            without(&libraries, folder.path(), command);
            command.env("DISPLAY", &display);
        });
    }
}

#[test]
fn without_opengl_one_window_fails_at_once_and_the_other_is_shown() {
    let (_server, display) = display();
    let folder = tempfile::tempdir().unwrap();
    let libraries = ["libEGL.so.1", "libEGL.so", "libGL.so.1", "libGL.so", "libGLX.so.0"];
    fails_at_once(Shell::Eframe, |command| {
        without(&libraries, folder.path(), command);
        command.env("DISPLAY", &display);
    });
    let mut command = dialog(Shell::Software);
    without(&libraries, folder.path(), &mut command);
    command.env("DISPLAY", &display);
    shown(command, crate::stage::asked());
}

/// The server of the display is ended under the open window.
fn goes_away(shell: Shell, mut server: Running, command: Command) {
    let folder = tempfile::tempdir().unwrap();
    let (store, asked) = stored(folder.path());
    let report_id = asked.report_id;
    let mut shown = shown(command, asked);
    server.end();
    let status = wait_for("the dialog's end", || shown.process.0.try_wait().unwrap());
    assert!(!status.success(), "{shell:?}: {status}");
    assert!(
        matches!(store.settle(report_id), Ok(Settled::Unanswered)),
        "{shell:?}: nobody has answered"
    );
}

#[test]
fn a_display_that_goes_away_answers_nothing() {
    for shell in Shell::ALL {
        let (server, name) = display();
        let mut command = dialog(shell);
        command.env("DISPLAY", name);
        goes_away(shell, server, command);
    }
}

/// A compositor that nobody sees, and how a program finds it.
fn compositor(folder: &Path) -> (Running, &'static str) {
    let mut command = Command::new("weston");
    command
        .args(["--backend=headless-backend.so", "--use-pixman", "--idle-time=0"])
        .args(["--width=1280", "--height=1024", "--no-config"])
        .arg("--socket=afterword")
        .env("XDG_RUNTIME_DIR", folder)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped());
    let started = command.spawn();
    let mut server = Running(started.expect("weston is needed: run the tests with `cargo xtask test`"));
    let mut complaints = server.0.stderr.take().unwrap();
    std::thread::spawn(move || {
        let mut said = String::new();
        // Read to its end, so that it is not stopped by a full pipe.
        drop(complaints.read_to_string(&mut said));
    });
    let socket = folder.join("afterword");
    wait_for("the compositor", || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    });
    (server, "afterword")
}

/// The other window is not tried here: Weston 10 ends by itself when a program draws with OpenGL in software.
#[test]
fn it_is_shown_on_wayland_and_answers_nothing_when_that_goes_away() {
    let folder = tempfile::tempdir().unwrap();
    let (server, name) = compositor(folder.path());
    let mut command = dialog(Shell::Software);
    command
        .env("XDG_RUNTIME_DIR", folder.path())
        .env("WAYLAND_DISPLAY", name);
    goes_away(Shell::Software, server, command);
}
