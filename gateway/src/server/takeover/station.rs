//! The place in the file system where a running gateway is asked for its listeners.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tokio::net::{UnixListener, UnixStream};

/// A socket that only its owner may open. It is made beside its place and moved there once somebody answers at it, so that
/// whoever asks there finds the old one or the new one, and never none.
#[derive(Debug)]
pub(crate) struct Station {
    listener: UnixListener,
    path: PathBuf,
    draft: PathBuf,
    /// Device and number of the file.
    file: (u64, u64),
}

impl Station {
    /// Makes the socket, beside its place. Must be called on a runtime.
    ///
    /// # Errors
    /// When the folder is missing or cannot be written, or something else than a socket is in the place.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(io::Error::other("there is something else than a socket"));
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}", std::process::id()));
        let draft = PathBuf::from(draft);
        // of a process with the same number that fell
        let _ = fs::remove_file(&draft);
        let listener = UnixListener::bind(&draft)?;
        fs::set_permissions(&draft, Permissions::from_mode(0o600))?;
        let file = file(&draft)?;
        Ok(Self { listener, path: path.to_owned(), draft, file })
    }

    /// Moves the socket to its place, also over another one.
    pub(crate) fn open(&self) -> io::Result<()> {
        fs::rename(&self.draft, &self.path)
    }

    /// The next process that asks.
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }

    /// Leaves the file to whoever puts his own in its place.
    pub(super) fn leave(mut self) {
        self.file = (0, 0);
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        // the number cannot have gone to another file while the socket is open
        for path in [&self.draft, &self.path] {
            if file(path).is_ok_and(|found| found == self.file) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn file(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

/// Whether the other end belongs to us, or to root.
pub(super) fn is_ours(stream: &UnixStream) -> io::Result<bool> {
    let owner = stream.peer_cred()?.uid();
    Ok(owner == geteuid().as_raw() || owner == 0)
}
