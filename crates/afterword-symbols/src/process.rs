//! From the bytes of a dump to the result, in reading order: check, read the streams, walk the threads, name the frames.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

use minidump::{MinidumpModule, MinidumpModuleList, Module as _};
use minidump_unwind::{FrameTrust, StackFrame};

use crate::address::{AbsoluteAddress, CodeAddress};
use crate::elsewhere::Elsewhere;
use crate::local::{Found, Slots};
use crate::provider::Provider;
use crate::signature::{SignatureFrame, file_name, signature};
use crate::streams::Streams;
use crate::unwind::{Walked, walk};
use crate::{
    Error, Frame, HexAddr, Limits, Module, ProcessedCrash, Sources, SymbolState, Thread, VERSION, admit, demangle, ours,
};

/// Reads a minidump, unwinds its threads and names their frames.
///
/// Blocks: reads files of `sources`, and computes for as long as [`Limits::time`] at most, once the dump is parsed. May be
/// called on any thread, of the reporter, the command line or the server.
///
/// # Errors
/// If the dump is too large or so damaged that nothing can be said; anything less is a soft error in the result.
pub fn process(dump: &[u8], sources: &Sources, limits: &Limits) -> Result<ProcessedCrash, Error> {
    process_with_roots(dump, sources, limits, &[PathBuf::from("/usr/lib/debug")])
}

/// As [`process`], with names, rules and source lines from `caches`, too, for modules without a file of their own in `sources`.
///
/// # Errors
/// As [`process`].
#[cfg(feature = "caches")]
pub fn process_with_caches(
    dump: &[u8],
    sources: &Sources,
    caches: &dyn crate::caches::Caches,
    limits: &Limits,
) -> Result<ProcessedCrash, Error> {
    let asked = crate::caches::Asked(caches);
    guarded(|| read_and_walk(dump, sources, limits, &[], Some(&asked)))
}

/// The modules of a dump, as [`process`] lists them, without looking for symbols: to find out beforehand what to have at hand.
///
/// # Errors
/// As [`process`].
pub fn modules(dump: &[u8], limits: &Limits) -> Result<Vec<Module>, Error> {
    guarded(|| {
        admit::header(dump, limits)?;
        let minidump = minidump::Minidump::read(dump).map_err(|source| Error::ReadHeader { source })?;
        admit::streams(&minidump, dump, limits)?;
        Ok(described(&Streams::read(&minidump)?.modules))
    })
}

/// As [`process`], with other folders for separate debug files.
pub(crate) fn process_with_roots(
    dump: &[u8],
    sources: &Sources,
    limits: &Limits,
    debug_roots: &[PathBuf],
) -> Result<ProcessedCrash, Error> {
    guarded(|| read_and_walk(dump, sources, limits, debug_roots, None))
}

/// The readers are made for damaged input, but they are many, and a panic in one must not take down the reporter or the
/// server.
fn guarded<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        Err(Error::Reader {
            message: crate::error::message_of(&*panic),
        })
    })
}

