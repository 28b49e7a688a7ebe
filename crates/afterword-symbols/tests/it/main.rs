//! Real dumps and real crashes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test says what failed by panicking, and what it skipped; the processes that are dumped say where they are"
)]

#[cfg(feature = "caches")]
mod caches;
mod fixtures;
#[cfg(target_os = "linux")]
mod live;
mod made;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod signal;
