//! The app's process, as something that can be waited for: without a timer, and without being its parent.

#[cfg(target_os = "linux")]
#[path = "app/linux.rs"]
mod sys;
#[cfg(target_os = "macos")]
#[path = "app/macos.rs"]
mod sys;
#[cfg(windows)]
#[path = "app/windows.rs"]
mod sys;

pub(crate) use sys::{App, has_begun_before, maps_run};

/// Why a wait is over.
pub(crate) enum Woken {
    /// The channel has something.
    Channel,
    /// The process is gone.
    Gone,
}
