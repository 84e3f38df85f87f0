//! The one reader of files that people write: YAML 1.2 or JSON, with the line and column of every value.
//!
//! YAML follows the 1.2 core schema, so `y`, `n`, `on` and `no` are text. Where a text could mean two things to
//! two readers (duplicate keys, `010`, an integer no machine word holds) it is read in the stated way and a
//! warning says so. Anchors, aliases and merge keys are expanded within the limits, never beyond them.

mod canonical;
mod file;
mod json;
mod number;
mod scalar;
mod scribe;
mod spans;
#[cfg(test)]
mod tests;
mod yaml;

pub use file::{Document, DocumentLimits};
pub(crate) use spans::{SpanId, Spans};
