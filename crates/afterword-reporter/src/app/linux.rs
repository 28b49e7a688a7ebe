//! The app's process on Linux: a pidfd.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use afterword_channel::{Liveness, ReporterChannel, RunView};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::time::{ClockId, clock_gettime};

use super::Woken;
use crate::Error;

/// What the kernel counts for programs, on every processor that we run on: `USER_HZ`.
const TICKS_PER_SECOND: u64 = 100;
/// Ticks are coarse, and a run begins after its process.
const CLOCKS_DIFFER_MS: u64 = 1000;
/// Between two looks at a lock, where the system has nothing to wait for.
const LOCK_LOOK: Duration = Duration::from_millis(100);

/// The process that made a run file.
pub(crate) struct App {
    pid: u32,
    /// What the names of its mappings have in them: the run's folder, or memory where the disk was full.
    mapped: [String; 2],
    /// Readable when the process is gone. Without one (an old kernel), the end of the channel tells it.
    pidfd: Option<OwnedFd>,
}

impl App {
    /// # Errors
    /// A run file that cannot be read.
    pub(crate) fn of(run: &RunView) -> Result<App, Error> {
        let pid = run.app_pid()?;
        let pidfd = Pid::from_raw(pid as i32).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok(App {
            pid,
            mapped: [run.run_id()?.to_string(), "/memfd:afterword-run".to_owned()],
            pidfd,
        })
    }

    /// Blocks until the channel has something or the process is gone; what is in the channel comes first.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait(&self, channel: &ReporterChannel) -> Result<Woken, Error> {
        let mut wanted = vec![PollFd::from_borrowed_fd(channel.as_fd(), PollFlags::IN)];
        if let Some(pidfd) = &self.pidfd {
            wanted.push(PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN));
        }
        poll_for_ever(&mut wanted)?;
        if wanted[0].revents().intersects(PollFlags::IN | PollFlags::HUP) {
            Ok(Woken::Channel)
        } else {
            Ok(Woken::Gone)
        }
    }

    /// Blocks until the process is gone. Without a pidfd its run file's lock tells it, which has to be looked at.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait_for_its_end(&self, run: &RunView) -> Result<(), Error> {
        let Some(pidfd) = &self.pidfd else {
            while matches!(run.liveness(), Ok(Liveness::Alive)) {
                std::thread::sleep(LOCK_LOOK);
            }
            return Ok(());
        };
        let mut wanted = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
        poll_for_ever(&mut wanted)
    }

    /// # Errors
    /// [`Error::Gone`] once the process is: its number may be another one's.
    pub(crate) fn must_live(&self) -> Result<(), Error> {
        let Some(pidfd) = &self.pidfd else { return Ok(()) };
        let mut looked = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        match poll(&mut looked, Some(&now)) {
            Ok(1..) => Err(Error::Gone),
            Ok(0) | Err(_) => Ok(()),
        }
    }

    /// Whether the process has become another program, by `exec`: then its memory is that program's, and what it had mapped
    /// of this run is gone. It may have called `init` by now, and mapped as much of a run of its own.
    pub(crate) fn has_become_another(&self) -> bool {
        let maps = maps_of(self.pid);
        !maps.is_empty() && !self.mapped.iter().any(|name| maps.contains(name))
    }
}

/// Whether the process that made a run file still has it mapped: it does so as long as it is that program.
pub(crate) fn maps_run(run: &RunView) -> bool {
    let (Ok(pid), Ok(id)) = (run.app_pid(), run.run_id()) else {
        return false;
    };
    maps_of(pid).contains(&id.to_string())
}

/// Empty for a process that is not there, or not ours.
fn maps_of(pid: u32) -> String {
    let maps = std::fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    String::from_utf8_lossy(&maps).into_owned()
}

/// Whether a process had begun at a time, in milliseconds since 1970 by the wall clock.
pub(crate) fn has_begun_before(pid: u32, ms: u64) -> bool {
    began_ms(pid).is_some_and(|began| began <= ms.saturating_add(CLOCKS_DIFFER_MS))
}

/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>: field 22, in ticks of the clock that runs since the boot.
fn began_ms(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name, in parentheses, that may have anything in it.
    let ticks: u64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let since_boot = ticks.checked_mul(1000)? / TICKS_PER_SECOND;
    let now = clock_gettime(ClockId::Boottime);
    let now_since_boot = u64::try_from(now.tv_sec).ok()? * 1000 + u64::try_from(now.tv_nsec).ok()? / 1_000_000;
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_millis();
    u64::try_from(now_ms)
        .ok()?
        .checked_sub(now_since_boot.checked_sub(since_boot)?)
}

fn poll_for_ever(wanted: &mut [PollFd<'_>]) -> Result<(), Error> {
    loop {
        match poll(wanted, None) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::Wait(io::Error::from(error))),
        }
    }
}
