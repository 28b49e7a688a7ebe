//! One application, from its start until its reporter is gone too.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use afterword_bench::app::{Kind, NOWHERE};
use afterword_bench::moments::{Moment, Moments, now};
use afterword_store::{AppId, Report, Store};
use anyhow::{Context as _, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tempfile::TempDir;

use crate::Bench;

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(5);
/// After everything is up, before the crash: nobody crashes in the first millisecond, and the start of the reporter is
/// measured elsewhere.
const SETTLING: Duration = Duration::from_millis(200);

/// What is started.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) program: PathBuf,
    pub(crate) kind: Kind,
    pub(crate) dsn: String,
    pub(crate) threads: usize,
    pub(crate) reporter: Option<PathBuf>,
    pub(crate) display: Option<String>,
}

impl Play {
    pub(crate) fn ours(bench: &Bench, kind: Kind) -> Play {
        Play {
            program: bench.programs.ours.clone(),
            kind,
            dsn: NOWHERE.to_owned(),
            threads: 1,
            reporter: Some(bench.programs.reporter.clone()),
            display: None,
        }
    }

    pub(crate) fn peer(bench: &Bench, kind: Kind) -> Play {
        Play {
            program: bench.programs.peer.clone(),
            reporter: None,
            ..Play::ours(bench, kind)
        }
    }

    pub(crate) fn threads(self, threads: usize) -> Play {
        Play { threads, ..self }
    }
}

/// A living application. Its folder goes with it.
pub(crate) struct Scene {
    app: Child,
    go: Option<ChildStdin>,
    pub(crate) moments: Moments,
    reporter: Option<Pid>,
    folder: TempDir,
}

impl Scene {
    /// Starts it in a folder of its own, and waits until it and its reporter are up.
    pub(crate) fn start(bench: &Bench, play: &Play) -> anyhow::Result<Scene> {
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(&bench.folder)?;
        Scene::start_in(folder, play)
    }

    /// The same where an earlier run has been.
    pub(crate) fn start_in(folder: TempDir, play: &Play) -> anyhow::Result<Scene> {
        let noted = folder.path().join("moments");
        // Left by an earlier run, or not there.
        let _ = fs::remove_file(&noted);
        let moments = Moments::open(&noted)?;
        let mut app = command(play, &noted, &folder.path().join("store"))
            .spawn()
            .with_context(|| format!("{} cannot be started", play.program.display()))?;
        let go = app.stdin.take();
        let mut scene = Scene {
            app,
            go,
            moments,
            reporter: None,
            folder,
        };
        scene.wait_until_up(play)?;
        Ok(scene)
    }

    fn wait_until_up(&mut self, play: &Play) -> anyhow::Result<()> {
        // Only then is the reporter looked for: a search through all processes would take a processor from `init`.
        self.wait(play, |scene| scene.moments.get(Moment::Ready).is_some())?;
        if play.kind != Kind::PlainBreadcrumbs {
            self.wait(play, |scene| {
                let (app, folder) = (scene.app.id(), scene.folder.path());
                scene.reporter =
                    processes().find(|pid| pid.as_raw_pid() as u32 != app && is_reporter(*pid, folder, app));
                scene.reporter.is_some()
            })?;
        }
        thread::sleep(SETTLING);
        Ok(())
    }

    fn wait(&mut self, play: &Play, mut is_there: impl FnMut(&mut Scene) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !is_there(self) {
            if let Some(status) = self.app.try_wait()? {
                bail!("{} ended before it was up: {status}", play.program.display());
            }
            if begun.elapsed() > PATIENCE {
                bail!("{} is not up after {} s", play.program.display(), PATIENCE.as_secs());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// The reporter's process.
    pub(crate) fn reporter(&self) -> anyhow::Result<Pid> {
        self.reporter.context("there is no reporter")
    }

    /// Lets the application do what it is for, and waits for its end. Returns when that was.
    pub(crate) fn go(&mut self) -> anyhow::Result<u64> {
        self.go.take().context("it was told to go before")?.write_all(b"go\n")?;
        self.app.wait()?;
        Ok(now())
    }

    pub(crate) fn moment(&self, moment: Moment) -> anyhow::Result<u64> {
        self.moments
            .get(moment)
            .with_context(|| format!("{moment:?} was never noted"))
    }

    /// Nanoseconds from one moment to another.
    pub(crate) fn between(&self, from: Moment, to: Moment) -> anyhow::Result<f64> {
        Ok(self.moment(to)?.saturating_sub(self.moment(from)?) as f64)
    }

    pub(crate) fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(
            &self.folder.path().join("store"),
            &AppId::from_name("Bench"),
        )?)
    }

    /// What its reporter has written down.
    pub(crate) fn journal(&self) -> anyhow::Result<String> {
        let mut journal = String::new();
        for entry in fs::read_dir(self.store()?.log_folder())? {
            journal.push_str(&fs::read_to_string(entry?.path())?);
        }
        Ok(journal)
    }

    /// The one report that the crash must have left: a figure without it would be worth nothing.
    pub(crate) fn only_report(&self) -> anyhow::Result<Report> {
        let mut reports = self.store()?.reports()?;
        match reports.len() {
            1 => Ok(reports.remove(0)),
            other => bail!("{other} reports, and not one; {}", self.journal()?),
        }
    }

    /// Waits for the reporter's end. Returns the folder, for another application.
    pub(crate) fn end(mut self) -> anyhow::Result<TempDir> {
        if let Some(go) = self.go.take() {
            drop(go);
            self.app.wait()?;
        }
        if let Some(reporter) = self.reporter {
            wait_for_end(reporter)?;
        }
        Ok(self.folder)
    }
}

/// No core dumps, the usual stack, no display but the one that is given.
fn command(play: &Play, moments: &Path, store: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -c 0; ulimit -s 8192; exec \"$@\"", "sh"])
        .arg(&play.program)
        .args([play.kind.name().as_ref(), moments.as_os_str(), store.as_os_str()])
        .args([&play.dsn, &play.threads.to_string()])
        .args(&play.reporter)
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("DISPLAY")
        .env_remove("AFTERWORD_LOG")
        .envs(play.display.as_ref().map(|display| ("DISPLAY", display)))
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Every process there is.
pub(crate) fn processes() -> impl Iterator<Item = Pid> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// Whether it is the reporter of the application in `folder`: ours has the journal open there, the peer's is its child.
fn is_reporter(pid: Pid, folder: &Path, app: u32) -> bool {
    let is_in_log = |target: PathBuf| target.starts_with(folder) && target.to_string_lossy().contains("/log/");
    let has_journal = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_pid()))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(is_in_log);
    has_journal || parent(pid) == Some(app)
}

/// Its parent, from `/proc/<pid>/status`.
pub(crate) fn parent(pid: Pid) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

/// Waits until a process that is not our child is gone.
pub(crate) fn wait_for_end(pid: Pid) -> anyhow::Result<()> {
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return Ok(());
    };
    let patience = Timespec {
        tv_sec: PATIENCE.as_secs() as i64,
        tv_nsec: 0,
    };
    if poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience))? == 0 {
        bail!(
            "process {} did not end within {} s",
            pid.as_raw_pid(),
            PATIENCE.as_secs()
        );
    }
    Ok(())
}
