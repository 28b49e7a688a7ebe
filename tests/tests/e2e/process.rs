//! Starting the crasher and waiting for what it leaves.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use afterword_store::{AppId, Report, ReportFile, State, Store};
use rustix::process::Pid;
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A folder for one test, and the crasher in it.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) dsn: Option<String>,
    /// How many reporters were started.
    reporters: Cell<usize>,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        Scene {
            folder: tempfile::tempdir().unwrap(),
            dsn: None,
            reporters: Cell::new(0),
        }
    }

    pub(crate) fn store_root(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.store_root(), &AppId::from_name("Crasher")).unwrap()
    }

    /// The crasher, without display, terminal or answer unless the test adds them.
    pub(crate) fn crasher(&self, kind: &str) -> Command {
        self.crasher_at(Path::new(env!("CARGO_BIN_EXE_crasher")), kind)
    }

    /// The same, of another build.
    pub(crate) fn crasher_at(&self, program: &Path, kind: &str) -> Command {
        let mut command = Command::new(program);
        command.arg(kind).arg("--store").arg(self.store_root());
        if let Some(dsn) = &self.dsn {
            command.args(["--dsn", dsn]);
        }
        quiet(&mut command);
        command
    }

    /// The guest, whose reporter is `afterword-reporter`.
    pub(crate) fn guest(&self, way: &str) -> Command {
        program("afterword-reporter");
        let mut command = Command::new(env!("CARGO_BIN_EXE_guest"));
        command.arg(way).arg(self.store_root());
        quiet(&mut command);
        command
    }

    /// Runs it to its end, and until its reporter has ended too.
    pub(crate) fn crash(&self, kind: &str) -> Output {
        self.run(&mut self.crasher(kind))
    }

    pub(crate) fn run(&self, command: &mut Command) -> Output {
        let output = self.run_app(command);
        self.wait_for_reporter();
        output
    }

    /// Runs it to its end; its reporter may go on.
    pub(crate) fn run_app(&self, command: &mut Command) -> Output {
        self.expect_reporter();
        command.output().unwrap()
    }

    /// One more reporter is about to be started.
    pub(crate) fn expect_reporter(&self) {
        self.reporters.set(self.reporters.get() + 1);
    }

    /// One that was expected has been killed.
    pub(crate) fn forget_reporter(&self) {
        self.reporters.set(self.reporters.get() - 1);
    }

    /// Waits for the reporter's last word in its journal, of every run so far.
    pub(crate) fn wait_for_reporter(&self) {
        wait_for("the reporter's end", || {
            let journals = journals(&self.store());
            let ended = journals
                .iter()
                .filter(|journal| journal.trim_end().ends_with("done"))
                .count();
            (ended >= self.reporters.get()).then_some(())
        });
    }

    /// Waits until a reporter is up and has left what it inherited behind: its journal comes after that.
    pub(crate) fn wait_until_watched(&self) {
        let folder = self.store_root().join("Crasher/log");
        wait_for("the reporter", || std::fs::read_dir(&folder).ok()?.next().map(|_| ()));
    }

    /// The process that has a run file of this scene open, other than the app.
    pub(crate) fn reporter_of(&self, app: u32) -> Pid {
        let is_reporter = |pid: &Pid| {
            // Between the app and its reporter there is a child that soon ends, and looks like the app.
            let command = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
            command
                .split(|byte| *byte == 0)
                .any(|argument| argument.starts_with(b"--afterword-re"))
        };
        wait_for("the reporter's process", || {
            let others = self.holders().into_iter().filter(|pid| pid.as_raw_pid() != app as i32);
            others.into_iter().find(is_reporter)
        })
    }

    /// The reporter that a test has stopped, whose app is gone.
    pub(crate) fn stopped_reporter(&self) -> Pid {
        let stopped = self.holders().into_iter().find(|pid| {
            std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid()))
                .is_ok_and(|status| status.contains("State:\tT"))
        });
        stopped.expect("a stopped reporter")
    }

    pub(crate) fn wait_for_end_of(&self, process: Pid) {
        wait_for("the end of a process", || {
            (!self.holders().contains(&process)).then_some(())
        });
    }

    /// The stack is worked out once somebody is asked.
    pub(crate) fn wait_for_stack(&self, report: &Report) {
        wait_for("the stack", || report.read(ReportFile::Event).ok().flatten());
    }

    /// The processes that have a run file of this scene open.
    pub(crate) fn holders(&self) -> Vec<Pid> {
        let root = self.store_root();
        let holds = |pid: &str| {
            std::fs::read_dir(format!("/proc/{pid}/fd"))
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| std::fs::read_link(entry.path()).ok())
                .any(|target| target.starts_with(&root) && target.to_string_lossy().contains("/runs/"))
        };
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let pid = Pid::from_raw(name.parse().ok()?)?;
                holds(&name).then_some(pid)
            })
            .collect()
    }

    /// The only report there is.
    pub(crate) fn only_report(&self) -> Report {
        let mut reports = self.store().reports().unwrap();
        assert_eq!(reports.len(), 1, "{reports:?}; {:?}", journals(&self.store()));
        reports.remove(0)
    }

    pub(crate) fn report_in(&self, state: State) -> Report {
        let report = self.only_report();
        assert_eq!(report.state(), state, "{:?}", journals(&self.store()));
        report
    }
}

/// No display, no answer, no colours, no backtrace, and English: what a test does not say is not there.
pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    for variable in [
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "CRASHER_ANSWER",
        "RUST_BACKTRACE",
        "AFTERWORD_STORE",
    ] {
        command.env_remove(variable);
    }
    command.env("AFTERWORD_LANGUAGE", "en").stdin(Stdio::null())
}

pub(crate) fn journals(store: &Store) -> Vec<String> {
    std::fs::read_dir(store.log_folder())
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect()
}

/// Waits for a state, for a minute at the most.
pub(crate) fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_for_or(|| what.to_owned(), look)
}

/// The same, with words that are only known at the end.
pub(crate) fn wait_for_or<T>(what: impl Fn() -> String, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {}", what());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A program of another package, which `cargo xtask test` builds before the tests.
pub(crate) fn program(name: &str) -> PathBuf {
    needed(Path::new(env!("CARGO_BIN_EXE_crasher")).with_file_name(name))
}

/// A program in another profile, which `cargo xtask test` builds too.
pub(crate) fn built(profile: &str, name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_crasher")).ancestors().nth(2).unwrap();
    needed(target.join(profile).join(name))
}

fn needed(path: PathBuf) -> PathBuf {
    assert!(
        path.is_file(),
        "{} is not built: run the tests with `cargo xtask test`",
        path.display()
    );
    path
}

/// Every file below a folder, with its bytes.
pub(crate) fn all_files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(all_files(&path));
        } else {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    files
}
