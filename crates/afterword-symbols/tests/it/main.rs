//! Real dumps and real crashes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says what failed by panicking, and what it skipped"
)]

mod fixtures;
#[cfg(target_os = "linux")]
mod live;
