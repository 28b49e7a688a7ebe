//! What a dump says of the process: its streams, read once, with words for what is missing.

use std::time::{Duration, SystemTime};

use minidump::Module as _;
use minidump::system_info::Os;
use minidump::{
    Error as ReadError, Minidump, MinidumpAnnotation, MinidumpBreakpadInfo, MinidumpContext, MinidumpCrashpadInfo,
    MinidumpException, MinidumpLinuxProcStatus, MinidumpMiscInfo, MinidumpModuleList, MinidumpSoftErrors,
    MinidumpStream, MinidumpSystemInfo, MinidumpThread, MinidumpThreadList, MinidumpThreadNames, UnifiedMemory,
    UnifiedMemoryList,
};
use minidump_unwind::SystemInfo;

use crate::{Crashpad, Error, HexAddr, ModuleAnnotations, Reason, System};

/// Soft errors of the writer that are kept, and how long each may be.
const MAX_SOFT_ERRORS: usize = 64;
const MAX_SOFT_ERROR_CHARS: usize = 1000;

/// Names of threads are cut here; Linux' have 15 bytes, other systems know no bound.
const MAX_THREAD_NAME_BYTES: usize = 1024;

/// Dumps written since the beginning of 2020 (in seconds since 1970) have the signal's code in the exception's flags.
const CODES_SINCE_S: u64 = 1_577_836_800;

/// The streams of one dump.
pub(crate) struct Streams<'d> {
    pub(crate) threads: MinidumpThreadList<'d>,
    pub(crate) modules: MinidumpModuleList,
    pub(crate) system_info: SystemInfo,
    /// Index into `threads`.
    pub(crate) crashing_thread: Option<usize>,
    pub(crate) soft_errors: Vec<String>,
    dump_system_info: MinidumpSystemInfo,
    names: MinidumpThreadNames,
    misc: Option<MinidumpMiscInfo>,
    breakpad: Option<MinidumpBreakpadInfo>,
    memory: UnifiedMemoryList<'d>,
    exception: Option<MinidumpException<'d>>,
    linux_process_id: Option<u32>,
    pub(crate) crashpad: Option<Crashpad>,
    /// Whether the exception's flags are known to be the signal's code.
    tells_codes: bool,
    dump_time: Duration,
}

