//! Becoming independent on Windows: the handles that the app handed over as the standard ones, and none that others inherit.
//! A console the reporter has none of from the beginning.
#![expect(unsafe_code, reason = "standard handles are raw")]

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::path::PathBuf;
use std::ptr;

use afterword_channel::Inherited;
use windows_sys::Win32::Foundation::{HANDLE_FLAG_INHERIT, INVALID_HANDLE_VALUE, SetHandleInformation};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_HANDLE, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetStdHandle,
};

use crate::Error;

/// The channel, the run file and the private memory, which are the output, the input and the error output. In their places is
/// nothing afterwards: what is printed by mistake goes nowhere.
///
/// # Errors
/// [`Error::Arguments`] where one of them is not there.
pub(crate) fn inherited(_arguments: &[std::ffi::OsString]) -> Result<[Inherited; 3], Error> {
    let [channel, run_file, memory] = [STD_OUTPUT_HANDLE, STD_INPUT_HANDLE, STD_ERROR_HANDLE].map(take);
    Ok([channel?, run_file?, memory?])
}

fn take(which: STD_HANDLE) -> Result<OwnedHandle, Error> {
    // SAFETY: plain numbers.
    let handle = unsafe { GetStdHandle(which) };
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(Error::Arguments {
            why: "a standard handle is missing".to_owned(),
        });
    }
    // SAFETY: this runs first in the process, before anything has printed: nobody else uses the handle, and its place is
    // emptied. What this process starts must not inherit it: a dialog that held the channel would hide from the app that its
    // reporter is gone.
    unsafe {
        SetStdHandle(which, ptr::null_mut());
        if SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0) == 0 {
            return Err(Error::Wait(io::Error::last_os_error()));
        }
        Ok(OwnedHandle::from_raw_handle(handle))
    }
}

/// The system's folder, so that no other one is kept busy. There is no session, umask or signal mask to leave.
pub(crate) fn detach() -> Attributes {
    let folder = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from("\\"), PathBuf::from);
    if let Err(error) = std::env::set_current_dir(folder) {
        log::debug!("the working folder stays: {error}");
    }
    Attributes
}

/// What the app's process had and ours has not: nothing here.
#[derive(Debug, Clone)]
pub(crate) struct Attributes;
