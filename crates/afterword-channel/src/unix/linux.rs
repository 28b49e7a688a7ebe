//! Linux: `SOCK_SEQPACKET`, `memfd_create`, `/proc`.
#![expect(unsafe_code, reason = "what a handler calls are plain system calls")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, socketpair};

/// Never blocks, never kills.
pub(super) const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// Two connected sockets that keep packets apart, closed on `exec`.
pub(super) fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Whether nobody has the other end any more.
pub(super) fn is_closed(socket: &OwnedFd) -> bool {
    let mut looked = [PollFd::new(socket, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut looked, Some(&now)), Ok(1..))
        && looked[0]
            .revents()
            .intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR)
}

/// Whether this error of a receiver is the end: an empty packet is it here.
pub(super) fn is_end(_errno: Errno) -> bool {
    false
}

/// Puts one socket in the place of another, in one step.
pub(super) fn replace(socket: &OwnedFd, with: &OwnedFd) -> io::Result<()> {
    // SAFETY: both descriptors are open; dup3 puts the one in the place of the other in one step.
    if unsafe { libc::dup3(with.as_raw_fd(), socket.as_raw_fd(), libc::O_CLOEXEC) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Memory that is a file without a name in a file system; `name` is seen in `/proc/<pid>/maps`.
pub(super) fn memory(name: &str, length: usize) -> io::Result<OwnedFd> {
    let memory = memfd_create(name, MemfdFlags::CLOEXEC)?;
    ftruncate(&memory, length as u64)?;
    Ok(memory)
}

/// Copies memory of this process that may not be there: the kernel answers EFAULT where a load would be a fault, and copies
/// what it can before that. Allocates nothing; for signal handlers.
pub(crate) fn copy_own_memory(file: &File, place: usize, address: u64, into: &mut [u8]) -> usize {
    match copy_own_memory_directly(address, into) {
        Ok(copied) => copied,
        // A sandbox may forbid that one. An app may have closed what was not its own, and have a file of its own there now.
        Err(libc::EPERM | libc::ENOSYS | libc::EACCES) if is_private_memory(file) => {
            copy_own_memory_through(file, place, address, into)
        }
        Err(_) => 0,
    }
}

/// Memory without a name, of the length that ours has.
fn is_private_memory(file: &File) -> bool {
    // SAFETY: the structure is made of numbers; fstat fills it, and is async-signal-safe.
    unsafe {
        let mut stat: libc::stat = std::mem::zeroed();
        libc::fstat(file.as_raw_fd(), &raw mut stat) == 0
            && stat.st_nlink == 0
            && stat.st_size == crate::layout::PRIVATE_BYTES as libc::off_t
    }
}

/// By way of a place in a file.
fn copy_own_memory_through(file: &File, place: usize, address: u64, into: &mut [u8]) -> usize {
    let (fd, at) = (file.as_raw_fd(), place as libc::off_t);
    // SAFETY: the kernel reads from `address` and answers EFAULT for what is not there; nothing here touches it.
    let written = unsafe { libc::pwrite(fd, address as *const libc::c_void, into.len(), at) };
    let Ok(written) = usize::try_from(written) else {
        return 0;
    };
    // SAFETY: `into` is at least as long as what was written.
    let read = unsafe { libc::pread(fd, into.as_mut_ptr().cast(), written.min(into.len()), at) };
    usize::try_from(read).unwrap_or(0)
}

/// By a system call that needs no descriptor.
///
/// # Errors
/// The kernel's number, where it forbids the call or there is nothing at the address.
fn copy_own_memory_directly(address: u64, into: &mut [u8]) -> Result<usize, i32> {
    const PAGE_BYTES: u64 = 4096;
    // What lies behind the end of a page may not be there, and a vector is copied as a whole.
    let first = usize::try_from(PAGE_BYTES - address % PAGE_BYTES)
        .unwrap_or(usize::MAX)
        .min(into.len());
    let vector = |base: *mut libc::c_void, length| libc::iovec {
        iov_base: base,
        iov_len: length,
    };
    let local = vector(into.as_mut_ptr().cast(), into.len());
    let remote = [
        vector(address as *mut libc::c_void, first),
        vector(
            address.saturating_add(first as u64) as *mut libc::c_void,
            into.len() - first,
        ),
    ];
    // SAFETY: the local vector is `into`; the remote ones are looked at by the kernel alone.
    let read = unsafe { libc::process_vm_readv(libc::getpid(), &raw const local, 1, remote.as_ptr(), 2, 0) };
    // SAFETY: the number of the call that has just failed, in this thread.
    usize::try_from(read).map_err(|_| unsafe { *libc::__errno_location() })
}

/// Seconds since the computer was started, asleep or not: the same in every process.
pub(crate) fn boot_clock_s() -> u32 {
    rustix::time::clock_gettime(rustix::time::ClockId::Boottime).tv_sec as u32
}

/// The length of a file that should have `_expected` bytes.
pub(crate) fn length(file: &File, _expected: u64) -> io::Result<u64> {
    Ok(file.metadata()?.len())
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
