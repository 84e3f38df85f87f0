//! What changed between two versions, as rows with a level: the structural walk that explains a verdict and never
//! gives one.
//!
//! The level is policy: what a rule says by itself, for a side, a direction and a policy. The verdict is proof, and
//! outranks it; the two never contradict: `safe` never stands on a broken message (`schemas/tests/rules.rs`).

mod around;
mod bounds;
mod change;
mod facts;
mod found;
mod level;
mod life;
mod media;
mod notices;
mod objects;
mod rule;
mod same;
mod scalars;
#[cfg(test)]
mod tests;
mod unions;
mod walk;
mod walker;

pub use change::{Change, Message, Piece, Reached};
pub use level::{About, Direction, Level, Policy, Proof};
pub use rule::{Case, Rule, rule, rules};
pub use walk::changes;
