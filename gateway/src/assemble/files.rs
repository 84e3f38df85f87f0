//! Files that may differ between replicas, as one digest.

use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

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
