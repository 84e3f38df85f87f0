//! What each fuzz target does with its bytes. The same bodies run as an ordinary test (`schemas/tests/fuzz_bodies.rs`).

pub mod changes;
pub mod converter;
pub mod description;
pub mod document;
pub mod names;
pub mod parts;
pub mod program;
pub mod records;
