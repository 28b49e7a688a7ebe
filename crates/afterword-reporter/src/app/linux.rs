//! The app's process on Linux: a pidfd.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use afterword_channel::{ReporterChannel, RunView};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Woken;
use crate::Error;

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

    /// Blocks until the process is gone; where only the channel could tell it, it is.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait_for_its_end(&self) -> Result<(), Error> {
        let Some(pidfd) = &self.pidfd else { return Ok(()) };
        let mut wanted = [PollFd::from_borrowed_fd(pidfd.as_fd(), PollFlags::IN)];
        poll_for_ever(&mut wanted)
    }

    /// Whether the process has become another program, by `exec`: then its memory is that program's, and what it had mapped
    /// of this run is gone. It may have called `init` by now, and mapped as much of a run of its own.
    pub(crate) fn has_become_another(&self) -> bool {
        let maps = std::fs::read(format!("/proc/{}/maps", self.pid)).unwrap_or_default();
        let maps = String::from_utf8_lossy(&maps);
        !maps.is_empty() && !self.mapped.iter().any(|name| maps.contains(name))
    }
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
