//! What a dump says of the process: its streams, read once, with words for what is missing.

use std::time::{Duration, SystemTime};

use minidump::system_info::Os;
use minidump::{
    CrashReason, Error as ReadError, Minidump, MinidumpBreakpadInfo, MinidumpContext, MinidumpException,
    MinidumpLinuxProcStatus, MinidumpMiscInfo, MinidumpModuleList, MinidumpSoftErrors, MinidumpStream,
    MinidumpSystemInfo, MinidumpThreadList, MinidumpThreadNames, UnifiedMemory, UnifiedMemoryList,
};
use minidump_unwind::SystemInfo;

use crate::{Error, HexAddr, Reason, System};

/// Soft errors of the writer that are kept, and how long each may be.
const MAX_SOFT_ERRORS: usize = 64;
const MAX_SOFT_ERROR_CHARS: usize = 1000;

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
        let modules = optional(minidump, "list of modules", &mut soft_errors);
        let names = optional(minidump, "names of threads", &mut soft_errors);
        let misc = optional(minidump, "miscellaneous information", &mut soft_errors);
        let breakpad = optional(minidump, "Breakpad information", &mut soft_errors);
        let exception: Option<MinidumpException<'d>> = optional(minidump, "exception", &mut soft_errors);
        if modules.is_none() && !soft_errors.iter().any(|error| error.contains("list of modules")) {
            soft_errors.push("the dump has no list of modules".to_owned());
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
            modules: crate::modules::joined(modules.unwrap_or_default(), dump_system_info.os),
            crashing_thread,
            soft_errors,
            dump_system_info,
            names: names.unwrap_or_default(),
            misc,
            breakpad,
            memory,
            exception,
            linux_process_id: minidump.get_stream().ok().and_then(|status| linux_process_id(&status)),
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
        self.names
            .get_name(id)
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
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
            address: has_address(os, signal.as_deref(), exception.get_crash_reason(os, cpu))
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

/// From `/proc/ID/status`. minidump-writer takes that of the thread that crashed, in which `Pid` is the thread's.
fn linux_process_id(status: &MinidumpLinuxProcStatus<'_>) -> Option<u32> {
    let value = |name: &[u8]| status.iter().find(|(key, _)| key.as_bytes() == name);
    let (_, id) = value(b"Tgid").or_else(|| value(b"Pid"))?;
    id.to_str().ok()?.trim().parse().ok()
}

/// On Linux the kernel gives an address for faults only; for others the field holds who sent the signal.
fn has_address(os: Os, signal: Option<&str>, reason: CrashReason) -> bool {
    if !matches!(os, Os::Linux | Os::Android) {
        return true;
    }
    let sent = reason.to_string();
    let sent = ["SI_USER", "SI_TKILL", "SI_QUEUE"]
        .iter()
        .any(|code| sent.contains(code));
    !sent && matches!(signal, Some("SIGSEGV" | "SIGBUS" | "SIGILL" | "SIGFPE" | "SIGTRAP"))
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
