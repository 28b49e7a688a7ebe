//! Real dumps and real crashes.

mod fixtures;
#[cfg(target_os = "linux")]
mod live;
