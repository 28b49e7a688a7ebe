//! The socket: who may connect, who else listens, and what is left of it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};
use rustix::process::umask;

use crate::Error;

const BACKLOG: i32 = 128;
/// Looking at a socket, removing it and making one takes well below a millisecond.
const LOCK_WAIT: Duration = Duration::from_secs(5);
const LOCK_POLL: Duration = Duration::from_millis(5);

/// A socket that listens. Its file is removed when this is dropped, unless it is somebody else's by then.
#[derive(Debug)]
pub(super) struct Listener {
    socket: OwnedFd,
    path: PathBuf,
    /// Device and inode of the file.
    file: (u64, u64),
}

impl Listener {
    /// Makes the socket and its file, for this user alone. Nothing else runs in this process yet: the umask is changed for
    /// the moment.
    ///
    /// # Errors
    /// [`Error::Socket`], in words: somebody listens there, the file is something else, the path is too long.
    pub(super) fn bind(path: &Path) -> Result<Listener, Error> {
        let failed = |why: String| Error::Socket {
            path: path.to_owned(),
            why,
        };
        let words = |error: Errno| failed(error.to_string());
        let path = std::path::absolute(path).map_err(|error| failed(error.to_string()))?;
        let address = SocketAddrUnix::new(&path).map_err(|_| failed("the path is too long for a socket".to_owned()))?;
        let _alone = lock_folder(&path).map_err(failed)?;
        remove_stale(&path, &address).map_err(failed)?;
        let socket = seqpacket().map_err(words)?;
        // Made with its mode: there is no moment in which a stranger could connect.
        let others = umask(Mode::from_raw_mode(0o177));
        let bound = bind(&socket, &address);
        umask(others);
        bound.map_err(words)?;
        listen(&socket, BACKLOG).map_err(words)?;
        let file = inode(&path).map_err(|error| failed(error.to_string()))?;
        Ok(Listener { socket, path, file })
    }

    /// The next connection, if there is one.
    pub(super) fn accept(&self) -> Result<Option<OwnedFd>, Errno> {
        match accept_with(&self.socket, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok(client) => Ok(Some(client)),
            // Gone before it was accepted.
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if inode(&self.path).ok() == Some(self.file)
            && let Err(error) = fs::remove_file(&self.path)
        {
            log::warn!("{}: {error}", self.path.display());
        }
    }
}

fn seqpacket() -> Result<OwnedFd, Errno> {
    socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Two that start at once must not both find a stale file: the second would remove the first one's. The lock is on the
/// folder, so that no file of ours is left beside the socket.
fn lock_folder(path: &Path) -> Result<Option<File>, String> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = File::open(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let start = Instant::now();
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Some(folder)),
            Err(Errno::AGAIN) if start.elapsed() < LOCK_WAIT => std::thread::sleep(LOCK_POLL),
            Err(Errno::AGAIN) => return Err("another process keeps its folder locked".to_owned()),
            // A file system without such locks: the gap is a few microseconds wide.
            Err(error) => {
                log::debug!("flock: {error}");
                return Ok(None);
            }
        }
    }
}

/// Removes a socket of this user's that nobody listens at.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> Result<(), String> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    if !metadata.file_type().is_socket() {
        return Err("there is something else, and no socket".to_owned());
    }
    // Whether it is a stream or a full one: only a refusal says that nobody listens.
    let probe = seqpacket().map_err(|error| error.to_string())?;
    match connect(&probe, address) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(|error| error.to_string()),
        Err(Errno::NOENT) => Ok(()),
        _ => Err("another process listens there".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    fn why(path: &Path) -> String {
        Listener::bind(path).unwrap_err().to_string()
    }

    #[test]
    fn it_is_for_this_user_alone_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = Listener::bind(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(listener);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_a_socket_that_nobody_listens_at_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let first = Listener::bind(&path).unwrap();
        assert!(why(&path).contains("listens there"));
        assert!(path.exists());
        drop(first);
        // Somebody else's, of another type; the standard library leaves its file behind, as a kill does.
        let stream = UnixListener::bind(&path).unwrap();
        assert!(why(&path).contains("listens there"));
        drop(stream);
        assert!(path.exists());
        drop(Listener::bind(&path).unwrap());
        fs::write(&path, "a letter").unwrap();
        assert!(why(&path).contains("something else"));
        assert_eq!(fs::read(&path).unwrap(), b"a letter");
    }

    #[test]
    fn what_somebody_else_has_put_there_since_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let first = Listener::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let second = UnixListener::bind(&path).unwrap();
        drop(first);
        assert!(path.exists());
        drop(second);
    }

    #[test]
    fn a_path_that_does_not_fit_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert!(why(&folder.path().join("s".repeat(200))).contains("too long"));
        assert!(why(&folder.path().join("not/there")).contains("not"));
    }
}
