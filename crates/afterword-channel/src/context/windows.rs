//! The context on Windows: where the exception's pointers are, in the memory of the app.

use crash_context::CrashContext;

/// What `MiniDumpWriteDump` needs to find the exception in the app's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedContext {
    /// The address of the `EXCEPTION_POINTERS` in the app.
    pub exception_pointers: u64,
    /// The exception's code, an `NTSTATUS`.
    pub exception_code: i32,
    /// The app's process.
    pub process_id: u32,
    /// The thread that crashed or panicked.
    pub thread_id: u32,
}

pub(crate) const BYTES: usize = 20;

/// Its thread and its bytes.
pub(crate) fn with_bytes<R>(context: &CrashContext, write: impl FnOnce(u32, &[u8]) -> R) -> R {
    let mut bytes = [0; BYTES];
    bytes[0..8].copy_from_slice(&(context.exception_pointers as u64).to_le_bytes());
    bytes[8..12].copy_from_slice(&context.exception_code.to_le_bytes());
    bytes[12..16].copy_from_slice(&context.process_id.to_le_bytes());
    bytes[16..20].copy_from_slice(&context.thread_id.to_le_bytes());
    write(context.thread_id, &bytes)
}

pub(crate) fn from_bytes(bytes: &[u8]) -> Option<SharedContext> {
    let (pointers, rest) = bytes.split_first_chunk::<8>()?;
    let (code, rest) = rest.split_first_chunk::<4>()?;
    let (process, rest) = rest.split_first_chunk::<4>()?;
    let (thread, rest) = rest.split_first_chunk::<4>()?;
    rest.is_empty().then_some(SharedContext {
        exception_pointers: u64::from_le_bytes(*pointers),
        exception_code: i32::from_le_bytes(*code),
        process_id: u32::from_le_bytes(*process),
        thread_id: u32::from_le_bytes(*thread),
    })
}

pub(crate) fn thread(context: &SharedContext) -> u32 {
    context.thread_id
}
