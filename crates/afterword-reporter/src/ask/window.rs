//! The windows, each in a process of its own: with OpenGL, then drawn in software. One that does not appear in time (no
//! display, no GL, a broken driver, which may be what crashed the app) is ended, and the next shell is tried.

#[cfg(target_os = "linux")]
#[path = "window/linux.rs"]
mod sys;
#[cfg(target_os = "macos")]
#[path = "window/macos.rs"]
mod sys;
#[cfg(windows)]
#[path = "window/windows.rs"]
mod sys;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use afterword_dialog::{Asked, FromDialog, ToDialog, read_message, write_message};

use super::{Conversation, Shell};
use crate::program::DIALOG_ARGUMENT;

/// How long the first frame with OpenGL may take. A cold start takes well below a second, also without a graphics card; a
/// driver that is not done after ten times that is not waited for, since there is a window without it.
const FIRST_FRAME_WITH_GL: Duration = Duration::from_secs(8);
/// How long the first frame drawn in software may take. It waits for nothing but the disk and the display, and behind it
/// there may be nobody to ask: so it may be slow.
const FIRST_FRAME_IN_SOFTWARE: Duration = Duration::from_secs(15);
/// The bound with OpenGL in milliseconds, for the tests; heeded in debug builds only.
const FIRST_FRAME_VARIABLE: &str = "AFTERWORD_TEST_FIRST_FRAME_MS";
const MAX_LINE_BYTES: u64 = 4096;

pub(super) struct Window(pub(super) afterword_dialog::Shell);

impl Window {
    fn first_frame(&self) -> Duration {
        match self.0 {
            afterword_dialog::Shell::Eframe => for_tests().unwrap_or(FIRST_FRAME_WITH_GL),
            _ => FIRST_FRAME_IN_SOFTWARE,
        }
    }
}

fn for_tests() -> Option<Duration> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let ms = std::env::var(FIRST_FRAME_VARIABLE).ok()?.parse().ok()?;
    Some(Duration::from_millis(ms))
}

impl Shell for Window {
    fn name(&self) -> &'static str {
        match self.0 {
            afterword_dialog::Shell::Eframe => "window",
            _ => "window drawn in software",
        }
    }

    fn open(&self, asked: &Asked, events: Sender<FromDialog>) -> Result<Box<dyn Conversation>, String> {
        if !sys::has_display() {
            return Err("there is no display".to_owned());
        }
        let mut process = start(self.0)?;
        let Some(mut input) = process.stdin.take() else {
            return Err("the window's process has no input".to_owned());
        };
        let complaints = Complaints::of(&mut process);
        let shown = relay(&mut process, events)?;
        if let Err(error) = write_message(&mut input, &ToDialog::Show(Box::new(asked.clone()))) {
            end(process);
            return Err(error.to_string());
        }
        let first_frame = self.first_frame();
        match shown.recv_timeout(first_frame) {
            Ok(()) => Ok(Box::new(Open {
                input,
                process: Some(process),
            })),
            Err(RecvTimeoutError::Timeout) => {
                end(process);
                Err(format!("it did not appear within {} s", first_frame.as_secs_f32()))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let ended = end(process);
                Err(format!("it ended before it appeared: {ended}: {}", complaints.last()))
            }
        }
    }
}

fn start(shell: afterword_dialog::Shell) -> Result<Child, String> {
    sys::this_program()
        .map_err(|error| format!("it cannot be found: {error}"))?
        .arg(DIALOG_ARGUMENT)
        .arg(shell.name())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("it cannot be started: {error}"))
}

/// Passes on what the window says, on a thread. Returns the receiver of its first frame.
fn relay(process: &mut Child, events: Sender<FromDialog>) -> Result<std::sync::mpsc::Receiver<()>, String> {
    let output = process.stdout.take().ok_or("the window's process has no output")?;
    let (first_frame, shown) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        loop {
            let message = match read_message::<FromDialog>(&mut output) {
                Ok(Some(message)) => message,
                // A driver that prints to standard output: no message, and no end.
                Err(afterword_dialog::Error::Message(_)) => continue,
                Ok(None) | Err(_) => return,
            };
            // Nobody listens for the first frame once it has been shown.
            if message == FromDialog::Shown && first_frame.send(()).is_err() {
                log::debug!("the window says twice that it is shown");
            }
            if events.send(message).is_err() {
                return;
            }
        }
    });
    Ok(shown)
}

/// What the window's process, and the drivers in it, said on standard error: the last line counts.
struct Complaints(Arc<Mutex<String>>);

impl Complaints {
    fn of(process: &mut Child) -> Complaints {
        let last = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = process.stderr.take() {
            let last = last.clone();
            std::thread::spawn(move || {
                // Read to its end, so that no driver is stopped by a full pipe.
                let mut stderr = BufReader::new(stderr);
                let mut line = Vec::new();
                while stderr
                    .by_ref()
                    .take(MAX_LINE_BYTES)
                    .read_until(b'\n', &mut line)
                    .is_ok_and(|read| read > 0)
                {
                    let said = String::from_utf8_lossy(&line).trim().to_owned();
                    if !said.is_empty() {
                        *last.lock().unwrap_or_else(PoisonError::into_inner) = said;
                    }
                    line.clear();
                }
            });
        }
        Complaints(last)
    }

    fn last(&self) -> String {
        // Its end and the end of what it said come at the same time.
        std::thread::sleep(Duration::from_millis(20));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Open {
    input: ChildStdin,
    process: Option<Child>,
}

impl Conversation for Open {
    fn tell(&mut self, message: &ToDialog) {
        if let Err(error) = write_message(&mut self.input, message) {
            log::debug!("the window is gone: {error}");
        }
    }

    fn close(&mut self) {
        if let Some(process) = self.process.take() {
            log::info!("the window was closed: {}", end(process));
        }
    }
}

impl Drop for Open {
    /// The window may stay open with its result, longer than this process; it is collected when it is closed before.
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            std::thread::spawn(move || process.wait());
        }
    }
}

/// How long an ended process is waited for.
const END: Duration = Duration::from_secs(1);

/// Ends the window's process, if it has not ended by itself. Returns how it ended, in words. One that hangs in the kernel, in
/// a driver there, does not end before that lets it go: it is left behind.
fn end(mut process: Child) -> String {
    // Its own child, not yet waited for: the number is still its own.
    if let Ok(Some(status)) = process.try_wait() {
        return status.to_string();
    }
    if let Err(error) = process.kill() {
        return error.to_string();
    }
    let (ended, waiting) = channel();
    std::thread::spawn(move || {
        // Nobody listens any more when it took too long.
        drop(ended.send(process.wait()));
    });
    match waiting.recv_timeout(END) {
        Ok(Ok(status)) => status.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not end".to_owned(),
    }
}
