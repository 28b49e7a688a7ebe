//! The channel and the run file on Unix: a pair of sockets that keeps packets apart, POSIX record locks, blocks allocated
//! beforehand. What Linux and macOS have each of their own is in `system`.
#![expect(unsafe_code, reason = "the handler's side may call nothing but plain system calls")]

#[cfg(target_os = "linux")]
#[path = "unix/linux.rs"]
mod system;
#[cfg(target_os = "macos")]
#[path = "unix/macos.rs"]
mod system;

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, fcntl_lock};
use rustix::net::{RecvFlags, recv, send};

use crate::layout::About;
use crate::run_view::Liveness;
use crate::{CaptureStatus, Error, FlushState, MAX_MESSAGE_BYTES, Message, Received, RunFile, layout};

pub(crate) use system::{boot_clock_s, boot_id, copy_own_memory, length, read_exact_at, write_all_at};

/// What the reporter inherits.
pub type Inherited = OwnedFd;
/// The private memory: a descriptor without a name.
pub type SharedMemory = File;
/// A mapping of a whole file.
pub(crate) type Map = memmap2::MmapRaw;

/// How often a waiting thread looks into the run file.
const LOOK: Duration = Duration::from_millis(100);
/// The same while it waits for a flush, as others may who take its packets.
const LOOK_FOR_FLUSH: Duration = Duration::from_millis(10);
pub(crate) const RUN_FILE_NAME: &str = "run";

/// The app's end of the channel.
#[derive(Debug)]
pub struct AppChannel {
    socket: OwnedFd,
    /// Which socket it is: an app may close what is not its own, and open something of its own under the number.
    inode: AtomicU64,
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
    let (app, reporter) = system::socket_pair().map_err(Error::MakeChannel)?;
    let above = |end| {
        above_standard_streams(end)
            .map(OwnedFd::from)
            .map_err(Error::MakeChannel)
    };
    let (app, reporter) = (above(app)?, above(reporter)?);
    let inode = AtomicU64::new(inode_of(&app).unwrap_or(0));
    Ok((AppChannel { socket: app, inode }, ReporterChannel { socket: reporter }))
}

impl AppChannel {
    /// Sends a message without ever blocking: a full or closed channel is an error. Allocates nothing; may be called in a
    /// signal handler.
    ///
    /// # Errors
    /// [`Error::Send`].
    pub fn send(&self, message: &Message) -> Result<(), Error> {
        if !self.is_ours() {
            return Err(Error::Send(io::ErrorKind::NotConnected.into()));
        }
        send_packet(self.socket.as_fd(), message)
    }

    /// Whether the reporter is gone: nobody has the other end any more. An app that has closed the channel itself cannot
    /// know it.
    pub fn is_closed(&self) -> bool {
        self.is_ours() && system::is_closed(&self.socket)
    }

    /// Whether what the number stands for is the channel still. Allocates nothing.
    fn is_ours(&self) -> bool {
        inode_of(&self.socket).is_some_and(|inode| inode == self.inode.load(Ordering::Relaxed))
    }

