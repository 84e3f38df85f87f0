//! Where documents come from: a directory on disk, or any other tree of files.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A tree of files, such as a directory or what a revision control system holds of one. Paths have `/` between the
/// steps and never lead out of it.
pub trait Source: fmt::Debug + Send + Sync {
    /// The name of the tree's root, without what is above it.
    fn label(&self) -> String;

    /// What messages call the file at `path`; the root when it is empty.
    fn name(&self, path: &str) -> String;

    /// What stands directly in the root, in any order; nothing when it cannot be read.
    fn entries(&self) -> Vec<Entry>;

    /// The bytes of a file, up to one more than `limit`, so that the caller can tell it is too long.
    ///
    /// # Errors
    /// Says why there is nothing to read.
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Unread>;

    /// The tree below one of the root's directories.
    fn below(&self, directory: &str) -> Box<dyn Source>;
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its last step.
    pub name: String,
    /// What it is, links followed.
    pub kind: Kind,
}

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// There is no such file, which may be as good as an empty one.
    pub missing: bool,
    /// What is wrong, as a sentence.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// A directory on disk.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The directory as the user named it.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    // A link may lead to another file of the directory, but not out of it.
    fn is_inside(&self, path: &Path) -> bool {
        match (path.canonicalize(), self.root.canonicalize()) {
            (Ok(path), Ok(root)) => path.starts_with(root),
            _ => true,
        }
    }
}

impl Source for Disk {
    fn label(&self) -> String {
        let full = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        full.file_name().and_then(|name| name.to_str()).unwrap_or("api").to_owned()
    }

    fn name(&self, path: &str) -> String {
        let full = if path.is_empty() { self.root.clone() } else { self.root.join(path) };
        full.display().to_string()
    }

    fn entries(&self) -> Vec<Entry> {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten().filter_map(Result::ok);
        let known = entries.filter_map(|entry| {
            let path = entry.path();
            let kind = match path.metadata().ok()? {
                data if data.is_file() => Kind::File,
                data if data.is_dir() => Kind::Directory,
                _ => return None,
            };
            Some(Entry { name: path.file_name()?.to_str()?.to_owned(), kind })
        });
        known.collect()
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, Unread> {
        let path = self.root.join(path);
        let unread = |missing, what: String| {
            let remedy = "put the document there".to_owned();
            Unread { missing, what, remedy }
        };
        if !self.is_inside(&path) {
            let what = "the file is a link out of the version's directory".to_owned();
            let remedy = "copy the document into the directory".to_owned();
            return Err(Unread { missing: false, what, remedy });
        }
        let failed = |error: std::io::Error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            unread(missing, format!("the file cannot be read: {error}"))
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(unread(false, "the path is no regular file".to_owned()));
        }
        // One byte more than allowed is enough to tell; the size on record may not be the size read.
        let mut text = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut text).map_err(failed)?;
        Ok(text)
    }

    fn below(&self, directory: &str) -> Box<dyn Source> {
        Box::new(Self { root: self.root.join(directory) })
    }
}
