//! What a reader of a description may come to see below its directory, hidden names and links too, as one digest.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// How deep directories of descriptions are looked into.
const DEPTH: usize = 8;

/// What was found below a directory of descriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// The digest of all of it; `None` where something could not be looked at.
    pub(super) all: Option<[u8; 32]>,
    /// What the system says of the files; it changes with every write to one of them.
    stamp: Option<[u8; 32]>,
}

impl Contents {
    /// Looks at a directory.
    pub(super) fn of(directory: &Path) -> Self {
        let found = Found::below(directory);
        // the stamp is older than what is read, so that a write in between is not missed
        let stamp = found.stamp();
        let (mut all, mut whole) = (Sha256::new(), found.whole);
        // the name that versions of this directory go by
        let label = directory.canonicalize().unwrap_or_default();
        part(&mut all, label.file_name().unwrap_or_default().as_encoded_bytes());
        for path in &found.files {
            let name = path.strip_prefix(directory).unwrap_or(path);
            let octets = fs::read(path).ok();
            whole &= octets.is_some();
            part(&mut all, name.as_os_str().as_encoded_bytes());
            part(&mut all, &Sha256::digest(octets.unwrap_or_default()));
        }
        for (link, end) in &found.links {
            part(&mut all, link.as_os_str().as_encoded_bytes());
            part(&mut all, end.as_os_str().as_encoded_bytes());
        }
        Self { all: whole.then(|| all.finalize().into()), stamp }
    }

    /// Whether nothing was written there since it was looked at.
    pub(super) fn still_holds(&self, directory: &Path) -> bool {
        self.stamp == Found::below(directory).stamp()
    }
}

/// A part of what is hashed that cannot be taken for two.
pub(super) fn part(whole: &mut Sha256, octets: &[u8]) {
    whole.update((octets.len() as u64).to_be_bytes());
    whole.update(octets);
}

/// Everything below a directory, in the order of the names.
#[derive(Debug)]
struct Found {
    files: Vec<PathBuf>,
    /// Links with where they end, as a reader that may not leave a directory goes by that.
    links: Vec<(PathBuf, PathBuf)>,
    /// Nothing was too deep or could not be opened.
    whole: bool,
}

impl Found {
    fn below(directory: &Path) -> Self {
        let mut found = Self { files: Vec::new(), links: Vec::new(), whole: true };
        found.collect(directory, DEPTH);
        found.files.sort();
        found.links.sort();
        found
    }

    fn collect(&mut self, directory: &Path, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            self.whole = false;
            return;
        };
        let Ok(entries) = fs::read_dir(directory) else {
            self.whole = false;
            return;
        };
        for entry in entries {
            let Ok(entry) = entry else {
                self.whole = false;
                continue;
            };
            let path = entry.path();
            let links = entry.file_type().map_or(true, |kind| kind.is_symlink());
            if links {
                self.links.push((path.clone(), path.canonicalize().unwrap_or_default()));
            }
            let below = if links {
                path.is_dir()
            } else {
                entry.file_type().is_ok_and(|kind| kind.is_dir())
            };
            if below {
                self.collect(&path, depth);
            } else {
                self.files.push(path);
            }
        }
    }

    fn stamp(&self) -> Option<[u8; 32]> {
        let mut whole = Sha256::new();
        for path in &self.files {
            let data = fs::metadata(path).ok()?;
            part(&mut whole, path.as_os_str().as_encoded_bytes());
            let times = [data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec()];
            for time in times {
                whole.update(time.to_be_bytes());
            }
            for one in [data.dev(), data.ino(), data.len()] {
                whole.update(one.to_be_bytes());
            }
        }
        Some(whole.finalize().into())
    }
}
