//! Sets of strings: what patterns, lengths and listed values allow, as automata that can be compared.
//!
//! A [`Language`] is exact. What cannot be held exactly, or only at too great a cost, is no language at all (`None`),
//! never an approximation. Every operation works against [`Fuel`], so that no pattern can hang a caller.

mod alphabet;
mod automaton;
mod determinize;
mod ecma;
mod fuel;
mod minimize;
mod program;
mod set;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use ecma::with_look_around;
pub(crate) use fuel::Fuel;
pub(crate) use set::Language;
