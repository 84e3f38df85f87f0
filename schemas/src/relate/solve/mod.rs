//! Is there a value that some schemas take and others refuse? A value, a proof that there is none, or a reason.
//!
//! The answer is sought by cases (witness generation for JSON Schema: Attouche, Baazizi, Colazzo, Ghelli, Sartiani,
//! Scherzinger, VLDB 2022): negation is pushed inwards, choices are split, and a case without choices is decided kind
//! by kind. `unevaluated*` is eliminated by splitting over which of the schemas beside it hold.

mod case;
mod evaluated;
mod items;
mod members;
mod negate;
mod numbers;
mod solver;
#[cfg(test)]
mod tests;
mod texts;

pub(super) use case::{Claim, Claims};
pub(super) use solver::{BUDGET, Found, Solver};
