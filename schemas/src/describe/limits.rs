//! How much a version's directory may hold.

use crate::document::DocumentLimits;

/// Bounds of what is read for one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of each file.
    pub document: DocumentLimits,
    /// Files that a version may have, referenced ones included. Default 2,000.
    pub files: usize,
    /// Bytes of all its files together. Default 256 MiB.
    pub bytes: usize,
    /// Copies of schemas that dynamic references may ask for, beyond the first of each. Default 4,000.
    pub copies: usize,
    /// Schemas that one value may be checked against at one place, each as often as it is referred to. Default 50,000.
    pub unfolded: u64,
    /// Problems reported for a version before the rest is left out. Default 1,000.
    pub problems: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: DocumentLimits::default(),
            files: 2_000,
            bytes: 256 << 20,
            copies: 4_000,
            unfolded: 50_000,
            problems: 1_000,
        }
    }
}
