//! Where symbols come from, and how much of anything is read.

use std::path::PathBuf;
use std::time::Duration;

/// Bounds on what one dump may cost. A dump comes from a stranger's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Size of the dump in bytes.
    pub dump_bytes: usize,
    /// Threads listed in the dump; with more, it is refused.
    pub threads: usize,
    /// Modules listed in the dump; with more, it is refused.
    pub modules: usize,
    /// Ranges of memory listed in the dump; with more, it is refused.
    pub memory_ranges: usize,
    /// Physical frames unwound per thread, from the innermost outwards; the thread's note says when there were more.
    pub frames_per_thread: usize,
    /// Physical frames of all threads together. The crashing thread comes first.
    pub frames: usize,
    /// Bytes of a stack that are looked at, from the stack pointer outwards.
    pub stack_bytes: usize,
    /// Time for unwinding and looking up all threads. The crashing thread comes first.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            dump_bytes: 256 << 20,
            threads: 4096,
            modules: 8192,
            memory_ranges: 1 << 17,
            frames_per_thread: 1024,
            frames: 1 << 16,
            stack_bytes: 2 << 20,
            time: Duration::from_secs(30),
        }
    }
}

/// Where to look for symbols. The default looks nowhere: addresses and modules only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Folders with Breakpad symbols in the layout of a symbol server: `name/ID/name.sym`.
    pub breakpad_dirs: Vec<PathBuf>,
    /// Whether to read the module's own file at the path in the dump, and the debug file that belongs to it
    /// (`/usr/lib/debug/.build-id/xx/yyyy.debug`, `.gnu_debuglink`). A file is used only if its build id is the one in the
    /// dump.
    pub local_files: bool,
    /// Prefixes of paths in the dump and what they are on this machine; the first that fits counts. What was masked in the
    /// dump is mapped back here.
    pub path_map: Vec<(String, PathBuf)>,
    /// Files that are tried where a module's own file is gone or another by now: an executable that was replaced while it
    /// ran, held open (`/proc/self/fd/7`). Used only for the module whose build they are.
    pub held_files: Vec<PathBuf>,
}
