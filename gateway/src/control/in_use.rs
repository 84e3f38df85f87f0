//! What is in use, beside the snapshot: the text it was made from, and where it stands in for a file that is wrong.

use evergate_schemas::problem::Problem;
use jiff::Timestamp;

use super::journal::Cause;
use crate::assemble::{Assembled, Manifest, sha256};

/// The configuration in use. One look has all of it, so that digest and text belong together.
#[derive(Debug)]
pub(crate) struct InUse {
    /// The generation of its snapshot.
    pub(crate) generation: u64,
    /// The digest of the config file and all descriptions.
    pub(crate) digest: String,
    /// The config file.
    pub(crate) text: Vec<u8>,
    /// That and all descriptions, by their digests.
    pub(crate) manifest: Manifest,
    /// Since when.
    pub(crate) since: Timestamp,
    /// What is wrong with the file, where this is the last good configuration in its place.
    pub(crate) instead_of: Option<Vec<Problem>>,
}

impl InUse {
    pub(super) fn new(assembled: &Assembled, instead_of: Option<Vec<Problem>>) -> Self {
        Self {
            generation: assembled.snapshot.generation,
            digest: assembled.snapshot.digest.clone(),
            text: assembled.text.clone(),
            manifest: assembled.manifest.clone(),
            since: Timestamp::now(),
            instead_of,
        }
    }

    /// The same, which the file is once more.
    pub(super) fn of_file(&self) -> Self {
        Self {
            generation: self.generation,
            digest: self.digest.clone(),
            text: self.text.clone(),
            manifest: self.manifest.clone(),
            since: self.since,
            instead_of: None,
        }
    }

    /// Whether a config file holds this text.
    pub(super) fn is_text(&self, text: &[u8]) -> bool {
        sha256(text) == self.manifest.config
    }
}

/// What came of the last call for a change.
#[derive(Clone, Debug)]
pub(crate) struct Last {
    /// When it was over.
    pub(crate) time: Timestamp,
    /// What called for it.
    pub(crate) cause: Cause,
    /// A word of the journal, or `unchanged`.
    pub(crate) result: &'static str,
    /// What was wrong.
    pub(crate) problems: Vec<Problem>,
}
