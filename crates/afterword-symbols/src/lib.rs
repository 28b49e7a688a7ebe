//! A minidump to threads, frames and a signature.
//!
//! A minidump holds registers, pieces of stacks and a list of modules: numbers. [`process()`] gives them names. It runs in the
//! reporter, right after a crash and on the machine where it happened; in the command line, on a developer's machine; and in
//! the server. It talks to no network.
//!
//! # The way of a dump
//! 1. Nothing in a dump is believed. Before it is parsed, what it claims is compared with [`Limits`] (`admit`): lists of
//!    millions, names shared by thousands of modules. Every later step has a bound of its own: frames, bytes of stack, time.
//! 2. The streams are read by the `minidump` crate (`streams`). Without a description of the system or a list of threads
//!    there is no result; whatever else is missing becomes a *soft error*, shown beside the result. Modules that the writer
//!    saw in pieces are joined (`modules`).
//! 3. `minidump-unwind` walks each stack (`unwind`), the thread that crashed first. It asks our provider (`provider`) for
//!    unwind rules; the provider is also the brake that ends a walk when a bound is reached.
//! 4. The rules come from the module's own file on this machine (`local`) if [`Sources`] allows it and its build id is the
//!    one in the dump, else from Breakpad symbols. A file of another build is worse than none: it is not used, and said.
//! 5. Only the frames that remain are looked up: inlined functions as frames of their own, files and lines by `addr2line`,
//!    names from the symbol table where there is no more. Then they are demangled (`demangle`), told apart into the
//!    application's and others' (`ours`), and summed up in a [`signature`].
//!
//! Everything local is lazy: what an executable costs depends on the frames that lie in it, not on its size.
//!
//! # Where other systems' dumps get their names
//! The module's own file is looked into only if it is ELF. Windows' and macOS' own debug files (PDB, dSYM) are read on the
//! server, once, into caches: the feature `caches`, with a module of the same name, which nothing beside an application has.
//! Split DWARF is not read.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use afterword_symbols::{Limits, Sources, TextOptions, process};
//!
//! let dump = std::fs::read("crash.dmp")?;
//! let sources = Sources { local_files: true, ..Sources::default() };
//! let crash = process(&dump, &sources, &Limits::default())?;
//! assert!(crash.to_text(&TextOptions::default()).contains(&crash.signature));
//! # Ok(())
//! # }
//! ```

mod address;
mod admit;
#[cfg(feature = "caches")]
pub mod caches;
mod crash;
mod demangle;
mod elsewhere;
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
pub mod wire;

pub use address::HexAddr;
pub use crash::{
    Crashpad, Frame, Module, ModuleAnnotations, ProcessedCrash, Reason, SymbolState, System, Thread, VERSION,
};
pub use error::Error;
pub use options::{Limits, Sources};
#[cfg(feature = "caches")]
pub use process::process_with_caches;
pub use process::{modules, process};
pub use text::TextOptions;
