//! May what one schema's sender declares be read by another schema's reader? Proof, witness, or a reason.

mod prover;
pub mod verdict;

pub use prover::{Budget, Prover, close};
