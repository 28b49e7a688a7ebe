//! Capture on macOS: `minidump-writer` through the ports of the app's task and of the crashed thread, which come in a Mach
//! message.
//!
//! After a crash the other threads of the app stand still, by its own handler. For the dump of a panic they go on; the thread
//! that panics waits in the kernel, so that its stack is whole.

use std::io::Cursor;
use std::sync::{Mutex, PoisonError};

use afterword_channel::context::SharedContext;
use afterword_channel::mach::{ContextServer, HANG, SIMULATED};
use afterword_channel::{Hello, Salvage};
use crash_context::ExceptionInfo;
use minidump::{Minidump, MinidumpException};
use minidump_writer::minidump_writer::MinidumpWriter;

use super::{DUMP_REQUESTED, Exception};
use crate::Error;
use crate::error::chain;

const EXC_BAD_ACCESS: u32 = 1;
const EXC_SOFTWARE: u32 = 5;
/// The code of a software exception that stands for a signal, whose number is the subcode.
/// <https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/mach/exception_types.h>
const EXC_SOFT_SIGNAL: u64 = 0x10003;
/// Puts the numbers of signals behind those of exceptions.
const SIGNALS: u32 = 0x1000;

/// Where contexts come from.
static SERVER: Mutex<Option<ContextServer>> = Mutex::new(None);

/// Registers the service that the app looks up.
pub(crate) fn open(hello: &Hello, pid: u32) {
    match ContextServer::register(hello.run_id, pid) {
        Ok(server) => *SERVER.lock().unwrap_or_else(PoisonError::into_inner) = Some(server),
        Err(error) => log::error!("crashes will not be captured: {}", chain(&error)),
    }
}

/// Takes the message, which was sent before the app said anything, and writes the dump.
pub(super) fn write(context: &SharedContext) -> Result<Vec<u8>, Error> {
    write_that_of(context.exception.as_ref())
}

/// Writes the dump of a process that nothing has happened to, for the thread that it has sent. It goes on meanwhile.
pub(super) fn write_living(_pid: u32, _tid: u32) -> Result<Vec<u8>, Error> {
    write_that_of(Some(&HANG))
}

fn write_that_of(exception: Option<&ExceptionInfo>) -> Result<Vec<u8>, Error> {
    let context = SERVER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_mut()
        .ok_or(Error::NoContext)?
        .receive(exception)?
        .ok_or(Error::NoContext)?;
    MinidumpWriter::with_crash_context(context)
        .dump(&mut Cursor::new(Vec::new()))
        .map_err(|error| Error::Writer { why: chain(&error) })
}

/// There is no second way here.
pub(super) fn write_one_thread(_context: SharedContext) -> Option<Result<Vec<u8>, Error>> {
    None
}

/// Nothing is salvaged here.
pub(super) fn write_salvage(_salvage: Salvage) -> Result<Vec<u8>, Error> {
    Err(Error::NoContext)
}

/// A dump numbers threads by this process' names for their ports, which are not the app's. The exception is the crashed one's.
pub(super) fn in_dump(bytes: &[u8], tid: u32) -> u32 {
    Minidump::read(bytes)
        .ok()
        .and_then(|dump| {
            let exception = dump.get_stream::<MinidumpException<'_>>().ok()?;
            Some(exception.raw.thread_id)
        })
        .unwrap_or(tid)
}

pub(super) fn exception(context: &SharedContext) -> Exception {
    let Some(exception) = &context.exception else {
        return Exception {
            signal: DUMP_REQUESTED,
            address: None,
        };
    };
    match (exception.kind, exception.code, exception.subcode) {
        (EXC_SOFTWARE, EXC_SOFT_SIGNAL, Some(signal)) => Exception {
            signal: SIGNALS + signal as u32,
            address: None,
        },
        (EXC_BAD_ACCESS, _, address) => Exception {
            signal: EXC_BAD_ACCESS,
            address,
        },
        (kind, ..) => Exception {
            signal: kind,
            address: None,
        },
    }
}

/// `EXC_BAD_ACCESS` for 1. `None` for a dump that was asked for.
pub(crate) fn signal_name(kind: u32) -> Option<&'static str> {
    const SIGABRT: u32 = SIGNALS + libc::SIGABRT as u32;
    Some(match kind {
        DUMP_REQUESTED | SIMULATED => return None,
        EXC_BAD_ACCESS => "EXC_BAD_ACCESS",
        2 => "EXC_BAD_INSTRUCTION",
        3 => "EXC_ARITHMETIC",
        4 => "EXC_EMULATION",
        EXC_SOFTWARE => "EXC_SOFTWARE",
        6 => "EXC_BREAKPOINT",
        10 => "EXC_CRASH",
        11 => "EXC_RESOURCE",
        12 => "EXC_GUARD",
        SIGABRT => "SIGABRT",
        _ => "an exception",
    })
}
