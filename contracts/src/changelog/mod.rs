//! What changed from version to version, for the people who write clients.

mod log;

pub use log::{Changelog, Declared, FORMAT, LogFormat, VersionLog};
