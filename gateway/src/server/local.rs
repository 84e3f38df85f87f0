//! The administrators' socket in the file system.
//!
//! It is made beside its place and moved there once somebody answers at it, so a process that takes over needs no handle of
//! the old one's: whoever connects finds the old one or the new one, and never none.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Whether a process that runs may be at the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// One that is taken over.
    Succeeded,
    /// Only one that fell.
    Nobody,
}

/// A socket that listens, with its file.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) listener: UnixListener,
    /// `None` for one that was passed: its file is its opener's.
    pub(super) file: Option<LocalFile>,
}

/// The file of a socket; removed when dropped, unless another one is in its place.
#[derive(Debug)]
pub(super) struct LocalFile {
    path: PathBuf,
    draft: PathBuf,
    /// Device and number.
    id: (u64, u64),
}

impl Local {
    /// Makes the socket, beside its place.
    ///
    /// # Errors
    /// When the folder is missing or cannot be written, something else than a socket is in the place, or somebody answers
    /// there who is not taken over.
    pub(super) fn new(path: &Path, mode: u32, before: Before) -> io::Result<Self> {
        if fs::symlink_metadata(path).is_ok_and(|found| !found.file_type().is_socket()) {
            return Err(io::Error::other("there is something else than a socket"));
        }
        if before == Before::Nobody && UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(format!(".{}", std::process::id()));
        let draft = PathBuf::from(draft);
        // of a process with the same number that fell
        let _ = fs::remove_file(&draft);
        let listener = UnixListener::bind(&draft)?;
        let id = id(&draft)?;
        let file = LocalFile { path: path.to_owned(), draft, id };
        fs::set_permissions(&file.draft, Permissions::from_mode(mode))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, file: Some(file) })
    }
}

impl LocalFile {
    /// Moves the socket to its place, also over another one.
    pub(super) fn open(&self) -> io::Result<()> {
        fs::rename(&self.draft, &self.path)
    }
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        for path in [&self.draft, &self.path] {
            if id(path).is_ok_and(|found| found == self.id) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;

    use super::{Before, Local};

    #[test]
    fn one_after_another_has_the_place_and_the_last_leaves_it_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let open = |before| {
            let local = Local::new(&path, 0o600, before)?;
            local.file.as_ref().unwrap().open().map(|()| local)
        };
        let first = open(Before::Nobody).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open(Before::Nobody).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        let second = open(Before::Succeeded).unwrap();
        drop(first);
        UnixStream::connect(&path).unwrap();
        assert!(second.listener.accept().is_ok());
        drop(second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // what is no socket is never replaced
        fs::write(&path, "x").unwrap();
        open(Before::Succeeded).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