fn read_and_walk(
    dump: &[u8],
    sources: &Sources,
    limits: &Limits,
    debug_roots: &[PathBuf],
    others: Option<&dyn Elsewhere>,
) -> Result<ProcessedCrash, Error> {
    let started = Instant::now();
    admit::header(dump, limits)?;
    let minidump = minidump::Minidump::read(dump).map_err(|source| Error::ReadHeader { source })?;
    admit::streams(&minidump, dump, limits)?;
    let mut streams = Streams::read(&minidump)?;

    let dump_modules: Vec<&MinidumpModule> = streams.modules.iter().collect();
    let slots: Vec<Slots> = dump_modules.iter().map(|_| Slots::default()).collect();
    let mut provider = Provider::new(&dump_modules, sources, debug_roots, &slots, started + limits.time);
    let mut modules = described(&streams.modules);
    if let Some(others) = others {
        provider.ask_also(others, modules.clone());
    }
    let executable = modules.first().map(|module| module.path.clone()).unwrap_or_default();

    let namer = Namer {
        provider: &provider,
        executable: &executable,
    };
    let mut threads = walk_threads(&streams, &provider, &namer, limits);
    if let Some(crashed) = streams.crashing_thread.and_then(|index| threads.get_mut(index)) {
        show_sources(&mut crashed.frames, &provider);
    }
    for (module, described) in dump_modules.iter().zip(&mut modules) {
        (described.symbols, described.symbol_file) = provider.symbol_state(module);
    }

    let mut soft_errors = std::mem::take(&mut streams.soft_errors);
    soft_errors.extend(symbol_errors(&modules));
    let crashing_thread = streams.crashing_thread;
    Ok(ProcessedCrash {
        version: VERSION,
        system: streams.system(),
        reason: streams.reason(),
        crashing_thread,
        signature: crashing_thread
            .and_then(|index| threads.get(index))
            .map_or_else(|| signature([]), signature_of),
        threads,
        modules,
        crashpad: streams.crashpad.take(),
        soft_errors,
        process_id: streams.process_id(),
        process_uptime_s: streams.process_uptime_s(),
        dump_time_s: streams.dump_time_s(),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Walks the thread that crashed first, so that it has most of the time.
fn walk_threads(streams: &Streams<'_>, provider: &Provider<'_>, namer: &Namer<'_>, limits: &Limits) -> Vec<Thread> {
    let count = streams.threads.threads.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| (Some(*index) != streams.crashing_thread, *index));
    let mut threads = vec![Thread::default(); count];
    let mut left = limits.clone();
    for index in order {
        left.frames_per_thread = left.frames_per_thread.min(left.frames);
        threads[index] = walk_thread(streams, index, provider, namer, &left);
        let walked = threads[index].frames.iter().filter(|frame| !frame.inline).count();
        left.frames = left.frames.saturating_sub(walked);
    }
    ours::disown_libraries(&mut threads);
    threads
}

fn walk_thread(
    streams: &Streams<'_>,
    index: usize,
    provider: &Provider<'_>,
    namer: &Namer<'_>,
    limits: &Limits,
) -> Thread {
    let id = streams.threads.threads[index].raw.thread_id;
    let mut thread = Thread {
        id,
        name: streams.thread_name(id),
        ..Thread::default()
    };
    if streams.is_writer(id) {
        thread.note = Some("this thread wrote the dump".to_owned());
        return thread;
    }
    let Some(context) = streams.context(index) else {
        thread.note = Some("the dump does not hold this thread's registers".to_owned());
        return thread;
    };
    thread.registers = context
        .valid_registers()
        .map(|(name, value)| (name.to_owned(), HexAddr(value)))
        .collect();
    let stack = streams.stack(index, context.get_stack_pointer());
    let Walked { frames, note } = walk(context, stack, &streams.modules, &streams.system_info, provider, limits);
    thread.note = note;
    thread.frames = frames.iter().flat_map(|frame| namer.frames(frame)).collect();
    disown_main_shim(&mut thread.frames);
    thread
}

/// The C `main` that rustc makes calls `std::rt::lang_start`; it has no source, and is not the application's code.
fn disown_main_shim(frames: &mut [Frame]) {
    let shim = frames.windows(2).position(|pair| {
        let starts = pair[0]
            .function
            .as_deref()
            .is_some_and(|name| name.starts_with("std::rt::lang_start"));
        starts && pair[1].function.as_deref() == Some("main") && pair[1].file.is_none()
    });
    if let Some(at) = shim {
        frames[at + 1].in_app = false;
    }
}

fn signature_of(thread: &Thread) -> String {
    signature(thread.frames.iter().map(SignatureFrame::from))
}

/// In words, which files were there but could not be used.
fn symbol_errors(modules: &[Module]) -> impl Iterator<Item = String> {
    modules.iter().filter_map(|module| {
        let file = module.symbol_file.as_ref()?.display();
        match module.symbols {
            SymbolState::Mismatched => Some(format!(
                "{file} is not the build of {} that was running; it was not used",
                module.name
            )),
            SymbolState::Unreadable => Some(format!("the symbols of {} in {file} could not be read", module.name)),
            _ => None,
        }
    })
}

/// Gives frames and modules the names that people know.
struct Namer<'a> {
    provider: &'a Provider<'a>,
    executable: &'a str,
}

impl Namer<'_> {
    /// A physical frame with the functions inlined into it, innermost first.
    fn frames(&self, physical: &StackFrame) -> Vec<Frame> {
        let resume_address = AbsoluteAddress(physical.resume_address);
        let is_exact = physical.trust == FrameTrust::Context
            || self
                .provider
                .is_exact(resume_address.0, physical.context.get_stack_pointer());
        let address = if is_exact {
            CodeAddress::Exact(resume_address)
        } else {
            CodeAddress::Return(resume_address)
        };
        let instruction = address.lookup();
        // Where data was called, the module is no more to blame than the address: the caller is.
        let module = physical.module.as_ref();
        let module = module.filter(|module| !self.provider.is_data(module, instruction));
        let found = module.and_then(|module| self.provider.functions(module, instruction));
        let mut found = found.unwrap_or_else(|| from_breakpad(physical));
        if found.is_empty() {
            found.push(Found::default());
        }
        let outermost = found.len() - 1;
        let path = module.map(|module| module.code_file());
        let in_app_module = path
            .as_deref()
            .is_some_and(|path| ours::is_app_module(path, self.executable));
        let offset = module.and_then(|module| instruction.offset_from(AbsoluteAddress(module.base_address())));
        let frame = |(index, found): (usize, Found)| {
            let function = found
                .function
                .as_deref()
                .map(demangle::demangle)
                .filter(|name| !name.is_empty());
            let function = function.map(|function| ours::qualified(function, found.file.as_deref()));
            Frame {
                instruction: HexAddr(instruction.0),
                module: path.as_deref().map(|path| file_name(path).to_owned()),
                module_offset: offset.map(|offset| HexAddr(offset.0)),
                in_app: in_app_module && ours::is_app_function(function.as_deref(), found.file.as_deref()),
                raw_function: found
                    .function
                    .filter(|raw| Some(raw) != function.as_ref() && !raw.is_empty()),
                function,
                file: found.file,
                line: found.line,
                context_line: None,
                pre_context: Vec::new(),
                post_context: Vec::new(),
                inline: index != outermost,
                trust: physical.trust.as_str().to_owned(),
            }
        };
        found.into_iter().enumerate().map(frame).collect()
    }
}

