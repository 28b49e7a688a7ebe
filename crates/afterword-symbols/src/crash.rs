//! The result: what a minidump says, with names for its addresses.
//!
//! As JSON: an object with these fields in snake case, addresses as `"0x…"`, absent values left out. [`VERSION`] counts up
//! when a reader of the old shape would misunderstand the new one; new fields alone do not count.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::HexAddr;

/// The version of the JSON written now.
pub const VERSION: u32 = 1;

/// A minidump, unwound and symbolicated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessedCrash {
    /// The version of this shape, [`VERSION`].
    pub version: u32,
    /// The machine it happened on.
    pub system: System,
    /// Why it crashed.
    pub reason: Reason,
    /// Index into [`threads`](Self::threads) of the thread that crashed, or that asked for the dump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crashing_thread: Option<usize>,
    /// All threads, in the order of the dump.
    pub threads: Vec<Thread>,
    /// All modules, the executable first, in the order of the dump.
    pub modules: Vec<Module>,
    /// What groups this crash with others like it, see [`signature`](crate::signature).
    pub signature: String,
    /// What the application told Crashpad, if Crashpad wrote the dump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crashpad: Option<Crashpad>,
    /// What could not be done or was missing, in words: of the writer of the dump, and of ours.
    #[serde(default)]
    pub soft_errors: Vec<String>,
    /// The process, if the dump names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_id: Option<u32>,
    /// Seconds from the start of the process to the dump, if both are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_uptime_s: Option<u64>,
    /// When the dump was written, in seconds since 1970 (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump_time_s: Option<u64>,
    /// How long unwinding and symbolicating took, in milliseconds.
    #[serde(default)]
    pub took_ms: u64,
}

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// `Linux`, `Windows NT`, `Mac OS X`, …
    pub os: String,
    /// Version and build, as the dump words them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// `amd64`, `x86`, `arm64`, …
    pub cpu: String,
    /// The maker's words for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_info: Option<String>,
    /// Number of logical processors.
    pub cpu_count: usize,
}

/// Why the process crashed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// As minidump-processor words it: `SIGSEGV / SEGV_MAPERR`, `EXCEPTION_ACCESS_VIOLATION_WRITE`; `none` if the dump has no
    /// exception.
    pub name: String,
    /// The signal's name alone, on Unix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The exception code: the signal's number on Linux, the `EXCEPTION_…` value on Windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<HexAddr>,
    /// The exception's flags: `si_code` on Linux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<HexAddr>,
    /// The address that was accessed, or of the instruction at fault. Absent where the kind of crash has none (`abort`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<HexAddr>,
}

/// Annotations of an application whose crashes Crashpad writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashpad {
    /// Of the process.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Of its modules, those that have some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ModuleAnnotations>,
}

/// Annotations of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleAnnotations {
    /// The module's file name.
    pub module: String,
    /// Those without a name: assertions' messages, for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<String>,
    /// Those with a name, simple ones and objects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// One thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// The system's thread id.
    pub id: u32,
    /// Its name, if the dump has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// The registers at the crash, of the innermost physical frame.
    pub registers: BTreeMap<String, HexAddr>,
    /// Why there are no frames, or why they end early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One function on a stack. A function that was inlined is a frame of its own, before the physical frame it is part of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The instruction that was being executed: for callers, an address inside the call, not the return address.
    pub instruction: HexAddr,
    /// The module's file name, without its folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// `instruction` less the module's base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module_offset: Option<HexAddr>,
    /// The function's name, demangled, without the hash Rust appends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The function's name as the symbols have it, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_function: Option<String>,
    /// Path of the source file, as the compiler saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The line itself, where its source is at hand, and up to five lines before and after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_line: Option<String>,
    /// The lines before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_context: Vec<String>,
    /// The lines after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_context: Vec<String>,
    /// Whether the function was inlined into the next frame.
    pub inline: bool,
    /// How the frame was found, from best to worst: `context`, `cfi`, `frame_pointer`, `cfi_scan`, `scan`.
    pub trust: String,
    /// Whether this is code of the application, not of the system, the standard library or another crate.
    pub in_app: bool,
}

/// An executable or library in the process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// File name.
    pub name: String,
    /// Path at which it was loaded.
    pub path: String,
    /// Where it was loaded.
    pub base: HexAddr,
    /// Bytes it covers from there.
    pub size: u64,
    /// Its version, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The debug id, as the `debugid` crate writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug_id: Option<String>,
    /// The code id: the GNU build id on Linux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_id: Option<String>,
    /// The debug file that the dump names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug_file: Option<String>,
    /// What became of its symbols.
    pub symbols: SymbolState,
    /// The file the symbols were read from, or that did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol_file: Option<PathBuf>,
    /// Whether the module belongs to the application rather than to the system.
    pub in_app: bool,
}

/// What became of a module's symbols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SymbolState {
    /// No frame lies in the module: nobody looked.
    #[default]
    NotNeeded,
    /// Functions, and files and lines as far as the compiler wrote them.
    Loaded,
    /// Functions from the symbol table, without files and lines.
    NamesOnly,
    /// There is no file for it where we looked.
    Missing,
    /// There is a file, but of another build; it was not used.
    Mismatched,
    /// There is a file, but it cannot be read.
    Unreadable,
}

impl ProcessedCrash {
    /// The thread that crashed, or that asked for the dump.
    pub fn crashed_thread(&self) -> Option<&Thread> {
        self.threads.get(self.crashing_thread?)
    }

    /// The innermost function of the application on the thread that crashed: what a person should look at first.
    pub fn top_app_frame(&self) -> Option<&Frame> {
        let frames = &self.crashed_thread()?.frames;
        crate::signature::without_machinery(frames, crate::signature::SignatureFrame::from).find(|frame| frame.in_app)
    }
}

impl<'a> From<&'a Frame> for crate::signature::SignatureFrame<'a> {
    fn from(frame: &'a Frame) -> Self {
        crate::signature::SignatureFrame {
            function: frame.function.as_deref(),
            module: frame.module.as_deref(),
            module_offset: frame.module_offset.map(|offset| offset.0),
            file: frame.file.as_deref(),
            in_app: None,
        }
    }
}
