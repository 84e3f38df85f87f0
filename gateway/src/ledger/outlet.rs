//! Where lines end up: a stream of the process, or a file that may be moved away, and what is done when that fails.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::config::AccessPlace;

/// How long after a failure the file is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// An open place.
#[derive(Debug)]
pub(super) enum Outlet {
    Stdout,
    Stderr,
    File { path: PathBuf, file: Option<File>, due: Option<Instant> },
}

/// What became of lines.
#[derive(Debug)]
pub(super) enum Written {
    All,
    /// So many octets of them, and why no more.
    Part(usize, io::Error),
}

impl Outlet {
    /// Opens the place.
    pub(super) fn open(place: &AccessPlace) -> io::Result<Self> {
        Ok(match place {
            AccessPlace::Stdout => Self::Stdout,
            AccessPlace::Stderr => Self::Stderr,
            AccessPlace::File(path) => {
                Self::File { path: path.clone(), file: Some(append(path)?), due: None }
            }
        })
    }

    /// Opens the file again, which may have been moved away meanwhile. The old one is kept where that fails.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Self::File { path, file, .. } = self {
            *file = Some(append(path)?);
        }
        Ok(())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Written {
        match self {
            Self::Stdout => all(&mut io::stdout().lock(), bytes),
            Self::Stderr => all(&mut io::stderr().lock(), bytes),
            Self::File { path, file, due } => {
                if file.is_none() && due.is_none_or(|due| Instant::now() >= due) {
                    match append(path) {
                        Ok(opened) => *file = Some(opened),
                        Err(error) => {
                            *due = Some(Instant::now() + AGAIN);
                            return Written::Part(0, error);
                        }
                    }
                }
                match file {
                    Some(file) => all(file, bytes),
                    None => Written::Part(0, ErrorKind::NotFound.into()),
                }
            }
        }
    }
}

/// What others may not read is nobody's: a log tells of addresses and paths.
fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

/// As [`Write::write_all`], but says how far it came.
fn all(to: &mut impl Write, bytes: &[u8]) -> Written {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match to.write(rest) {
            Ok(0) => return Written::Part(written, ErrorKind::WriteZero.into()),
            Ok(octets) => written += octets,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Written::Part(written, error),
        }
    }
    match to.flush() {
        Ok(()) => Written::All,
        Err(error) => Written::Part(written, error),
    }
}
