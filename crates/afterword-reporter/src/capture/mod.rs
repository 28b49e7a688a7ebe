//! A minidump of the app, written from outside, in memory.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod sys;

use afterword_channel::RunView;
use afterword_channel::layout::Occasion;
use minidump::{Minidump, MinidumpThreadList};

use crate::Error;

/// A minidump as the writer made it: raw, and therefore never on a disk.
pub(crate) struct RawDump {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// The thread that crashed or panicked.
    pub(crate) tid: u32,
    /// What the exception was.
    pub(crate) exception: Exception,
}

/// The part of the signal's information that a report names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exception {
    /// The signal's number; [`DUMP_REQUESTED`] for a panic.
    pub(crate) signal: u32,
    /// The address that was touched, where the signal has one.
    pub(crate) address: Option<u64>,
}

/// Stands in place of a signal's number in a dump that was asked for.
pub(crate) const DUMP_REQUESTED: u32 = 0xffff_ffff;

/// Dumps the app whose context is in the run file. It counts only if the crashing thread and its stack are in it: the
/// writer also returns success when ptrace is denied, with nothing in the dump.
///
/// # Errors
/// [`Error::NoContext`], [`Error::Writer`], [`Error::Empty`], [`Error::CaptureThread`].
pub(crate) fn capture(run: &RunView, occasion: Occasion, full_stacks: bool) -> Result<RawDump, Error> {
    let context = run.context(occasion)?.ok_or(Error::NoContext)?;
    let tid = context.tid as u32;
    let exception = sys::exception(&context);
    let bytes = sys::write(context, full_stacks)?;
    if !has_stack_of(&bytes, tid) {
        return Err(Error::Empty { tid });
    }
    Ok(RawDump { bytes, tid, exception })
}

pub(crate) use sys::signal_name;

fn has_stack_of(bytes: &[u8], tid: u32) -> bool {
    let Ok(dump) = Minidump::read(bytes) else { return false };
    let Ok(threads) = dump.get_stream::<MinidumpThreadList<'_>>() else {
        return false;
    };
    threads
        .threads
        .iter()
        .any(|thread| thread.raw.thread_id == tid && thread.raw.stack.memory.data_size > 0)
}
