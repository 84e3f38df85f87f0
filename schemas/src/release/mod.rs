//! Releases: versions frozen by the digest of their content in an insert-only lock file, and what bump a new one needs.

pub mod bump;
mod content;
mod lock;
#[cfg(test)]
mod tests;

pub use content::{Content, Edit, EditKind};
pub use lock::{LOCK_FILE, Lock, Older, Refused, Release};
