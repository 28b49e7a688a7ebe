//! Capture on Linux: `minidump-writer` through ptrace, in a thread that cannot stop the whole app.

use std::io::Cursor;

use crash_context::CrashContext;
use minidump_writer::CrashContextExt;
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::{DUMP_REQUESTED, Exception};
use crate::Error;

/// Writes the dump, on a thread of its own because of its filter.
pub(super) fn write(mut context: CrashContext, full_stacks: bool) -> Result<Vec<u8>, Error> {
    // The writer takes the exception's address from here.
    context.siginfo.ssi_addr = fault_address(&context).unwrap_or(0);
    let failed = |why: String| Error::CaptureThread { why };
    let writing = std::thread::Builder::new()
        .name("capture".to_owned())
        .spawn(move || {
            // Without the filter the dump is still right; a shell may then say that the app was stopped.
            if let Err(why) = refuse_sigstop() {
                log::warn!("the app is stopped for the dump: {why}");
            }
            let mut writer = MinidumpWriterConfig::new(context.pid, context.tid);
            writer.set_crash_context(CrashContextExt { inner: context });
            if !full_stacks {
                writer.sanitize_stack();
            }
            writer
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

pub(super) fn exception(context: &CrashContext) -> Exception {
    Exception {
        signal: context.siginfo.ssi_signo,
        address: fault_address(context),
    }
}

/// The address that was touched: for the signals that have one, and only if the kernel sent them (codes of zero and below
/// are signals that a process sent).
///
/// The handler copies the bytes of a `siginfo_t` into a `signalfd_siginfo`: `si_addr` at offset 16 lies over `ssi_uid` and
/// `ssi_fd`, and `ssi_addr` is nothing.
/// <https://elixir.bootlin.com/linux/v6.1/source/include/uapi/asm-generic/siginfo.h>
fn fault_address(context: &CrashContext) -> Option<u64> {
    let info = &context.siginfo;
    let has_address =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP].contains(&(info.ssi_signo as i32));
    (has_address && info.ssi_code > 0).then_some(u64::from(info.ssi_uid) | u64::from(info.ssi_fd as u32) << 32)
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
