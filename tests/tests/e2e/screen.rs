//! A screen that nobody sees.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::process::{Scene, journals, wait_for, wait_for_or};

const FIRST_MOMENT: std::time::Duration = std::time::Duration::from_millis(800);

/// A screen of a test's own.
pub(crate) struct Screen {
    server: Child,
    pub(crate) display: String,
}

impl Screen {
    pub(crate) fn start() -> Screen {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1280x900x24",
                "-nolisten",
                "tcp",
                "-noreset",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is needed: run the tests with `cargo xtask test`");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        Screen {
            server,
            display: format!(":{}", number.trim()),
        }
    }

    pub(crate) fn tool(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("xdotool")
            .args(arguments)
            .env("DISPLAY", &self.display)
            .output()
            .expect("xdotool is needed: run the tests with `cargo xtask test`");
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// Waits for a window and gives it the keyboard.
    pub(crate) fn window(&self, title: &str) {
        wait_for("the window", || {
            let windows = self.tool(&["search", "--onlyvisible", "--name", title])?;
            let window = windows.lines().last()?.to_owned();
            self.tool(&["windowfocus", "--sync", &window])
        });
    }

    /// Waits for the dialog and gives it the keyboard, which a window manager would do.
    pub(crate) fn dialog(&self, scene: &Scene) {
        let what = || format!("the dialog's window; {:?}", journals(&scene.store()));
        wait_for_or(what, || {
            let windows = self.tool(&["search", "--onlyvisible", "--name", "stopped unexpectedly"])?;
            let window = windows.lines().last()?.to_owned();
            self.tool(&["windowfocus", "--sync", &window])
        });
        wait_for("the dialog's first frame", || {
            journals(&scene.store())
                .concat()
                .contains("asking in the window")
                .then_some(())
        });
        // The window takes no answer in its first moment: somebody may be typing into the program that crashed.
        std::thread::sleep(FIRST_MOMENT);
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        for key in keys {
            self.tool(&["key", key]).unwrap();
            // A person is slower; without a pause two keys can fall into one frame.
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
