//! A process that ends with the value that stands for it.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long a server may take to start, or to end: a machine that compiles beside is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running process, killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// When the system cannot, with the name of the program.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn().map_err(|error| {
            let program = command.get_program().display().to_string();
            io::Error::new(error.kind(), format!("{program} does not start: {error}"))
        })?;
        Ok(Self { child })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard streams, those that are piped.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When the system does not say how it ended.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Asks it to end, by a signal's name (`TERM`, `INT`, `QUIT`), and waits until it has.
    ///
    /// # Errors
    /// When it has not ended after a minute.
    pub fn end(&mut self, signal: &str) -> io::Result<ExitStatus> {
        // It is a child that nobody has waited for: the number cannot be another's.
        let line = format!("kill -{signal} {}", self.child.id());
        if self.child.try_wait()?.is_none() {
            Command::new("sh").args(["-c", &line]).status()?;
        }
        wait_for("the end of a process", || self.child.try_wait())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself. There is nobody to tell of a failure.
        drop(self.kill());
    }
}

/// Looks until there is something to see.
///
/// # Errors
/// When looking fails, or there is nothing after a minute.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("waited in vain for {what}"),
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
