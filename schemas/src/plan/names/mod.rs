//! Values that hold names of members (lens L20): which names mean what in another version, and how a text that holds
//! them is rewritten.

mod bracketed;
mod filter;
mod grammar;
mod items;
mod mask;
mod nested;
mod origin;
mod path;
mod rewrite;
mod selected;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod values;

pub use grammar::Grammar;
pub use rewrite::{Edit, Fault, Names, OnUnknownName, OnValue, Pair, Rewritten, Why, apply};
pub(crate) use selected::selected;
pub(crate) use survey::{Ends, Way, survey};
pub use table::{Path, Place, Step, Table};
pub use values::{Mapped, Values};
