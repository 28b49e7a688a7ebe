//! Programs that embed Afterword, each as small as it can be. Run them with
//!
//! ```text
//! cargo run -p afterword-collector -- serve --bootstrap studio/paint   # a server; it prints a DSN
//! SENTRY_DSN=… cargo run -p afterword-examples --example egui
//! ```
//!
//! Without a DSN an example runs, and captures nothing.
//!
//! | example | shows |
//! | --- | --- |
//! | `egui` | a window: crashes, errors, feedback, hangs of the main thread |
//! | `winit` | the same in an event loop of one's own |
//! | `axum` | a server with a hub, a transaction and the recovery of panics for each request |
//! | `tracing` | spans, errors and breadcrumbs from `tracing` |
//! | `attach` | a program that sets up the Sentry SDK itself |
//! | `trace` | two processes whose spans are one trace |
//!
//! The one in C and the one in C++ are in `crates/afterword-ffi/examples`.
//!
//! Each is its own reporter (`afterword_reporter::run_if_asked`), so that one file is the whole program.
