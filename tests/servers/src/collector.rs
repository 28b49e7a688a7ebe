//! The collector as a person starts it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Process;

/// `afterword-collector serve` on a free port, with the project `studio/paint`.
#[derive(Debug)]
pub struct Collector {
    process: Process,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    /// What `--bootstrap` prints: a line of JSON with `url`, `dsn` and `token`. Empty without it.
    pub credentials: String,
    /// How long it took from its start until it took requests.
    pub ready_after: Duration,
    /// What it writes to standard error, those that ran on this data folder before included.
    pub log: PathBuf,
}

impl Collector {
    /// Starts it and waits until it takes requests. What it logs is appended to a file beside the data folder. `more`
    /// adds options and variables.
    ///
    /// # Errors
    /// When it ends instead, with what it said.
    pub fn start(program: &Path, data: &Path, more: impl FnOnce(&mut Command)) -> io::Result<Self> {
        Self::start_as(program, data, true, |command| {
            command.args(["--bootstrap", "studio/paint"]);
            more(command);
        })
    }

    /// The same without a project: there are no credentials.
    ///
    /// # Errors
    /// When it ends instead, with what it said.
    pub fn start_untouched(program: &Path, data: &Path, more: impl FnOnce(&mut Command)) -> io::Result<Self> {
        Self::start_as(program, data, false, more)
    }

    fn start_as(program: &Path, data: &Path, says: bool, more: impl FnOnce(&mut Command)) -> io::Result<Self> {
        let log = data.with_extension("log");
        let mut command = Command::new(program);
        command.arg("serve").arg("--data").arg(data);
        command.args(["--listen", "127.0.0.1:0"]);
        more(&mut command);
        let stderr = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let begun = Instant::now();
        let mut process = Process::spawn(&mut command)?;

        let stdout = process.child().stdout.take();
        let mut lines = BufReader::new(stdout.ok_or(io::ErrorKind::BrokenPipe)?).lines();
        let mut url = None;
        let mut ready_after = Duration::ZERO;
        // Other lines may come before, and between: a link for the owner, for example.
        let credentials = loop {
            let Some(line) = lines.next().transpose()? else {
                let said = std::fs::read_to_string(&log)?;
                return Err(io::Error::other(format!("the collector has ended: {said}")));
            };
            if let Some(address) = line.strip_prefix("listening on ") {
                url = Some(address.to_owned());
                ready_after = begun.elapsed();
                if !says {
                    break String::new();
                }
            } else if line.starts_with('{') {
                break line;
            }
        };
        // What it says later has to go somewhere.
        std::thread::spawn(move || lines.count());
        Ok(Self {
            process,
            url: url.ok_or_else(|| io::Error::other("the collector does not say where it listens"))?,
            credentials,
            ready_after,
            log,
        })
    }

    /// Its process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When the system does not say how it ended.
    pub fn kill(mut self) -> io::Result<ExitStatus> {
        self.process.kill()
    }

    /// Ends it as a service is ended.
    ///
    /// # Errors
    /// When it does not end within a minute.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        self.process.end("TERM")
    }
}
