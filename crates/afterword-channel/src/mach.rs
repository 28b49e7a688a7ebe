//! How a crash context reaches the reporter on macOS: its ports can only travel in a Mach message.
//!
//! The reporter registers a service with the session's `launchd` ([`ContextServer`]); its name is made of the run's id, which
//! is random and known to this user's processes alone, so that nobody else can take it beforehand. The app looks it up ([`ContextClient`])
//! once the reporter is there, and sends the context before it says [`crate::Message::Crash`] over the channel. An app in a
//! sandbox may look up only what its entitlements name: without the service, a crash is not captured.
//!
//! The messages are those of `crash-context`, which `minidumper` uses too.
#![expect(unsafe_code, reason = "the connection is replaced while a crash handler may use it")]

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use crash_context::ipc::{Client, Server};
use crash_context::{CrashContext, ExceptionInfo};
use uuid::Uuid;

use crate::Error;

/// How long a message may wait for a place in the kernel's queue.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);
/// How long the reporter waits for one. It was sent before the app said anything.
const RECEIVE_TIMEOUT: Duration = Duration::from_millis(100);
/// How many contexts are kept that somebody else may be about to ask for.
const MAX_KEPT: usize = 8;

/// The kind of an exception that was made up for a dump, Crashpad's `kMachExceptionSimulated`.
pub const SIMULATED: u32 = 0x4350_7378;
/// The exception in the context of a thread that panics.
pub const PANIC: ExceptionInfo = made_up(0);
/// The exception in the context of a thread that hangs.
pub const HANG: ExceptionInfo = made_up(1);

const fn made_up(code: u64) -> ExceptionInfo {
    ExceptionInfo {
        kind: SIMULATED,
        code,
        subcode: None,
    }
}

/// What a message to no port is answered with (`MACH_SEND_INVALID_DEST`).
const NOT_CONNECTED: crash_context::ipc::Error =
    crash_context::ipc::Error::Message(mach2::message::MACH_SEND_INVALID_DEST);

fn service_name(run_id: Uuid) -> CString {
    let text = format!("afterword.context.{}", run_id.simple());
    // A UUID has no NUL in it.
    CString::new(text).unwrap_or_default()
}

fn failed(error: crash_context::ipc::Error) -> Error {
    Error::MachMessage { source: error }
}

/// The app's side.
#[derive(Debug)]
pub struct ContextClient {
    /// Null until it is connected. What was here once is never dropped: a crash handler may be using it.
    client: AtomicPtr<Client>,
}

impl ContextClient {
    /// Without a connection yet: the reporter may not be up.
    #[expect(clippy::new_without_default, reason = "one is made, for a static")]
    pub const fn new() -> ContextClient {
        ContextClient {
            client: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Looks the reporter's service up, anew: the reporter may be another one. Returns whether it is there. Asks `launchd`,
    /// which answers at once; not for the crash handler.
    pub fn connect(&self, run_id: Uuid) -> bool {
        match Client::create(&service_name(run_id)) {
            Ok(client) => {
                self.client.store(Box::into_raw(Box::new(client)), Ordering::Release);
                true
            }
            Err(_) => false,
        }
    }

    /// Sends a context, without waiting for what the reporter does with it: that is told over the channel. Allocates
    /// nothing; for the crash handler.
    ///
    /// # Errors
    /// [`Error::MachMessage`]: not connected, or the reporter is gone.
    pub fn send(&self, context: &CrashContext) -> Result<(), Error> {
        let client = self.client.load(Ordering::Acquire);
        if client.is_null() {
            return Err(failed(NOT_CONNECTED));
        }
        // SAFETY: not null, so `connect` put it there, and nothing ever drops it.
        unsafe { &*client }
            .send_crash_context(context, Some(SEND_TIMEOUT), None)
            .map(drop)
            .map_err(failed)
    }
}

/// The reporter's side.
pub struct ContextServer {
    server: Server,
    pid: u32,
    /// Those that came while another one was asked for: a crash and a hang can come at once.
    kept: Vec<CrashContext>,
}

impl std::fmt::Debug for ContextServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContextServer")
            .field("pid", &self.pid)
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

impl ContextServer {
    /// Registers the service of a run, for the process `pid`.
    ///
    /// # Errors
    /// [`Error::MachMessage`].
    pub fn register(run_id: Uuid, pid: u32) -> Result<ContextServer, Error> {
        let server = Server::create(&service_name(run_id)).map_err(failed)?;
        Ok(ContextServer {
            server,
            pid,
            kept: Vec::new(),
        })
    }

    /// Takes the context with this exception that the app has sent. None when there is none in time.
    ///
    /// # Errors
    /// [`Error::MachMessage`].
    pub fn receive(&mut self, exception: Option<&ExceptionInfo>) -> Result<Option<CrashContext>, Error> {
        let numbers = |exception: &ExceptionInfo| (exception.kind, exception.code, exception.subcode);
        let wanted = exception.map(numbers);
        let is_wanted = |context: &CrashContext| context.exception.as_ref().map(numbers) == wanted;
        if let Some(index) = self.kept.iter().position(is_wanted) {
            return Ok(Some(self.kept.remove(index)));
        }
        while let Some(received) = self
            .server
            .try_recv_crash_context(Some(RECEIVE_TIMEOUT))
            .map_err(failed)?
        {
            let context = received.crash_context;
            if received.pid != self.pid {
                log::warn!("process {} sent a context that is not its to send", received.pid);
            } else if is_wanted(&context) {
                return Ok(Some(context));
            } else {
                self.kept.truncate(MAX_KEPT - 1);
                self.kept.insert(0, context);
            }
        }
        Ok(None)
    }
}
