//! Who is at the other end of a connection, by the kernel's word.
#![expect(
    unsafe_code,
    reason = "SO_PEERCRED through rustix has no room for a process of another pid namespace"
)]

use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::process::{Pid, PidfdFlags, geteuid, pidfd_open};

/// The process that connected.
#[derive(Debug)]
pub(super) struct Peer {
    /// Its number.
    pub(super) pid: Pid,
    /// Readable when it is gone. Its number cannot be another's as long as this is not.
    pub(super) pidfd: OwnedFd,
}

impl Peer {
    /// Asks the kernel. In words, why it may not be a client.
    pub(super) fn of(socket: impl AsFd) -> Result<Peer, String> {
        let credentials = credentials(socket).map_err(|error| format!("who it is cannot be asked: {error}"))?;
        let own = geteuid().as_raw();
        if credentials.uid != own {
            return Err(format!("it runs as user {} and this process as {own}", credentials.uid));
        }
        let Some(pid) = Pid::from_raw(credentials.pid) else {
            return Err("it is in another pid namespace".to_owned());
        };
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(|error| format!("process {pid:?}: {error}"))?;
        Ok(Peer { pid, pidfd })
    }
}

/// `SO_PEERCRED`: the credentials of the process that called `connect`, as they were then. Its pid is 0 when it is not in our
/// pid namespace or below, which is no pid that `rustix` can give.
fn credentials(socket: impl AsFd) -> io::Result<libc::ucred> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut bytes = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the kernel writes no more than `bytes`, into a structure that any bytes are valid for.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut bytes,
        )
    };
    match result {
        0 => Ok(credentials),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    #[test]
    fn a_peer_is_who_made_the_connection() {
        let (one, _other) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        assert_eq!(Peer::of(&one).unwrap().pid, rustix::process::getpid());
    }
}
