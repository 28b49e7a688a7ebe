//! Capture on Linux: `minidump-writer` through ptrace, in a thread that cannot stop the whole app; where ptrace is denied, one
//! thread through `process_vm_readv`.
#![expect(unsafe_code, reason = "reading another process's memory is C")]

use std::io::Cursor;

use afterword_channel::maps::Module;
use afterword_channel::{Hello, Salvage};
use crash_context::CrashContext;
use minidump_writer::CrashContextExt;
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::one_thread::OneThread;
use super::{DUMP_REQUESTED, Exception};
use crate::{Error, masked};

const PAGE_BYTES: u64 = 4096;
/// The longest stack that is read without ptrace: more than the innermost thousand frames.
const MAX_STACK_BYTES: usize = 512 * 1024;
/// How far above a stack pointer that points nowhere (an overflow) the stack is looked for.
const SEARCHED_PAGES: u64 = 16;

/// Writes the dump, on a thread of its own because of its filter.
pub(super) fn write(context: &CrashContext) -> Result<Vec<u8>, Error> {
    let mut context = context.clone();
    // The writer takes the exception's address from here.
    context.siginfo.ssi_addr = fault_address(&context).unwrap_or(0);
    write_as(move || {
        let mut writer = MinidumpWriterConfig::new(context.pid, context.tid);
        writer.set_crash_context(CrashContextExt { inner: context });
        writer
    })
}

/// Writes the dump of a process that nothing has happened to; one of its threads is the one to look at.
pub(super) fn write_living(pid: u32, tid: u32) -> Result<Vec<u8>, Error> {
    write_as(move || MinidumpWriterConfig::new(pid as i32, tid as i32))
}

fn write_as(writer: impl FnOnce() -> MinidumpWriterConfig + Send + 'static) -> Result<Vec<u8>, Error> {
    let failed = |why: String| Error::CaptureThread { why };
    let writing = std::thread::Builder::new()
        .name("capture".to_owned())
        .spawn(move || {
            // Without the filter the dump is still right; a shell may then say that the app was stopped.
            if let Err(why) = refuse_sigstop() {
                log::warn!("the app is stopped for the dump: {why}");
            }
            writer()
                .write(&mut Cursor::new(Vec::new()))
                .map_err(|error| Error::Writer {
                    why: crate::error::chain(&error),
                })
        })
        .map_err(|error| failed(error.to_string()))?;
    writing.join().map_err(|_| failed("it panicked".to_owned()))?
}

/// The writer sends SIGSTOP to the whole app first. A shell would then report a stopped job, and an app that lives on would
/// be put into the background; attaching to each thread stops it well enough. This thread may not send that one signal.
fn refuse_sigstop() -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let is_sigstop = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, libc::SIGSTOP as u64)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|e| words(&e))?;
    let filter: BpfProgram = SeccompFilter::new(
        [(libc::SYS_kill, vec![is_sigstop])].into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        std::env::consts::ARCH.try_into().map_err(|e| words(&e))?,
    )
    .and_then(TryInto::try_into)
    .map_err(|e| words(&e))?;
    seccompiler::apply_filter(&filter).map_err(|e| words(&e))
}

/// The crashed thread alone, from its context and the memory of its process: it can always be tried.
pub(super) fn write_one_thread(context: CrashContext) -> Option<Result<Vec<u8>, Error>> {
    Some(one_thread(context))
}

fn one_thread(mut context: CrashContext) -> Result<Vec<u8>, Error> {
    context.siginfo.ssi_addr = fault_address(&context).unwrap_or(0);
    let (pid, tid) = (context.pid, context.tid);
    let stack_pointer = CrashContextExt { inner: context.clone() }.get_stack_pointer() as u64;
    let (stack_address, stack) = read_stack(pid, stack_pointer);
    let of_process = |name: &str| std::fs::read(format!("/proc/{pid}/{name}"));
    let maps = of_process("maps").unwrap_or_default();
    let name = of_process(&format!("task/{tid}/comm")).ok();
    OneThread {
        context,
        name: name.map(|name| String::from_utf8_lossy(&name).trim_end().to_owned()),
        stack_address,
        stack,
        modules: Module::of_maps(&maps),
        maps,
    }
    .write()
    .map_err(|error| Error::Writer {
        why: crate::error::chain(&error),
    })
}

