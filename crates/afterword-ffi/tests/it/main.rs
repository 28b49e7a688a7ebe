//! What C sees: the header, and calls as C makes them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[cfg(target_os = "linux")]
mod at_exit;
mod calls;
mod header;
