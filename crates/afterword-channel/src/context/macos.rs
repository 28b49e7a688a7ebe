//! The context on macOS: the exception, and which thread. The ports come in a Mach message ([`crate::mach`]).

use crash_context::{CrashContext, ExceptionInfo};

/// What of a context is plain numbers.
#[derive(Debug, Clone, Copy)]
pub struct SharedContext {
    /// The app's name for the port of the thread that crashed or panicked. Another process has other names.
    pub thread: u32,
    /// The exception; none for a dump that was asked for.
    pub exception: Option<ExceptionInfo>,
}

pub(crate) const BYTES: usize = 32;
const HAS_EXCEPTION: u32 = 1;
const HAS_SUBCODE: u32 = 2;

/// Its thread and its bytes.
pub(crate) fn with_bytes<R>(context: &CrashContext, write: impl FnOnce(u32, &[u8]) -> R) -> R {
    let mut bytes = [0; BYTES];
    bytes[0..4].copy_from_slice(&context.thread.to_le_bytes());
    if let Some(exception) = &context.exception {
        let flags = HAS_EXCEPTION | exception.subcode.map_or(0, |_| HAS_SUBCODE);
        bytes[4..8].copy_from_slice(&flags.to_le_bytes());
        bytes[8..12].copy_from_slice(&exception.kind.to_le_bytes());
        bytes[16..24].copy_from_slice(&exception.code.to_le_bytes());
        bytes[24..32].copy_from_slice(&exception.subcode.unwrap_or_default().to_le_bytes());
    }
    write(context.thread, &bytes)
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Option<SharedContext> {
    let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    let flags = word(4);
    Some(SharedContext {
        thread: word(0),
        exception: (flags & HAS_EXCEPTION != 0).then(|| ExceptionInfo {
            kind: word(8),
            code: long(16),
            subcode: (flags & HAS_SUBCODE != 0).then(|| long(24)),
        }),
    })
}

pub(crate) fn thread(context: &SharedContext) -> u32 {
    context.thread
}
