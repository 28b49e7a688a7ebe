//! Capture on Windows: `MiniDumpWriteDump`, which reads the app's memory from outside.
//!
//! It can only write to a file. That file lies in the user's own folder for temporary files, nobody else can open it while it
//! is there, the system is told to keep it in memory if it can, and it is gone when its handle is closed, also where this
//! process is killed before that.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::windows::fs::OpenOptionsExt;
use std::ptr;

use afterword_channel::context::SharedContext;
use afterword_channel::{Hello, Salvage};
use crash_context::CrashContext;
use minidump_writer::MinidumpType;
use minidump_writer::minidump_writer::MinidumpWriter;
use uuid::Uuid;
use windows_sys::Win32::Storage::FileSystem::{FILE_ATTRIBUTE_TEMPORARY, FILE_FLAG_DELETE_ON_CLOSE};

use super::{DUMP_REQUESTED, Exception};
use crate::Error;

/// The code of an exception that was made up for a dump, Crashpad's `kSimulatedExceptionCode`.
const SIMULATED: u32 = 0x0517_a7ed;

/// Nothing is needed beforehand.
pub(crate) fn open(_hello: &Hello, _pid: u32) {}

/// The app waits for the answer: the system reads what the pointers point to in its memory.
pub(super) fn write(context: &SharedContext) -> Result<Vec<u8>, Error> {
    write_of(&CrashContext {
        exception_pointers: context.exception_pointers as usize as *const _,
        exception_code: context.exception_code,
        process_id: context.process_id,
        thread_id: context.thread_id,
    })
}

/// Writes the dump of a process that nothing has happened to: there is no exception in it.
pub(super) fn write_living(pid: u32, tid: u32) -> Result<Vec<u8>, Error> {
    write_of(&CrashContext {
        exception_pointers: ptr::null(),
        exception_code: 0,
        process_id: pid,
        thread_id: tid,
    })
}

/// The stacks of all threads, the modules and the exception; no heap.
fn write_of(context: &CrashContext) -> Result<Vec<u8>, Error> {
    let failed = |why: String| Error::Writer { why };
    let mut file = temporary().map_err(|error| failed(error.to_string()))?;
    MinidumpWriter::dump_crash_context(context, Some(MinidumpType::Normal), &mut file)
        .map_err(|error| failed(crate::error::chain(&error)))?;
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}

fn temporary() -> std::io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .share_mode(0)
        .attributes(FILE_ATTRIBUTE_TEMPORARY)
        .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
        .open(std::env::temp_dir().join(format!("afterword-{}.tmp", Uuid::new_v4().simple())))
}

/// There is no second way here.
pub(super) fn write_one_thread(_context: SharedContext) -> Option<Result<Vec<u8>, Error>> {
    None
}

/// Nothing is salvaged here.
pub(super) fn write_salvage(_salvage: Salvage) -> Result<Vec<u8>, Error> {
    Err(Error::NoContext)
}

/// A thread of the app is numbered in a dump as the app numbers it.
pub(super) fn in_dump(_bytes: &[u8], tid: u32) -> u32 {
    tid
}

/// The address is in the dump alone.
pub(super) fn exception(context: &SharedContext) -> Exception {
    Exception {
        signal: context.exception_code as u32,
        address: None,
    }
}

/// `EXCEPTION_ACCESS_VIOLATION` for 0xc0000005, as the system's headers name them. `None` for a dump that was asked for. An
/// abort of C's library is a signal here too.
/// <https://learn.microsoft.com/en-us/windows/win32/api/winnt/ns-winnt-exception_record>
pub(crate) fn signal_name(code: u32) -> Option<&'static str> {
    Some(match code {
        DUMP_REQUESTED | SIMULATED => return None,
        0x4000_0015 => "SIGABRT",
        0x8000_0002 => "EXCEPTION_DATATYPE_MISALIGNMENT",
        0x8000_0003 => "EXCEPTION_BREAKPOINT",
        0x8000_0004 => "EXCEPTION_SINGLE_STEP",
        0xc000_0005 => "EXCEPTION_ACCESS_VIOLATION",
        0xc000_0006 => "EXCEPTION_IN_PAGE_ERROR",
        0xc000_000d => "STATUS_INVALID_PARAMETER",
        0xc000_001d => "EXCEPTION_ILLEGAL_INSTRUCTION",
        0xc000_0025 => "EXCEPTION_NONCONTINUABLE_EXCEPTION",
        0xc000_008c => "EXCEPTION_ARRAY_BOUNDS_EXCEEDED",
        0xc000_008e => "EXCEPTION_FLT_DIVIDE_BY_ZERO",
        0xc000_0090 => "EXCEPTION_FLT_INVALID_OPERATION",
        0xc000_0094 => "EXCEPTION_INT_DIVIDE_BY_ZERO",
        0xc000_0095 => "EXCEPTION_INT_OVERFLOW",
        0xc000_0096 => "EXCEPTION_PRIV_INSTRUCTION",
        0xc000_00fd => "EXCEPTION_STACK_OVERFLOW",
        0xc000_0374 => "STATUS_HEAP_CORRUPTION",
        0xc000_0409 => "STATUS_STACK_BUFFER_OVERRUN",
        0xe06d_7363 => "C++ exception",
        _ => "an exception",
    })
}
