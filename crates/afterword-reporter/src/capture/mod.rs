//! A minidump of the app, written from outside, in memory.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod sys;
#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod sys;
#[cfg(windows)]
#[path = "windows.rs"]
mod sys;

#[cfg(target_os = "linux")]
mod one_thread;

use afterword_channel::context::{self, SharedContext};
use afterword_channel::layout::Occasion;
use afterword_channel::{PrivateView, Salvage};
use minidump::{Minidump, MinidumpThreadList};
use time::OffsetDateTime;

use crate::Error;

/// A minidump as the writer made it: raw, and therefore never on a disk (on Windows for a moment, see there).
pub(crate) struct RawDump {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// The thread that crashed or panicked, as the app numbers it.
    pub(crate) tid: u32,
    /// What the exception was.
    pub(crate) exception: Exception,
    /// When it was taken.
    pub(crate) captured_at: OffsetDateTime,
    /// What is not in it, and why.
    pub(crate) soft_errors: Vec<String>,
}

/// The part of the signal's or exception's information that a report names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exception {
    /// The signal's number, or the exception's code; [`DUMP_REQUESTED`] for a panic.
    pub(crate) signal: u32,
    /// The address that was touched, where the signal has one.
    pub(crate) address: Option<u64>,
}

/// Stands in place of a signal's number in a dump that was asked for.
pub(crate) const DUMP_REQUESTED: u32 = 0xffff_ffff;

/// Dumps the app whose context is in its private memory.
///
/// # Errors
/// [`Error::NoContext`], and those of [`dump`].
pub(crate) fn capture(memory: &PrivateView, occasion: Occasion) -> Result<RawDump, Error> {
    let context = memory.context(occasion)?.ok_or(Error::NoContext)?;
    dump(context)
}

/// Dumps the process of a crash context. It counts only if the crashing thread and its stack are in it: the writer also
/// returns success when ptrace is denied, with nothing in the dump. Then at least that thread is read without ptrace.
///
/// # Errors
/// [`Error::Writer`], [`Error::Empty`], [`Error::CaptureThread`].
pub(crate) fn dump(context: SharedContext) -> Result<RawDump, Error> {
    let tid = context::thread(&context);
    let exception = sys::exception(&context);
    let mut soft_errors = Vec::new();
    let whole = sys::write(&context).and_then(|bytes| that_counts(bytes, tid));
    let bytes = match whole {
        Ok(bytes) => bytes,
        Err(why) => {
            let Some(written) = sys::write_one_thread(context) else {
                return Err(why);
            };
            let why = crate::error::chain(&why);
            log::warn!("the crashed thread alone is captured: {why}");
            soft_errors.push(format!("only the crashed thread could be captured: {why}"));
            that_counts(written?, tid)?
        }
    };
    Ok(RawDump {
        bytes,
        tid,
        exception,
        captured_at: OffsetDateTime::now_utc(),
        soft_errors,
    })
}

/// Dumps an app that goes on, for one of its threads. It is not stopped as a job; each of its threads is held for a moment.
///
/// # Errors
/// As [`dump`]; there is no second way where ptrace is denied.
pub(crate) fn living(pid: u32, tid: u32) -> Result<RawDump, Error> {
    Ok(RawDump {
        bytes: that_counts(sys::write_living(pid, tid)?, tid)?,
        tid,
        exception: Exception {
            signal: DUMP_REQUESTED,
            address: None,
        },
        captured_at: OffsetDateTime::now_utc(),
        soft_errors: Vec::new(),
    })
}

/// Makes a dump of what the crash handler saved by itself.
///
/// # Errors
/// As [`dump`].
pub(crate) fn salvaged(salvage: Salvage) -> Result<RawDump, Error> {
    let tid = context::thread(&salvage.context);
    Ok(RawDump {
        tid,
        exception: sys::exception(&salvage.context),
        captured_at: time_of(salvage.at_ms),
        // It counts without a stack too: the registers tell where it was.
        bytes: sys::write_salvage(salvage)?,
        soft_errors: vec![
            "only the innermost frames of the crashed thread could be saved, by its own crash handler".to_owned(),
        ],
    })
}

/// A time that makes no sense, or lies ahead, is now.
fn time_of(ms: u64) -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .filter(|at| ms > 0 && *at <= now)
        .unwrap_or(now)
}

fn that_counts(bytes: Vec<u8>, tid: u32) -> Result<Vec<u8>, Error> {
    if has_stack_of(&bytes, sys::in_dump(&bytes, tid)) {
        Ok(bytes)
    } else {
        Err(Error::Empty { tid })
    }
}

pub(crate) use sys::{open, signal_name};

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