    /// Puts another channel in the place of this one, whose reporter is gone. The number of the descriptor stays, so that a
    /// crash handler may use it at any time.
    ///
    /// # Errors
    /// [`Error::MakeChannel`].
    pub fn replace(&self, with: AppChannel) -> Result<(), Error> {
        if !self.is_ours() {
            return Err(Error::MakeChannel(io::ErrorKind::NotConnected.into()));
        }
        system::replace(&self.socket, &with.socket).map_err(Error::MakeChannel)?;
        self.inode.store(with.inode.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(())
    }

    /// Waits for the answer to `request`, until `deadline` has passed. `None` when it does not come in time or the reporter
    /// is gone. Allocates nothing; may be called in a signal handler.
    ///
    /// Two threads may wait at once, one that crashed and one that panicked: either can take the other's packet, so that
    /// each also looks, ten times a second, at what the reporter wrote into the run file.
    pub fn wait_captured(
        &self,
        run: &RunFile,
        about: impl Into<About>,
        request: u32,
        deadline: Duration,
    ) -> Option<CaptureStatus> {
        let about = about.into();
        self.wait(deadline, LOOK, |message| match message {
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
        // Packets may be taken by other threads that wait, so that it is looked for in the run file, and more often.
        self.wait(deadline, LOOK_FOR_FLUSH, |_| run.flushed(request))
    }

    /// Waits until something is found in a message or, without one, elsewhere. Allocates nothing.
    fn wait<T>(
        &self,
        deadline: Duration,
        look: Duration,
        mut found: impl FnMut(Option<Message>) -> Option<T>,
    ) -> Option<T> {
        let start = Instant::now();
        loop {
            if let Some(found) = found(None) {
                return Some(found);
            }
            // The app may have closed the descriptor, and have another file at its number by now.
            if !self.is_ours() {
                return None;
            }
            let left = deadline.checked_sub(start.elapsed())?;
            if !wait_readable(self.socket.as_raw_fd(), left.min(look))? {
                continue;
            }
            // Every answer to the app is short: a longer packet is cut by the kernel, and then no message.
            let mut packet = [MaybeUninit::<u8>::uninit(); MAX_MESSAGE_BYTES];
            match recv(&self.socket, &mut packet, RecvFlags::DONTWAIT) {
                Ok(((filled, _), _)) if !filled.is_empty() => {
                    if let Ok(message) = Message::from_packet(filled)
                        && let Some(found) = found(Some(message))
                    {
                        return Some(found);
                    }
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                // An empty packet is the end: the reporter is gone. It may have answered before.
                Ok(_) | Err(_) => return found(None),
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
        let mut packet = [0; MAX_MESSAGE_BYTES];
        loop {
            // A longer packet is cut by the kernel, and then no message.
            return match recv(&self.socket, packet.as_mut_slice(), RecvFlags::DONTWAIT) {
                Ok((0, _)) => Ok(Received::Closed),
                Err(errno) if system::is_end(errno) => Ok(Received::Closed),
                Ok((length, _)) => Ok(Received::Message(Message::from_packet(&packet[..length])?)),
                // A reset says, once, that the app ended without reading our packets; its own come after it.
                Err(rustix::io::Errno::INTR | rustix::io::Errno::CONNRESET) => continue,
                Err(rustix::io::Errno::AGAIN) => Ok(Received::Nothing),
                Err(e) => Err(Error::Receive(e.into())),
            };
        }
    }
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

fn inode_of(socket: &OwnedFd) -> Option<u64> {
    // An io::Error made from an errno holds no allocation.
    rustix::fs::fstat(socket).ok().map(|stat| stat.st_ino)
}

fn send_packet(socket: BorrowedFd<'_>, message: &Message) -> Result<(), Error> {
    let (packet, length) = message.packet();
    let sent = send(socket, &packet[..length], system::SEND_FLAGS);
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
    let file = above_standard_streams(file.into()).map_err(failed("fcntl(F_DUPFD)"))?;
    match fallocate(&file, FallocateFlags::empty(), 0, layout::FILE_BYTES as u64) {
        Ok(()) => {
            // After the last copy of the descriptor was closed: closing one gives up the lock.
            if let Err(error) = fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                log::warn!("whether this run is alive will not be known, its file cannot be locked: {error}");
            }
            Ok(file)
        }
        Err(no_space) => {
            log::warn!("the run file cannot be allocated ({no_space}); this run is kept in memory only");
            drop(file);
            std::fs::remove_file(&path).map_err(failed("unlink"))?;
            let memory = system::memory("afterword-run", layout::FILE_BYTES).map_err(failed("memory"))?;
            above_standard_streams(memory).map_err(failed("fcntl(F_DUPFD)"))
        }
    }
}

/// Memory without a name, closed on `exec`.
pub(crate) fn make_private_memory() -> io::Result<SharedMemory> {
    above_standard_streams(system::memory("afterword-private", layout::PRIVATE_BYTES)?)
}

pub(crate) fn memory_from(inherited: Inherited) -> SharedMemory {
    File::from(inherited)
}

/// Maps a whole file for reading and writing.
pub(crate) fn map_file(file: &File) -> io::Result<Map> {
    Map::map_raw(file)
}

/// Maps the private memory for reading and writing.
pub(crate) fn map_memory(memory: &SharedMemory) -> io::Result<Map> {
    Map::map_raw(memory)
}

/// The length of the private memory in bytes.
pub(crate) fn memory_length(memory: &SharedMemory) -> io::Result<u64> {
    length(memory, layout::PRIVATE_BYTES as u64)
}

pub(crate) fn read_memory_at(memory: &SharedMemory, bytes: &mut [u8], at: usize) -> io::Result<()> {
    read_exact_at(memory, bytes, at as u64)
}

/// A program that closed its standard streams gets their numbers for its next files; those the reporter cannot inherit.
fn above_standard_streams(file: OwnedFd) -> io::Result<File> {
    if file.as_raw_fd() > 2 {
        return Ok(File::from(file));
    }
    Ok(File::from(rustix::io::fcntl_dupfd_cloexec(&file, 3)?))
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

pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
