//! Changes of single values in the text of a config file, everything else kept as it is written.

mod apply;
mod nodes;
#[cfg(test)]
mod tests;
mod write;

pub use apply::{Edit, Uneditable, edit, merge_patch};
