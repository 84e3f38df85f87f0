//! From a checked config and the descriptions it names to a snapshot, or all problems at once.

mod access;
mod api;
mod contents;
mod crew;
mod crossing;
mod described;
mod dials;
mod difference;
mod files;
mod gate;
mod lifecycle;
mod lines;
mod linked;
mod listeners;
mod manifest;
mod merging;
mod outline;
mod recipe;
mod source;
mod taken;
mod tracking;
mod whole;
mod writes;

pub use difference::{Change, Difference, difference};
pub use manifest::{Manifest, sha256};
pub use outline::{Name, Outline, Subject};
pub use source::Source;
pub use whole::{
    Assembled, Fingerprint, Watched, assemble, assemble_from, fingerprint, manifest_of, watched_for,
};
