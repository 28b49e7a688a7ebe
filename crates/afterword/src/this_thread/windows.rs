//! Windows: `RtlCaptureContext`, and an exception made up around it.
#![expect(unsafe_code, reason = "capturing the registers of this thread is C")]

use std::mem::MaybeUninit;
use std::ptr;

use crash_context::{EXCEPTION_POINTERS, EXCEPTION_RECORD, capture_context};
use crash_handler::CrashContext;
use windows_sys::Win32::System::Threading::GetCurrentThreadId;

/// The exception's code in a dump that no exception made, Crashpad's `kSimulatedExceptionCode`.
const DUMP_REQUESTED: i32 = 0x0517_a7ed;

/// The system's number of this thread, which is the one in a dump.
pub(crate) fn number() -> u32 {
    // SAFETY: no arguments, cannot fail.
    unsafe { GetCurrentThreadId() }
}

/// This thread as it stands, for as long as `work` takes: the reporter reads these structures in this process' memory.
pub(crate) fn with_context(work: impl FnOnce(&CrashContext)) {
    let mut registers = MaybeUninit::zeroed();
    // SAFETY: zeroes are a valid context, and the call fills the one it is given.
    unsafe { capture_context(registers.as_mut_ptr()) };
    let mut record = EXCEPTION_RECORD {
        ExceptionCode: DUMP_REQUESTED,
        ExceptionFlags: 0,
        ExceptionRecord: ptr::null_mut(),
        ExceptionAddress: ptr::null_mut(),
        NumberParameters: 0,
        ExceptionInformation: [0; 15],
    };
    let pointers = EXCEPTION_POINTERS {
        ExceptionRecord: &raw mut record,
        ContextRecord: registers.as_mut_ptr(),
    };
    work(&CrashContext {
        exception_pointers: &raw const pointers,
        exception_code: DUMP_REQUESTED,
        process_id: std::process::id(),
        thread_id: number(),
    });
}
