//! What a check found, as data with a stable shape, and as people and programs read it.

mod excerpt;
pub mod human;
pub mod model;
mod remedy;
pub mod rows;
#[cfg(test)]
mod samples;
