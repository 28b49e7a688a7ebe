//! The context on Linux: all of it.

use crash_context::CrashContext;

/// The registers and the signal of the thread that crashed.
pub type SharedContext = CrashContext;

pub(crate) const BYTES: usize = size_of::<CrashContext>();

/// Its thread and its bytes, without a copy: a signal's stack is small.
pub(crate) fn with_bytes<R>(context: &CrashContext, write: impl FnOnce(u32, &[u8]) -> R) -> R {
    write(context.tid as u32, context.as_bytes())
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Option<SharedContext> {
    CrashContext::from_bytes(bytes)
}

pub(crate) fn thread(context: &SharedContext) -> u32 {
    context.tid as u32
}
