//! The files a snapshot is made from, named by the digest of their content.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// How deep directories of descriptions are looked into.
const DEPTH: usize = 8;

/// One digest of a config file and all files below the directories it names, in hex. Names count relative to the
/// directory, so that equal content at another place is equal. A file that cannot be read counts as empty: the
/// reader of descriptions says what is wrong with it.
pub(super) fn digest(config: &Path, directories: &[PathBuf]) -> String {
    let mut whole = Sha256::new();
    whole.update(Sha256::digest(fs::read(config).unwrap_or_default()));
    for directory in directories {
        let mut files = Vec::new();
        collect(directory, DEPTH, &mut files);
        files.sort();
        for file in files {
            let name = file.strip_prefix(directory).unwrap_or(&file);
            whole.update(Sha256::digest(name.to_string_lossy().as_bytes()));
            whole.update(Sha256::digest(fs::read(&file).unwrap_or_default()));
        }
    }
    hex(whole)
}

/// One digest of these files, whatever their names are. One that cannot be read counts as empty.
pub(super) fn digest_of(files: &[PathBuf]) -> String {
    let mut whole = Sha256::new();
    for file in files {
        whole.update(Sha256::digest(fs::read(file).unwrap_or_default()));
    }
    hex(whole)
}

fn hex(whole: Sha256) -> String {
    let mut text = String::with_capacity(64);
    for byte in whole.finalize() {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    text
}

fn collect(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, depth, files);
        } else {
            files.push(path);
        }
    }
}
