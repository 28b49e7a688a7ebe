//! Functions, files and lines, in the format of the `symbolic` crates.

use std::io::{BufWriter, Write};

use symbolic_debuginfo::Object;
use symbolic_symcache::{SymCache, SymCacheConverter};

use super::line_tables::Sections;
use super::{AnyError, CacheFile};
use crate::SymbolState;
use crate::address::ModuleOffset;
use crate::local::Found;

/// The number of the format that is written now.
pub const SYMCACHE_VERSION: u32 = symbolic_symcache::SYMCACHE_VERSION;

/// Inlined functions at one address; more is nonsense.
const MAX_INLINED: usize = 256;

/// Paths are cut here.
const MAX_PATH_BYTES: usize = 4096;

pub(super) fn write(object: &Object<'_>, out: impl Write) -> Result<(), AnyError> {
    let mut converter = SymCacheConverter::new();
    match object {
        Object::Elf(_) | Object::MachO(_) => convert(&mut converter, object)?,
        // These describe all of their functions.
        _ => converter.process_object(object)?,
    }
    let mut out = BufWriter::new(out);
    converter.serialize(&mut out)?;
    Ok(out.flush()?)
}

/// As [`SymCacheConverter::process_object`], with the lines of functions that only the symbol table names.
fn convert(converter: &mut SymCacheConverter<'_>, object: &Object<'_>) -> Result<(), AnyError> {
    converter.set_arch(object.arch());
    converter.set_debug_id(object.debug_id());
    let mut described = Vec::new();
    let session = object.debug_session()?;
    for function in session.functions() {
        let function = function?;
        described.push((function.address, function.end_address()));
        converter.process_symbolic_function(&function);
    }
    described.sort_unstable();
    let is_described = |address: u64| {
        let behind = described.partition_point(|(start, _)| *start <= address);
        described[..behind].last().is_some_and(|(_, end)| address < *end)
    };
    let sections = object.has_debug_info().then(|| Sections::of(object.data())).flatten();
    let tables = sections.as_ref().and_then(Sections::tables);
    for symbol in object.symbol_map().iter() {
        if let Some(tables) = &tables
            && !is_described(symbol.address)
            && let Some(function) = tables.function(symbol, object.load_address())
        {
            converter.process_symbolic_function(&function);
        }
        converter.process_symbolic_symbol(symbol);
    }
    Ok(())
}

/// A mapped symcache. It is parsed for each look-up: that reads its header, no more.
pub(super) struct Names(CacheFile);

impl Names {
    /// `None` if the file is no symcache.
    pub(super) fn new(file: CacheFile) -> Option<Names> {
        SymCache::parse(file.bytes()).is_ok().then_some(Names(file))
    }

    pub(super) fn state(&self) -> SymbolState {
        let has_files = SymCache::parse(self.0.bytes()).is_ok_and(|cache| cache.files().next().is_some());
        if has_files {
            SymbolState::Loaded
        } else {
            SymbolState::NamesOnly
        }
    }

    pub(super) fn covers(&self, offset: ModuleOffset) -> bool {
        SymCache::parse(self.0.bytes()).is_ok_and(|cache| cache.lookup(offset.0).next().is_some())
    }

    /// The functions at a place, the innermost inlined one first.
    pub(super) fn functions_at(&self, offset: ModuleOffset) -> Vec<Found> {
        let Ok(cache) = SymCache::parse(self.0.bytes()) else {
            return Vec::new();
        };
        let locations = cache.lookup(offset.0).take(MAX_INLINED);
        let found = locations.map(|location| Found {
            function: Some(location.function().name().to_owned()).filter(|name| !name.is_empty() && name != "?"),
            file: location.file().map(|file| {
                let mut path = file.full_path();
                path.truncate(path.floor_char_boundary(MAX_PATH_BYTES));
                path
            }),
            line: Some(location.line()).filter(|line| *line != 0),
        });
        found.collect()
    }
}