/// The lines of source around the frames of the thread that crashed, where there are sources of a module.
fn show_sources(frames: &mut [Frame], provider: &Provider<'_>) {
    let base_of = |frame: &Frame| Some(frame.instruction.0 - frame.module_offset?.0);
    let mut wanted: BTreeMap<u64, Vec<(String, u32)>> = BTreeMap::new();
    for frame in &*frames {
        if let (Some(base), Some(file), Some(line)) = (base_of(frame), &frame.file, frame.line) {
            wanted.entry(base).or_default().push((file.clone(), line));
        }
    }
    for (base, places) in wanted {
        let lines = provider.source_lines(base, &places);
        for frame in frames.iter_mut().filter(|frame| base_of(frame) == Some(base)) {
            let place = frame.file.clone().zip(frame.line);
            if let Some(found) = place.and_then(|place| lines.get(&place)) {
                frame.context_line = Some(found.line.clone());
                frame.pre_context.clone_from(&found.before);
                frame.post_context.clone_from(&found.after);
            }
        }
    }
}

/// The modules of a dump; nobody has looked for their symbols.
fn described(modules: &MinidumpModuleList) -> Vec<Module> {
    let executable = modules.iter().next().map(|module| module.code_file().into_owned());
    let executable = executable.unwrap_or_default();
    let describe = |module: &MinidumpModule| {
        let path = module.code_file().into_owned();
        Module {
            name: file_name(&path).to_owned(),
            base: HexAddr(module.base_address()),
            size: module.size(),
            version: module.version().map(|version| version.into_owned()),
            debug_id: module.debug_identifier().map(|id| id.to_string()),
            code_id: module.code_identifier().map(|id| id.to_string()),
            debug_file: module
                .debug_file()
                .map(|file| file.into_owned())
                .filter(|file| *file != path),
            symbols: SymbolState::NotNeeded,
            symbol_file: None,
            in_app: ours::is_app_module(&path, &executable),
            path,
        }
    };
    modules.iter().map(describe).collect()
}

/// What the walk itself found, by Breakpad symbols: inlined functions innermost first, then the physical one.
fn from_breakpad(frame: &StackFrame) -> Vec<Found> {
    let inlined = frame.inlines.iter().map(|inline| Found {
        function: Some(inline.function_name.clone()),
        file: inline.source_file_name.clone(),
        line: inline.source_line,
    });
    let physical = Found {
        function: frame.function_name.clone(),
        file: frame.source_file_name.clone(),
        line: frame.source_line.filter(|line| *line != 0),
    };
    inlined.chain([physical]).collect()
}
