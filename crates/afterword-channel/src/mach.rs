//! How a crash context reaches the reporter on macOS: its ports can only travel in a Mach message.
//!
//! The reporter registers a service with the session's `launchd` ([`ContextServer`]); its name is made of the run's id, which
//! is random and in the private memory, so that nobody else can take it beforehand. The app looks it up ([`ContextClient`])
//! once the reporter is there, and sends the context before it says [`crate::Message::Crash`] over the channel. An app in a
//! sandbox may look up only what its entitlements name: without the service, a crash is not captured.
//!
//! The messages are those of `crash-context`, which `minidumper` uses too.
#![expect(unsafe_code, reason = "the connection is replaced while a crash handler may use it")]

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use crash_context::CrashContext;
use crash_context::ipc::{Client, Server};
use uuid::Uuid;

use crate::Error;

/// How long the message may wait in the kernel's queue, and the reporter for it.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

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
}

impl std::fmt::Debug for ContextServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContextServer").finish_non_exhaustive()
    }
}

impl ContextServer {
    /// Registers the service of a run.
    ///
    /// # Errors
    /// [`Error::MachMessage`].
    pub fn register(run_id: Uuid) -> Result<ContextServer, Error> {
        let server = Server::create(&service_name(run_id)).map_err(failed)?;
        Ok(ContextServer { server })
    }

    /// Takes the context that the process `pid` has sent; those of others are dropped. None when there is none in time.
    ///
    /// # Errors
    /// [`Error::MachMessage`].
    pub fn receive(&mut self, pid: u32) -> Result<Option<CrashContext>, Error> {
        while let Some(received) = self.server.try_recv_crash_context(Some(SEND_TIMEOUT)).map_err(failed)? {
            if received.pid == pid {
                return Ok(Some(received.crash_context));
            }
            log::warn!("process {} sent a context that is not its to send", received.pid);
        }
        Ok(None)
    }
}
