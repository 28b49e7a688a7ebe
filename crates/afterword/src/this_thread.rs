//! The thread that runs this, as a crash context and by its number.

#[cfg(target_os = "linux")]
#[path = "this_thread/linux.rs"]
mod sys;
#[cfg(target_os = "macos")]
#[path = "this_thread/macos.rs"]
mod sys;
#[cfg(windows)]
#[path = "this_thread/windows.rs"]
mod sys;

pub(crate) use sys::{number, with_context};
