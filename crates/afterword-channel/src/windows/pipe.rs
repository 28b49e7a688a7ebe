//! The channel on Windows: a duplex pipe of messages, both ends for overlapped use.
//!
//! Such a pipe must have a name. It is random, nobody can be connected to it but once, and that once is taken at once, here:
//! who guesses the name in between makes the own connection fail, and another name is tried.
#![expect(unsafe_code, reason = "pipes and overlapped input and output are C")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, HandleOrInvalid, IntoRawHandle, OwnedHandle};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;
use windows_sys::Win32::Foundation::{
    CloseHandle, ERROR_BROKEN_PIPE, ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, ERROR_MORE_DATA, ERROR_NO_DATA,
    ERROR_PIPE_BUSY, ERROR_PIPE_NOT_CONNECTED, GENERIC_READ, GENERIC_WRITE, GetLastError, HANDLE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile,
    SECURITY_ANONYMOUS, SECURITY_SQOS_PRESENT, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_MESSAGE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_MESSAGE, PIPE_WAIT, PeekNamedPipe,
    SetNamedPipeHandleState,
};
use windows_sys::Win32::System::Threading::CreateEventW;

use crate::layout::About;
use crate::{CaptureStatus, Error, FlushState, MAX_MESSAGE_BYTES, Message, Received, RunFile};

/// How often a waiting thread looks.
const LOOK: Duration = Duration::from_millis(5);
/// How much may wait in the pipe until the reporter is up.
const BUFFER_BYTES: u32 = 64 * 1024;
const NAMES: u32 = 8;

/// The app's end of the channel.
#[derive(Debug)]
pub struct AppChannel {
    pipe: AtomicPtr<c_void>,
}

/// The reporter's end of the channel.
#[derive(Debug)]
pub struct ReporterChannel {
    // Before the pipe: what reads from it ends first.
    reading: Mutex<Reading>,
    pipe: OwnedHandle,
}

/// Makes the channel. The reporter's end must be passed on to it.
///
/// # Errors
/// [`Error::MakeChannel`].
pub fn pair() -> Result<(AppChannel, ReporterChannel), Error> {
    let (app, reporter) = connected_pipe().map_err(Error::MakeChannel)?;
    let app = AppChannel {
        pipe: AtomicPtr::new(app.into_raw_handle()),
    };
    Ok((app, ReporterChannel::from_inherited(reporter)))
}

