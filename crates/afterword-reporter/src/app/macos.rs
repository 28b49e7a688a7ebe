//! The app's process on macOS: a kqueue.
#![expect(unsafe_code, reason = "a kqueue refers to descriptors by their numbers")]

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use afterword_channel::{ReporterChannel, RunView};
use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue};
use rustix::io::Errno;
use rustix::process::Pid;

use super::Woken;
use crate::Error;

/// The process that made a run file.
pub(crate) struct App {
    queue: OwnedFd,
    /// Its end has been seen: the queue tells it once.
    gone: Cell<bool>,
    /// It has called `exec`.
    became_another: Cell<bool>,
}

impl App {
    /// # Errors
    /// A run file that cannot be read; [`Error::Wait`].
    pub(crate) fn of(run: &RunView) -> Result<App, Error> {
        let pid = run.app_pid()?;
        let app = App {
            queue: kqueue().map_err(|error| Error::Wait(error.into()))?,
            gone: Cell::new(false),
            became_another: Cell::new(false),
        };
        let Some(pid) = Pid::from_raw(pid as i32) else {
            app.gone.set(true);
            return Ok(app);
        };
        let process = Event::new(
            EventFilter::Proc {
                pid,
                flags: ProcessEvents::EXIT | ProcessEvents::EXEC,
            },
            EventFlags::ADD,
            ptr::null_mut(),
        );
        let mut none: [Event; 0] = [];
        // SAFETY: a process is no descriptor.
        match unsafe { kevent(&app.queue, &[process], &mut none, Some(Duration::ZERO)) } {
            Ok(_) => {}
            Err(Errno::SRCH) => app.gone.set(true),
            Err(error) => return Err(Error::Wait(error.into())),
        }
        Ok(app)
    }

    /// Blocks until the channel has something or the process is gone; what is in the channel comes first.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait(&self, channel: &ReporterChannel) -> Result<Woken, Error> {
        // Once: whoever waits for the end alone must not be woken by a closed channel again and again.
        let read = Event::new(
            EventFilter::Read(channel.as_fd().as_raw_fd()),
            EventFlags::ADD | EventFlags::ONESHOT,
            ptr::null_mut(),
        );
        loop {
            let gone = self.gone.get();
            // SAFETY: the channel is open as long as the reporter lives, and the queue with it.
            let readable = unsafe { self.look(&[read], gone.then_some(Duration::ZERO))? };
            if readable {
                return Ok(Woken::Channel);
            }
            if gone {
                return Ok(Woken::Gone);
            }
        }
    }

    /// Blocks until the process is gone. What the channel has, which is closed, is not looked at any more.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait_for_its_end(&self, _run: &RunView) -> Result<(), Error> {
        while !self.gone.get() {
            // SAFETY: no descriptor is added.
            unsafe { self.look(&[], None)? };
        }
        Ok(())
    }

    /// # Errors
    /// [`Error::Gone`] once the process is: its number may be another one's.
    pub(crate) fn must_live(&self) -> Result<(), Error> {
        // SAFETY: no descriptor is added.
        let looked = unsafe { self.look(&[], Some(Duration::ZERO)) };
        if looked.is_ok() && self.gone.get() {
            return Err(Error::Gone);
        }
        Ok(())
    }

    /// Whether the process has become another program, by `exec`: then its memory is that program's.
    pub(crate) fn has_become_another(&self) -> bool {
        // SAFETY: no descriptor is added.
        let looked = unsafe { self.look(&[], Some(Duration::ZERO)) };
        looked.is_ok() && self.became_another.get()
    }

    /// Notes what has happened to the process; returns whether the channel can be read.
    ///
    /// # Safety
    /// As for `kevent`: the descriptors in `changes` must stay open.
    unsafe fn look(&self, changes: &[Event], timeout: Option<Duration>) -> Result<bool, Error> {
        let mut events = Vec::with_capacity(4);
        // SAFETY: the caller's promise.
        match unsafe {
            kevent(
                &self.queue,
                changes,
                rustix::buffer::spare_capacity(&mut events),
                timeout,
            )
        } {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Error::Wait(io::Error::from(error))),
        }
        let mut readable = false;
        for event in events {
            match event.filter() {
                EventFilter::Proc { flags, .. } => {
                    self.gone.set(self.gone.get() || flags.contains(ProcessEvents::EXIT));
                    self.became_another
                        .set(self.became_another.get() || flags.contains(ProcessEvents::EXEC));
                }
                _ => readable = true,
            }
        }
        Ok(readable)
    }
}

/// On macOS the lock alone tells whether a run is alive.
pub(crate) fn maps_run(_run: &RunView) -> bool {
    false
}

/// Not known here: then a run of the same number is not taken for one that `exec` ended.
pub(crate) fn has_begun_before(_pid: u32, _ms: u64) -> bool {
    false
}
