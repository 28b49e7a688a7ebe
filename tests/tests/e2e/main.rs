//! Real crashes of real processes, from the signal to the collector, and real clients of others.
//!
//! Each test starts the `crasher` (or the demo, or the command line) as a person would, in a folder of its own, and looks at
//! what is left: in the store, at the collector, in the terminal, on the screen.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod browser;
mod capturer;
mod clients;
mod collector;
mod consent;
mod crashes;
mod crashes_expected;
mod crashes_matrix;
mod crashes_shell;
mod demo;
mod ends;
mod errors;
mod examples;
mod ffi;
mod flush;
mod hang;
mod hang_watch;
mod known;
mod life;
mod manners;
mod many;
mod nets;
mod privacy;
mod process;
mod rules;
mod runs;
mod screen;
mod sdk;
mod secrets;
mod sessions;
mod stub;
mod symbols;
mod transport;
mod trouble;
mod unwinding;
mod way;
mod window;
mod window_shells;
