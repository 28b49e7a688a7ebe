//! Where `minidump-unwind` gets its symbols from: the modules' own files first, then what others have (caches), Breakpad's
//! after them.
//!
//! The provider is also the brake. `minidump-unwind` walks a stack to its end; asked for a symbol or for unwind rules when
//! the budget of frames or time is used up, the provider never answers, and its caller drops the walk, keeping the frames
//! walked so far (see [`unwind`](crate::unwind)).

use std::collections::{HashMap, HashSet};
use std::future::pending;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use minidump::{MinidumpModule, Module as _};
use minidump_unwind::{
    FileError, FileKind, FillSymbolError, FrameSymbolizer, FrameWalker, SymbolProvider, SymbolStats, Symbolizer,
    simple_symbol_supplier,
};

use crate::address::{AbsoluteAddress, ModuleOffset};
use crate::elsewhere::{Elsewhere, ModuleSymbols, SourceLines};
use crate::local::{Build, Caller, Found, LocalModule, Places, Slots};
use crate::{Module, Sources, SymbolState};

/// Which frame: where it goes on, and its stack pointer.
type Place = (u64, u64);

/// A module's own file, not opened yet.
struct OwnFile<'s> {
    path: PathBuf,
    build: Build,
    slots: &'s Slots,
}

/// Symbols for one dump. Modules are known by their base.
pub(crate) struct Provider<'s> {
    places: HashMap<u64, OwnFile<'s>>,
    local: Mutex<HashMap<u64, LocalModule<'s>>>,
    found: Mutex<HashMap<(u64, ModuleOffset), Vec<Found>>>,
    elsewhere: Places<'s>,
    breakpad: Symbolizer,
    /// Who may have symbols, and what they have of each module that was asked for.
    others: Option<Others<'s>>,
    /// Of the thread being walked: where the processor is in frames that are not in a call.
    exact: Mutex<HashSet<Place>>,
    frames_left: AtomicUsize,
    deadline: Instant,
    /// What others took to answer.
    waited: Mutex<Duration>,
}

/// Symbols of somebody else.
struct Others<'s> {
    source: &'s dyn Elsewhere,
    /// All modules of the dump, by their base.
    modules: HashMap<u64, Module>,
    found: Mutex<HashMap<u64, Option<Box<dyn ModuleSymbols>>>>,
}

