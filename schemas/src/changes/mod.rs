//! What changed between two versions, as rows: the structural walk that explains a verdict and never gives one.

mod facts;
mod rule;
mod schema;
#[cfg(test)]
mod tests;
mod walk;

pub use rule::{RULES, Rule, rule};
pub use walk::{Change, changes};
