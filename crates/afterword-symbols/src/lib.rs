//! A minidump to threads, frames and a signature.

mod address;
mod admit;
mod crash;
mod demangle;
mod error;
mod local;
mod modules;
mod options;
mod ours;
mod process;
mod provider;
pub mod signature;
mod streams;
mod text;
mod unwind;

pub use address::HexAddr;
pub use crash::{Frame, Module, ProcessedCrash, Reason, SymbolState, System, Thread, VERSION};
pub use error::Error;
pub use options::{Limits, Sources};
pub use process::process;
pub use text::TextOptions;
