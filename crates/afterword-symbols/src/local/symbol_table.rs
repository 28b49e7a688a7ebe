//! Functions by the ELF symbol table: names for what has no debug information.

use object::{Object, ObjectSymbol, SymbolKind};

use super::elf::ElfFile;
use crate::address::FileAddress;

/// How many symbols before the nearest are tried, where symbols lie inside each other.
const MAX_BACKTRACK: usize = 16;

/// Functions sorted by address.
pub(crate) struct SymbolTable<'s> {
    functions: Vec<Function<'s>>,
}

struct Function<'s> {
    start: u64,
    size: u64,
    name: &'s [u8],
}

impl<'s> SymbolTable<'s> {
    /// The first of the files that has a symbol table, or else the first with dynamic symbols.
    pub(crate) fn read<'f>(files: impl Iterator<Item = &'f ElfFile<'s>> + Clone) -> SymbolTable<'s>
    where
        's: 'f,
    {
        let full = files.clone().map(|file| functions(file, file.object.symbols()));
        let dynamic = files.map(|file| functions(file, file.object.dynamic_symbols()));
        let mut functions = full
            .chain(dynamic)
            .find(|functions| !functions.is_empty())
            .unwrap_or_default();
        // Of several names at one place the one with a size, then the shortest, then the first in the alphabet.
        functions
            .sort_unstable_by_key(|function| (function.start, function.size == 0, function.name.len(), function.name));
        functions.dedup_by_key(|function| function.start);
        SymbolTable { functions }
    }

    /// The name of the function that covers an address. One without a size reaches to the next.
    pub(crate) fn name_at(&self, address: FileAddress) -> Option<String> {
        let behind = self.functions.partition_point(|function| function.start <= address.0);
        let candidates = self.functions[..behind].iter().rev().take(MAX_BACKTRACK).enumerate();
        let mut covering = candidates.filter(|(distance, function)| {
            (*distance == 0 && function.size == 0) || address.0 - function.start < function.size
        });
        let (_, function) = covering.next()?;
        Some(String::from_utf8_lossy(function.name).into_owned())
    }
}

fn functions<'s, S: ObjectSymbol<'s>>(file: &ElfFile<'s>, symbols: impl Iterator<Item = S>) -> Vec<Function<'s>> {
    symbols
        // Hand-written assembly has no kinds; but neither have the tables that compilers put between their data.
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown))
        .filter(|symbol| {
            symbol
                .section_index()
                .is_some_and(|section| file.is_code_section(section))
        })
        .filter_map(|symbol| {
            let name = symbol.name_bytes().ok()?;
            // `$x`, `$d`: marks of the ARM assembler.
            let is_function = !name.is_empty() && !name.starts_with(b"$") && symbol.address() != 0;
            is_function.then(|| Function {
                start: symbol.address(),
                size: symbol.size(),
                name,
            })
        })
        .collect()
}
