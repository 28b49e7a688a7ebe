//! The channel and the run file on Windows: a pipe that keeps messages apart, a lock on the run file, memory of the page file.
//!
//! The reporter inherits them as its standard handles, see `afterword::start`.

#[path = "windows/file.rs"]
mod file;
#[path = "windows/memory.rs"]
mod memory;
#[path = "windows/pipe.rs"]
mod pipe;
#[path = "windows/system.rs"]
mod system;

use std::os::windows::io::OwnedHandle;

pub(crate) use file::{RUN_FILE_NAME, length, liveness, make_run_file, map_file, read_exact_at, write_all_at};
pub(crate) use memory::{Map, copy_own_memory, make_private_memory, map_memory, memory_length, read_memory_at};
pub use pipe::{AppChannel, ReporterChannel, pair};
pub(crate) use system::{boot_clock_s, boot_id, host_name};

/// What the reporter inherits.
pub type Inherited = OwnedHandle;
/// The private memory: a section without a name.
pub type SharedMemory = OwnedHandle;

pub(crate) fn memory_from(inherited: Inherited) -> SharedMemory {
    inherited
}
