//! Two programs become one that does what both do, one after the other.

mod choose;
mod literal;
mod node;
mod object;
mod slots;

#[cfg(test)]
mod tests;

pub use node::{fuse, fuse_all};
