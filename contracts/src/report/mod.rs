//! What a check found, as data with a stable shape, and as people and programs read it.

pub mod bridges;
mod evident;
mod excerpt;
pub mod finding;
mod flatten;
mod format;
mod github;
mod gitlab;
mod html;
pub mod human;
mod junit;
mod markdown;
pub mod model;
mod remedy;
pub mod rows;
pub mod rulebook;
#[cfg(test)]
mod samples;
mod sarif;
#[cfg(test)]
mod tests;
mod verdict_line;
pub mod waive;
pub mod words;

pub(crate) use markdown::sentence_cell;

pub use format::{Format, write, write_bridges};