impl<'d> Streams<'d> {
    /// # Errors
    /// Without the system's description or the list of threads nothing can be said.
    pub(crate) fn read(minidump: &'d Minidump<'d, &'d [u8]>) -> Result<Streams<'d>, Error> {
        let needed = |stream| move |source| Error::ReadStream { stream, source };
        let dump_system_info: MinidumpSystemInfo =
            minidump.get_stream().map_err(needed("description of the system"))?;
        let threads: MinidumpThreadList<'d> = minidump.get_stream().map_err(needed("list of threads"))?;

        let mut soft_errors = writers_soft_errors(minidump);
        let modules: Option<MinidumpModuleList> = optional(minidump, "list of modules", &mut soft_errors);
        let names: Option<MinidumpThreadNames> = optional(minidump, "names of threads", &mut soft_errors);
        let misc = optional(minidump, "miscellaneous information", &mut soft_errors);
        let breakpad = optional(minidump, "Breakpad information", &mut soft_errors);
        let exception: Option<MinidumpException<'d>> = optional(minidump, "exception", &mut soft_errors);
        if modules.is_none() && !soft_errors.iter().any(|error| error.contains("list of modules")) {
            soft_errors.push("the dump has no list of modules".to_owned());
        }
        let crashpad = optional(minidump, "annotations", &mut soft_errors);
        let crashpad = crashpad.map(|info| annotations(info, modules.as_ref()));
        let modules = crate::modules::bounded(modules.unwrap_or_default(), &mut soft_errors);
        let names = names.unwrap_or_default();
        let name_bytes =
            |thread: &MinidumpThread<'_>| names.get_name(thread.raw.thread_id).map_or(0, |name| name.len());
        if threads
            .threads
            .iter()
            .any(|thread| name_bytes(thread) > MAX_THREAD_NAME_BYTES)
        {
            soft_errors.push(format!("names of threads were cut after {MAX_THREAD_NAME_BYTES} bytes"));
        }
        let memory = minidump.get_memory().unwrap_or_else(|| {
            soft_errors.push("the dump has no list of memory, or it cannot be read".to_owned());
            UnifiedMemoryList::default()
        });
        let requested = |breakpad: &MinidumpBreakpadInfo| breakpad.requesting_thread_id;
        let crashed = exception.as_ref().map(MinidumpException::get_crashing_thread_id);
        let crashed = crashed.or(breakpad.as_ref().and_then(requested));
        let crashing_thread =
            crashed.and_then(|id| threads.threads.iter().position(|thread| thread.raw.thread_id == id));
        if let Some(id) = crashed.filter(|_| crashing_thread.is_none()) {
            soft_errors.push(format!("thread {id}, which crashed, is not in the dump"));
        }
        Ok(Streams {
            system_info: system_info(&dump_system_info),
            threads,
            modules: crate::modules::joined(modules, dump_system_info.os),
            crashing_thread,
            soft_errors,
            dump_system_info,
            names,
            misc,
            breakpad,
            memory,
            exception,
            crashpad,
            linux_process_id: minidump.get_stream().ok().and_then(|status| linux_process_id(&status)),
            tells_codes: u64::from(minidump.header.time_date_stamp) >= CODES_SINCE_S,
            dump_time: Duration::from_secs(minidump.header.time_date_stamp.into()),
        })
    }

    /// The registers of a thread: at the exception for the one that crashed, since the thread's own are from inside the
    /// handler.
    pub(crate) fn context(&self, index: usize) -> Option<MinidumpContext> {
        let at_exception = || {
            self.exception
                .as_ref()?
                .context(&self.dump_system_info, self.misc.as_ref())
        };
        let own = || self.threads.threads[index].context(&self.dump_system_info, self.misc.as_ref());
        let context = if self.crashing_thread == Some(index) {
            at_exception().or_else(own)
        } else {
            own()
        };
        context.map(|context| context.into_owned())
    }

    /// The memory that holds a thread's stack. The stack pointer decides: at a crash on an alternate stack the thread's entry
    /// names another range.
    pub(crate) fn stack(&self, index: usize, stack_pointer: u64) -> Option<UnifiedMemory<'_, 'd>> {
        let own = self.threads.threads[index].stack_memory(&self.memory);
        let holds_pointer = own
            .as_ref()
            .is_some_and(|memory| memory.get_memory_at_address::<u64>(stack_pointer).is_some());
        if holds_pointer {
            own
        } else {
            self.memory.memory_at_address(stack_pointer).or(own)
        }
    }

    pub(crate) fn thread_name(&self, id: u32) -> Option<String> {
        let name = self.names.get_name(id)?;
        let name = name[..name.floor_char_boundary(MAX_THREAD_NAME_BYTES)].trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Whether a thread wrote the dump of its own process, so that its stack says nothing.
    pub(crate) fn is_writer(&self, id: u32) -> bool {
        self.breakpad
            .as_ref()
            .is_some_and(|breakpad| breakpad.dump_thread_id == Some(id))
    }

    pub(crate) fn system(&self) -> System {
        System {
            os: self.system_info.os.long_name().into_owned(),
            os_version: self.system_info.format_os_version().map(|version| version.into_owned()),
            cpu: self.system_info.cpu.to_string(),
            cpu_info: self.system_info.cpu_info.clone(),
            cpu_count: self.system_info.cpu_count,
        }
    }

    pub(crate) fn reason(&self) -> Reason {
        let Some(exception) = &self.exception else {
            return Reason {
                name: "none".to_owned(),
                ..Reason::default()
            };
        };
        let (os, cpu) = (self.system_info.os, self.system_info.cpu);
        let name = exception.get_crash_reason(os, cpu).to_string();
        let signal = name
            .split([' ', '/'])
            .next()
            .filter(|word| word.starts_with("SIG"))
            .map(ToOwned::to_owned);
        let record = &exception.raw.exception_record;
        let address = exception.get_crash_address(os, cpu);
        Reason {
            code: Some(HexAddr(record.exception_code.into())),
            flags: Some(HexAddr(record.exception_flags.into())),
            address: has_address(os, signal.as_deref(), record.exception_flags, self.tells_codes)
                .then_some(HexAddr(address)),
            name,
            signal,
        }
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        let windows = self.misc.as_ref().and_then(|misc| misc.raw.process_id().copied());
        windows.or(self.linux_process_id)
    }

    pub(crate) fn process_uptime_s(&self) -> Option<u64> {
        let created = self.misc.as_ref()?.process_create_time()?;
        let dumped = SystemTime::UNIX_EPOCH.checked_add(self.dump_time)?;
        Some(dumped.duration_since(created).ok()?.as_secs())
    }

    pub(crate) fn dump_time_s(&self) -> Option<u64> {
        Some(self.dump_time.as_secs()).filter(|seconds| *seconds != 0)
    }
}

/// The names of modules are those of the list as the dump has it: that is what the annotations count in.
fn annotations(info: MinidumpCrashpadInfo, modules: Option<&MinidumpModuleList>) -> Crashpad {
    let name_of = |index: usize| {
        let module = modules.and_then(|modules| modules.iter().nth(index));
        let path = module.map(|module| module.code_file().into_owned()).unwrap_or_default();
        crate::signature::file_name(&path).to_owned()
    };
    let modules = info.module_list.into_iter().map(|module| {
        let mut annotations = module.simple_annotations;
        let objects = module.annotation_objects.into_iter();
        annotations.extend(objects.filter_map(|(name, value)| match value {
            MinidumpAnnotation::String(text) => Some((name, text)),
            _ => None,
        }));
        ModuleAnnotations {
            module: name_of(module.module_index),
            list: module.list_annotations,
            annotations,
        }
    });
    let said = |module: &ModuleAnnotations| !module.list.is_empty() || !module.annotations.is_empty();
    Crashpad {
        annotations: info.simple_annotations,
        modules: modules.filter(said).collect(),
    }
}

/// From `/proc/ID/status`. minidump-writer takes that of the thread that crashed, in which `Pid` is the thread's.
fn linux_process_id(status: &MinidumpLinuxProcStatus<'_>) -> Option<u32> {
    let value = |name: &[u8]| status.iter().find(|(key, _)| key.as_bytes() == name);
    let (_, id) = value(b"Tgid").or_else(|| value(b"Pid"))?;
    id.to_str().ok()?.trim().parse().ok()
}

/// On Linux the kernel gives an address for faults only. With a code of zero or less (`SI_USER`, `SI_QUEUE`, `SI_TIMER`,
/// `SI_TKILL`, …) someone sent the signal, and the field holds who; with `SI_KERNEL` there is no address: on x86-64 that is
/// what a general protection fault looks like, and zero would read as a null pointer.
/// (`include/uapi/asm-generic/siginfo.h`.)
///
/// In dumps of years ago zero may also mean that the writer left the code out, as Breakpad's did.
fn has_address(os: Os, signal: Option<&str>, flags: u32, tells_codes: bool) -> bool {
    const SI_KERNEL: i32 = 0x80;
    if !matches!(os, Os::Linux | Os::Android) {
        return true;
    }
    let code = flags.cast_signed();
    let faulted = (code > 0 && code != SI_KERNEL) || (code == 0 && !tells_codes);
    faulted && matches!(signal, Some("SIGSEGV" | "SIGBUS" | "SIGILL" | "SIGFPE" | "SIGTRAP"))
}

fn system_info(dump: &MinidumpSystemInfo) -> SystemInfo {
    let (os_version, os_build) = dump.os_parts();
    SystemInfo {
        os: dump.os,
        os_version: Some(os_version),
        os_build,
        cpu: dump.cpu,
        cpu_info: dump.cpu_info().map(|info| info.into_owned()),
        cpu_microcode_version: None,
        cpu_count: dump.raw.number_of_processors.into(),
    }
}

/// A stream that may be missing; damage is told.
fn optional<'d, S: MinidumpStream<'d>>(
    minidump: &'d Minidump<'d, &'d [u8]>,
    what: &str,
    soft_errors: &mut Vec<String>,
) -> Option<S> {
    match minidump.get_stream::<S>() {
        Ok(stream) => Some(stream),
        Err(ReadError::StreamNotFound) => None,
        Err(error) => {
            soft_errors.push(format!("the dump's {what} cannot be read: {error}"));
            None
        }
    }
}

/// What the writer of the dump could not do, which it tells as JSON.
fn writers_soft_errors(minidump: &Minidump<'_, &[u8]>) -> Vec<String> {
    let Ok(stream) = minidump.get_stream::<MinidumpSoftErrors<'_>>() else {
        return Vec::new();
    };
    let errors = match serde_json::from_str(stream.as_ref().trim_end_matches('\0')) {
        Ok(serde_json::Value::Array(errors)) => errors,
        Ok(serde_json::Value::Null) => Vec::new(),
        Ok(other) => vec![other],
        Err(error) => vec![serde_json::Value::String(format!(
            "its soft errors cannot be read: {error}"
        ))],
    };
    let text = |error: &serde_json::Value| match error {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short = |text: String| text.chars().take(MAX_SOFT_ERROR_CHARS).collect::<String>();
    errors
        .iter()
        .take(MAX_SOFT_ERRORS)
        .map(|error| format!("the writer of the dump: {}", short(text(error))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fault_has_an_address() {
        let (segv, abort) = (Some("SIGSEGV"), Some("SIGABRT"));
        let table: [(&str, Option<&str>, i32, bool); 12] = [
            ("SEGV_MAPERR", segv, 1, true),
            ("SEGV_ACCERR", segv, 2, true),
            ("BUS_ADRERR", Some("SIGBUS"), 2, true),
            ("ILL_ILLOPN", Some("SIGILL"), 2, true),
            ("a general protection fault", segv, 0x80, false),
            ("int3", Some("SIGTRAP"), 0x80, false),
            ("kill()", segv, 0, false),
            ("sigqueue()", segv, -1, false),
            ("a timer", segv, -2, false),
            ("tgkill()", segv, -6, false),
            ("abort()", abort, -6, false),
            ("no signal", None, 1, false),
        ];
        for (what, signal, code, expected) in table {
            assert_eq!(
                has_address(Os::Linux, signal, code.cast_unsigned(), true),
                expected,
                "{what}"
            );
        }
        assert!(has_address(Os::Linux, segv, 0, false), "a dump of years ago");
        assert!(has_address(Os::Windows, None, 0, false));
    }
}