impl<'s> Provider<'s> {
    /// `slots` has one entry for each of `modules`.
    pub(crate) fn new(
        modules: &[&MinidumpModule],
        sources: &'s Sources,
        debug_roots: &'s [PathBuf],
        slots: &'s [Slots],
        deadline: Instant,
    ) -> Provider<'s> {
        let mut places = HashMap::new();
        if sources.local_files {
            for (module, slots) in modules.iter().zip(slots) {
                if let (Some(path), Some(build)) = (path_here(&module.code_file(), sources), build_of(module)) {
                    places.insert(module.base_address(), OwnFile { path, build, slots });
                }
            }
        }
        Provider {
            places,
            local: Mutex::default(),
            found: Mutex::default(),
            elsewhere: Places {
                debug_roots,
                held: &sources.held_files,
            },
            breakpad: Symbolizer::new(simple_symbol_supplier(sources.breakpad_dirs.clone())),
            exact: Mutex::default(),
            others: None,
            frames_left: AtomicUsize::new(0),
            deadline,
            waited: Mutex::default(),
        }
    }

    /// Asks `source`, too, about these modules.
    pub(crate) fn ask_also(&mut self, source: &'s dyn Elsewhere, modules: Vec<Module>) {
        self.others = Some(Others {
            source,
            modules: modules.into_iter().map(|module| (module.base.0, module)).collect(),
            found: Mutex::default(),
        });
    }

    /// Begins a walk of so many frames; then the brake is pulled.
    pub(crate) fn allow_frames(&self, frames: usize) {
        self.exact.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.frames_left.store(frames, Ordering::Relaxed);
    }

    /// Counts a walked frame.
    pub(crate) fn frame_walked(&self) {
        let left = self.frames_left.load(Ordering::Relaxed);
        self.frames_left.store(left.saturating_sub(1), Ordering::Relaxed);
    }

    pub(crate) fn is_late(&self) -> bool {
        let waited = *self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        Instant::now() >= self.deadline + waited
    }

    /// The functions at an instruction by the module's own file or by what others have, innermost first; `None` if there is
    /// nothing of these.
    pub(crate) fn functions(&self, module: &MinidumpModule, instruction: AbsoluteAddress) -> Option<Vec<Found>> {
        let offset = instruction.offset_from(AbsoluteAddress(module.base_address()))?;
        let key = (module.base_address(), offset);
        // Threads wait at the same places: most stacks share their ends.
        let known = self
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if known.is_some() {
            return known;
        }
        let base = module.base_address();
        let found = self.with_local(base, |local| local.functions_at(offset));
        let found = found.or_else(|| self.with_others(base, |symbols| symbols.functions_at(offset)))?;
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, found.clone());
        Some(found)
    }

    /// Whether an instruction can be at an address in a module; if there is no file to tell, it can.
    pub(crate) fn may_be_code(&self, module: &MinidumpModule, instruction: AbsoluteAddress) -> bool {
        let base = module.base_address();
        let Some(offset) = instruction.offset_from(AbsoluteAddress(base)) else {
            return false;
        };
        self.covers(base, offset).unwrap_or(true)
    }

    /// Whether a function covers a place; `None` if there is nothing to tell.
    fn covers(&self, base: u64, offset: ModuleOffset) -> Option<bool> {
        self.with_local(base, |local| local.covers(offset))
            .or_else(|| self.with_others(base, |symbols| symbols.covers(offset)))
    }

    /// The lines of source at these places in a module (path and line).
    pub(crate) fn source_lines(&self, base: u64, places: &[(String, u32)]) -> HashMap<(String, u32), SourceLines> {
        self.with_any_others(base, |symbols| symbols.source_lines(places))
            .unwrap_or_default()
    }

    /// Whether an address in a module is known to lie outside of its code: in its data, or where nothing is.
    pub(crate) fn is_data(&self, module: &MinidumpModule, address: AbsoluteAddress) -> bool {
        let base = module.base_address();
        address
            .offset_from(AbsoluteAddress(base))
            .and_then(|offset| self.with_local(base, |local| local.is_data(offset)))
            .unwrap_or(false)
    }

    /// What became of a module's symbols, and in which file. Only final once all threads are walked.
    pub(crate) fn symbol_state(&self, module: &MinidumpModule) -> (SymbolState, Option<PathBuf>) {
        let local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let local = local
            .get(&module.base_address())
            .map(|local| (local.is_usable(), local.state, local.file.clone()));
        let others = self.others_state(module.base_address());
        match (local, self.breakpad_state(module)) {
            (Some((true, state, file)), _) => (state, file),
            (_, Some((SymbolState::Loaded, file))) => (SymbolState::Loaded, file),
            _ if others.is_some_and(|state| state != SymbolState::Missing) => (others.unwrap_or_default(), None),
            (Some((false, state, file)), _) if state != SymbolState::Missing => (state, file),
            (_, Some(breakpad)) => breakpad,
            (Some((false, state, file)), None) => (state, file),
            (None, None) => (others.unwrap_or_default(), None),
        }
    }

    fn others_state(&self, base: u64) -> Option<SymbolState> {
        let found = self
            .others
            .as_ref()?
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        found.get(&base)?.as_ref().map(|symbols| symbols.state())
    }

    fn breakpad_state(&self, module: &MinidumpModule) -> Option<(SymbolState, Option<PathBuf>)> {
        let code_file = module.code_file();
        let stats: SymbolStats = self.breakpad.stats().remove(crate::signature::file_name(&code_file))?;
        let state = match (stats.loaded_symbols, stats.corrupt_symbols) {
            (_, true) => SymbolState::Unreadable,
            (true, false) => SymbolState::Loaded,
            (false, false) => SymbolState::Missing,
        };
        let file = self.breakpad.get_file_path(module, FileKind::BreakpadSym);
        Some((state, crate::unwind::now_or_never(file).and_then(Result::ok)))
    }

    /// Runs `look` on the usable local file of the module at `base`, opening it if this is the first time.
    fn with_local<T>(&self, base: u64, look: impl FnOnce(&LocalModule<'s>) -> T) -> Option<T> {
        let place = self.places.get(&base)?;
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let module = local
            .entry(base)
            .or_insert_with(|| LocalModule::open(&place.path, &place.build, self.elsewhere, place.slots));
        module.is_usable().then(|| look(module))
    }

    /// Runs `look` on what others have of the module at `base`, if that is of use, asking for it if this is the first time.
    fn with_others<T>(&self, base: u64, look: impl FnOnce(&dyn ModuleSymbols) -> T) -> Option<T> {
        self.with_any_others(base, |symbols| symbols.is_usable().then(|| look(symbols)))?
    }

    fn with_any_others<T>(&self, base: u64, look: impl FnOnce(&dyn ModuleSymbols) -> T) -> Option<T> {
        let others = self.others.as_ref()?;
        let mut found = others.found.lock().unwrap_or_else(PoisonError::into_inner);
        let symbols = found.entry(base).or_insert_with(|| {
            let started = Instant::now();
            let symbols = others.modules.get(&base).map(|module| others.source.symbols_of(module));
            *self.waited.lock().unwrap_or_else(PoisonError::into_inner) += started.elapsed();
            symbols
        });
        symbols.as_deref().map(look)
    }

    /// Whether a frame of the thread being walked is at the very instruction at `resume_address`: a signal's trampoline, and
    /// what the signal interrupted. All other frames but the innermost are in the call before it.
    pub(crate) fn is_exact(&self, resume_address: u64, stack_pointer: u64) -> bool {
        let exact = self.exact.lock().unwrap_or_else(PoisonError::into_inner);
        exact.contains(&(resume_address, stack_pointer))
    }

    /// Where the unwound frame is: where `minidump-unwind` says, which is inside of the call, or behind it.
    fn instruction_of(&self, walker: &dyn FrameWalker) -> AbsoluteAddress {
        let instruction = walker.get_instruction();
        let behind = instruction.saturating_add(1);
        match stack_pointer_of(walker) {
            Some(stack_pointer) if self.is_exact(behind, stack_pointer) => AbsoluteAddress(behind),
            _ => AbsoluteAddress(instruction),
        }
    }

    /// Remembers who is not in a call. A trampoline is where the handler returns to, and was never called itself: the
    /// instruction before it is another function's.
    fn note_interrupted(&self, walker: &dyn FrameWalker, trampoline: u64, caller: Caller) {
        let mut exact = self.exact.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stack_pointer) = stack_pointer_of(walker) {
            exact.insert((trampoline, stack_pointer));
        }
        exact.insert((caller.resume_address, caller.stack_pointer));
    }

    /// Does not come back once the budget is used up.
    async fn brake(&self) {
        if self.frames_left.load(Ordering::Relaxed) == 0 || self.is_late() {
            pending().await
        }
    }
}

