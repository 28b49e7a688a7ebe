//! Starting the app again, as it was started.

#[cfg(unix)]
#[path = "restart/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "restart/windows.rs"]
mod sys;

pub(crate) use sys::restart;
