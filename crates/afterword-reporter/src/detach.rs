//! Becoming independent of the app: its terminal, its folder, its signal mask and its files.

#[cfg(unix)]
#[path = "detach/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "detach/windows.rs"]
mod sys;

pub(crate) use sys::{Attributes, detach, inherited};
#[cfg(target_os = "linux")]
pub(crate) use sys::{files_for_the_user_alone, leave_standard_streams};