#[async_trait]
impl SymbolProvider for Provider<'_> {
    /// For modules with a file of their own this only tells whether a function is there: names are looked up when the walk
    /// is over and it is known which frames remain.
    async fn fill_symbol(
        &self,
        module: &(dyn minidump::Module + Sync),
        frame: &mut (dyn FrameSymbolizer + Send),
    ) -> Result<(), FillSymbolError> {
        self.brake().await;
        let base = module.base_address();
        let offset = AbsoluteAddress(frame.get_instruction()).offset_from(AbsoluteAddress(base));
        match offset.and_then(|offset| self.covers(base, offset)) {
            Some(true) => {
                let bytes = offset.and_then(|offset| self.with_others(base, |symbols| symbols.parameter_bytes(offset)));
                frame.set_function("?", frame.get_instruction(), bytes.unwrap_or(0));
                Ok(())
            }
            Some(false) => Ok(()),
            None => self.breakpad.fill_symbol(module, frame).await,
        }
    }

    async fn walk_frame(
        &self,
        module: &(dyn minidump::Module + Sync),
        walker: &mut (dyn FrameWalker + Send),
    ) -> Option<()> {
        self.brake().await;
        let base = module.base_address();
        let offset = self.instruction_of(walker).offset_from(AbsoluteAddress(base))?;
        match self.with_local(base, |local| local.unwind(offset, walker)) {
            Some(Some(caller)) => {
                if caller.was_interrupted {
                    self.note_interrupted(walker, walker.get_instruction().saturating_add(1), caller);
                }
                Some(())
            }
            // A file without rules for the place: others or the Breakpad symbols may have some.
            _ => {
                let unwound = self.with_others(base, |symbols| symbols.unwind(module, offset, walker));
                match unwound.flatten() {
                    Some(()) => Some(()),
                    None => self.breakpad.walk_frame(module, walker).await,
                }
            }
        }
    }

    async fn get_file_path(
        &self,
        module: &(dyn minidump::Module + Sync),
        file_kind: FileKind,
    ) -> Result<PathBuf, FileError> {
        self.breakpad.get_file_path(module, file_kind).await
    }
}

fn stack_pointer_of(walker: &dyn FrameWalker) -> Option<u64> {
    ["rsp", "esp", "sp"]
        .iter()
        .find_map(|name| walker.get_callee_register(name))
}

/// Where a path in the dump is on this machine. `None` for what is no file: `linux-gate.so`, `[heap]`. A file that was
/// replaced while the program ran is ` (deleted)` to the kernel; the one there now may be the same build again.
fn path_here(path: &str, sources: &Sources) -> Option<PathBuf> {
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let mapped = sources.path_map.iter().find_map(|(prefix, here)| {
        let rest = path.strip_prefix(prefix.as_str())?;
        let at_boundary = rest.is_empty() || prefix.ends_with(['/', '\\']) || rest.starts_with(['/', '\\']);
        at_boundary.then(|| match rest.trim_start_matches(['/', '\\']) {
            "" => here.clone(),
            rest => here.join(rest),
        })
    });
    let path = mapped.unwrap_or_else(|| PathBuf::from(path));
    path.is_absolute().then_some(path)
}

fn build_of(module: &MinidumpModule) -> Option<Build> {
    let id = module.code_identifier()?.as_str().to_ascii_lowercase();
    (!id.is_empty()).then_some(Build { id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_paths_are_mapped_back() {
        let sources = Sources {
            path_map: vec![("/home/xxxx".to_owned(), PathBuf::from("/home/anna"))],
            ..Sources::default()
        };
        let here = |path| path_here(path, &sources);
        assert_eq!(here("/home/xxxx/bin/app"), Some(PathBuf::from("/home/anna/bin/app")));
        assert_eq!(here("/home/xxxxx/bin/app"), Some(PathBuf::from("/home/xxxxx/bin/app")));
        assert_eq!(here("/usr/bin/app"), Some(PathBuf::from("/usr/bin/app")));
        assert_eq!(here("/usr/bin/app (deleted)"), Some(PathBuf::from("/usr/bin/app")));
        assert_eq!(here("linux-gate.so"), None);
        assert_eq!(here("[heap]"), None);
    }
}
