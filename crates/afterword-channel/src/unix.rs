//! The channel and the run file on Unix: a pair of `SOCK_SEQPACKET` sockets, POSIX record locks, `fallocate`.
#![expect(unsafe_code, reason = "the handler's side may call nothing but plain system calls")]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, FlockOperation, MemfdFlags, fallocate, fcntl_lock, ftruncate, memfd_create};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

use crate::message::SHORT_BYTES;
use crate::run_view::Liveness;
use crate::{CaptureStatus, Error, MAX_MESSAGE_BYTES, Message, layout};

pub(crate) const RUN_FILE_NAME: &str = "run";

/// The app's end of the channel.
#[derive(Debug)]
pub struct AppChannel {
    socket: OwnedFd,
}

/// The reporter's end of the channel.
#[derive(Debug)]
pub struct ReporterChannel {
    socket: OwnedFd,
}

/// Makes the channel. Both ends are closed on `exec`; the one for the reporter must be
/// passed on to it by its number.
///
/// # Errors
/// [`Error::MakeChannel`], when descriptors ran out.
pub fn pair() -> Result<(AppChannel, ReporterChannel), Error> {
    let (app, reporter) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .map_err(|e| Error::MakeChannel(e.into()))?;
    Ok((AppChannel { socket: app }, ReporterChannel { socket: reporter }))
}

impl AppChannel {
    /// Sends a message without ever blocking: a full or closed channel is an error. For any message but Hello, this
    /// allocates nothing and may be called in a signal handler.
    ///
    /// # Errors
    /// [`Error::Send`]; [`Error::Message`] for a Hello that is too long.
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        send_packet(self.socket.as_fd(), message)
    }

    /// Waits for the answer to `request`, until `deadline` has passed. `None` when it does not come in time or the reporter
    /// is gone. Allocates nothing; may be called in a signal handler.
    pub fn wait_captured(&self, request: u32, deadline: Duration) -> Option<CaptureStatus> {
        let start = Instant::now();
        loop {
            let left = deadline.checked_sub(start.elapsed())?;
            if !wait_readable(self.socket.as_raw_fd(), left)? {
                return None;
            }
            // Every answer to the app is short: a longer packet is cut by the kernel, and then no message.
            let mut packet = [MaybeUninit::<u8>::uninit(); SHORT_BYTES];
            match recv(&self.socket, &mut packet, RecvFlags::DONTWAIT) {
                Ok(((filled, _), _)) if !filled.is_empty() => {
                    if let Ok(Message::Captured {
                        request: answered,
                        status,
                    }) = Message::from_packet(filled)
                        && answered == request
                    {
                        return Some(status);
                    }
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                // An empty packet is the end: the reporter is gone.
                Ok(_) | Err(_) => return None,
            }
        }
    }
}

impl ReporterChannel {
    /// Takes the end inherited as `socket`.
    pub fn from_inherited(socket: OwnedFd) -> ReporterChannel {
        ReporterChannel { socket }
    }

    /// Sends a message without blocking.
    ///
    /// # Errors
    /// [`Error::Send`]: the app is gone, or does not read and its buffer is full.
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        send_packet(self.socket.as_fd(), message)
    }

    /// Receives what is there: `None` when nothing is, [`Received::Closed`] at the end.
    ///
    /// # Errors
    /// [`Error::Receive`]; [`Error::Message`] for a packet that is no message, which has been consumed.
    pub fn receive(&self) -> Result<Received, Error> {
        let mut packet = vec![0; MAX_MESSAGE_BYTES];
        loop {
            return match recv(&self.socket, packet.as_mut_slice(), RecvFlags::DONTWAIT) {
                Ok((0, _)) => Ok(Received::Closed),
                Ok((length, _)) => Ok(Received::Message(Message::from_packet(&packet[..length])?)),
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::AGAIN) => Ok(Received::Nothing),
                Err(rustix::io::Errno::CONNRESET) => Ok(Received::Closed),
                Err(e) => Err(Error::Receive(e.into())),
            };
        }
    }
}

/// What [`ReporterChannel::receive`] found.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// A message.
    Message(Message),
    /// Nothing is waiting.
    Nothing,
    /// Every copy of the app's end is closed.
    Closed,
}

impl From<ReporterChannel> for OwnedFd {
    fn from(channel: ReporterChannel) -> OwnedFd {
        channel.socket
    }
}

impl AsFd for ReporterChannel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn send_packet(socket: BorrowedFd<'_>, message: &Message) -> Result<(), Error> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = if let Message::Hello(_) = message {
        send(socket, &message.to_packet()?, flags)
    } else {
        let (packet, length) = message.short_packet();
        send(socket, &packet[..length], flags)
    };
    // An io::Error made from an errno holds no allocation.
    sent.map(drop).map_err(|e| Error::Send(e.into()))
}

/// True when there is something to read or the other end is closed, false after `left`, `None` when polling fails.
fn wait_readable(fd: i32, left: Duration) -> Option<bool> {
    let mut poll = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let left_ms = i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1);
    // SAFETY: one initialised pollfd that lives through the call; poll is async-signal-safe.
    let ready = unsafe { libc::poll(&mut poll, 1, left_ms) };
    match ready {
        0 => Some(false),
        1.. => Some(true),
        // Interrupted: the caller looks at its deadline and comes back.
        _ if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => Some(true),
        _ => None,
    }
}

/// Makes `folder/run`, exclusively, with all its blocks, locked; where the disk is full, memory instead.
pub(crate) fn make_run_file(folder: &Path) -> Result<File, Error> {
    let failed = |step| move |source: io::Error| Error::MakeRunFile { step, source };
    let path = folder.join(RUN_FILE_NAME);
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed("open"))?;
    match fallocate(&file, FallocateFlags::empty(), 0, layout::FILE_BYTES as u64) {
        Ok(()) => {
            fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive)
                .map_err(|e| failed("fcntl(F_SETLK)")(e.into()))?;
            Ok(file)
        }
        Err(no_space) => {
            log::warn!("the run file cannot be allocated ({no_space}); this run is kept in memory only");
            drop(file);
            std::fs::remove_file(&path).map_err(failed("unlink"))?;
            let memory =
                memfd_create("afterword-run", MemfdFlags::CLOEXEC).map_err(|e| failed("memfd_create")(e.into()))?;
            ftruncate(&memory, layout::FILE_BYTES as u64).map_err(|e| failed("ftruncate")(e.into()))?;
            Ok(File::from(memory))
        }
    }
}

pub(crate) fn liveness(file: &File) -> Result<Liveness, Error> {
    let failed = |e: rustix::io::Errno| Error::ReadRunFile {
        step: "fcntl(F_SETLK)",
        source: e.into(),
    };
    match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            fcntl_lock(file, FlockOperation::Unlock).map_err(failed)?;
            Ok(Liveness::Dead)
        }
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => Ok(Liveness::Alive),
        Err(e) => Err(failed(e)),
    }
}

pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(bytes, at)
}

pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

pub(crate) fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| String::new(), |id| id.trim().to_owned())
}

pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
