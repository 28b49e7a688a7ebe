//! What capture costs, measured on processes that live and crash.
//!
//! Three programs: `bench-ours`, an application with Afterword; `bench-peer` (in `benches/peer`, a workspace of its own, so
//! that what it depends on is no dependency of ours), the same application with `sentry-minidump`; and `bench-capture`, which
//! starts both, one after the other, and makes the table. `cargo xtask bench capture` builds and runs them.
//!
//! The application is [`app`]; when what happened in it is in [`moments`]. The peer has the same two files.

pub mod app;
pub mod moments;