fn connected_pipe() -> io::Result<(OwnedHandle, OwnedHandle)> {
    let mut tries = 0;
    loop {
        let name = format!(r"\\.\pipe\afterword-{}", Uuid::new_v4().simple());
        let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
        let app = make_pipe(&name)?;
        match open_pipe(&name) {
            Ok(reporter) => return Ok((app, reporter)),
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY as i32) && tries < NAMES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn make_pipe(name: &[u16]) -> io::Result<OwnedHandle> {
    // SAFETY: the name ends with NUL; without attributes the handle is not inherited.
    let pipe = unsafe {
        HandleOrInvalid::from_raw_handle(CreateNamedPipeW(
            name.as_ptr(),
            PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED,
            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
            1,
            BUFFER_BYTES,
            BUFFER_BYTES,
            0,
            ptr::null(),
        ))
    };
    OwnedHandle::try_from(pipe).map_err(|_| io::Error::last_os_error())
}

fn open_pipe(name: &[u16]) -> io::Result<OwnedHandle> {
    // SAFETY: the name ends with NUL; without attributes the handle is not inherited.
    let pipe = unsafe {
        HandleOrInvalid::from_raw_handle(CreateFileW(
            name.as_ptr(),
            GENERIC_READ | GENERIC_WRITE,
            0,
            ptr::null(),
            OPEN_EXISTING,
            FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS,
            ptr::null_mut(),
        ))
    };
    let pipe = OwnedHandle::try_from(pipe).map_err(|_| io::Error::last_os_error())?;
    let mode = PIPE_READMODE_MESSAGE;
    // SAFETY: an open pipe; the mode lives through the call.
    match unsafe { SetNamedPipeHandleState(pipe.as_raw_handle(), &raw const mode, ptr::null(), ptr::null()) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(pipe),
    }
}

impl AppChannel {
    /// Sends a message without ever blocking: a full or closed channel is an error. Allocates nothing; may be called in a
    /// crash handler.
    ///
    /// # Errors
    /// [`Error::Send`].
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        let (packet, length) = message.packet();
        write_now(self.handle(), &packet[..length]).map_err(Error::Send)
    }

    /// Whether the reporter is gone: nobody has the other end any more.
    pub fn is_closed(&self) -> bool {
        waiting_bytes(self.handle()).is_err()
    }

    /// Puts another channel in the place of this one, whose reporter is gone. The old end stays open: another thread, in a
    /// crash handler even, may be about to use it. Reporters do not die often.
    ///
    /// # Errors
    /// None here.
    pub fn replace(&self, with: AppChannel) -> Result<(), Error> {
        let new = with.pipe.swap(ptr::null_mut(), Ordering::AcqRel);
        self.pipe.store(new, Ordering::Release);
        Ok(())
    }

    /// Waits for the answer to `request`, until `deadline` has passed. `None` when it does not come in time or the reporter
    /// is gone. Allocates nothing; may be called in a crash handler.
    ///
    /// Two threads may wait at once, one that crashed and one that panicked: either can take the other's packet, so that
    /// each also looks at what the reporter wrote into the run file.
    pub fn wait_captured(
        &self,
        run: &RunFile,
        about: impl Into<About>,
        request: u32,
        deadline: Duration,
    ) -> Option<CaptureStatus> {
        let about = about.into();
        self.wait(deadline, |message| match message {
            Some(Message::Captured {
                request: answered,
                status,
            }) if answered == request => Some(status),
            Some(_) => None,
            None => run.answer(about, request),
        })
    }

    /// Waits for the answer to a flush, until `deadline` has passed. `None` when it does not come in time or the reporter is
    /// gone. Any number of threads may wait at once.
    pub fn wait_flushed(&self, run: &RunFile, request: u32, deadline: Duration) -> Option<FlushState> {
        // Packets may be taken by other threads that wait, so that it is looked for in the run file.
        self.wait(deadline, |_| run.flushed(request))
    }

    /// Waits until something is found in a message or, without one, elsewhere. Allocates nothing.
    fn wait<T>(&self, deadline: Duration, mut found: impl FnMut(Option<Message>) -> Option<T>) -> Option<T> {
        let start = Instant::now();
        loop {
            if let Some(found) = found(None) {
                return Some(found);
            }
            let left = deadline.checked_sub(start.elapsed())?;
            let mut packet = [0; MAX_MESSAGE_BYTES];
            match read_now(self.handle(), &mut packet) {
                Ok(0) => std::thread::sleep(left.min(LOOK)),
                Ok(length) => {
                    if let Ok(message) = Message::from_packet(&packet[..length])
                        && let Some(found) = found(Some(message))
                    {
                        return Some(found);
                    }
                }
                // The reporter is gone. It may have answered before.
                Err(_) => return found(None),
            }
        }
    }

    fn handle(&self) -> HANDLE {
        self.pipe.load(Ordering::Acquire)
    }
}

impl Drop for AppChannel {
    fn drop(&mut self) {
        let pipe = *self.pipe.get_mut();
        if !pipe.is_null() {
            // SAFETY: it is this channel's own, and nobody can use it any more.
            unsafe { CloseHandle(pipe) };
        }
    }
}

/// An event, for one operation. Null, where there can be no more of them, makes the system use the pipe itself.
struct Event(HANDLE);

impl Event {
    fn new() -> Event {
        // SAFETY: no attributes, no name; reset by hand, as overlapped operations want it.
        Event(unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: its own.
            unsafe { CloseHandle(self.0) };
        }
    }
}

/// Writes a message, or takes it back where there is no room for it.
fn write_now(pipe: HANDLE, packet: &[u8]) -> io::Result<()> {
    let event = Event::new();
    let mut operation = OVERLAPPED {
        hEvent: event.0,
        ..OVERLAPPED::default()
    };
    // SAFETY: packet and operation live until the operation is over, which `finish_now` waits for.
    let done = unsafe {
        WriteFile(
            pipe,
            packet.as_ptr(),
            packet.len() as u32,
            ptr::null_mut(),
            &raw mut operation,
        )
    };
    // SAFETY: that operation, on that pipe.
    unsafe { finish_now(pipe, &mut operation, done) }.map(drop)
}

/// Reads a message if there is one; 0 if there is none. Of one that is too long the end is dropped, and it is no message.
fn read_now(pipe: HANDLE, packet: &mut [u8; MAX_MESSAGE_BYTES]) -> io::Result<usize> {
    if waiting_bytes(pipe)? == 0 {
        return Ok(0);
    }
    let event = Event::new();
    let mut operation = OVERLAPPED {
        hEvent: event.0,
        ..OVERLAPPED::default()
    };
    // SAFETY: packet and operation live until the operation is over, which `finish_now` waits for.
    let done = unsafe {
        ReadFile(
            pipe,
            packet.as_mut_ptr(),
            packet.len() as u32,
            ptr::null_mut(),
            &raw mut operation,
        )
    };
    // SAFETY: that operation, on that pipe.
    match unsafe { finish_now(pipe, &mut operation, done) } {
        // Another thread took it.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        Err(error) if error.raw_os_error() == Some(ERROR_MORE_DATA as i32) => Ok(packet.len()),
        read => read,
    }
}

/// Ends an operation that has just been begun: how many bytes it moved, or WouldBlock where it would have had to wait.
///
/// # Safety
/// `operation` was begun on `pipe` with the result `done`.
unsafe fn finish_now(pipe: HANDLE, operation: &mut OVERLAPPED, done: i32) -> io::Result<usize> {
    // SAFETY: the caller's promise; when this returns, the operation is over.
    unsafe {
        let begun = io::Error::last_os_error();
        let mut cancelled = false;
        if done == 0 {
            if begun.raw_os_error() != Some(ERROR_IO_PENDING as i32) {
                return Err(begun);
            }
            cancelled = CancelIoEx(pipe, operation) != 0;
        }
        let mut moved = 0;
        if GetOverlappedResult(pipe, operation, &raw mut moved, 1) == 0 {
            return Err(match cancelled {
                true => io::ErrorKind::WouldBlock.into(),
                false => io::Error::last_os_error(),
            });
        }
        Ok(moved as usize)
    }
}

/// How many bytes wait; an error when the other end is closed.
fn waiting_bytes(pipe: HANDLE) -> io::Result<u32> {
    let mut waiting = 0;
    // SAFETY: nothing is read; the count lives through the call.
    let looked = unsafe {
        PeekNamedPipe(
            pipe,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            &raw mut waiting,
            ptr::null_mut(),
        )
    };
    match looked {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(waiting),
    }
}

/// The reporter's one read, which waits for the next message.
#[derive(Debug)]
struct Reading {
    pipe: HANDLE,
    /// On the heap: the kernel writes there whenever a message comes.
    room: Box<Room>,
    waits: bool,
    /// Set while a message has come that was not taken yet.
    event: Option<OwnedHandle>,
}

// SAFETY: the handle and the room are this structure's alone, and neither minds which thread uses it.
unsafe impl Send for Reading {}

struct Room {
    operation: OVERLAPPED,
    packet: [u8; MAX_MESSAGE_BYTES],
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}

impl Reading {
    fn new(pipe: &OwnedHandle) -> Reading {
        Reading {
            pipe: pipe.as_raw_handle(),
            room: Box::new(Room {
                operation: OVERLAPPED::default(),
                packet: [0; MAX_MESSAGE_BYTES],
            }),
            waits: false,
            event: None,
        }
    }

    fn receive(&mut self) -> Result<Received, Error> {
        if !self.waits
            && let Some(received) = self.begin()?
        {
            return Ok(received);
        }
        let mut length = 0;
        // SAFETY: the operation that waits, on its pipe.
        let done = unsafe { GetOverlappedResult(self.pipe, &raw const self.room.operation, &raw mut length, 0) };
        // SAFETY: no arguments.
        let error = if done == 0 { unsafe { GetLastError() } } else { 0 };
        if error == ERROR_IO_INCOMPLETE {
            return Ok(Received::Nothing);
        }
        self.waits = false;
        match error {
            // Of a message that is too long the end comes next, and is none either.
            0 | ERROR_MORE_DATA => Ok(Received::Message(Message::from_packet(
                &self.room.packet[..(length as usize).min(MAX_MESSAGE_BYTES)],
            )?)),
            code if is_end(code) => Ok(Received::Closed),
            code => Err(Error::Receive(io::Error::from_raw_os_error(code as i32))),
        }
    }

    /// Begins to read. Returns what there is to say where that was not possible.
    fn begin(&mut self) -> Result<Option<Received>, Error> {
        let event = match &self.event {
            Some(event) => event.as_raw_handle(),
            None => {
                // SAFETY: no attributes, no name; reset by hand, as overlapped operations want it.
                let event = unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) };
                if event.is_null() {
                    return Err(Error::Receive(io::Error::last_os_error()));
                }
                // SAFETY: just made, and known to nobody else.
                self.event = Some(unsafe { OwnedHandle::from_raw_handle(event) });
                event
            }
        };
        self.room.operation = OVERLAPPED {
            hEvent: event,
            ..OVERLAPPED::default()
        };
        let room = &raw mut *self.room;
        // SAFETY: packet and operation stay where they are until the operation is over: `waits` says that it is not, and then
        // `drop` ends it.
        let done = unsafe {
            ReadFile(
                self.pipe,
                (&raw mut (*room).packet).cast(),
                MAX_MESSAGE_BYTES as u32,
                ptr::null_mut(),
                &raw mut (*room).operation,
            )
        };
        // SAFETY: no arguments.
        let error = if done == 0 { unsafe { GetLastError() } } else { 0 };
        match error {
            0 | ERROR_IO_PENDING | ERROR_MORE_DATA => {
                self.waits = true;
                Ok(None)
            }
            code if is_end(code) => Ok(Some(Received::Closed)),
            code => Err(Error::Receive(io::Error::from_raw_os_error(code as i32))),
        }
    }
}

