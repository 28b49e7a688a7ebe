//! Symbols that somebody else has for a module: what the walk asks of them. The server's caches answer it (`caches`, a
//! feature); beside an application there is nobody.

use std::collections::HashMap;

use minidump_unwind::FrameWalker;

use crate::address::ModuleOffset;
use crate::local::Found;
use crate::{Module, SymbolState};

/// Who may have symbols.
pub(crate) trait Elsewhere: Sync {
    /// Asked once for each module in which a frame lies.
    fn symbols_of(&self, module: &Module) -> Box<dyn ModuleSymbols>;
}

/// Symbols of one module.
pub(crate) trait ModuleSymbols: Send {
    /// What became of them.
    fn state(&self) -> SymbolState;

    /// Whether there is anything.
    fn is_usable(&self) -> bool;

    /// Whether a function covers the place.
    fn covers(&self, offset: ModuleOffset) -> bool;

    /// Bytes of parameters that the function at a place takes off the stack itself.
    fn parameter_bytes(&self, offset: ModuleOffset) -> u32;

    /// Restores the caller's registers; `None` if there are no rules for the place.
    fn unwind(&self, module: &dyn minidump::Module, offset: ModuleOffset, walker: &mut dyn FrameWalker) -> Option<()>;

    /// The functions at a place, the innermost inlined one first; empty if nothing is known.
    fn functions_at(&self, offset: ModuleOffset) -> Vec<Found>;

    /// The lines of source at these places (path and line), as far as they are known.
    fn source_lines(&self, places: &[(String, u32)]) -> HashMap<(String, u32), SourceLines>;
}

/// A line of source and its neighbours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceLines {
    pub(crate) before: Vec<String>,
    pub(crate) line: String,
    pub(crate) after: Vec<String>,
}
