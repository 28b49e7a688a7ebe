//! macOS: datagram sockets, POSIX shared memory, `sysctl`, `mach_vm`.
//!
//! `SOCK_SEQPACKET` does not exist for local sockets here; datagrams keep packets apart too, and a connected pair is as
//! private. What they lack is an end of file: when the last copy of the other end is closed, a receiver gets ECONNRESET once,
//! behind all that was sent, and the socket is connected no more.
#![expect(unsafe_code, reason = "what a handler calls are plain system calls")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixDatagram;

use rustix::fs::{Mode, ftruncate};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::net::{SendFlags, getpeername, sockopt};
use rustix::shm;
use uuid::Uuid;

use super::Map;

/// Never blocks; the sockets themselves are told not to kill.
pub(super) const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;

/// How much may wait in the socket until the reporter is up. The system's own 4 KiB are few, with a header to each packet.
const BUFFER_BYTES: usize = 64 * 1024;

/// Two connected sockets that keep packets apart, closed on `exec`.
pub(super) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (one, other) = UnixDatagram::pair()?;
    for end in [&one, &other] {
        sockopt::set_socket_nosigpipe(end, true)?;
        sockopt::set_socket_recv_buffer_size(end, BUFFER_BYTES)?;
    }
    Ok((one.into(), other.into()))
}

/// Whether nobody has the other end any more: a socket that is connected no more has no peer.
pub(super) fn is_closed(socket: &OwnedFd) -> bool {
    getpeername(socket).is_err()
}

/// Whether this error of a receiver is the end.
pub(super) fn is_end(errno: Errno) -> bool {
    errno == Errno::CONNRESET
}

/// Puts one socket in the place of another. The place is never without one; a program that another thread starts at this
/// moment may inherit it, which does it no good.
pub(super) fn replace(socket: &OwnedFd, with: &OwnedFd) -> io::Result<()> {
    // SAFETY: both descriptors are open; dup2 puts the one in the place of the other in one step.
    if unsafe { libc::dup2(with.as_raw_fd(), socket.as_raw_fd()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(fcntl_setfd(socket, FdFlags::CLOEXEC)?)
}

/// Memory without a name: its name is gone before this returns. Names are short here (31 bytes).
pub(super) fn memory(_name: &str, length: usize) -> io::Result<OwnedFd> {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    let name = format!("/afterword-{random:016x}");
    let memory = shm::open(
        name.as_str(),
        shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR,
        Mode::RUSR | Mode::WUSR,
    )?;
    shm::unlink(name.as_str())?;
    ftruncate(&memory, length as u64)?;
    Ok(memory)
}

/// Copies memory of this process that may not be there: the kernel answers with an error where a load would be a fault.
/// Allocates nothing.
pub(crate) fn copy_own_memory(_file: &File, _place: usize, address: u64, into: &mut [u8]) -> usize {
    let mut copied = 0;
    // SAFETY: the kernel copies into `into`, no more than its length, and answers for what is not there.
    let result = unsafe {
        mach2::vm::mach_vm_read_overwrite(
            mach2::traps::mach_task_self(),
            address,
            into.len() as u64,
            into.as_mut_ptr() as u64,
            &raw mut copied,
        )
    };
    if result == mach2::kern_return::KERN_SUCCESS {
        usize::try_from(copied).unwrap_or(0)
    } else {
        0
    }
}

/// Seconds since the computer was started, asleep or not: the same in every process.
/// <https://developer.apple.com/library/archive/documentation/System/Conceptual/ManPages_iPhoneOS/man3/clock_gettime.3.html>
pub(crate) fn boot_clock_s() -> u32 {
    rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).tv_sec as u32
}

/// The length of a file that should have `expected` bytes. Shared memory is longer, in whole pages.
pub(crate) fn length(file: &File, expected: u64) -> io::Result<u64> {
    let metadata = file.metadata()?;
    let pages = expected.next_multiple_of(rustix::param::page_size() as u64);
    if !metadata.is_file() && metadata.len() == pages {
        return Ok(expected);
    }
    Ok(metadata.len())
}

/// Reads a file, or shared memory, which cannot be read but by a mapping.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    match file.read_exact_at(bytes, at) {
        Err(error) if is_no_file(&error) => {
            let (map, at) = map_around(file, at, bytes.len())?;
            // SAFETY: the range was checked; shared memory gets its length once, so that the mapping cannot lose its pages.
            unsafe { std::ptr::copy_nonoverlapping(map.as_ptr().add(at), bytes.as_mut_ptr(), bytes.len()) };
            Ok(())
        }
        read => read,
    }
}

/// Writes a file, or shared memory.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    match file.write_all_at(bytes, at) {
        Err(error) if is_no_file(&error) => {
            let (map, at) = map_around(file, at, bytes.len())?;
            // SAFETY: as for reading.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), map.as_mut_ptr().add(at), bytes.len()) };
            Ok(())
        }
        written => written,
    }
}

/// What `pread` and `pwrite` answer for shared memory: it is not seekable, or has no such operation.
fn is_no_file(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ESPIPE | libc::ENXIO | libc::EOPNOTSUPP | libc::EINVAL)
    )
}

/// The whole of it, mapped, and a range of it that is there.
fn map_around(file: &File, at: u64, length: usize) -> io::Result<(Map, usize)> {
    let map = Map::map_raw(file)?;
    usize::try_from(at)
        .ok()
        .filter(|at| at.checked_add(length).is_some_and(|end| end <= map.len()))
        .map(|at| (map, at))
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// A UUID that is made at each start of the system; empty where it cannot be told.
pub(crate) fn boot_id() -> String {
    let mut text = [0_u8; 64];
    let mut length = text.len();
    // SAFETY: the name ends with NUL; the buffer has the length that is given, and gets a text with its NUL.
    let failed = unsafe {
        libc::sysctlbyname(
            c"kern.bootsessionuuid".as_ptr(),
            text.as_mut_ptr().cast(),
            &raw mut length,
            std::ptr::null_mut(),
            0,
        )
    } != 0;
    if failed {
        return String::new();
    }
    let text = &text[..length.min(text.len())];
    String::from_utf8_lossy(text).trim_end_matches('\0').to_owned()
}
