//! The caches of one module, as the walk asks for them.

use std::collections::HashMap;

use minidump_unwind::FrameWalker;

use super::cfi::Rules;
use super::sources::lines_at;
use super::symcache::Names;
use super::{CacheFile, Caches};
use crate::address::ModuleOffset;
use crate::elsewhere::{Elsewhere, ModuleSymbols, SourceLines};
use crate::local::Found;
use crate::{Module, SymbolState};

/// The caller's caches, for the walk.
pub(crate) struct Asked<'a>(pub(crate) &'a dyn Caches);

impl Elsewhere for Asked<'_> {
    fn symbols_of(&self, module: &Module) -> Box<dyn ModuleSymbols> {
        let caches = self.0.caches_of(module);
        let named = caches.symcache.is_some() || caches.cfi.is_some();
        let symbols = Cached {
            names: caches.symcache.and_then(Names::new),
            rules: caches.cfi.and_then(Rules::new),
            sources: caches.sources,
            unreadable: named || caches.unreadable,
        };
        Box::new(symbols)
    }
}

struct Cached {
    names: Option<Names>,
    rules: Option<Rules>,
    sources: Option<CacheFile>,
    /// What to say if there are neither names nor rules: that there are files, but of no use.
    unreadable: bool,
}

impl ModuleSymbols for Cached {
    fn state(&self) -> SymbolState {
        match (&self.names, &self.rules) {
            (Some(names), _) => names.state(),
            _ if self.unreadable && self.rules.is_none() => SymbolState::Unreadable,
            // Rules name nobody.
            _ => SymbolState::Missing,
        }
    }

    fn is_usable(&self) -> bool {
        self.names.is_some() || self.rules.is_some()
    }

    fn covers(&self, offset: ModuleOffset) -> bool {
        self.names.as_ref().is_some_and(|names| names.covers(offset))
            || self.rules.as_ref().is_some_and(|rules| rules.covers(offset))
    }

    fn parameter_bytes(&self, offset: ModuleOffset) -> u32 {
        let bytes = self.rules.as_ref().and_then(|rules| rules.parameter_bytes(offset));
        bytes.unwrap_or(0)
    }

    fn unwind(&self, module: &dyn minidump::Module, offset: ModuleOffset, walker: &mut dyn FrameWalker) -> Option<()> {
        self.rules.as_ref()?.unwind(module, offset, walker)
    }

    fn functions_at(&self, offset: ModuleOffset) -> Vec<Found> {
        self.names
            .as_ref()
            .map(|names| names.functions_at(offset))
            .unwrap_or_default()
    }

    fn source_lines(&self, places: &[(String, u32)]) -> HashMap<(String, u32), SourceLines> {
        self.sources
            .as_ref()
            .map(|sources| lines_at(sources, places))
            .unwrap_or_default()
    }
}
