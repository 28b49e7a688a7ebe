//! A minidump to threads, frames and a signature.

mod address;
mod crash;
mod error;
mod options;
mod process;
pub mod signature;
mod text;

pub use address::HexAddr;
pub use crash::{Frame, Module, ProcessedCrash, Reason, SymbolState, System, Thread, VERSION};
pub use error::Error;
pub use options::{Limits, Sources};
pub use process::process;
pub use text::TextOptions;
