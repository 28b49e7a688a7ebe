//! Debug information of the modules' own files on this machine.
//!
//! Everything is lazy. A module's file is opened when the first frame lies in it; its call frame information is searched by
//! the table the linker made; its debug information is read only for the compilation units that the frames lie in (by
//! `addr2line`). So the size of the executable hardly counts: what counts is how many frames there are.
//!
//! The files are mapped, and all that is made of them borrows from [`Slots`], which the caller keeps for as long.

mod cfi;
mod debug_file;
mod elf;
mod index;
mod lines;
mod symbol_table;

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

pub(crate) use elf::{Build, Slots};

pub(crate) use cfi::Caller;
use cfi::Cfi;
use elf::{ElfFile, MappedFile, OpenError};
use lines::Lines;
use minidump_unwind::FrameWalker;
use symbol_table::SymbolTable;

use crate::SymbolState;
use crate::address::{FileAddress, ModuleOffset};

/// One function at an address, as the debug information has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The name, still mangled.
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
}

/// Where files are looked for besides the module's own path.
#[derive(Clone, Copy, Default)]
pub(crate) struct Places<'a> {
    /// Folders of debug files.
    pub(crate) debug_roots: &'a [PathBuf],
    /// Files that are held open.
    pub(crate) held: &'a [PathBuf],
}

/// What there is on this machine for one module of the dump.
pub(crate) struct LocalModule<'s> {
    pub(crate) state: SymbolState,
    /// The file the symbols come from, or that did not fit.
    pub(crate) file: Option<PathBuf>,
    code: Option<ElfFile<'s>>,
    debug: Option<ElfFile<'s>>,
    cfi: OnceCell<Option<Cfi<'s>>>,
    lines: OnceCell<Option<Lines<'s>>>,
    symbols: OnceCell<SymbolTable<'s>>,
    slots: &'s Slots,
}

impl<'s> LocalModule<'s> {
    /// Opens the file at `path` (already mapped to this machine), or else the one of `places.held` that was it, and the
    /// debug file that belongs to it, if their build is `build`.
    pub(crate) fn open(path: &Path, build: &Build, places: Places<'_>, slots: &'s Slots) -> LocalModule<'s> {
        let code = open_checked(path, build, &slots.code).or_else(|why| {
            let held = places
                .held
                .iter()
                .find_map(|held| open_checked(held, build, &slots.code).ok());
            held.ok_or(why)
        });
        let (state, file, code) = match code {
            Ok(code) => (SymbolState::NamesOnly, Some(path.to_owned()), Some(code)),
            Err(OpenError::Missing) => (SymbolState::Missing, None, None),
            Err(OpenError::Mismatched) => (SymbolState::Mismatched, Some(path.to_owned()), None),
            Err(OpenError::Unreadable) => (SymbolState::Unreadable, Some(path.to_owned()), None),
        };
        let mut module = LocalModule {
            state,
            file,
            code,
            debug: None,
            cfi: OnceCell::new(),
            lines: OnceCell::new(),
            symbols: OnceCell::new(),
            slots,
        };
        if !module.code.as_ref().is_some_and(ElfFile::has_line_information) {
            module.debug = debug_file::candidates(path, build, module.code.as_ref(), places.debug_roots)
                .find_map(|candidate| open_checked(&candidate, build, &slots.debug).ok());
        }
        if let Some(debug) = &module.debug {
            module.file = Some(debug.path.to_owned());
            module.state = SymbolState::NamesOnly;
        }
        if module.files().any(ElfFile::has_line_information) {
            module.state = SymbolState::Loaded;
        }
        module
    }

    /// Whether there is a file of the right build.
    pub(crate) fn is_usable(&self) -> bool {
        self.code.is_some() || self.debug.is_some()
    }

    /// Whether the place is outside of the code, by a file that says where its code is.
    pub(crate) fn is_data(&self, offset: ModuleOffset) -> bool {
        self.code
            .as_ref()
            .or(self.debug.as_ref())
            .is_some_and(ElfFile::has_code)
            && self.file_address(offset).is_none()
    }

    /// Whether a function covers the place: cheap, for telling return addresses from other values on a stack.
    pub(crate) fn covers(&self, offset: ModuleOffset) -> bool {
        let Some(address) = self.file_address(offset) else {
            return false;
        };
        self.cfi().is_some_and(|cfi| cfi.covers(address)) || self.symbols().name_at(address).is_some()
    }

    /// Restores the caller's registers by the call frame information; `None` if there is none for the place.
    pub(crate) fn unwind(&self, offset: ModuleOffset, walker: &mut dyn FrameWalker) -> Option<Caller> {
        self.cfi()?.unwind(self.file_address(offset)?, walker)
    }

    /// The functions at a place, the innermost inlined one first; empty if nothing is known.
    pub(crate) fn functions_at(&self, offset: ModuleOffset) -> Vec<Found> {
        let Some(address) = self.file_address(offset) else {
            return Vec::new();
        };
        let mut found = self
            .lines()
            .map(|lines| lines.functions_at(address))
            .unwrap_or_default();
        let symbol = self.symbols().name_at(address);
        match (found.last_mut(), symbol) {
            (None, Some(symbol)) => found.push(Found {
                function: Some(symbol),
                ..Found::default()
            }),
            // With line tables only, the debug information has bare names; the symbol table has the whole path.
            (Some(outermost), Some(symbol)) if is_fuller(&symbol, outermost.function.as_deref()) => {
                outermost.function = Some(symbol);
            }
            _ => {}
        }
        found
    }

    fn files(&self) -> impl Iterator<Item = &ElfFile<'s>> + Clone {
        self.debug.iter().chain(&self.code)
    }

    /// `None` for what is no code: linkers leave the debug information of functions they dropped, at address 0.
    fn file_address(&self, offset: ModuleOffset) -> Option<FileAddress> {
        let file = self.code.as_ref().or(self.debug.as_ref())?;
        let address = FileAddress(file.base.0.checked_add(offset.0)?);
        file.is_code(address).then_some(address)
    }

    fn cfi(&self) -> Option<&Cfi<'s>> {
        let make = || {
            self.code
                .iter()
                .chain(&self.debug)
                .find_map(|file| Cfi::read(file, self.slots))
        };
        self.cfi.get_or_init(make).as_ref()
    }

    fn lines(&self) -> Option<&Lines<'s>> {
        let make = || {
            self.files()
                .find(|file| file.has_line_information())
                .and_then(|file| Lines::read(file, self.slots))
        };
        self.lines.get_or_init(make).as_ref()
    }

    fn symbols(&self) -> &SymbolTable<'s> {
        self.symbols.get_or_init(|| SymbolTable::read(self.files()))
    }
}

/// Whether the symbol table's name says more than the debug information's: it is mangled, so it has the whole path.
fn is_fuller(symbol: &str, name: Option<&str>) -> bool {
    let is_plain = |name: &str| crate::demangle::demangle(name) == name;
    name.is_none_or(|name| is_plain(name) && !is_plain(symbol))
}

fn open_checked<'s>(
    path: &Path,
    build: &Build,
    slot: &'s std::sync::OnceLock<MappedFile>,
) -> Result<ElfFile<'s>, OpenError> {
    let mapped = MappedFile::open(path)?;
    // Checked before it is kept: the slot can be filled once only, and there may be several candidates.
    if !mapped.parse()?.is_of(build)? {
        return Err(OpenError::Mismatched);
    }
    slot.get_or_init(|| mapped).parse()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
