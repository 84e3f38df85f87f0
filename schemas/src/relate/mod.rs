//! May what one schema's sender declares be read by another schema's reader? Proof, witness, or a reason.

mod algebra;
mod argument;
mod build;
mod close;
mod direct;
mod fold;
mod groups;
mod parts;
mod prover;
mod refute;
pub(crate) mod shrink;
mod solve;
#[cfg(test)]
mod strings;
#[cfg(test)]
mod tests;
pub mod verdict;
mod words;

pub use close::close;
pub use prover::{Budget, Prover};
