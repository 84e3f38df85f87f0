//! A temporary folder for the files of one test.

use std::path::{Path, PathBuf};

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, whole: beside its place first, then moved there, as careful editors do.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let folder = path.parent().unwrap_or_else(|| self.path());
        std::fs::create_dir_all(folder).expect("a folder in the temporary one");
        let beside = path.with_extension("beside");
        std::fs::write(&beside, text).expect("a file in the temporary folder");
        std::fs::rename(&beside, &path).expect("a file moved to its place");
        path
    }

    /// Copies a folder with all it holds.
    pub fn copy(&self, from: &Path, name: &str) -> PathBuf {
        let to = self.path().join(name);
        copy(from, &to);
        to
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder in the temporary one");
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).expect("a copied file");
        }
    }
}
