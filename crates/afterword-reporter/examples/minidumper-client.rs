//! A program that has minidumper's client, watched by `afterword-reporter --minidumper-socket PATH`.
//!
//! ```text
//! afterword-reporter --minidumper-socket /tmp/paint.sock --app Paintbox &
//! cargo run -p afterword-reporter --example minidumper-client -- /tmp/paint.sock crash
//! ```
//!
//! The tests of the socket start it too.

#[cfg(target_os = "linux")]
#[path = "minidumper-client/linux.rs"]
mod program;

#[cfg(not(target_os = "linux"))]
#[path = "minidumper-client/elsewhere.rs"]
mod program;

fn main() {
    program::run();
}
