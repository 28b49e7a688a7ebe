//! The program `afterword-reporter`, from outside.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod minidumper;
mod served;
