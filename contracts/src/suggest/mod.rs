//! A `changes.yaml` proposed from two versions: nothing in it is assumed, every entry is for a person to look over.

mod alike;
mod moved;
mod propose;
mod shape;
#[cfg(test)]
mod tests;
mod written;

pub use propose::{Suggested, suggest};
