//! The app's process, as something that can be waited for.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use afterword_channel::{ReporterChannel, RunView};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::Error;

/// The process that made a run file.
pub(crate) struct App {
    /// Readable when the process is gone. Without one (an old kernel), the end of the channel tells it.
    pidfd: Option<OwnedFd>,
}

/// Why a wait is over.
pub(crate) enum Woken {
    /// The channel has something.
    Channel,
    /// The process is gone.
    Gone,
}

impl App {
    /// # Errors
    /// A run file that cannot be read.
    pub(crate) fn of(run: &RunView) -> Result<App, Error> {
        let pid = Pid::from_raw(run.app_pid()? as i32);
        let pidfd = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        Ok(App { pidfd })
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

/// Whether the process has become another program, by `exec`: then its memory is that program's, and what it had mapped of
/// ours is gone.
pub(crate) fn has_become_another(pid: u32) -> bool {
    const OURS: &[u8] = b"afterword-private";
    std::fs::read(format!("/proc/{pid}/maps"))
        .is_ok_and(|maps| !maps.is_empty() && !maps.windows(OURS.len()).any(|part| part == OURS))
}