fn is_end(code: u32) -> bool {
    matches!(code, ERROR_BROKEN_PIPE | ERROR_PIPE_NOT_CONNECTED | ERROR_NO_DATA)
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.waits {
            let mut length = 0;
            // SAFETY: the operation that waits, on its pipe, which is closed later; when this returns, it is over.
            unsafe {
                CancelIoEx(self.pipe, &raw const self.room.operation);
                GetOverlappedResult(self.pipe, &raw const self.room.operation, &raw mut length, 1);
            }
        }
    }
}

impl ReporterChannel {
    /// Takes the end inherited as `pipe`.
    pub fn from_inherited(pipe: OwnedHandle) -> ReporterChannel {
        ReporterChannel {
            reading: Mutex::new(Reading::new(&pipe)),
            pipe,
        }
    }

    /// Sends a message without blocking.
    ///
    /// # Errors
    /// [`Error::Send`]: the app is gone, or does not read and its buffer is full.
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        let (packet, length) = message.packet();
        write_now(self.pipe.as_raw_handle(), &packet[..length]).map_err(Error::Send)
    }

    /// Receives what is there: [`Received::Nothing`] when nothing is, [`Received::Closed`] at the end.
    ///
    /// # Errors
    /// [`Error::Receive`]; [`Error::Message`] for a packet that is no message, which has been consumed.
    pub fn receive(&self) -> Result<Received, Error> {
        self.reading().receive()
    }

    /// What to wait for after [`Received::Nothing`]: set as soon as there is something to receive. None before the first
    /// [`ReporterChannel::receive`].
    pub fn readable(&self) -> Option<OwnedHandle> {
        self.reading().event.as_ref().and_then(|event| event.try_clone().ok())
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<ReporterChannel> for OwnedHandle {
    fn from(channel: ReporterChannel) -> OwnedHandle {
        let ReporterChannel { reading, pipe } = channel;
        drop(reading);
        pipe
    }
}