/// The stack from its pointer up to where nothing can be read.
fn read_stack(pid: libc::pid_t, stack_pointer: u64) -> (u64, Vec<u8>) {
    let mut start = stack_pointer & !7;
    for _ in 0..SEARCHED_PAGES {
        let mut stack = vec![0; MAX_STACK_BYTES];
        let mut length = 0;
        while length < stack.len() {
            let at = start.saturating_add(length as u64);
            // To the end of a page: what lies behind it may not be there.
            let piece = (PAGE_BYTES - at % PAGE_BYTES) as usize;
            let to = stack.len().min(length + piece);
            if !read_memory(pid, at, &mut stack[length..to]) {
                break;
            }
            length = to;
        }
        if length > 0 {
            stack.truncate(length);
            return (start, stack);
        }
        start = (start & !(PAGE_BYTES - 1)).saturating_add(PAGE_BYTES);
    }
    (stack_pointer, Vec::new())
}

fn read_memory(pid: libc::pid_t, address: u64, into: &mut [u8]) -> bool {
    let local = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    let remote = libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: into.len(),
    };
    // SAFETY: one initialised vector each; the local one is `into`, the remote one is looked at by the kernel alone.
    let read = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read) == Ok(into.len())
}

/// What the crash handler saved by itself.
pub(super) fn write_salvage(mut salvage: Salvage) -> Result<Vec<u8>, Error> {
    salvage.context.siginfo.ssi_addr = fault_address(&salvage.context).unwrap_or(0);
    // Masked in the run file; the build ids are read from the files. The scrubber masks them again.
    let homes = masked::homes();
    for module in &mut salvage.modules {
        module.path = masked::unmasked(&module.path, &homes);
    }
    OneThread {
        context: salvage.context,
        name: None,
        stack_address: salvage.stack_address,
        stack: salvage.stack,
        modules: salvage.modules,
        maps: Vec::new(),
    }
    .write()
    .map_err(|error| Error::Writer {
        why: crate::error::chain(&error),
    })
}

/// Nothing is needed beforehand.
pub(crate) fn open(_hello: &Hello, _pid: u32) {}

/// A thread of the app is numbered in a dump as the app numbers it.
pub(super) fn in_dump(_bytes: &[u8], tid: u32) -> u32 {
    tid
}

pub(super) fn exception(context: &CrashContext) -> Exception {
    Exception {
        signal: context.siginfo.ssi_signo,
        address: fault_address(context),
    }
}

/// The address that was touched: for the signals that have one, and only if the kernel sent them (codes of zero and below
/// are signals that a process sent) and knows it (the processor does not say which address no address can be, and a trap has
/// none; the code is SI_KERNEL then).
///
/// The handler copies the bytes of a `siginfo_t` into a `signalfd_siginfo`: `si_addr` at offset 16 lies over `ssi_uid` and
/// `ssi_fd`, and `ssi_addr` is nothing.
/// <https://elixir.bootlin.com/linux/v6.1/source/include/uapi/asm-generic/siginfo.h>
fn fault_address(context: &CrashContext) -> Option<u64> {
    let info = &context.siginfo;
    let has_address =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP].contains(&(info.ssi_signo as i32));
    let is_known = info.ssi_code > 0 && info.ssi_code != libc::SI_KERNEL;
    (has_address && is_known).then_some(u64::from(info.ssi_uid) | u64::from(info.ssi_fd as u32) << 32)
}

/// `SIGSEGV` for 11. `None` for a dump that was asked for.
pub(crate) fn signal_name(signal: u32) -> Option<&'static str> {
    if signal == DUMP_REQUESTED {
        return None;
    }
    Some(match signal as i32 {
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGILL => "SIGILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGTRAP => "SIGTRAP",
        _ => "a signal",
    })
}
