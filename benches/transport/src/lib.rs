//! See `benches/capture.rs`.
