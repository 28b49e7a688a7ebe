//! A crash context as it travels from the crashed thread to the reporter: [`SharedContext`]. What that is differs.
//!
//! - Linux: the whole `crash_context::CrashContext`, registers and signal.
//! - Windows: the address of the exception's pointers in the app, with the thread and the code. The registers stay in the app,
//!   where the system reads them.
//! - macOS: the exception and the app's name for the thread. What leads to the registers, the ports of the task and of the
//!   thread, can only travel in a Mach message.

#[cfg(target_os = "linux")]
#[path = "context/linux.rs"]
mod sys;
#[cfg(target_os = "macos")]
#[path = "context/macos.rs"]
mod sys;
#[cfg(windows)]
#[path = "context/windows.rs"]
mod sys;

pub use sys::SharedContext;
pub(crate) use sys::{BYTES, from_bytes, with_bytes};

const _: () = assert!(BYTES <= crate::layout::CONTEXT_BYTES);

/// The thread of a context, as the app's system numbers it.
pub fn thread(context: &SharedContext) -> u32 {
    sys::thread(context)
}
