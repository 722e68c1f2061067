//! `Socket`: the daemon's door for verbs. The permission of its file is the login.

use crate::base::{Error, Kind, Result, ResultExt};
use nix::sys::stat::{Mode, umask};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

/// A socket that is there as long as this lives.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    /// Makes the socket, in place of one that a daemon left behind. The caller holds the lock that tells so.
    pub(super) fn bind(path: PathBuf) -> Result<Self> {
        let what = || format!("socket {}", path.display());
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(Error::caused(Kind::Disk, what(), e)),
            _ => {}
        }
        // The mask holds for the whole process, for a moment in which it makes nothing else; so there is no moment in
        // which somebody else could open the socket.
        let before = umask(Mode::from_bits_truncate(0o177));
        let bound = UnixListener::bind(&path);
        umask(before);
        let listener = bound.or_fail(Kind::Disk, what)?;
        Ok(Self { path, listener })
    }

    /// The socket for tokio. Only within a runtime.
    pub(super) fn listener(&self) -> Result<tokio::net::UnixListener> {
        let cloned = self.listener.try_clone().and_then(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::UnixListener::from_std(listener)
        });
        cloned.or_fail(Kind::Internal, || format!("socket {}", self.path.display()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_may_open_it_and_it_goes_with_the_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        for _ in 0..2 {
            let socket = Socket::bind(path.clone()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::mem::forget(socket); // As a kill would do.
        }
        drop(Socket::bind(path.clone()).unwrap());
        assert!(!path.exists());
    }
}
