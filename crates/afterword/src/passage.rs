//! How the reporter gets at the crashed thread: what it is allowed and given besides the private memory.

#[cfg(target_os = "linux")]
#[path = "passage/linux.rs"]
mod sys;
#[cfg(target_os = "macos")]
#[path = "passage/macos.rs"]
mod sys;
#[cfg(windows)]
#[path = "passage/windows.rs"]
mod sys;

pub(crate) use sys::{hand_over, hand_over_thread, let_in};
