//! The app's process on Windows: its handle.
#![expect(unsafe_code, reason = "waiting for handles is C")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use afterword_channel::{ReporterChannel, RunView};
use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{INFINITE, OpenProcess, PROCESS_SYNCHRONIZE, WaitForMultipleObjects};

use super::Woken;
use crate::Error;

/// The process that made a run file.
pub(crate) struct App {
    /// Set when the process is gone. None where it is gone already, or may not be opened: then the end of the channel tells
    /// it.
    process: Option<OwnedHandle>,
}

impl App {
    /// # Errors
    /// A run file that cannot be read.
    pub(crate) fn of(run: &RunView) -> Result<App, Error> {
        let pid = run.app_pid()?;
        // SAFETY: plain numbers; null is no handle.
        let process = unsafe { OpenProcess(PROCESS_SYNCHRONIZE, 0, pid) };
        if process.is_null() {
            log::warn!("the app's process cannot be opened: {}", io::Error::last_os_error());
        }
        // SAFETY: just opened, and known to nobody else.
        let process = (!process.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(process) });
        Ok(App { process })
    }

    /// Blocks until the channel has something or the process is gone; what is in the channel comes first.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait(&self, channel: &ReporterChannel) -> Result<Woken, Error> {
        let readable = channel.readable();
        let wanted: Vec<HANDLE> = readable
            .iter()
            .chain(&self.process)
            .map(AsRawHandle::as_raw_handle)
            .collect();
        let woken = wait_for_any(&wanted)?;
        Ok(match readable {
            Some(_) if woken == 0 => Woken::Channel,
            _ => Woken::Gone,
        })
    }

    /// Blocks until the process is gone; where only the channel could tell it, it is.
    ///
    /// # Errors
    /// [`Error::Wait`].
    pub(crate) fn wait_for_its_end(&self, _run: &RunView) -> Result<(), Error> {
        match &self.process {
            Some(process) => wait_for_any(&[process.as_raw_handle()]).map(drop),
            None => Ok(()),
        }
    }

    /// While its handle is open, its number is nobody else's.
    ///
    /// # Errors
    /// None.
    pub(crate) fn must_live(&self) -> Result<(), Error> {
        Ok(())
    }

    /// No process becomes another one here.
    pub(crate) fn has_become_another(&self) -> bool {
        false
    }
}

/// Blocks until one of them is set; of several the first, by its index.
fn wait_for_any(wanted: &[HANDLE]) -> Result<usize, Error> {
    if wanted.is_empty() {
        return Ok(0);
    }
    // SAFETY: open handles, as many as are said.
    let woken = unsafe { WaitForMultipleObjects(wanted.len() as u32, wanted.as_ptr(), 0, INFINITE) };
    if woken == WAIT_FAILED {
        return Err(Error::Wait(io::Error::last_os_error()));
    }
    Ok((woken - WAIT_OBJECT_0) as usize)
}

/// On Windows the lock alone tells whether a run is alive.
pub(crate) fn maps_run(_run: &RunView) -> bool {
    false
}

/// Not known here: then a run of the same number is not taken for one that `exec` ended.
pub(crate) fn has_begun_before(_pid: u32, _ms: u64) -> bool {
    false
}
