//! From a checked config and the descriptions it names to a snapshot, or all problems at once.

mod access;
mod api;
mod crossing;
mod described;
mod dials;
mod files;
mod gate;
mod lifecycle;
mod linked;
mod listeners;
mod manifest;
mod merging;
mod source;
mod tracking;
mod whole;
mod writes;

pub use manifest::{Manifest, sha256};
pub use source::Source;
pub use whole::{
    Assembled, Fingerprint, Watched, assemble, assemble_from, fingerprint, manifest_of, watched_for,
};
